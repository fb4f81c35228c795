"""Measures everything, prints one page and writes it to ``bench/results.md``."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import importlib.metadata
import itertools
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx

from bench import audit_log, guard, hostile_input, limits, simulated
from bench.peers import ERAS, MODERN, ROOT, SERVER, Era, Upstream, stdio, upstream

TOOL, ARGUMENTS = "bill_get_vendor_details", {"vendorId": "00901BENCH"}
TOOLS = 209
FLOOR = (sys.executable, "-m", "bench.floor", str(TOOLS))
STARTS = 7
TOGETHER = 16
PROCESSES = 3
BILL_SLOTS = 3
WARM_UP = 30
DELAYS_MS = (0, 50)
LIMITS = (0, BILL_SLOTS)
CALLS = {0: (500, 1600), 50: (100, 640)}
"""Calls alone and calls 16 at once, by the upstream's delay in milliseconds."""

Call = Callable[[], Awaitable[bool]]
"""Says whether it was answered; a refused call counts as none."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table of calls."""

    what: str
    at_once: int
    p50_ms: float
    p99_ms: float
    calls_per_s: float
    refused: int | None = None
    most_in_flight: int | None = None

    def cells(self, ceiling: float | None = None) -> tuple[str, ...]:
        return (
            self.what,
            str(self.at_once),
            f"{self.p50_ms:.1f}",
            f"{self.p99_ms:.1f}",
            f"{self.calls_per_s:.0f}",
            f"{self.calls_per_s / ceiling:.0%}" if ceiling else "",
            "" if self.refused is None else str(self.refused),
            "" if self.most_in_flight is None else str(self.most_in_flight),
        )


async def start_ms(command: Sequence[str], era: Era, **variables: str) -> float:
    """From starting the process to its first answer to ``tools/list``."""
    began = time.perf_counter()
    async with stdio(command, era, **variables) as client:
        await client.open()
        listed = await client.ask("tools/list", {})
        took = time.perf_counter() - began
    if len(listed["tools"]) != TOOLS:
        raise RuntimeError(f"{len(listed['tools'])} tools, not {TOOLS}")
    return took * 1000


async def starts() -> list[tuple[str, ...]]:
    told = []
    async with upstream(delay_ms=0, limit=0) as bill:
        for what, command, variables in (
            ("SDK server of as many tools that do nothing", FLOOR, {}),
            ("`bill-mcp serve`, BILL over HTTP", SERVER, bill.variables),
            ("`bill-mcp serve`, embedded simulator", SERVER, {}),
        ):
            cells = [what]
            for era in ERAS:
                await start_ms(command, era, **variables)  # fills the disk cache
                took = [
                    await start_ms(command, era, **variables) for _ in range(STARTS)
                ]
                cells.append(f"{statistics.median(took):.0f}")
            told.append(tuple(cells))
    return told


