"""The two ends of a measurement: an MCP client that costs little, and the upstream."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Literal

import httpx

ROOT = Path(__file__).parents[1]
SERVER = (sys.executable, "-m", "bill_mcp", "serve")
Era = Literal["2025-11-25", "2026-07-28"]
ERAS: tuple[Era, ...] = ("2025-11-25", "2026-07-28")
MODERN: Era = "2026-07-28"

CREDENTIALS = {
    "BILL_USERNAME": "bench@bench.example",
    "BILL_PASSWORD": "made-up",
    "BILL_ORGANIZATION_ID": "00801BENCH",
    "BILL_DEV_KEY": "made-up-developer-key",
}
_CLIENT = {"name": "bench", "version": "1"}
_LARGEST_LINE = 1 << 24
_PATIENCE_S = 60.0


class StdioClient:
    """Speaks JSON lines with a server's process and parses no more than it must."""

    def __init__(self, process: asyncio.subprocess.Process, era: Era) -> None:
        self._process, self._era = process, era
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._last = 0
        self._reader = asyncio.create_task(self._read())

    async def open(self) -> None:
        """Greet the server, where the era has a greeting."""
        if self._era == MODERN:
            return
        await self.ask(
            "initialize",
            {
                "protocolVersion": self._era,
                "capabilities": {},
                "clientInfo": _CLIENT,
            },
        )
        self._write({"method": "notifications/initialized"})

    async def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The result of one request; a protocol error fails the measurement."""
        self._last += 1
        number = self._last
        answered = asyncio.get_running_loop().create_future()
        self._waiting[number] = answered
        if self._era == MODERN:
            prefix = "io.modelcontextprotocol/"
            meta = {
                f"{prefix}protocolVersion": MODERN,
                f"{prefix}clientInfo": _CLIENT,
                f"{prefix}clientCapabilities": {},
            }
            params = {**params, "_meta": meta}
        self._write({"id": number, "method": method, "params": params})
        answer = await asyncio.wait_for(answered, _PATIENCE_S)
        result: dict[str, Any] = answer["result"]
        return result

    async def call(self, tool: str, arguments: dict[str, Any]) -> bool:
        """Call a tool, which must succeed."""
        result = await self.ask("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            raise RuntimeError(result["content"])
        return True

    async def close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _PATIENCE_S)
        except TimeoutError:
            self._process.kill()
        self._reader.cancel()

    def _write(self, message: dict[str, Any]) -> None:
        if self._process.stdin is None:
            raise AssertionError("the process was started with pipes")
        line = json.dumps({"jsonrpc": "2.0", **message}) + "\n"
        self._process.stdin.write(line.encode())

    async def _read(self) -> None:
        if self._process.stdout is None:
            raise AssertionError("the process was started with pipes")
        async for line in self._process.stdout:
            answer = json.loads(line)
            waiting = self._waiting.pop(answer.get("id"), None)
            if waiting is not None:
                waiting.set_result(answer)


@contextlib.asynccontextmanager
async def stdio(
    command: Sequence[str], era: Era, **variables: str
) -> AsyncIterator[StdioClient]:
    """A client of a new process that sees none of this machine's BILL settings."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BILL_")}
    with tempfile.TemporaryDirectory() as home:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LARGEST_LINE,
            cwd=ROOT,
            env=clean | {"BILL_MCP_HOME": home} | variables,
        )
        client = StdioClient(process, era)
        try:
            yield client
        finally:
            await client.close()


class Upstream:
    """The stand-in for BILL, in a process of its own."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.variables = CREDENTIALS | {
            "BILL_MCP_ENVIRONMENT": "local",
            "BILL_MCP_BASE_URL": f"{self.url}/connect",
        }

    async def counts(self) -> dict[str, int]:
        """What it saw since it was last asked."""
        async with httpx.AsyncClient(trust_env=False) as client:
            told: dict[str, int] = (await client.get(f"{self.url}/counts")).json()
            return told


@contextlib.asynccontextmanager
async def upstream(*, delay_ms: int, limit: int) -> AsyncIterator[Upstream]:
    """An upstream that answers after *delay_ms* and refuses beyond *limit*."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.upstream"),
        *(str(port), str(delay_ms), str(limit)),
        cwd=ROOT,
    )
    try:
        started = Upstream(port)
        for _ in range(200):
            with contextlib.suppress(httpx.TransportError):
                await started.counts()
                break
            await asyncio.sleep(0.05)
        yield started
    finally:
        process.terminate()
        await process.wait()
