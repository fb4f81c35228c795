"""A passphrase is guessed five times, then there is a wait, whoever guesses how."""

from __future__ import annotations

import hashlib
import sqlite3
import unicodedata
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import anyio
import pytest
from support.approval_desk import CHEAP, RIGHT, SEALING_KEY, ApprovalDesk, record_file

from bill_mcp.errors import ConfigError, LimitError, RefusedError
from bill_mcp.records import approvers
from bill_mcp.records.approvers import TRIES, Approvers, Voucher
from bill_mcp.records.passphrases import COST, Cost, weakness
from bill_mcp.records.store import RecordFile
from bill_mcp.secret import Secret

pytestmark = pytest.mark.anyio
T = TypeVar("T")
WRONG = Secret("canary wrong horse battery")
OTHER = Secret("canary other horse battery")
QUARTER_S = 15 * 60


@pytest.fixture
async def desk(tmp_path: Path) -> ApprovalDesk:
    desk = ApprovalDesk(tmp_path / "home" / "journal.sqlite")
    assert await desk.approvers.add("mia", RIGHT, desk.clock.now())
    return desk


async def check(desk: ApprovalDesk, passphrase: Secret, name: str = "mia") -> bool:
    return await desk.approvers.check(name, passphrase, desk.clock.now())


async def guess(desk: ApprovalDesk, times: int = TRIES) -> None:
    for _ in range(times):
        assert not await check(desk, WRONG)


async def closed_for_s(desk: ApprovalDesk) -> float:
    """The wait that is on now; 0 for none."""
    standing = await desk.approvers.standing("mia", desk.clock.now())
    if standing.closed_until is None:
        return 0
    assert standing.tries_left == 0
    with pytest.raises(LimitError) as caught:
        await check(desk, RIGHT)
    assert caught.value.code == "approver_closed"
    return (standing.closed_until - desk.clock.now()).total_seconds()


async def test_only_the_passphrase_itself_is_right(desk: ApprovalDesk) -> None:
    assert await check(desk, RIGHT)
    for wrong in (WRONG, Secret(""), Secret(f"{RIGHT.reveal()} ")):
        assert not await check(desk, wrong)
    assert not await check(desk, RIGHT, "tom")
    assert await desk.approvers.names() == ["mia"]


async def test_passphrase_is_the_same_from_every_keyboard(desk: ApprovalDesk) -> None:
    text = "canary café crème brûlée"
    composed, apart = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert composed != apart
    voucher = Voucher(name="mia", passphrase=RIGHT)
    now = desk.clock.now()
    await desk.approvers.add("zoe", Secret(composed), now, voucher=voucher)
    assert await check(desk, Secret(apart), "zoe")


async def test_right_passphrase_gives_all_tries_back(desk: ApprovalDesk) -> None:
    await guess(desk, TRIES - 1)
    standing = await desk.approvers.standing("mia", desk.clock.now())
    assert (standing.tries_left, standing.closed_until) == (1, None)
    assert await check(desk, RIGHT)
    assert await closed_for_s(desk) == 0
    await guess(desk, TRIES - 1)
    assert await check(desk, RIGHT)


async def test_waits_double_after_every_five_wrong_tries(desk: ApprovalDesk) -> None:
    for wait_s in (QUARTER_S, 2 * QUARTER_S, 4 * QUARTER_S):
        await guess(desk)
        assert await closed_for_s(desk) == wait_s
        desk.clock.advance(wait_s - 1)
        assert await closed_for_s(desk) == 1
        desk.clock.advance(1)
    assert await check(desk, RIGHT)
    await guess(desk)
    assert await closed_for_s(desk) == QUARTER_S


async def test_no_wait_is_longer_than_a_day(desk: ApprovalDesk) -> None:
    for _ in range(12):
        await guess(desk)
        wait_s = await closed_for_s(desk)
        desk.clock.advance(wait_s)
    assert wait_s == timedelta(days=1).total_seconds()


async def test_clock_that_goes_back_opens_nothing(desk: ApprovalDesk) -> None:
    await guess(desk)
    desk.clock.advance(-86_400)
    assert await closed_for_s(desk) == 86_400 + QUARTER_S


async def test_guessing_in_parallel_gains_no_try(desk: ApprovalDesk) -> None:
    other = ApprovalDesk(desk.path, clock=desk.clock)
    ends: list[str] = []

    async def one(at: ApprovalDesk) -> None:
        try:
            ends.append(str(await check(at, WRONG)))
        except LimitError:
            ends.append("closed")

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(one, (desk, other)[number % 2])
    assert (ends.count("False"), ends.count("closed")) == (TRIES, 20 - TRIES)


async def test_process_killed_in_the_middle_of_a_try_has_used_it_up(
    desk: ApprovalDesk,
) -> None:
    broken = Cost(n=3, r=1, p=1)  # no power of two: hashing fails after the counting
    await desk.file.transact(lambda connection: _set_cost(desk, connection, broken))
    for left in range(TRIES - 1, 0, -1):
        with pytest.raises(ValueError, match="n must"):
            await check(desk, WRONG)
        standing = await desk.approvers.standing("mia", desk.clock.now())
        assert standing.tries_left == left
    with pytest.raises(ValueError, match="n must"):
        await check(desk, RIGHT)
    assert await closed_for_s(desk) == QUARTER_S


