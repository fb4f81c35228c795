"""Sets the pages up for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from support.approving import approving as approving_in
from support.clock import ManualClock
from unit.pages.hall import ADDRESS, PORT, Hall, PlayedBill

from bill_mcp.environments import Environment
from bill_mcp.pages.app import Pages
from bill_mcp.pages.approval_visits import ApprovalVisit
from bill_mcp.pages.connect_visits import connect_visits
from bill_mcp.pages.guarding import Guarded
from bill_mcp.pages.questions import Purpose, Question
from bill_mcp.pages.tickets import Desk
from bill_mcp.pages.visiting import FormVisit


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    clock = ManualClock()
    desk = Desk(tmp_path / "tickets", clock)
    desk.address = ADDRESS
    bill = PlayedBill(clock)
    file, approving = approving_in(tmp_path / "journal.sqlite", clock)
    connecting = connect_visits(
        lambda _: bill,
        offered=(Environment.SANDBOX, Environment.PRODUCTION),
        clock=clock,
    )

    def begin(question: Question) -> FormVisit:
        if question.purpose is Purpose.APPROVAL:
            return ApprovalVisit(question, approving, clock)
        return connecting(question)

    pages = Pages(desk, begin, clock=clock)
    transport = httpx.ASGITransport(app=Guarded(pages.app(), port=PORT))
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as browser:
        yield Hall(desk, clock, bill, approving, pages, browser, tmp_path / "tickets")
    file.close()
