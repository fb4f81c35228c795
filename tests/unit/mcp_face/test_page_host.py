"""A person's page belongs to the account that needed it, whatever the agent does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from support.assembly import agent, assemble
from support.person import Person
from support.simulated_bill import SimulatedBill

from bill_mcp.clock import SystemClock
from bill_mcp.dispatch import Dispatcher
from bill_mcp.mcp_face.page_host import PageHost
from bill_mcp.sessions.store import SessionState

pytestmark = pytest.mark.anyio

NAMES = ("work", "home")
USER = replace(agent(), profiles=NAMES)


@asynccontextmanager
async def hosting(dispatcher: Dispatcher) -> AsyncIterator[PageHost]:
    host = PageHost(dispatcher, SystemClock())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(host.run)
        yield host
        tasks.cancel_scope.cancel()


async def test_code_is_for_the_account_that_needed_it_though_the_agent_switched(
    tmp_path: Path,
) -> None:
    bill = SimulatedBill()
    accounts = {name: bill.account(mfa="registered") for name in NAMES}
    server = assemble(bill.upstream, profiles=accounts.__getitem__)
    settings = replace(server.dispatcher.settings, home=tmp_path)
    dispatcher = replace(server.dispatcher, settings=settings)
    sessions = dispatcher.sessions
    await dispatcher.call(USER, "bill_api_login", {"profile": "home"})
    async with hosting(dispatcher) as host:
        question, _ = await host.ask_for_code(USER)
        await dispatcher.call(USER, "bill_api_login", {"profile": "work"})
        other, _ = await host.ask_for_code(USER)
        assert (question.profile, other.profile) == ("home", "work")
        page = await Person(tmp_path).complete_mfa(question.id, device=None)
    assert "You can close this page" in page
    states = {name: sessions.state_of(sessions.pinned(USER, name)) for name in NAMES}
    assert states == {"home": SessionState.TRUSTED, "work": SessionState.SIGNED_IN}
    assert sessions.profile_of(USER) == "work"
