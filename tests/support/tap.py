"""A tap between server and simulator that notes every secret BILL hands out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

SECRET_MEMBERS = ("sessionId", "rememberMeId", "token")


@dataclass
class Tap:
    """Where to connect, and what passed."""

    base_url: str = ""
    secrets: set[str] = field(default_factory=set)


@contextmanager
def tapped(base_url: str) -> Iterator[Tap]:
    """Forward to *base_url* until the block ends."""
    tap = Tap()
    root = base_url.removesuffix("/connect")
    forward = httpx.Client(base_url=root, timeout=20)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def pass_on(self) -> None:
            length = int(self.headers.get("content-length", 0))
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in {"host", "connection", "accept-encoding"}
            }
            answer = forward.request(
                self.command, self.path, content=self.rfile.read(length), headers=kept
            )
            _note(answer, tap.secrets)
            self.send_response(answer.status_code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815 -- http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    tap.base_url = f"http://127.0.0.1:{server.server_port}/connect"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield tap
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        forward.close()


def _note(answer: httpx.Response, secrets: set[str]) -> None:
    try:
        told: Any = json.loads(answer.content)
    except ValueError:
        return
    if isinstance(told, dict):
        secrets |= {
            told[name] for name in SECRET_MEMBERS if isinstance(told.get(name), str)
        }
