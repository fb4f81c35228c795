"""A receiver of webhooks on this machine: what arrives, and what it answers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What arrived, in order.

    Attributes:
        answers: Statuses for what comes next; None breaks the connection off.
        arrived: Set once something has arrived.
    """

    address: str = ""
    received: list[Received] = field(default_factory=list)
    answers: deque[int | None] = field(default_factory=deque)
    arrived: threading.Event = field(default_factory=threading.Event)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(
                Received(path=self.path, headers=headers, body=body)
            )
            receiver.arrived.set()
            status = receiver.answers.popleft() if receiver.answers else 204
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            if status in range(300, 400):
                self.send_header("location", f"{receiver.address}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(
            target=server.serve_forever, args=(0.01,), daemon=True
        )
        serving.start()
        receiver.address = f"http://127.0.0.1:{server.server_port}"
        yield receiver
        server.shutdown()
        serving.join()
