"""The simulated BILL as a process, each of whose answers takes a while.

Usage: python -m bench.slow_bill PORT DELAY_MS
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio
import uvicorn

from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def main(port: str, delay_ms: str) -> None:
    bill, delay_s = build_app(World.create("demo")), float(delay_ms) / 1000

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/connect"):
            await anyio.sleep(delay_s)
        await bill(scope, receive, send)

    uvicorn.run(
        slow,
        host="127.0.0.1",
        port=int(port),
        lifespan="off",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
