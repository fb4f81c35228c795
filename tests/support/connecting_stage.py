"""The pages that connect an account, served in front of a simulated BILL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from bill_mcp.app import random_id
from bill_mcp.client.budgets import Budgets
from bill_mcp.client.http import BillClient
from bill_mcp.client.slots import MemorySlots
from bill_mcp.clock import SystemClock
from bill_mcp.environments import EMBEDDED_URL, Environment
from bill_mcp.pages.accounts import Bill, TriedAccount
from bill_mcp.pages.bill_connector import AgentConnector, BillConnector
from bill_mcp.pages.connect_visits import connect_visits
from bill_mcp.pages.connecting import Connector
from bill_mcp.pages.questions import Purpose, Question, State
from bill_mcp.pages.serving import PageServer, page_server
from bill_mcp.pages.ticket_files import TicketFolder
from bill_mcp.pages.tickets import Desk
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions.closures import Closures
from bill_mcp.sessions.credentials import Credentials, read
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.vault import MemoryVault
from bill_mcp.simulator import credentials as demo
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.world import World
from bill_mcp.specs import loading

SCREEN = {"DISPLAY": ":0"}
ACCOUNT = {
    "username": demo.USERNAME,
    "organization_id": demo.ORGANIZATION_ID,
    "password": demo.PASSWORD,
    "dev_key": demo.DEVELOPER_KEY,
}
"""What a person types into the fields of the form, by their names."""


class ConnectingStage:
    """The pages in front of a simulated BILL, and what they stored."""

    def __init__(self, home: Path) -> None:
        self.clock = SystemClock()
        self.vault = MemoryVault()
        self.folder = TicketFolder(home / "tickets")
        self.desk = Desk(home / "tickets", self.clock)
        self.world = World.create("demo", None)
        self.kept: list[tuple[str, Credentials, Environment]] = []
        self.portal: BlockingPortal
        self.server: PageServer

    async def keep(
        self,
        profile: str,
        credentials: Credentials,
        environment: Environment,
        base_url: str | None,
    ) -> str:
        self.kept.append((profile, credentials, environment))
        return "the keyring"

    def connector(self, question: Question) -> Connector:
        if question.purpose is Purpose.LOGIN:
            return BillConnector(question.profile, open_bill=self.bill, keeper=self)
        account = TriedAccount(
            self._bill(), read(demo.DEMO_VARIABLES.get), name="agent"
        )
        return AgentConnector(account.call, self.clock)

    @asynccontextmanager
    async def bill(self, environment: Environment) -> AsyncIterator[Bill]:
        bill = self._bill()
        yield bill
        await bill.client.aclose()

    def _bill(self) -> Bill:
        catalogue, app = loading.load(), build_app(self.world)
        client = BillClient(
            EMBEDDED_URL,
            transport=lambda: httpx.ASGITransport(app=app),
            slots=MemorySlots(),
            budgets=Budgets(self.clock),
            codes=catalogue.error_codes,
        )
        return Bill(
            catalogue=catalogue,
            client=client,
            sign_in=SignIn(
                catalogue, client, closures=Closures(self.clock), new_id=random_id
            ),
            clock=self.clock,
            new_id=random_id,
            live=LiveSecrets(),
            remembering=VaultRemembering(lambda: self.vault, self.clock.now),
        )

    def ask(self, purpose: Purpose = Purpose.LOGIN, **more: Any) -> Question:
        ask = partial(
            self.desk.open,
            purpose,
            agent="agent",
            agent_name="Claude Desktop",
            profile="pacific-timber",
            title="Connect a BILL account",
            **more,
        )
        return self.portal.call(ask)

    def state(self, question: Question) -> State:
        return self.portal.call(self.desk.state, question.id)

    def enter(self, question: Question, launch: Callable[[str], bool]) -> bool:
        """Do what ``bill-mcp open`` does."""
        opening = partial(
            self.server.open_in_browser, question, launch=launch, variables=SCREEN
        )
        return self.portal.call(opening)


@contextmanager
def connecting_stage(home: Path) -> Iterator[ConnectingStage]:
    """Serve the pages of one home until the block ends."""
    stage = ConnectingStage(home)
    with start_blocking_portal() as portal:
        stage.portal = portal
        served = page_server(
            stage.desk,
            connect_visits(
                stage.connector,
                offered=(Environment.SANDBOX, Environment.PRODUCTION),
                clock=stage.clock,
            ),
            clock=stage.clock,
        )
        with portal.wrap_async_context_manager(served) as stage.server:
            yield stage
