"""What the guard costs: journal, audit log, evidence, approval, each left out in turn.

No option of the product leaves any of them out; here the parts are put together
without.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import structlog

from bench.peers import MODERN, ROOT, SERVER, StdioClient, stdio
from bill_mcp.agents import Agent, AgentPolicy, Confirm
from bill_mcp.app import random_id
from bill_mcp.client.budgets import Budgets
from bill_mcp.client.http import Authorization, BillClient
from bill_mcp.client.request import build
from bill_mcp.client.slots import MemorySlots
from bill_mcp.clock import SystemClock
from bill_mcp.dispatch import Dispatcher
from bill_mcp.environments import EMBEDDED_URL, Environment
from bill_mcp.errors import NeedsPerson
from bill_mcp.guard.evidence import NOTHING, Evidence
from bill_mcp.presenting import Presenter
from bill_mcp.records.approvals import Approval, Via
from bill_mcp.records.audit import Audit, AuditEntry
from bill_mcp.safekeeping import Safekeeping, open_records
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions import credentials
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.closures import Closures
from bill_mcp.sessions.manager import SessionManager
from bill_mcp.sessions.pin import Pin
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.store import MemorySessionStore
from bill_mcp.sessions.vault import MemoryVault, Vault
from bill_mcp.settings import Settings
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.sign_in_data import make_credentials
from bill_mcp.simulator.world import World
from bill_mcp.specs import loading
from bill_mcp.writing.building import build_writes
from bill_mcp.writing.call import Place, WriteCall
from bill_mcp.writing.knowing import Knowing

HEADS = ("write", "guard", "median ms", "p95 ms", "requests")
COUNT = 25
DELAY_MS = 50
SYNCS = 200
KINDS = ("create a department", "update it (idempotent)", "pay a bill")
LATE = 0.95

Call = tuple[str, dict[str, Any]]
Send = Callable[[str, dict[str, Any]], Awaitable[Any]]


class _NoAudit(Audit):
    """Writes no row."""

    def append(self, connection: sqlite3.Connection, entry: AuditEntry) -> int:
        return 0


class _NoEvidence(Knowing):
    """Asks BILL nothing before it sends."""

    async def evidence(self, call: WriteCall, pin: Pin) -> Evidence:
        return NOTHING


@dataclass(frozen=True, kw_only=True)
class Kit:
    """Which parts of the guard stand."""

    name: str
    on_disk: bool = True
    audit: bool = True
    evidence: bool = True
    asks: bool = False
    guarded: bool = True


KITS = (
    Kit(name="none: client alone", guarded=False),
    Kit(name="**whole, nobody asked**"),
    Kit(name="without the audit log", audit=False),
    Kit(name="without evidence", evidence=False),
    Kit(name="journal and audit log in memory", on_disk=False),
    Kit(name="**whole, and an approval**", asks=True),
)


class _Office:
    """One agent at a simulated BILL inside this process."""

    def __init__(self, kit: Kit, home: Path, world: World) -> None:
        self.kit, self.world, self.requests = kit, world, 0
        clock, live, specs = SystemClock(), LiveSecrets(), loading.load()
        account = credentials.read(make_credentials(world, {"mfa": "trusted"}).get)
        app = build_app(world)
        self.client = BillClient(
            EMBEDDED_URL,
            transport=lambda: _Counted(self, app),
            slots=MemorySlots(),
            budgets=Budgets(clock),
            codes=specs.error_codes,
        )
        vault: Vault = MemoryVault()
        sessions = SessionManager(
            SignIn(specs, self.client, closures=Closures(clock), new_id=random_id),
            profiles=lambda _: account,
            store=MemorySessionStore(),
            remembering=VaultRemembering(lambda: vault, clock.now),
            monotonic=clock.monotonic,
            live=live,
        )
        self.records = _records(kit, home, vault, clock)
        presenter = Presenter(
            environment=Environment.LOCAL, sessions=sessions, live=live
        )
        writes = build_writes(
            catalogue=specs,
            place=Place(environment=Environment.LOCAL, address=EMBEDDED_URL),
            sessions=sessions,
            client=self.client,
            records=self.records,
            presenter=presenter,
            clock=clock,
            new_id=random_id,
            instance="bench",
            announcer=None,
        )
        if not kit.evidence:
            knowing = _NoEvidence(**vars(writes.knowing))
            seeing = replace(writes.seeing, knowing=knowing)
            writes = replace(writes, knowing=knowing, seeing=seeing)
        confirm = Confirm.ALWAYS if kit.asks else Confirm.NEVER
        self.dispatcher = Dispatcher(
            catalogue=specs,
            settings=Settings(
                environment=Environment.LOCAL,
                embedded=True,
                base_url=EMBEDDED_URL,
                confirm=confirm,
                home=home,
            ),
            sessions=sessions,
            client=self.client,
            writes=writes,
            presenter=presenter,
            live=live,
            new_id=random_id,
        )
        self.agent = Agent(
            key="bench",
            name="bench",
            profiles=("default",),
            policy=AgentPolicy(read_only=False, confirm=confirm),
            surface="full",
        )

    async def send(self, tool: str, arguments: dict[str, Any]) -> Any:
        if not self.kit.guarded:
            return await self._bare(tool, arguments)
        try:
            return await self.dispatcher.call(self.agent, tool, arguments)
        except NeedsPerson as question:
            approvals = self.records.approvals
            waiting = await approvals.find(question.approval_id)
            assert waiting is not None  # noqa: S101 -- it was asked for just now
            await self._grant(waiting)
        return await self.dispatcher.call(self.agent, tool, arguments)

    async def _grant(self, waiting: Approval) -> None:
        await self.records.approvals.decide(
            waiting.id, grant=True, by="bench", via=Via.TERMINAL
        )

    async def _bare(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        action = self.dispatcher.catalogue.find(tool)
        request = build(action, arguments, new_id=random_id)

        async def exchange(authorization: Authorization) -> dict[str, Any]:
            return await self.client.send(request, authorization, agent="bench")

        async with self.dispatcher.sessions.pin(self.agent, action.spec.auth) as pin:
            reply = await pin.send(exchange)
        return self.dispatcher.presenter.present(self.agent, action, reply, arguments)

    async def close(self) -> None:
        await self.client.aclose()
        self.records.close()


class _Counted(httpx.ASGITransport):
    """Counts what goes to BILL."""

    def __init__(self, office: _Office, app: Any) -> None:
        super().__init__(app=app)
        self._office = office

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._office.requests += 1
        return await super().handle_async_request(request)


def _records(kit: Kit, home: Path, vault: Vault, clock: SystemClock) -> Safekeeping:
    records = open_records(
        home,
        lasts=kit.on_disk,
        moves_real_money=False,
        home_is_given=True,
        open_vault=lambda: vault,
        locks=AgentLocks(home / "agents"),
        clock=clock,
        new_id=random_id,
    )
    if kit.audit:
        return records
    none = _NoAudit(records.custody.key)
    records.journal._audit = none  # noqa: SLF001 -- only a bench leaves it out
    return replace(records, audit=none, heads=None)


async def rows() -> list[tuple[str, ...]]:
    """In this process with each kit, then over stdio with BILL 50 ms away."""
    quiet = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=quiet)
    told = [_synced()]
    for kit in KITS:
        with tempfile.TemporaryDirectory() as home:
            office = _Office(kit, Path(home), World.create("demo"))
            bills = payable(list(office.world.rows("bill")))
            account = paying(list(office.world.rows("bank_account")))
            for kind, took in (await _timed(office.send, bills, account)).items():
                _check(kit, took)
                told.append(_row(kind, kit.name, took.ms, took.requests))
            await office.close()
    async with _slow_bill() as variables, stdio(SERVER, MODERN, **variables) as client:
        told += await _over_stdio(client)
    return told


@dataclass
class _Took:
    """Times of one kind of write; requests at BILL, and of how many writes."""

    ms: list[float]
    requests: tuple[int, int] = (0, 0)


def _check(kit: Kit, took: _Took) -> None:
    """That nothing was read where nothing should be; signing in is no read."""
    sent, calls = took.requests
    if not (kit.evidence and kit.guarded) and sent > calls + 1:
        raise RuntimeError(f"{kit.name}: {sent} requests for {calls} calls")


async def _timed(
    send: Send, bills: Sequence[Mapping[str, Any]], account: str
) -> dict[str, _Took]:
    told: dict[str, _Took] = {}
    count = min(COUNT, len(bills))
    office = getattr(send, "__self__", None)
    made: list[str] = []
    for kind in KINDS:
        took = _Took(ms=[])
        started = getattr(office, "requests", 0)
        for number in range(count):
            call = _call(kind, number, made, bills[number], account)
            began = time.perf_counter()
            answer = await send(*call)
            took.ms.append((time.perf_counter() - began) * 1000)
            if kind == KINDS[0]:
                made.append(answer["id"])
        took.requests = (getattr(office, "requests", 0) - started, count)
        told[kind] = took
    return told


def _call(
    kind: str, number: int, made: Sequence[str], bill: Mapping[str, Any], account: str
) -> Call:
    if kind == KINDS[0]:
        return "bill_create_a_department", {"name": f"Bench {number}"}
    if kind == KINDS[1]:
        changed = {"id": made[number], "name": f"Changed {number}"}
        return "bill_update_a_department", changed
    funding = {"type": "BANK_ACCOUNT", "id": account}
    amount = bill["dueAmount"]
    paid = {"billId": bill["id"], "amount": amount, "fundingAccount": funding}
    return "bill_create_a_payment", paid


def payable(bills: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those that nothing speaks against, in dollars."""
    return [
        bill
        for bill in bills
        if bill["dueAmount"] > 0
        and not bill["archived"]
        and bill["approvalStatus"] in {"UNASSIGNED", "APPROVED"}
        and bill.get("exchangeRate") in {None, 1}
    ]


