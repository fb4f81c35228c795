"""What agents are told when the journal is deleted, replaced, or fails at the end."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from support.paying import PAY, Paying
from support.payments import rules

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
