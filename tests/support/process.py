"""The real server as a child process, and the official client connected to it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

ERAS = ("legacy", "auto")
"""The handshake of 2025-11-25, and whatever is newest."""

CREDENTIALS = {
    "BILL_USERNAME": "ap@example.test",
    "BILL_PASSWORD": "canary-password-7c1f",
    "BILL_ORGANIZATION_ID": "00801TESTORGANIZA1a2",
    "BILL_DEV_KEY": "canary-developer-key-31aa",
    "BILL_APP_KEY": "canary-application-key-9be0",
    "BILL_API_TOKEN": "canary-spend-token-55d2",
}
SERVE = ("-m", "bill_mcp", "serve")
KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH", "COVERAGE_PROCESS_CONFIG")


@asynccontextmanager
async def client_of(
    *options: str,
    command: Sequence[str] = SERVE,
    era: str = "auto",
    variables: Mapping[str, str] | None = None,
    stderr: TextIO | None = None,
    elicitation_callback: Any = None,
) -> AsyncIterator[Client]:
    """Start ``bill-mcp serve``, or another *command* of Python, and connect to it."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    server = StdioServerParameters(
        command=sys.executable,
        args=[*command, *options],
        env={**kept, "BILL_MCP_LOG_LEVEL": "info", **(variables or {})},
    )
    with ExitStack() as closing:
        if server.env is not None and "BILL_MCP_HOME" not in server.env:
            # Never the journal of whoever runs the tests.
            home = closing.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
            server.env["BILL_MCP_HOME"] = home
        log = stderr or closing.enter_context(_nowhere())
        async with Client(
            stdio_client(server, errlog=log),
            mode=era,
            elicitation_callback=elicitation_callback,
        ) as client:
            yield client


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def error_of(answer: Any) -> dict[str, Any]:
    """The error object that an agent reads."""
    assert answer.is_error
    told: dict[str, Any] = json.loads(answer.content[0].text)
    assert answer.meta["bill-mcp/error"] == told
    return told


def result_of(answer: Any) -> dict[str, Any]:
    """The result object; the text says the same."""
    assert not answer.is_error, answer.content[0].text
    result = answer.structured_content
    assert json.loads(answer.content[0].text) == result
    return dict(result)
