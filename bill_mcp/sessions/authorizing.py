"""What a request travels with: a session, a token, or nothing but its limits."""

from __future__ import annotations

from bill_mcp.client.http import Authorization
from bill_mcp.errors import CredentialsError, RefusedError
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.store import BillSession, Held
from bill_mcp.specs.models import Auth

SPEND = "spend"
"""The organization of every Spend & Expense account of which none is known."""


def with_session(held: Held, session: BillSession | None, auth: Auth) -> Authorization:
    """Under *session*, with the key that belongs to it.

    Raises:
        CredentialsError: The account has no such key.
    """
    credentials = held.credentials
    key = credentials.app_key if auth is Auth.PARTNER else credentials.dev_key
    if session is None or key is None:
        raise CredentialsError(
            "the account has no developer key for this call",
            advice="Ask the operator to set BILL_DEV_KEY (BILL_APP_KEY for a partner).",
        )
    name = "appKey" if auth is Auth.PARTNER else "devKey"
    return Authorization(
        headers={name: key, "sessionId": session.session_id},
        limit_key=key.digest(),
        organization=session.organization_id or "",
    )


def with_token(credentials: Credentials) -> Authorization:
    """For Spend & Expense, which knows no sessions.

    Not named by the token, which may be replaced, or be one of several: what is claimed
    and spent must hold for the next one too.

    Raises:
        CredentialsError: The account has no token.
    """
    token = credentials.api_token
    if token is None:
        raise CredentialsError(
            "no Spend & Expense API token is connected to this server",
            advice="Ask the operator to connect one with `bill-mcp login`, beside the "
            "accounts that are connected already, or where there are none to set "
            "BILL_API_TOKEN for this server.",
        )
    return Authorization(
        headers={"apiToken": token},
        limit_key=token.digest(),
        organization=credentials.organization_id or SPEND,
        spend=True,
    )


def without_session(credentials: Credentials) -> Authorization:
    """For what BILL answers to anybody."""
    key = credentials.dev_key or credentials.app_key
    return Authorization(
        headers={},
        limit_key=key.digest() if key else "none",
        organization=credentials.organization_id or "",
    )


def is_same(known: Authorization, stale: Authorization | None) -> bool:
    """Whether *known* is what was refused, and not renewed since."""
    return stale is not None and known.headers == stale.headers


def require_same_account(before: Authorization, now: Authorization) -> None:
    """Let a call go on if it still goes to the organization that it began with.

    Raises:
        RefusedError: A person has connected another one under the same name.
    """
    token_changed = now.spend and now.limit_key != before.limit_key
    if now.organization != before.organization or token_changed:
        raise _account_changed("organization")


def require_same_user(before: BillSession, now: BillSession | None) -> None:
    """Let a call go on if it still travels as the user that it began with.

    Raises:
        RefusedError: A person has connected another one of the same organization.
    """
    if now is not None and now.user_id != before.user_id:
        raise _account_changed("user")


def _account_changed(what: str) -> RefusedError:
    return RefusedError(
        f"a person has connected another BILL {what} under this name",
        advice=f"Look at bill://session, then call again as that {what} if it is the "
        "right one; nothing was done.",
        code="account_changed",
    )
