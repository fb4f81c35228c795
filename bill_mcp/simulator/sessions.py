"""Sessions and keys: opening a session, and checking what a request's headers claim."""

from collections.abc import Mapping
from datetime import timedelta

from bill_mcp.simulator import assumed, ids
from bill_mcp.simulator.call import Caller
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import read_time, stamp

IDLE = timedelta(minutes=35)
REMEMBERED = timedelta(days=30)


def open_session(
    store: Store,
    kind: str,
    user_id: str,
    organization_id: str,
    key: str,
    **more: object,
) -> Thing:
    """Start a session of *kind* ``org`` or ``partner``; earlier ones live on."""
    session_id = store.text("session", ids.MIXED, 64)
    fields = {
        "kind": kind,
        "userId": user_id,
        "organizationId": organization_id,
        "key": key,
        "trusted": False,
        "lastUsed": store.stamp,
        "number": store.count("session number"),
        **more,
    }
    return store.add("session", fields, key=session_id)


def close_session(store: Store, session_id: str) -> None:
    store.put("session", session_id, None)


def caller_of(store: Store, auth: str, headers: Mapping[str, str]) -> Caller:
    """Check the headers by the operation's scheme and say who asks.

    Raises:
        BillError: 401; no such key, or no live session of this kind.
    """
    if auth == "api_token":
        return spend_caller(store, headers.get("apitoken", ""))
    if auth == "session":
        return session_caller(store, "org", headers.get("devkey", ""), headers)
    if auth == "partner":
        return session_caller(store, "partner", headers.get("appkey", ""), headers)
    return Caller()


def spend_caller(store: Store, token: str) -> Caller:
    known = store.get("api_token", token)
    if known is None:
        raise refusal("UNAUTHORIZED")
    return Caller("", known["userId"], known["organizationId"], token)


def session_caller(
    store: Store, kind: str, key: str, headers: Mapping[str, str]
) -> Caller:
    if store.get("developer_key" if kind == "org" else "app_key", key) is None:
        raise refusal("BDC_1102")
    session = live_session(store, headers.get("sessionid", ""))
    if session is None or session["kind"] != kind:
        raise refusal("BDC_1109")
    # A partner's login-as-user session is tied to no developer key until its first use.
    if session["key"] and session["key"] != key:
        raise refusal(assumed.OTHER_DEVELOPER_KEY)
    if session["lastUsed"] != store.stamp or not session["key"]:
        changed = session | {"lastUsed": store.stamp, "key": key}
        store.put("session", session["id"], changed)
    return Caller(session["id"], session["userId"], session["organizationId"], key)


def live_session(store: Store, session_id: str) -> Thing | None:
    """Return the session if it was used within the last 35 minutes; else it is gone."""
    session = store.get("session", session_id)
    if session and read_time(session["lastUsed"]) + IDLE <= store.now:
        close_session(store, session_id)
        return None
    return session


def remember(store: Store, user_id: str, device: str) -> str:
    """Make an id that gives trust from *device* for 30 days."""
    key = store.text("rememberMeId", ids.MIXED, 48)
    until = stamp(store.now + REMEMBERED)
    fields = {"userId": user_id, "device": device, "until": until}
    store.add("remembered_device", fields, key=key)
    return key


def is_remembered(store: Store, user_id: str, body: Thing) -> bool:
    """Say whether ``rememberMeId`` and ``device`` together are good for trust now."""
    known = store.get("remembered_device", body.get("rememberMeId", ""))
    return bool(
        known
        and known["userId"] == user_id
        and known["device"] == body.get("device")
        and known["until"] > store.stamp
    )


def require_unlocked(store: Store, organization_id: str) -> None:
    """Refuse with 423 while failed sign-ins have locked the organization."""
    failed = store.get("failed_sign_ins", organization_id) or {}
    if failed.get("lockedUntil", "") > store.stamp:
        raise refusal("BDC_1107")


def note_failed_sign_in(store: Store, organization_id: str) -> None:
    """Count a failure; the last one too many locks the organization for a while."""
    failed = store.get("failed_sign_ins", organization_id) or {"count": 0}
    count = failed["count"] + 1
    noted: Thing = {"id": organization_id, "count": count}
    if count >= assumed.FAILED_SIGN_INS_BEFORE_LOCK:
        until = store.now + timedelta(minutes=assumed.LOCK_MINUTES)
        noted = {"id": organization_id, "count": 0, "lockedUntil": stamp(until)}
    store.put("failed_sign_ins", organization_id, noted)


def note_sign_in(store: Store, organization_id: str) -> None:
    if store.get("failed_sign_ins", organization_id):
        store.put("failed_sign_ins", organization_id, None)
