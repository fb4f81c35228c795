"""What arrived at the simulator, in order; secrets only by their names."""

import base64
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

SECRET_HEADERS = {
    "sessionid": "sessionId",
    "devkey": "devKey",
    "appkey": "appKey",
    "apitoken": "apiToken",
    "authorization": "authorization",
    "cookie": "cookie",
}
SECRET_FIELDS = frozenset(
    {"password", "devKey", "appKey", "rememberMeId", "consoleApiToken", "token"}
)

ARRIVALS_AT_MOST = 10_000
BYTES_AT_MOST = 64 * 1024 * 1024
"""What a log keeps; then the oldest arrivals go, so a long run cannot fill memory."""


@dataclass(slots=True)
class Arrival:
    """One request, from its arrival on; ``status`` is None until it is answered."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    at: str
    operation: str | None = None
    session: int | None = None
    """The how-manyth session it came with, so that tests can tell sessions apart."""
    in_flight: int = 1
    status: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class RequestLog:
    """The latest arrivals of one world."""

    arrivals: deque[Arrival] = field(default_factory=deque)
    _sizes: deque[int] = field(default_factory=deque)
    _bytes: int = 0

    def add(self, arrival: Arrival, size: int) -> None:
        """Note an arrival whose body had *size* bytes."""
        self.arrivals.append(arrival)
        self._sizes.append(size)
        self._bytes += size
        while len(self.arrivals) > 1 and self._is_full():
            self.arrivals.popleft()
            self._bytes -= self._sizes.popleft()

    def _is_full(self) -> bool:
        return len(self.arrivals) > ARRIVALS_AT_MOST or self._bytes > BYTES_AT_MOST

    def clear(self) -> None:
        self.arrivals.clear()
        self._sizes.clear()
        self._bytes = 0


def without_secrets(headers: dict[str, str]) -> dict[str, str]:
    """Return *headers* with the values of secrets replaced by their names."""
    return {
        name: f"({SECRET_HEADERS[name]})" if name in SECRET_HEADERS else value
        for name, value in headers.items()
    }


def told_body(raw: bytes) -> Any:
    """Return the body as JSON without secrets, or as base64 text; None if empty."""
    if not raw:
        return None
    try:
        body = json.loads(raw)
    except ValueError:
        return base64.b64encode(raw).decode()
    if isinstance(body, dict):
        return {
            name: f"({name})" if name in SECRET_FIELDS else value
            for name, value in body.items()
        }
    return body
