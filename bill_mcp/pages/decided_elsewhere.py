"""Ends the questions of approvals that were decided in a terminal meanwhile."""

from __future__ import annotations

import sqlite3

from bill_mcp.clock import Clock
from bill_mcp.errors import CallError, ConfigError
from bill_mcp.pages.questions import Purpose
from bill_mcp.pages.tickets import Desk
from bill_mcp.records.approvals import Approvals, State

LOOK_EVERY_S = 1.0
"""So that an agent goes on soon after ``bill-mcp approve`` in another process."""


async def keep_looking(desk: Desk, approvals: Approvals, clock: Clock) -> None:
    """End such questions soon, until cancelled."""
    while True:
        await clock.sleep(LOOK_EVERY_S)
        await look(desk, approvals)


async def look(desk: Desk, approvals: Approvals) -> None:
    """End the questions of this desk whose approvals wait no more."""
    for question in desk.unanswered(Purpose.APPROVAL):
        try:
            approval = await approvals.find(question.subject)
        except (ConfigError, sqlite3.Error):
            continue  # the next look may find file and key readable
        except CallError:
            approval = None
        state = approval.state if approval else State.EXPIRED
        if state in {State.CANCELLED, State.EXPIRED}:
            desk.close(question.id)
        elif state is not State.WAITING:
            desk.answer(question.id, elsewhere=True)