def _set_cost(desk: ApprovalDesk, connection: sqlite3.Connection, cost: Cost) -> None:
    kept = desk.approvers
    row = kept._row(connection, "mia")  # noqa: SLF001 -- no public way breaks it
    assert row is not None
    kept._write(connection, {**row, "n": cost.n})  # noqa: SLF001 -- the same


async def test_changing_and_removing_need_the_old_passphrase(
    desk: ApprovalDesk,
) -> None:
    now = desk.clock.now()
    assert not await desk.approvers.change("mia", WRONG, OTHER, now)
    assert not await desk.approvers.remove("mia", WRONG, now)
    assert await check(desk, RIGHT)
    assert await desk.approvers.change("mia", RIGHT, OTHER, now)
    assert not await check(desk, RIGHT)
    assert not await desk.approvers.remove("mia", RIGHT, now)
    assert await desk.approvers.remove("mia", OTHER, now)
    assert await desk.approvers.names() == []
    assert desk.noted == [("mia", "added"), ("mia", "changed"), ("mia", "removed")]


class BetweenSteps(RecordFile):
    """A file in which something happens right after the next transaction."""

    meanwhile: Callable[[], Awaitable[bool]] | None = None

    async def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        result = await super().transact(work)
        step, self.meanwhile = self.meanwhile, None
        if step is not None:
            assert await step()
        return result


async def test_passphrase_that_is_replaced_while_it_is_checked_is_wrong(
    desk: ApprovalDesk,
) -> None:
    now = desk.clock.now()
    file = BetweenSteps(desk.path, [approvers.SCHEMA])
    slow = Approvers(file, key=lambda: SEALING_KEY, cost=CHEAP)
    file.meanwhile = lambda: desk.approvers.change("mia", RIGHT, OTHER, now)
    assert not await slow.check("mia", RIGHT, now)
    file.meanwhile = lambda: desk.approvers.remove("mia", OTHER, now)
    assert not await slow.check("mia", OTHER, now)


async def test_second_approver_needs_the_word_of_the_first(desk: ApprovalDesk) -> None:
    now = desk.clock.now()
    with pytest.raises(ConfigError, match="must agree"):
        await desk.approvers.add("tom", OTHER, now)
    for wrong in (
        Voucher(name="mia", passphrase=WRONG),
        Voucher(name="tom", passphrase=OTHER),
    ):
        assert not await desk.approvers.add("tom", OTHER, now, voucher=wrong)
    right = Voucher(name="mia", passphrase=RIGHT)
    assert await desk.approvers.add("tom", OTHER, now, voucher=right)
    with pytest.raises(ConfigError, match="already"):
        await desk.approvers.add("tom", WRONG, now, voucher=right)
    assert await desk.approvers.names() == ["mia", "tom"]
    assert (await check(desk, OTHER, "tom"), await check(desk, OTHER)) == (True, False)


async def test_last_wrong_try_before_a_wait_is_noted(desk: ApprovalDesk) -> None:
    await guess(desk)
    assert desk.noted == [("mia", "added"), ("mia", "closed")]


async def test_hash_that_others_put_in_opens_nothing(desk: ApprovalDesk) -> None:
    salt = b"s" * 16
    known = hashlib.scrypt(OTHER.reveal().encode(), salt=salt, n=16, r=1, p=1, dklen=32)
    for change in (
        f"salt = x'{salt.hex()}', hash = x'{known.hex()}'",
        "wrong = 0, closed_until = NULL, n = 2",
        "name = 'tom'",
    ):
        await desk.tamper(f"UPDATE approvers SET {change}")  # noqa: S608 -- our own
        [name] = await desk.approvers.names()
        for passphrase in (OTHER, RIGHT):
            with pytest.raises(RefusedError) as caught:
                await check(desk, passphrase, name)
            assert caught.value.code == "approver_damaged"
        with pytest.raises(RefusedError):
            await desk.approvers.standing(name, desk.clock.now())


async def test_row_under_another_key_opens_nothing(desk: ApprovalDesk) -> None:
    other = Approvers(record_file(desk.path), key=lambda: SEALING_KEY[::-1])
    with pytest.raises(RefusedError):
        await other.check("mia", RIGHT, desk.clock.now())


async def test_passphrase_is_in_no_file(desk: ApprovalDesk) -> None:
    await check(desk, RIGHT)
    await check(desk, WRONG)
    path = desk.path
    assert path is not None
    files = [each for each in path.parent.rglob("*") if each.is_file()]
    assert path in files
    for each in files:
        assert b"canary" not in each.read_bytes()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("short pass", "too short"),
        ("elevenchars", "too short"),
        ("go go go go", "too short"),
        ("            ", "too short"),
        ("aaaaaaaaaaaaaaaa", "repeats"),
        ("a b c d", "repeats"),
        ("twelve-chars", None),
        ("my cat is red", None),
        ("we go by sea", None),
    ],
)
def test_weak_passphrase_is_refused_with_the_reason(
    text: str, fault: str | None
) -> None:
    told = weakness(Secret(text))
    if fault is None:
        assert told is None
    else:
        assert told is not None
        assert fault in told
        assert text not in told


async def test_name_is_a_plain_word(desk: ApprovalDesk) -> None:
    for name in ("", "a b", "mia\n", "-x", "é", "x" * 61):
        with pytest.raises(ConfigError, match="name"):
            await desk.approvers.add(name, RIGHT, desk.clock.now())


def test_hash_of_a_passphrase_takes_at_least_64_mebibytes() -> None:
    assert 128 * COST.n * COST.r >= 64 * 2**20
