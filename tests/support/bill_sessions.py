"""BILL's sign-in at the transport: knows which sessions live, and forgets on demand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
from support.upstream import SIGN_INS, Arrival, refusal

ORGANIZATION = "00801TESTORGANIZA1a2"


class BillSessions:
    """Answers sign-ins and sign-outs; everything else only under a living session.

    Attributes:
        reply: What a call under a living session gets.
        refuse_sign_in: Answers a sign-in in place of a session, where it returns one.
    """

    def __init__(self) -> None:
        self.reply: Callable[[Arrival], Any] = lambda _: {"id": "0001"}
        self.refuse_sign_in: Callable[[Arrival], httpx.Response | None] = lambda _: None
        self.living: set[str] = set()
        self._numbers = count(1)

    def __call__(self, arrival: Arrival) -> httpx.Response:
        if arrival.path in SIGN_INS:
            return self._signed_in(arrival)
        session = arrival.headers.get("sessionid")
        if session not in self.living and "apitoken" not in arrival.headers:
            return refusal("BDC_1109", 401)
        if arrival.path == "/v3/logout":
            self.living.discard(str(session))
            return httpx.Response(200)
        reply = self.reply(arrival)
        return (
            reply
            if isinstance(reply, httpx.Response)
            else httpx.Response(200, json=reply)
        )

    def forget(self) -> None:
        """Every session ends, as if it had idled too long."""
        self.living.clear()

    def _signed_in(self, arrival: Arrival) -> httpx.Response:
        refused = self.refuse_sign_in(arrival)
        if refused is not None:
            return refused
        is_as_user = arrival.path == "/v3/partner/login-as-user"
        if is_as_user and arrival.headers.get("sessionid") not in self.living:
            return refusal("BDC_1109", 401)
        session = f"canary-session-{next(self._numbers):04}"
        self.living.add(session)
        body = arrival.json()
        told = {"sessionId": session, "trusted": "rememberMeId" in body}
        if arrival.path == "/v3/login":
            told |= {"organizationId": body["organizationId"], "userId": "00601USER"}
        return httpx.Response(200, json=told)
