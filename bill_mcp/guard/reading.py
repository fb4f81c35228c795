"""Reading at BILL for the guard, under the call's own session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Read = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Makes one read of BILL, by action and arguments; raises `CallError`."""

PAGE_ROWS = 100
PAGES_AT_MOST = 50


async def all_rows(
    read: Read, action: str, arguments: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], bool]:
    """The rows of all pages of a list, and whether that was really all of them."""
    rows: list[dict[str, Any]] = []
    asked: dict[str, Any] = {**arguments, "max": PAGE_ROWS}
    for _ in range(PAGES_AT_MOST):
        page = await read(action, asked)
        rows += [row for row in page.get("results", ()) if isinstance(row, dict)]
        cursor = page.get("nextPage")
        if not cursor:
            return rows, True
        asked = {"page": cursor, "max": PAGE_ROWS}
    return rows, False
