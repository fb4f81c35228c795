"""What the sign-in and MFA actions take from, and leave in, what is held for an agent.

This is the one home of the actions that have a ``session`` role in their spec. All
functions are pure: what is held goes in, arguments or what is held comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bill_mcp.errors import ArgumentsError, CallError, CredentialsError
from bill_mcp.secret import HELD, Secret
from bill_mcp.sessions.credentials import DEVICE, Credentials
from bill_mcp.sessions.store import BillSession, Held
from bill_mcp.specs.models import SessionRole

SIGN_INS = frozenset(
    {SessionRole.SIGN_IN, SessionRole.PARTNER_SIGN_IN, SessionRole.SIGN_IN_AS_USER}
)
CODES = frozenset(
    {
        SessionRole.CHALLENGE,
        SessionRole.CONFIRM_CHALLENGE,
        SessionRole.SETUP,
        SessionRole.CONFIRM_SETUP,
    }
)
"""They have BILL send a code, or try one."""

_OWN_ARGUMENTS = frozenset({"profile", "preview", "approval_id"})
"""Arguments that are ours: they change nothing about how one signs in."""

_INLINE = {
    "username": "username",
    "password": "password",
    "organizationId": "organization_id",
    "devKey": "dev_key",
    "rememberMeId": "remember_me_id",
    "device": "device",
}
_INLINE_PARTNER = {
    "username": "partner_username",
    "password": "partner_password",
    "appKey": "app_key",
}
_SECRETS = {"password", "devKey", "appKey", "rememberMeId"}


def with_inline(
    role: SessionRole, credentials: Credentials, given: Mapping[str, Any]
) -> Credentials:
    """*credentials* with those that the agent gave in the call itself."""
    if role is SessionRole.SIGN_IN_AS_USER:
        return credentials
    changes: dict[str, Any] = {}
    partner = role is SessionRole.PARTNER_SIGN_IN
    given = _whole(given)
    for argument, name in (_INLINE_PARTNER if partner else _INLINE).items():
        value = given.get(argument)
        if value is not None:
            changes[name] = Secret(value) if argument in _SECRETS else value
    if "remember_me_id" in changes:
        return replace(credentials, **({"device": None} | changes))
    changed = replace(credentials, **changes)
    same_user = changed.account_digest() == credentials.account_digest()
    if same_user and not {"username", "password"} & set(changes):
        return changed
    # BILL remembers a device for one user of one organization: for nobody else.
    return replace(changed, remember_me_id=None, device=None)


def gives_credentials(given: Mapping[str, Any]) -> bool:
    """Whether a sign-in is to be made with anything but what the server holds."""
    return bool(set(_whole(given)) - _OWN_ARGUMENTS)


def _whole(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given in earnest: a device belongs to the id that was given with it.

    Put beside the id that the server holds, another device would end its trust.
    """
    earnest = {name: value for name, value in given.items() if value != HELD}
    if earnest.get("rememberMeId") is None:
        earnest.pop("device", None)
    return earnest


def sign_in_arguments(credentials: Credentials) -> dict[str, Any]:
    """The arguments of ``bill_api_login`` for an organization's user.

    Raises:
        CredentialsError: The account is not connected.
    """
    if not credentials.can_sign_in and credentials.can_sign_in_as_partner:
        raise CredentialsError(
            "the connected account is a partner's, and no organization is chosen",
            advice="Choose one with bill_get_list_of_organizations, then sign in for "
            "one of its users with bill_api_login_as_user.",
        )
    if not credentials.can_sign_in:
        raise _not_connected(
            "a BILL organization", "BILL_ORGANIZATION_ID, BILL_DEV_KEY"
        )
    return {
        "devKey": _text(credentials.dev_key),
        "username": credentials.username,
        "password": _text(credentials.password),
        "organizationId": credentials.organization_id,
    } | _remembered(credentials)


