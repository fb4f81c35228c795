"""What a request travels with: a session, a token, or nothing but its limits."""

from __future__ import annotations

from bill_mcp.client.http import Authorization
from bill_mcp.errors import CredentialsError
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.store import BillSession, Held
from bill_mcp.specs.models import Auth


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

    Raises:
        CredentialsError: The account has no token.
    """
    token = credentials.api_token
    if token is None:
        raise CredentialsError(
            "no Spend & Expense API token is connected to this server",
            advice="Ask the operator to set BILL_API_TOKEN for this server.",
        )
    return Authorization(
        headers={"apiToken": token},
        limit_key=token.digest(),
        organization="spend",
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