async def timed(what: str, call: Call, *, count: int, at_once: int) -> Row:
    took: list[float] = []

    async def worker(left: Iterator[int]) -> None:
        for _ in left:
            began = time.perf_counter()
            if await call():
                took.append(time.perf_counter() - began)

    left = iter(range(count))
    began = time.perf_counter()
    await asyncio.gather(*(worker(left) for _ in range(at_once)))
    whole = time.perf_counter() - began
    took.sort()
    return Row(
        what=what,
        at_once=at_once,
        p50_ms=took[len(took) // 2] * 1000,
        p99_ms=took[int(len(took) * 0.99)] * 1000,
        calls_per_s=len(took) / whole,
    )


async def both(
    what: str, call: Call, *, delay_ms: int, bill: Upstream | None
) -> list[Row]:
    """The same call alone and 16 at once, with what the upstream saw of it."""
    for _ in range(WARM_UP):
        await call()
    rows = []
    for at_once, count in zip((1, TOGETHER), CALLS[delay_ms], strict=True):
        if bill is not None:
            await bill.counts()
        row = await timed(what, call, count=count, at_once=at_once)
        if bill is not None:
            seen = await bill.counts()
            row = replace(
                row,
                refused=seen["refused"],
                most_in_flight=seen["most_in_flight"],
            )
        rows.append(row)
    return rows


async def no_op() -> list[Row]:
    async with stdio(FLOOR, MODERN) as client:
        await client.open()
        return await both(
            "floor: SDK tool that does nothing",
            lambda: client.call("tool_0", ARGUMENTS),
            delay_ms=0,
            bill=None,
        )


async def sockets(bill: Upstream, count: int = 300) -> Row:
    """What the upstream gives to three sockets that never pause: the ceiling."""
    parts = urlsplit(bill.url)
    path = f"{parts.path}/connect/v3/vendors/{ARGUMENTS['vendorId']}"
    asking = f"GET {path} HTTP/1.1\r\nhost: {parts.netloc}\r\n\r\n".encode()
    took: list[float] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for _ in range(count // BILL_SLOTS):
            began = time.perf_counter()
            writer.write(asking)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.split(b"content-length: ")[1].split(b"\r\n")[0]
            await reader.readexactly(int(length))
            took.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(BILL_SLOTS)))
    whole = time.perf_counter() - began
    took.sort()
    return Row(
        what=f"ceiling: {BILL_SLOTS} sockets without a pause",
        at_once=BILL_SLOTS,
        p50_ms=took[len(took) // 2] * 1000,
        p99_ms=took[int(len(took) * 0.99)] * 1000,
        calls_per_s=len(took) / whole,
    )


async def bare(bill: Upstream, delay_ms: int, slots: int) -> list[Row]:
    """Plain httpx against the upstream, with as many requests at once as *slots*."""
    free = asyncio.Semaphore(slots)
    url = f"{bill.url}/connect/v3/vendors/{ARGUMENTS['vendorId']}"
    async with httpx.AsyncClient(trust_env=False) as client:

        async def get() -> bool:
            async with free:
                answer = await client.get(url)
            answer.json()
            return answer.is_success

        what = "floor: httpx alone, " + (
            f"{slots} slots" if slots < TOGETHER else "no slots"
        )
        return await both(what, get, delay_ms=delay_ms, bill=bill)


async def ours(bill: Upstream, delay_ms: int) -> list[Row]:
    async with stdio(SERVER, MODERN, **bill.variables) as client:
        await client.open()
        return await both(
            "**bill-mcp**",
            lambda: client.call(TOOL, ARGUMENTS),
            delay_ms=delay_ms,
            bill=bill,
        )


async def side_by_side(bill: Upstream, delay_ms: int) -> list[Row]:
    """Several servers of one home folder, as several desktop clients start them."""
    async with contextlib.AsyncExitStack() as servers:
        home = servers.enter_context(tempfile.TemporaryDirectory())
        variables = bill.variables | {"BILL_MCP_HOME": home}
        clients = [
            await servers.enter_async_context(stdio(SERVER, MODERN, **variables))
            for _ in range(PROCESSES)
        ]
        for client in clients:
            await client.open()
        turns = itertools.cycle(clients)
        return await both(
            f"**bill-mcp**, {PROCESSES} processes",
            lambda: next(turns).call(TOOL, ARGUMENTS),
            delay_ms=delay_ms,
            bill=bill,
        )


def table(heads: Sequence[str], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def described_machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("mcp", "httpx")
    )
    today = dt.datetime.now(tz=dt.UTC).date()
    return (
        f"{today}, {os.cpu_count()} cores, {memory:.0f} GB, "
        f"Python {platform.python_version()}, {versions}, "
        f"load before it {os.getloadavg()[0]:.1f}"
    )


CALL_HEADS = (
    "what",
    "at once",
    "p50 ms",
    "p99 ms",
    "calls/s",
    "of ceiling",
    "refused",
    "most in flight",
)


INTRO = """# Measurements

Made by `bench/run`: {machine}.
The client, the server and the upstream share these cores. Compare within a
table only: times vary by a third from run to run.

## Start

From starting the process to its first answer to `tools/list` ({tools} tools) over
stdio; median of {starts_of_each}, in milliseconds, by protocol era.

{starts}

## Calls

`{tool}` over stdio ({modern}), on an upstream that stands in for
BILL on the loopback interface. The server never has more than {bill_slots} requests
at BILL, which is BILL's limit; so an upstream without the limit shows our own
machinery, not a faster BILL. The ceiling is what {bill_slots} sockets get that
send the next request as soon as they have an answer. Where {together} callers share
{bill_slots} slots, most of a call's time is its turn in the queue. Refused calls count
in no other column; "no slots" shows what the limit does to a client without a queue.

### Without an upstream

{floor}
"""


LIMITS_INTRO = """## Limits that processes share

The same read with limits of the process's own, and with limits in the file that all
processes of one home folder share; median of rounds taken by turns.
"""


GUARD_INTRO = """## What the guard costs

One write after the other; inside this process with a simulator beside it and the
records in real files, then over stdio. Evidence is what is read at BILL before a
payment: with BILL far away it is most of the cost. Approvals are granted at once.
Requests are those at BILL for each write.
"""


async def page() -> str:
    machine = described_machine()
    parts = [
        INTRO.format(
            tool=TOOL,
            tools=TOOLS,
            starts_of_each=STARTS,
            modern=MODERN,
            bill_slots=BILL_SLOTS,
            together=TOGETHER,
            machine=machine,
            starts=table(("what", *ERAS), await starts()),
            floor=table(CALL_HEADS, (row.cells() for row in await no_op())),
        )
    ]
    for delay_ms in DELAYS_MS:
        for limit in LIMITS:
            with_limit = f"refuses beyond {limit} at once" if limit else "has no limit"
            async with upstream(delay_ms=delay_ms, limit=limit) as bill:
                rows = [await sockets(bill)]
                ceiling = rows[0].calls_per_s if delay_ms else None
                for slots in (BILL_SLOTS, TOGETHER) if limit else (BILL_SLOTS,):
                    rows += await bare(bill, delay_ms, slots)
                rows += await ours(bill, delay_ms)
                rows += await side_by_side(bill, delay_ms)
            parts.append(f"### The upstream takes {delay_ms} ms and {with_limit}\n")
            cells = (row.cells(ceiling) for row in rows)
            parts.append(table(CALL_HEADS, cells) + "\n")
    async with upstream(delay_ms=0, limit=0) as bill:
        parts.append(
            f"{LIMITS_INTRO}\n{table(limits.HEADS, await limits.rows(bill))}\n"
        )
    parts.append("## The simulator\n\nInside one process, through httpx's transport.\n")
    parts.append(table(simulated.HEADS, await simulated.rows()) + "\n")
    parts.append("## Arguments that are refused\n\nFloods of input to one tool.\n")
    parts.append(table(hostile_input.HEADS, hostile_input.rows()) + "\n")
    parts.append("## The audit log\n\nOn this machine's disk, each row fsynced.\n")
    parts.append(table(audit_log.HEADS, audit_log.rows()) + "\n")
    parts.append(f"{GUARD_INTRO}\n{table(guard.HEADS, await guard.rows())}\n")
    return "\n".join(parts)


def main() -> None:
    text = asyncio.run(page())
    (ROOT / "bench" / "results.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
