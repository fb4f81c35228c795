"""How the guard reads at BILL: under the call's own session, lists to their end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio

from bill_mcp.client.slots import CONCURRENT_REQUESTS
from bill_mcp.errors import BillMcpError

T = TypeVar("T")

Read = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""BILL's reply to a reading action, by its name and arguments, without secrets.

Read under the session of the very call that is judged. Raises `CallError`.
"""

PAGE_ROWS = 100
"""The most that BILL gives at once."""

MOST_PAGES = 50


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of all pages of a list.

    Attributes:
        is_whole: False where there were more pages than we read.
    """

    rows: tuple[Mapping[str, Any], ...]
    is_whole: bool


async def every_page(
    read: Read,
    action: str,
    arguments: Mapping[str, Any],
    *,
    most_pages: int = MOST_PAGES,
) -> Rows:
    """The rows of a list with cursors, to its end, or to so many pages.

    Raises:
        CallError: A page could not be read.
    """
    asked = {**arguments, "max": PAGE_ROWS}
    rows: list[Mapping[str, Any]] = []
    for _ in range(most_pages):
        reply = await read(action, asked)
        rows += [row for row in reply.get("results") or () if isinstance(row, Mapping)]
        cursor = reply.get("nextPage")
        # An empty page that has a cursor is not the end.
        if not cursor:
            return Rows(rows=tuple(rows), is_whole=True)
        asked = {**asked, "page": cursor}
    return Rows(rows=tuple(rows), is_whole=False)


async def side_by_side(works: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """What the *works* answer, in their order; as many at once as BILL takes requests.

    Raises:
        BillMcpError: The first that one of them raised; what had begun by then has
            ended, and nothing was begun after it.
    """
    answers: dict[int, T] = {}
    failures: list[BillMcpError] = []
    free = anyio.Semaphore(CONCURRENT_REQUESTS)

    async def one(number: int) -> None:
        async with free:
            if failures:
                return
            try:
                answers[number] = await works[number]()
            except BillMcpError as error:
                failures.append(error)

    async with anyio.create_task_group() as tasks:
        for number in range(len(works)):
            tasks.start_soon(one, number)
    if failures:
        raise failures[0]
    return [answers[number] for number in range(len(works))]
