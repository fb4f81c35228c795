"""Agents that pay at a simulated BILL, through the whole path of a call.

BILL has its own clock, faults and web page; ours are those of the assembly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from support.assembly import Assembly, agent, assemble
from support.clock import START, ManualClock
from support.upstream import Arrival, Upstream

from bill_mcp.agents import Agent, Confirm
from bill_mcp.app import random_id
from bill_mcp.environments import Environment
from bill_mcp.errors import CallError, NeedsPerson
from bill_mcp.guard.rules import Rules
from bill_mcp.records.approvals import Via
from bill_mcp.records.audit import Kind
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials, read
from bill_mcp.sessions.vault import MemoryVault
from bill_mcp.simulator import credentials
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.fixtures import make_fixture
from bill_mcp.simulator.sign_in_data import make_credentials
from bill_mcp.simulator.world import World

PAY = "bill_create_a_payment"
BULK = "bill_create_a_bulk_payment"
SETTLES_S = 900
DEADLINE_S = 95
"""After its intent the answer of a write can't come any more."""

ADDRESS = {
    "line1": "1 Main Street",
    "city": "Seattle",
    "stateOrProvince": "WA",
    "zipOrPostalCode": "98101",
    "country": "US",
}
ACCOUNT = {
    "nameOnAccount": "Acme",
    "accountNumber": "111222333",
    "routingNumber": "074000010",
}
OTHER_ACCOUNT = ACCOUNT | {"accountNumber": "999888777"}

Json = dict[str, Any]


