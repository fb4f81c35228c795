"""``bill-mcp serve`` as a process whose end a test decides, spoken to in plain JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from support.process import KEPT

PATIENCE_S = 30


class RawServer:
    """One server process, and the only client it has."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._next = 0

    def send(self, method: str, params: Mapping[str, Any]) -> None:
        """One request, without waiting for its answer."""
        self._next += 1
        self._write({"id": self._next, "method": method, "params": params})

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """One request and its result; what else the server says is passed over."""
        self.send(method, params)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            if told.get("id") == self._next:
                return told["result"]
        raise AssertionError("the server ended without an answer")

    def begin(self) -> None:
        """The handshake."""
        self.ask(
            "initialize",
            {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        )
        self._write({"method": "notifications/initialized"})

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def end(self) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(PATIENCE_S)

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()


@contextmanager
def raw_server(
    *options: str, variables: Mapping[str, str], stderr: Any = subprocess.DEVNULL
) -> Iterator[RawServer]:
    """Start it and shake hands; whatever is left of it at the end is killed."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    process = subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-m", "bill_mcp", "serve", *options],
        env={**kept, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )
    server = RawServer(process)
    try:
        server.begin()
        yield server
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
