"""Reads that do not wait for each other, never more of them than BILL takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import pytest

from bill_mcp.errors import RefusedError
from bill_mcp.guard.reading import side_by_side

pytestmark = pytest.mark.anyio


async def test_answers_come_in_the_order_of_the_works_three_at_a_time() -> None:
    under_way: list[int] = []
    most: list[int] = []

    async def work(number: int) -> int:
        under_way.append(number)
        most.append(len(under_way))
        for _ in range(10 - number):  # the first takes longest
            await anyio.lowlevel.checkpoint()
        under_way.remove(number)
        return number

    works: list[Callable[[], Awaitable[int]]] = [partial(work, n) for n in range(9)]
    assert await side_by_side(works) == list(range(9))
    assert max(most) == 3


async def test_first_refusal_is_told_and_nothing_is_begun_after_it() -> None:
    begun: list[int] = []
    ended: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)
        for _ in range(5 if number == 1 else 20):
            await anyio.lowlevel.checkpoint()
        if number == 1:
            raise RefusedError("no", advice="None.", code="refused")
        ended.append(number)

    with pytest.raises(RefusedError, match="no"):
        await side_by_side([partial(work, number) for number in range(6)])
    assert begun == [0, 1, 2]
    assert ended == [0, 2]


async def test_no_works_have_no_answers() -> None:
    assert await side_by_side([]) == []
