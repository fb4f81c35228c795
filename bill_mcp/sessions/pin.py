"""One agent's session, held still while one of its calls is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bill_mcp.client.http import Authorization
from bill_mcp.sessions.store import BillSession
from bill_mcp.specs.models import Auth

Send = Callable[[Authorization], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One agent's session while one of its calls is under way.

    Attributes:
        authorization: As it is at the beginning; a renewed one is of the same account.
        session: None where the call travels with other credentials.
        send: Sends under the session, renewing it at most once; never under one of
            another organization or user, who may be connected meanwhile.
    """

    profile: str
    auth: Auth
    authorization: Authorization
    session: BillSession | None
    send: Callable[[Send], Awaitable[dict[str, Any]]]

    @property
    def organization(self) -> str:
        """Names BILL's organization; a partner's by its key."""
        named = self.authorization.organization
        return named or f"key {self.authorization.limit_key}"

    @property
    def user(self) -> str | None:
        """Who acts at BILL: the session's user, or for Spend & Expense the token."""
        if self.authorization.spend:
            return f"token {self.authorization.limit_key}"
        return self.session.user_id if self.session else None
