"""An approval that waits, as the file of records would give it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from support.approving import wanted
from support.clock import START

from bill_mcp.records.approvals import Approval, State

APPROVAL = Approval(
    id="K7Q2XWYZ",
    wanted=wanted(),
    acknowledged=False,
    state=State.WAITING,
    asked_at=START,
    expires_at=START + timedelta(minutes=10),
)


def approval(**changes: Any) -> Approval:
    """The same, for a call that differs."""
    return replace(APPROVAL, wanted=wanted(**changes))
