"""BILL at the transport, and the folder of one server process after another."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.bill_sessions import BillSessions
from support.kept_home import KeptHome
from support.upstream import Upstream


@pytest.fixture
def bill() -> BillSessions:
    return BillSessions()


@pytest.fixture
def home(bill: BillSessions, tmp_path: Path) -> KeptHome:
    return KeptHome(tmp_path / "home", Upstream(bill))