def partner_sign_in_arguments(credentials: Credentials) -> dict[str, Any]:
    """The arguments of ``bill_api_partner_login``.

    Raises:
        CredentialsError: The account is not connected.
    """
    if not credentials.can_sign_in_as_partner:
        raise _not_connected("a BILL partner account", "BILL_APP_KEY")
    return {
        "username": credentials.partner_username,
        "password": _text(credentials.partner_password),
        "appKey": _text(credentials.app_key),
    }


def completed(
    role: SessionRole, given: Mapping[str, Any], held: Held
) -> dict[str, Any]:
    """The arguments of a call with what earlier steps or the operator supplied.

    Raises:
        ArgumentsError: An earlier step is missing.
        CredentialsError: The account is not connected.
    """
    arguments = {name: value for name, value in given.items() if value != HELD}
    credentials = with_inline(role, held.credentials, arguments)
    if role is SessionRole.SIGN_IN:
        return sign_in_arguments(credentials) | _whole(arguments)
    if role is SessionRole.PARTNER_SIGN_IN:
        return partner_sign_in_arguments(credentials) | arguments
    if role is SessionRole.STEP_UP:
        known = _whole(arguments)
        if held.organization is None or held.organization.as_user is None:
            known = _remembered(credentials) | known
        if "rememberMeId" not in known or "device" not in known:
            raise _earlier_step(
                "no remembered MFA is held", "bill_generate_mfa_challenge"
            )
        return known
    if role is SessionRole.CONFIRM_CHALLENGE:
        return _confirming(arguments, held)
    if role is SessionRole.CONFIRM_SETUP and "setupId" not in arguments:
        if held.setup_id is None:
            raise _earlier_step(
                "no phone is being registered", "bill_add_phone_for_mfa_setup"
            )
        arguments["setupId"] = held.setup_id
    return arguments


def _confirming(given: Mapping[str, Any], held: Held) -> dict[str, Any]:
    """The arguments of giving a code, with the challenge and the device's names."""
    arguments = dict(given)
    if "challengeId" not in arguments:
        if held.challenge_id is None:
            raise _earlier_step(
                "no MFA challenge is open", "bill_generate_mfa_challenge"
            )
        arguments["challengeId"] = held.challenge_id
    if arguments.get("rememberMe") is True:
        # BILL refuses to remember without both names.
        arguments.setdefault("device", DEVICE)
        arguments.setdefault("machineName", DEVICE)
    return arguments


def after(
    role: SessionRole,
    arguments: Mapping[str, Any],
    reply: Mapping[str, Any],
    held: Held,
    now: float,
) -> Held:
    """What is held once BILL has answered *reply* to a call with *arguments*."""
    if role is SessionRole.SIGN_IN:
        credentials = with_inline(role, held.credentials, arguments)
        session = session_from(reply, credentials, now)
        inline = held.inline or credentials != held.credentials
        held = replace(held, credentials=credentials, inline=inline)
        return replace(held, organization=session)
    if role is SessionRole.PARTNER_SIGN_IN:
        credentials = with_inline(role, held.credentials, arguments)
        session = session_from(reply, credentials, now)
        inline = held.inline or credentials != held.credentials
        held = replace(held, credentials=credentials, inline=inline)
        return replace(held, partner=session)
    if role is SessionRole.SIGN_IN_AS_USER:
        who = (str(arguments["organizationId"]), str(arguments["userId"]))
        session = replace(
            session_from(reply, held.credentials, now),
            organization_id=who[0],
            user_id=who[1],
            as_user=who,
        )
        return replace(held, organization=session)
    if role is SessionRole.SIGN_OUT:
        return replace(held, organization=None, challenge_id=None, setup_id=None)
    return _after_mfa(role, arguments, reply, held)


def refused_device(
    role: SessionRole,
    arguments: Mapping[str, Any],
    reply: Mapping[str, Any],
    held: Held,
) -> Credentials | None:
    """Whose remembered device BILL was shown, and no longer takes.

    None unless it was the very one that was *held*, for the user it is of.
    """
    if role not in {SessionRole.SIGN_IN, SessionRole.STEP_UP}:
        return None
    shown, own = with_inline(role, held.credentials, arguments), held.credentials
    if reply.get("trusted") is True or not shown.remembers_as(own):
        return None
    return own


