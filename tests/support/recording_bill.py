"""A stand-in for BILL over HTTP that records what arrives and answers what it is told.

It knows nothing of the specs; sign-ins get a session, everything else the same object.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

SIGN_INS = ("/v3/login", "/v3/partner/login", "/v3/partner/login-as-user")
SIGN_OUT = "/v3/logout"


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class RecordingBill:
    """What arrived so far, and where to send it."""

    url: str = ""
    arrivals: list[Arrival] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=lambda: {"id": "0001"})
    shows_what_is_asked: bool = False
    """Whether a read is answered with the very id that it asks for."""
    may_answer: threading.Event = field(default_factory=threading.Event)
    """Clear it to keep answers back; sign-ins are answered all the same."""

    close: Callable[[], None] = lambda: None
    """Let nobody reach it any more."""
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, path: str) -> None:
        """Wait until a request to *path* has come."""
        with self.came:
            assert self.came.wait_for(
                lambda: any(one.path == path for one in self.arrivals), 20
            )

    def last(self) -> Arrival:
        """The last request but for the sign-out with which a server ends."""
        return next(one for one in reversed(self.arrivals) if one.path != SIGN_OUT)


@contextmanager
def recording_bill() -> Iterator[RecordingBill]:
    """Serve on a free loopback port until the block ends."""
    recording = RecordingBill()
    recording.may_answer.set()
    sessions = iter(range(1, 1_000_000))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def respond(self) -> None:
            length = int(self.headers.get("content-length", 0))
            parts = urlsplit(self.path)
            path = parts.path.removeprefix("/connect")
            arrival = Arrival(
                method=self.command,
                path=path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
            )
            with recording.came:
                recording.arrivals.append(arrival)
                recording.came.notify_all()
            answer = recording.answer
            if recording.shows_what_is_asked and self.command == "GET":
                key = unquote(path.rpartition("/")[2])
                answer = {**answer, "id": key, "uuid": key}
            if path in SIGN_INS:
                answer = {"sessionId": f"session-number-{next(sessions)}"}
            else:
                recording.may_answer.wait(10)
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815 -- http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    recording.url = f"http://127.0.0.1:{server.server_port}/connect"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    recording.close = close
    try:
        yield recording
    finally:
        close()
