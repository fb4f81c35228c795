"""Signs out of sessions at BILL: those that are asked for, replaced, or left behind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio

from bill_mcp.errors import SessionExpiredError
from bill_mcp.sessions.authorizing import with_session
from bill_mcp.sessions.pin import Send
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.store import Held
from bill_mcp.specs.models import Auth

LOGOUT_S = 3.0
"""How long the end of a server, or of a session, waits for BILL."""


class Leaving:
    """Ends organizations' sessions. Nobody signs in for the sake of it.

    Args:
        sign_in: Knows BILL, and which organizations are left alone.
        monotonic: The clock of idle sessions, in seconds.
    """

    def __init__(self, sign_in: SignIn, monotonic: Callable[[], float]) -> None:
        self._sign_in, self._monotonic = sign_in, monotonic

    async def asked_for(self, held: Held, send: Send) -> dict[str, Any]:
        """BILL's answer to a sign-out that an agent asks for."""
        session = held.organization
        if session is None or session.is_idle(self._monotonic()):
            return {}
        self._sign_in.closures.check_organization(session.organization_id)
        try:
            return await send(with_session(held, session, Auth.SESSION))
        except SessionExpiredError:
            return {}

    async def replaced(self, agent: str, held: Held) -> None:
        """End the session that a new one has taken the place of, within seconds."""
        with anyio.move_on_after(LOGOUT_S, shield=True):
            await self.behind(agent, held)

    async def behind(self, agent: str, held: Held) -> None:
        """End a session that nobody takes up any more."""
        session = held.organization
        if session is None or session.is_idle(self._monotonic()):
            return
        # Whatever goes wrong, the session idles to its end without us.
        with suppress(Exception):
            self._sign_in.closures.check_organization(session.organization_id)
            authorization = with_session(held, session, Auth.SESSION)
            await self._sign_in.end(agent, authorization)
