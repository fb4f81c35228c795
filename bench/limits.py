"""What it costs that the processes of one machine share BILL's limits."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.peers import CREDENTIALS, Upstream
from bench.simulated import signed_in
from bill_mcp.app import random_id
from bill_mcp.client.http import Authorization, BillClient
from bill_mcp.client.limits import Limits, own_limits, shared_limits
from bill_mcp.client.request import Request, build
from bill_mcp.clock import SystemClock
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.world import World
from bill_mcp.specs import loading
from bill_mcp.specs.models import ErrorEntry

HEADS = ("one read through the client", "at once", "own ms", "shared ms", "more ms")
ROUNDS = 10
READS = 60
"""In each round, with own limits and then with shared ones."""

TOGETHER = 16

Transport = Callable[[], httpx.AsyncBaseTransport]


@dataclass(frozen=True, kw_only=True)
class _Read:
    """One request, to be sent again and again."""

    base_url: str
    transport: Transport | None
    headers: Mapping[str, str]
    request: Request
    codes: Mapping[str, ErrorEntry]

    def client(self, limits: Limits) -> BillClient:
        return BillClient(
            self.base_url,
            transport=self.transport,
            slots=limits.slots,
            budgets=limits.budgets,
            codes=self.codes,
        )

    async def send(self, client: BillClient, agent: str) -> None:
        authorization = Authorization(
            headers=self.headers, limit_key="bench", organization="bench"
        )
        await client.send(self.request, authorization, agent=agent)


async def rows(bill: Upstream) -> list[tuple[str, ...]]:
    """A read at the simulator inside this process, and at *bill* over HTTP."""
    told: list[tuple[str, ...]] = []
    for what, read in (
        ("simulator inside the process", await _simulated()),
        ("upstream of 0 ms over HTTP", _over_http(bill)),
    ):
        for at_once in (1, TOGETHER):
            own, shared = await _compared(read, at_once)
            cells = (f"{own:.3f}", f"{shared:.3f}", f"{shared - own:.3f}")
            told.append((what, str(at_once), *cells))
    return told


async def _compared(read: _Read, at_once: int) -> tuple[float, float]:
    """Milliseconds of a read with own and with shared limits, taken by turns."""
    took: tuple[list[float], list[float]] = ([], [])
    with tempfile.TemporaryDirectory() as home:
        clock = SystemClock()
        kinds = (
            own_limits(clock),
            shared_limits(Path(home), read.base_url, clock, new_id=random_id),
        )
        clients = [read.client(limits) for limits in kinds]
        for _ in range(ROUNDS):
            for client, each in zip(clients, took, strict=True):
                began = time.perf_counter()
                await _round(read, client, at_once)
                each.append((time.perf_counter() - began) * 1000 / READS)
        for client, limits in zip(clients, kinds, strict=True):
            await client.aclose()
            limits.close()
    return statistics.median(took[0][1:]), statistics.median(took[1][1:])


async def _round(read: _Read, client: BillClient, at_once: int) -> None:
    left = iter(range(READS))

    async def worker(agent: str) -> None:
        for _ in left:
            await read.send(client, agent)

    await asyncio.gather(*(worker(f"agent {n}") for n in range(at_once)))


async def _simulated() -> _Read:
    world = World.create("demo")
    app = build_app(world)
    base = "http://simulator.localhost"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url=base
    ) as client:
        await signed_in(client)
        headers = {name: client.headers[name] for name in ("devKey", "sessionId")}
    return _read(
        f"{base}/connect",
        lambda: httpx.ASGITransport(app=app),
        headers,
        next(iter(world.state.tables["vendor"])),
    )


def _over_http(bill: Upstream) -> _Read:
    headers = {"devKey": CREDENTIALS["BILL_DEV_KEY"], "sessionId": "made-up"}
    return _read(f"{bill.url}/connect", None, headers, "00901BENCH")


def _read(
    base_url: str,
    transport: Transport | None,
    headers: Mapping[str, str],
    vendor: str,
) -> _Read:
    catalogue = loading.load()
    action = catalogue.find("bill_get_vendor_details")
    return _Read(
        base_url=base_url,
        transport=transport,
        headers=headers,
        request=build(action, {"vendorId": vendor}, new_id=random_id),
        codes=catalogue.error_codes,
    )
