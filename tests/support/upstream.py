"""BILL at the httpx transport: remembers what arrives and answers what a test says."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import unquote

import httpx

SIGN_INS = frozenset({"/v3/login", "/v3/partner/login", "/v3/partner/login-as-user"})


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One request, byte for byte.

    Attributes:
        target: Path and query as they were written, without ``/connect``.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def json(self) -> Any:
        return json.loads(self.body)


Reply = httpx.Response | None
"""None: a session for a sign-in, what is `shown` or an empty object for the rest."""

Answer = Callable[[Arrival], Reply | Awaitable[Reply]]
"""May wait before it answers."""


def shown(arrival: Arrival) -> dict[str, str]:
    """An object that BILL has under the very id that it is asked for."""
    key = unquote(arrival.path.rpartition("/")[2])
    return {"id": key, "uuid": key}


def refusal(code: str | None, status: int = 400, message: str = "") -> httpx.Response:
    """BILL's own error array with one item."""
    item = {"code": code, "severity": "ERROR", "message": message or "No."}
    return httpx.Response(status, json=[item])


def always(value: Any, status: int = 200) -> Answer:
    """The same JSON for every request but a sign-in."""

    def answer(arrival: Arrival) -> Reply:
        if arrival.path in SIGN_INS:
            return None
        return httpx.Response(status, json=value)

    return answer


class Upstream:
    """Stands where BILL is; an answer that raises is a broken connection."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.answer = answer or (lambda _: None)
        self.arrivals: list[Arrival] = []
        self._sessions = count(1)

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.MockTransport(self._handle)

    @property
    def calls(self) -> list[Arrival]:
        """What arrived, but for sign-ins."""
        return [one for one in self.arrivals if one.path not in SIGN_INS]

    @property
    def writes(self) -> list[Arrival]:
        """What arrived that may change something at BILL."""
        return [one for one in self.calls if one.method != "GET"]

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        arrival = Arrival(
            method=request.method,
            target=request.url.raw_path.decode().removeprefix("/connect"),
            headers=request.headers,
            body=request.content,
        )
        self.arrivals.append(arrival)
        answer = self.answer(arrival)
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer is not None:
            return answer
        if arrival.path in SIGN_INS:
            session = {"sessionId": f"session-number-{next(self._sessions)}"}
            return httpx.Response(200, json=session)
        return httpx.Response(
            200, json=shown(arrival) if arrival.method == "GET" else {}
        )