def paying(accounts: Sequence[Mapping[str, Any]]) -> str:
    return next(str(each["id"]) for each in accounts if each["status"] == "VERIFIED")


async def _over_stdio(client: StdioClient) -> list[tuple[str, ...]]:
    async def send(tool: str, arguments: dict[str, Any]) -> Any:
        answer = await client.ask("tools/call", {"name": tool, "arguments": arguments})
        if answer.get("isError"):
            raise RuntimeError(answer["content"])
        return answer["structuredContent"]

    filters = "paymentStatus:eq:UNPAID,archived:eq:false"
    found = await send("bill_get_list_of_bills", {"filters": filters, "max": 100})
    accounts = await send("bill_get_list_of_bank_accounts", {})
    took = await _timed(send, payable(found["results"]), paying(accounts["results"]))
    where = f"whole, over stdio, BILL {DELAY_MS} ms away"
    return [_row(kind, where, each.ms, None) for kind, each in took.items()]


@contextlib.asynccontextmanager
async def _slow_bill() -> AsyncIterator[dict[str, str]]:
    """BILL as a process of its own; the variables of a login that may pay."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.slow_bill", str(port), str(DELAY_MS)), cwd=ROOT
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(400):
                with contextlib.suppress(httpx.TransportError):
                    wish = {"kind": "org", "mfa": "trusted"}
                    asked = await client.post(f"{url}/simulator/credentials", json=wish)
                    break
                await asyncio.sleep(0.05)
        login = {n: v for n, v in asked.json().items() if n.startswith("BILL_")}
        yield login | {
            "BILL_MCP_ENVIRONMENT": "local",
            "BILL_MCP_BASE_URL": f"{url}/connect",
            "BILL_MCP_CONFIRM": "never",
            "BILL_MCP_KEY": "the key of the bench",
        }
    finally:
        process.terminate()
        await process.wait()


def _synced() -> tuple[str, ...]:
    """What this disk takes for one page and its fsync, to compare with."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        file = os.open(f"{folder}/synced", os.O_RDWR | os.O_CREAT)
        for _ in range(SYNCS):
            os.write(file, b"\0" * 4096)
            began = time.perf_counter()
            os.fsync(file)
            took.append((time.perf_counter() - began) * 1000)
        os.close(file)
    return _row("(one fsync of this disk)", "", took, None)


def _row(
    kind: str, guard: str, took: list[float], requests: tuple[int, int] | None
) -> tuple[str, ...]:
    late = sorted(took)[int(len(took) * LATE)]
    per_call = f"{requests[0] / requests[1]:.1f}" if requests else ""
    return (kind, guard, f"{statistics.median(took):.2f}", f"{late:.2f}", per_call)
