"""A BILL that takes ids in another spelling than its own."""

from __future__ import annotations

from typing import Any

import pytest
from support.paying import Paying


def take_any_case(bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch) -> None:
    """BILL finds its objects whatever the case of the id, as databases may."""
    exact = type(bill_mcp.world).get

    def get(self: Any, kind: str, key: str) -> Any:
        ids = {str(row.get("id")).lower(): row for row in self.rows(kind)}
        return exact(self, kind, key) or ids.get(str(key).lower())

    monkeypatch.setattr(type(bill_mcp.world), "get", get)
