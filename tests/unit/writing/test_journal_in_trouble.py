"""What agents are told when the journal fails after a call was answered."""

from __future__ import annotations

import sqlite3

import pytest
from support.paying import Paying
from support.payments import rules

from bill_mcp.errors import Outcome
from bill_mcp.records.claims import State

pytestmark = pytest.mark.anyio


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
