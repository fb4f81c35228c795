from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx
import pytest
from support.clock import ManualClock
from unit.pages.hall import PlayedBill

from bill_mcp.clock import SystemClock
from bill_mcp.environments import Environment
from bill_mcp.errors import ConfigError
from bill_mcp.pages import app
from bill_mcp.pages.connect_visits import connect_visits
from bill_mcp.pages.questions import Purpose, State
from bill_mcp.pages.serving import page_server
from bill_mcp.pages.tickets import Desk
from bill_mcp.pages.visiting import Visits

pytestmark = pytest.mark.anyio


def visits(bill: PlayedBill) -> Visits:
    offered = (Environment.SANDBOX,)
    return connect_visits(lambda _: bill, offered=offered, clock=bill.clock)


async def test_the_pages_are_served_beside_the_process_and_leave_nothing_behind(
    tmp_path: Path,
) -> None:
    clock = SystemClock()
    desk, bill = Desk(tmp_path / "tickets", clock), PlayedBill(ManualClock())
    handler = signal.getsignal(signal.SIGINT)
    async with page_server(desk, visits(bill), clock=clock) as server:
        assert signal.getsignal(signal.SIGINT) is handler
        question = desk.open(Purpose.LOGIN, agent="a", profile="p", title="Connect")
        url = server.url_of(question)
        started: list[str] = []

        def launch(address: str) -> bool:
            started.append(address)
            return True

        assert await server.open_in_browser(
            question, launch=launch, variables={"DISPLAY": ":0"}
        )
        async with httpx.AsyncClient(trust_env=False) as browser:
            page = await browser.get(url)
        assert question.phrase in page.text
        assert "server" not in page.headers
    assert desk.state(question.id) is State.CLOSED
    assert not list((tmp_path / "tickets").iterdir())
    with pytest.raises(ConfigError):
        desk.open(Purpose.LOGIN, agent="a", profile="p", title="Connect")
    async with httpx.AsyncClient(trust_env=False) as browser:
        with pytest.raises(httpx.ConnectError):
            await browser.get(url)


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    clock = SystemClock()
    desk, bill = Desk(tmp_path, clock), PlayedBill(ManualClock())
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError):
            async with page_server(desk, visits(bill), clock=clock, port=port):
                pass


async def test_what_was_typed_is_forgotten_without_another_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "SWEEP_S", 0.01)
    clock = SystemClock()
    desk, bill = Desk(tmp_path / "tickets", clock), PlayedBill(ManualClock())
    async with page_server(desk, visits(bill), clock=clock) as server:
        question = desk.open(Purpose.LOGIN, agent="a", profile="p", title="Connect")
        ticket = desk.files.get(question.id)
        assert ticket is not None
        async with httpx.AsyncClient(
            base_url=server.address, trust_env=False
        ) as browser:
            entered = await browser.post(
                "/enter",
                data={"question": question.id, "ticket": ticket.ticket},
                headers={"origin": "null"},
            )
            await browser.get(entered.text.split("0;url=")[1].split('"')[0])
        assert not bill.did("aclose")
        desk.close(question.id)
        while not bill.did("aclose"):
            await clock.sleep(0.01)
