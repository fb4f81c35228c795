"""BILL at the transport."""

from __future__ import annotations

import pytest
from support.bill_sessions import BillSessions


@pytest.fixture
def bill() -> BillSessions:
    return BillSessions()