class StillClock(ManualClock):
    """Does not even move while somebody waits for another call."""

    async def sleep(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()


class Paying:
    """One organization at BILL with an account to pay from, and one server of ours.

    Args:
        confirm: When a person is asked.
        rules: Of every agent.
        environment: What policy believes.
        home: Where the journal is, so that it outlives a restart.
        bill_is_ahead_s: How far BILL's clock is before ours.
        clock: Ours, if it is a special one.
    """

    def __init__(
        self,
        *,
        confirm: Confirm = Confirm.NEVER,
        rules: Rules | None = None,
        environment: Environment = Environment.SANDBOX,
        home: Path | None = None,
        bill_is_ahead_s: float = 0,
        clock: ManualClock | None = None,
    ) -> None:
        bill_now = START + timedelta(seconds=bill_is_ahead_s)
        self.world = World.create("empty", bill_now.isoformat())
        self.account = str(make_fixture(self.world, {"type": "bank_account"})["id"])
        self._bill = httpx.ASGITransport(app=build_app(self.world))
        self._page_session: dict[str, str] = {}
        self._environment, self._confirm, self._rules = environment, confirm, rules
        self._home, self._vault, self._starts = home, MemoryVault(), 0
        self.login = self.new_login()
        self.logins: dict[str, Credentials] = {}
        """By profile, where one has its own."""
        self.base_url: str | None = None
        """Where our server believes BILL is, from its next start on."""
        self.says: dict[str, str] = {}
        """By path the body that BILL answers to POSTs, though it acts on them."""
        self.dates_ahead_s = 0.0
        """How far the date of BILL's answers is before the times in them."""
        self.held_back = self._unreachable = frozenset[str]()
        self.clock = clock or ManualClock()
        self.upstream = Upstream(self._answer)
        self.server = self._started()

    # Our side

    def _started(self) -> Assembly:
        self._starts += 1
        return assemble(
            self.upstream,
            environment=self._environment,
            base_url=self.base_url,
            confirm=self._confirm,
            rules=self._rules,
            profiles=lambda name: self.logins.get(name, self.login),
            clock=self.clock,
            home=self._home,
            new_id=random_id,
            instance=f"instance {self._starts}",
            audit_vault=self._vault,
        )

    def restart(self) -> None:
        """The server ends and begins anew on what is on disk."""
        self.server.records.close()
        self.server = self._started()

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Calls go to another server meanwhile, which shares the records."""
        mine, self.server = self.server, self._started()
        try:
            yield
        finally:
            self.server.records.close()
            self.server = mine

    def sign_in_as_another_user(self) -> None:
        """The account is another user's from now on, and BILL forgets the session."""
        self.login = self.new_login()
        for session in list(self.world.rows("session")):
            self.world.put("session", session["id"], None)

    def agent(
        self,
        key: str = "agent",
        *,
        confirm: Confirm | None = None,
        rules: Rules | None = None,
    ) -> Agent:
        return agent(
            key=key,
            confirm=self._confirm if confirm is None else confirm,
            rules=rules or self._rules,
        )

    async def call(
        self, name: str, arguments: Mapping[str, Any], by: str | Agent = "agent"
    ) -> Json:
        who = self.agent(by) if isinstance(by, str) else by
        return await self.server.dispatcher.call(who, name, arguments)

    async def refused(
        self, name: str, arguments: Mapping[str, Any], by: str | Agent = "agent"
    ) -> CallError:
        """The error of a call that must fail."""
        with pytest.raises(CallError) as caught:
            await self.call(name, arguments, by)
        assert caught.value.advice
        return caught.value

    async def asked(
        self, name: str, arguments: Mapping[str, Any], by: str | Agent = "agent"
    ) -> NeedsPerson:
        """The question of a call about which a person must be asked."""
        with pytest.raises(NeedsPerson) as caught:
            await self.call(name, arguments, by)
        assert caught.value.refusal.code == "approval_required"
        return caught.value

    async def grant(self, question: NeedsPerson) -> str:
        """A person agrees; answers the approval's id."""
        approvals = self.server.records.approvals
        await approvals.decide(
            question.approval_id, grant=True, by="dana", via=Via.PAGE
        )
        return question.approval_id

    def payment(self, bill: str, amount: float, **more: Any) -> Json:
        """The arguments of a payment."""
        funding = {"type": "BANK_ACCOUNT", "id": self.account}
        return {"billId": bill, "amount": amount, "fundingAccount": funding, **more}

    async def pay(
        self, bill: str, amount: float, by: str | Agent = "agent", **more: Any
    ) -> Json:
        return await self.call(PAY, self.payment(bill, amount, **more), by)

    async def not_paid(
        self, bill: str, amount: float, by: str | Agent = "agent", **more: Any
    ) -> CallError:
        """The error of a payment that must not go through."""
        return await self.refused(PAY, self.payment(bill, amount, **more), by)

    def pass_time(self, seconds: float) -> None:
        """Both clocks go on; sessions live on, as if they had been used."""
        self.clock.advance(seconds)
        self.world.move_to(self.world.now + timedelta(seconds=seconds))
        for session in list(self.world.rows("session")):
            fresh = session | {"lastUsed": self.world.stamp}
            self.world.put("session", session["id"], fresh)
        for device in list(self.world.rows("remembered_device")):
            lasting = device | {"until": "2099-01-01T00:00:00.000+00:00"}
            self.world.put("remembered_device", device["id"], lasting)

    async def settle(self, by: str = "agent") -> None:
        """Look up what it is time for, as a server does by itself."""
        await self.server.dispatcher.settle(self.agent(by))

    @property
    def looked(self) -> list[int]:
        """How many look-ups found nothing, for each write of the journal."""
        rows = self.server.records.file.look_now(
            lambda c: c.execute("SELECT looked FROM writes ORDER BY id").fetchall()
        )
        return [row["looked"] for row in rows]

    @property
    def states(self) -> list[str | None]:
        """How each write of the journal ended, oldest first; None while it is open."""
        return [outcome for _, outcome in self.server.outcomes]

    def audit_rows(self, *kinds: Kind) -> list[Json]:
        """What the audit log says, oldest first; all kinds unless some are named."""
        rows = self.server.records.file.look_now(
            lambda c: c.execute("SELECT content FROM audit ORDER BY seq").fetchall()
        )
        told = [json.loads(row["content"]) for row in rows]
        return [row for row in told if not kinds or row["kind"] in kinds]

    # BILL's side

    async def _answer(self, arrival: Arrival) -> httpx.Response:
        if arrival.method == "POST" and arrival.path in self._unreachable:
            raise httpx.ConnectError("refused")
        answer = await self._at_bill(
            arrival.method, arrival.target, arrival.headers, arrival.body
        )
        if arrival.method == "POST" and arrival.path in self.held_back:
            self.has_acted.set()
            await self.let_go.wait()
        if arrival.method == "POST" and arrival.path in self.says:
            return httpx.Response(200, text=self.says[arrival.path])
        return answer

    def unreachable_for(self, *paths: str) -> None:
        """From now on no connection is made for POSTs there."""
        self._unreachable = frozenset(paths)

    def hold_back(self, *paths: str) -> None:
        """From now on BILL acts on POSTs there, and answers when it is let go."""
        self.held_back = frozenset(paths)
        self.has_acted, self.let_go = anyio.Event(), anyio.Event()

    async def _at_bill(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> httpx.Response:
        url = f"http://simulator.localhost/connect{target}"
        request = httpx.Request(method, url, headers=headers, content=body)
        answer = await self._bill.handle_async_request(request)
        content = await answer.aread()
        told = parsedate_to_datetime(answer.headers["date"])
        told += timedelta(seconds=self.dates_ahead_s)
        date = {"date": format_datetime(told, usegmt=True)}
        return httpx.Response(answer.status_code, headers=date, content=content)

    def new_login(self, **wish: Any) -> Credentials:
        """Of somebody who may pay."""
        wanted = {"mfa": "trusted", **wish}
        login = read(make_credentials(self.world, wanted).get)
        return replace(login, api_token=Secret(credentials.API_TOKEN))

    def spend_login(self) -> Credentials:
        """A Spend & Expense account of which no organization is known."""
        return Credentials(api_token=self.login.api_token)

    def new_token(self) -> Secret:
        """A further API token of the same company."""
        known = next(iter(self.world.rows("api_token")))
        key = f"token-{self.world.count('test token')}"
        self.world.put("api_token", key, known | {"id": key})
        return Secret(key)

    def fault(self, path: str = "/v3/payments", **effect: Any) -> None:
        """What happens to the next POST there."""
        self.world.faults.add_all([{"method": "POST", "path": path, **effect}])

    def payments(self, bill: str | None = None) -> list[Json]:
        """The payments that BILL has and that are not void, hidden ones too."""
        return [
            row
            for row in self.world.rows("payment")
            if row["status"] not in {"VOID", "CANCELLED", "FAILED"}
            and (bill is None or any(p["billId"] == bill for p in row["billPayments"]))
        ]

    async def web_page(self, method: str, path: str, body: Any = None) -> Any:
        """What a person does in BILL's own web page, past every server of ours."""
        if not self._page_session:
            login = self.new_login()
            sign_in = {
                "username": login.username,
                "password": login.password.reveal() if login.password else "",
                "organizationId": login.organization_id,
                "devKey": credentials.DEVELOPER_KEY,
                "rememberMeId": login.remember_me_id.reveal()
                if login.remember_me_id
                else None,
                "device": login.device,
            }
            answer = await self._at_bill(
                "POST",
                "/v3/login",
                {"content-type": "application/json"},
                json.dumps(sign_in).encode(),
            )
            self._page_session = {
                "devKey": credentials.DEVELOPER_KEY,
                "sessionId": answer.json()["sessionId"],
                "content-type": "application/json",
            }
        content = b"" if body is None else json.dumps(body).encode()
        answer = await self._at_bill(method, path, self._page_session, content)
        assert answer.status_code in {200, 201, 204}, answer.text
        return answer.json() if answer.content else None

    async def vendor(self, name: str = "Acme", **more: Any) -> str:
        """The id of a new vendor, paid to its bank account."""
        made = await self.web_page(
            "POST",
            "/v3/vendors",
            {
                "name": name,
                "address": ADDRESS,
                "paymentInformation": {"bankAccount": ACCOUNT},
                **more,
            },
        )
        return str(made["id"])

    async def bill(
        self, amount: float = 100, vendor: str | None = None, **more: Any
    ) -> str:
        """The id of a new bill; of a new vendor unless one is given."""
        number = f"INV-{self.world.count('test bill')}"
        vendor = vendor or await self.vendor(f"Vendor of {number}")
        made = await self.web_page(
            "POST",
            "/v3/bills",
            {
                "vendorId": vendor,
                "dueDate": "2026-12-15",
                "invoice": {"invoiceNumber": number, "invoiceDate": "2026-11-15"},
                "billLineItems": [{"amount": amount}],
                **more,
            },
        )
        return str(made["id"])

    async def paid_in_web_page(self, bill: str, amount: float, **more: Any) -> Json:
        """A payment that somebody else makes."""
        body = self.payment(bill, amount, processingOptions={}, **more)
        made: Json = await self.web_page("POST", "/v3/payments", body)
        return made
