"""Signing in and out, for organizations and partners."""

from typing import Any

from bill_mcp.simulator import sessions
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.store import Store, Thing


@behaviour("auth_login")
def login(call: Call) -> Thing:
    world, body = call.world, call.body
    organization_id = body["organizationId"]
    if world.get("developer_key", body["devKey"]) is None:
        raise refusal("BDC_1102")
    world.traffic.request(body["devKey"], world.now)
    world.traffic.sign_in(body["devKey"], world.now)
    organization = world.get("organization", organization_id)
    if organization is None:
        raise refusal("BDC_1101")
    sessions.require_unlocked(world, organization_id)
    user = user_named(world, body["username"], organization_id)
    if user is None or user.get("_password") != body["password"]:
        # The failure is counted although the request as a whole leaves no trace.
        raise refusal("BDC_1101").noting(
            lambda store: sessions.note_failed_sign_in(store, organization_id)
        )
    if organization.get("_apiDisabled"):
        raise refusal("BDC_1105")
    sessions.note_sign_in(world, organization_id)
    trusted = sessions.is_remembered(world, user["id"], body)
    session = sessions.open_session(
        world, "org", user["id"], organization_id, body["devKey"], trusted=trusted
    )
    return session | {"sessionId": session["id"]}


def user_named(store: Store, username: str, organization_id: str) -> Thing | None:
    for user in store.where("user", "_username", username.lower()):
        if user["_organizationId"] == organization_id and not user.get("archived"):
            return user
    return None


@behaviour("auth_get_session")
def show_session(call: Call) -> Thing:
    return {
        "organizationId": call.organization_id,
        "userId": call.caller.user_id,
        "mfaStatus": mfa_status(call),
        "mfaBypass": bool(
            (call.world.get("developer_key", call.caller.key) or {}).get("mfaBypass")
        ),
    }


def mfa_status(call: Call) -> str:
    organization = call.world.get("organization", call.organization_id) or {}
    if organization.get("_mfaDisabled"):
        return "DISABLED"
    if call.session.get("trusted"):
        return "COMPLETE"
    phones = call.world.where("mfa_phone", "_userId", call.caller.user_id)
    return "CHALLENGE" if phones else "SETUP"


@behaviour("auth_logout")
def logout(call: Call) -> None:
    sessions.close_session(call.world, call.caller.session_id)


@behaviour("partner_login")
def partner_login(call: Call) -> Thing:
    world, body = call.world, call.body
    if world.get("app_key", body["appKey"]) is None:
        raise refusal("BDC_1102")
    world.traffic.sign_in(body["appKey"], world.now)
    user = world.get("partner_user", body["username"].lower())
    if user is None or user["_password"] != body["password"]:
        raise refusal("BDC_1101")
    session = sessions.open_session(
        world, "partner", user["id"], user["_partnerId"], body["appKey"]
    )
    return {"sessionId": session["id"]}


@behaviour("partner_login_as_user")
def login_as_user(call: Call) -> Thing:
    """Open an organization's session; its developer key is the first used with it."""
    world, body = call.world, call.body
    organization = world.get("organization", body["organizationId"])
    user: Any = world.get("user", body["userId"])
    if organization is None or organization.get("_partnerId") != call.organization_id:
        raise refusal("BDC_1205")
    if user is None or user["_organizationId"] != organization["id"]:
        raise refusal("BDC_1205")
    if user["archived"]:
        raise refusal("BDC_9001")
    world.traffic.sign_in(call.caller.key, world.now)
    session = sessions.open_session(
        world,
        "org",
        user["id"],
        organization["id"],
        "",
        trusted=sessions.is_remembered(world, user["id"], body),
    )
    return {"sessionId": session["id"], "trusted": session["trusted"]}