def _after_mfa(
    role: SessionRole,
    arguments: Mapping[str, Any],
    reply: Mapping[str, Any],
    held: Held,
) -> Held:
    if role is SessionRole.CHALLENGE:
        return replace(held, challenge_id=_id(reply, "challengeId"))
    if role is SessionRole.SETUP:
        return replace(held, setup_id=_id(reply, "setupId"))
    if role is SessionRole.CONFIRM_SETUP:
        return replace(held, setup_id=None)
    if role is SessionRole.CONFIRM_CHALLENGE:
        remembered, device = reply.get("rememberMeId"), arguments.get("device")
        if isinstance(remembered, str) and remembered and isinstance(device, str):
            credentials = held.credentials.remembering(Secret(remembered), device)
            held = replace(held, credentials=credentials)
        return replace(_trusted(held), challenge_id=None)
    return _trusted(held) if reply.get("trusted") is True else held


def _trusted(held: Held) -> Held:
    if held.organization is None:
        return held
    return replace(held, organization=replace(held.organization, trusted=True))


def session_from(
    reply: Mapping[str, Any], credentials: Credentials, now: float
) -> BillSession:
    """The session that a sign-in reply describes.

    Raises:
        CallError: There is no session in it.
    """
    session_id = _id(reply, "sessionId")
    if session_id is None:
        raise CallError(
            "BILL answered the sign-in without a session",
            advice="Call again in a moment; if it persists, ask the operator.",
            code="sign_in_failed",
        )
    return BillSession(
        session_id=Secret(session_id),
        organization_id=_id(reply, "organizationId") or credentials.organization_id,
        user_id=_id(reply, "userId"),
        trusted=reply.get("trusted") is True,
        last_used=now,
    )


def only_switches(role: SessionRole, given: Mapping[str, Any], held: Held) -> bool:
    """Whether a sign-in chooses an account that signs in to no organization.

    A partner's signs in by itself when it is needed, a token never does.
    """
    if role is not SessionRole.SIGN_IN or given.get("profile") is None:
        return False
    account, inline = held.credentials, gives_credentials(given)
    others = account.can_sign_in_as_partner or account.api_token is not None
    return not inline and not account.can_sign_in and others


def organization_in(
    role: SessionRole | None, arguments: Mapping[str, Any]
) -> str | None:
    """The organization that a partner signs in to for one of its users."""
    if role is not SessionRole.SIGN_IN_AS_USER:
        return None
    return str(arguments["organizationId"])


def described(session: BillSession) -> dict[str, Any]:
    """A session that lives, as BILL's answer to a sign-in has it."""
    told = {
        "sessionId": HELD,
        "organizationId": session.organization_id,
        "userId": session.user_id,
        "trusted": session.trusted,
    }
    return {name: value for name, value in told.items() if value is not None}


def _id(reply: Mapping[str, Any], name: str) -> str | None:
    value = reply.get(name)
    return value if isinstance(value, str) and value.isprintable() and value else None


def _remembered(credentials: Credentials) -> dict[str, Any]:
    if credentials.remember_me_id is None or credentials.device is None:
        return {}
    return {
        "rememberMeId": credentials.remember_me_id.reveal(),
        "device": credentials.device,
    }


def _text(secret: Secret | None) -> str:
    return secret.reveal() if secret is not None else ""


def _not_connected(what: str, variables: str) -> CredentialsError:
    return CredentialsError(
        f"no credentials of {what} are connected to this server",
        advice="Ask the operator to connect the account with `bill-mcp login`, beside "
        "those that are connected already, or where there are none to set "
        f"BILL_USERNAME, BILL_PASSWORD, {variables} in the server's environment.",
    )


def _earlier_step(what: str, tool: str) -> ArgumentsError:
    return ArgumentsError(
        what, advice=f"Call {tool} first; the server then remembers the id.", faults=()
    )
