"""What agents are told when the journal is deleted, replaced, or fails at the end."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.paying import PAY, Paying
from support.payments import rules

from bill_mcp.agents import Confirm
from bill_mcp.errors import Outcome
from bill_mcp.records.claims import State
from bill_mcp.records.store import FILE_NAME

pytestmark = pytest.mark.anyio


def delete(home: Path) -> None:
    for file in home.glob(f"{FILE_NAME}*"):
        file.unlink()


def replace(home: Path) -> None:
    """By a copy, as restoring a backup does."""
    copy = home / "copy"
    shutil.copy(home / FILE_NAME, copy)
    delete(home)
    copy.rename(home / FILE_NAME)


def names_in(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir())


@pytest.mark.parametrize("harm", [delete, replace])
async def test_server_whose_journal_is_gone_writes_no_more_until_it_starts_anew(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    bill_mcp = Paying(home=tmp_path)
    vendor = await bill_mcp.vendor()
    bill, other = await bill_mcp.bill(100, vendor), await bill_mcp.bill(100, vendor)
    await bill_mcp.pay(bill, 60)
    harm(tmp_path)
    there = names_in(tmp_path)
    for call in (
        (PAY, bill_mcp.payment(other, 60)),
        (PAY, bill_mcp.payment(other, 60, preview=True)),
        ("bill_create_a_department", {"name": "North"}),
    ):
        told = await bill_mcp.refused(*call)
        assert (told.code, told.outcome) == ("journal_unavailable", Outcome.NOT_DONE)
    assert len(bill_mcp.upstream.writes) == 1
    details = await bill_mcp.call("bill_get_vendor_details", {"vendorId": vendor})
    assert details["id"] == vendor  # reads go on
    assert names_in(tmp_path) == there
    bill_mcp.restart()
    await bill_mcp.pay(other, 60)


async def test_journal_that_is_deleted_before_its_first_use_is_not_made_anew(
    tmp_path: Path,
) -> None:
    bill_mcp = Paying(home=tmp_path)
    bill = await bill_mcp.bill(100)
    await bill_mcp.pay(bill, 60)
    bill_mcp.restart()
    delete(tmp_path)
    told = await bill_mcp.not_paid(bill, 10)
    assert told.code == "journal_unavailable"
    assert not (tmp_path / FILE_NAME).exists()


def damage(home: Path, index: str) -> None:
    """Overwrites the first page of an index, as a failing disk may."""
    file = home / FILE_NAME
    with closing(sqlite3.connect(file)) as journal:
        journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = journal.execute("PRAGMA page_size").fetchone()
        (page,) = journal.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (index,)
        ).fetchone()
    with file.open("r+b") as content:
        content.seek((page - 1) * size)
        content.write(b"\xff" * size)


@pytest.mark.parametrize("index", ["claims_by_time", "claims_by_subject"])
async def test_journal_that_cannot_be_read_whole_stops_a_payment_before_it_is_asked_of(
    tmp_path: Path, index: str
) -> None:
    bill_mcp = Paying(home=tmp_path, confirm=Confirm.AUTO)
    bills = [await bill_mcp.bill(100) for _ in range(3)]
    calls = [bill_mcp.payment(bill, 60) for bill in bills]
    first, granted = [await bill_mcp.asked(PAY, call) for call in calls[:2]]
    await bill_mcp.grant(granted)
    await bill_mcp.call(PAY, calls[0] | {"approval_id": await bill_mcp.grant(first)})
    bill_mcp.server.records.close()
    damage(tmp_path, index)
    for more in (calls[1], calls[2], calls[2] | {"preview": True}):
        told = await bill_mcp.refused(PAY, more)
        assert (told.code, told.outcome) == ("journal_unavailable", Outcome.NOT_DONE)
    assert len(bill_mcp.payments()) == 1


async def test_payment_that_is_done_is_answered_though_that_cannot_be_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bill_mcp = Paying()
    bill = await bill_mcp.bill(100)

    async def broken(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(bill_mcp.server.records.journal, "deliver", broken)
    told = await bill_mcp.pay(bill, 60)
    (made,) = bill_mcp.payments(bill)
    assert told["id"] == made["id"]
    assert bill_mcp.states == [State.DONE]
    # It counts as not answered yet, and so the answer is given once more.
    assert (await bill_mcp.pay(bill, 60))["bill_mcp"]["already_done"] is True


async def test_vendor_is_read_though_its_bank_details_cannot_be_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bill_mcp = Paying()
    vendor = await bill_mcp.vendor()

    async def broken(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(bill_mcp.server.records.bank_details, "note", broken)
    told = await bill_mcp.call("bill_get_vendor_details", {"vendorId": vendor})
    assert told["id"] == vendor


async def test_lost_answer_that_cannot_be_looked_up_stays_unknown_in_our_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bill_mcp = Paying(rules=rules())
    bill = await bill_mcp.bill(100)

    async def broken(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(bill_mcp.server.records.journal, "looked", broken)
    bill_mcp.fault(drop="after")
    told = await bill_mcp.not_paid(bill, 60)
    assert (told.code, told.outcome) == ("unreachable", Outcome.UNKNOWN)
