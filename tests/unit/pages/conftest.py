"""Sets the pages up for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from support.clock import ManualClock
from unit.pages.hall import ADDRESS, PORT, Hall, PlayedBill

from bill_mcp.environments import Environment
from bill_mcp.pages.app import Pages
from bill_mcp.pages.connect_visits import connect_visits
from bill_mcp.pages.guarding import Guarded
from bill_mcp.pages.tickets import Desk


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    clock = ManualClock()
    desk = Desk(tmp_path / "tickets", clock)
    desk.address = ADDRESS
    bill = PlayedBill(clock)
    pages = Pages(
        desk,
        connect_visits(
            lambda _: bill,
            offered=(Environment.SANDBOX, Environment.PRODUCTION),
            clock=clock,
        ),
        clock=clock,
    )
    transport = httpx.ASGITransport(app=Guarded(pages.app(), port=PORT))
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as browser:
        yield Hall(desk, clock, bill, pages, browser, tmp_path / "tickets")
