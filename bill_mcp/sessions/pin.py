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
        """Names BILL's organization; for Spend & Expense and partners by their key."""
        named = self.authorization.organization
        if self.authorization.spend or not named:
            return f"key {self.authorization.limit_key}"
        return named
