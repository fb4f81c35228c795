"""How BILL's audit trail of a vendor is read, also as no simulator writes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from bill_mcp.errors import ApiError
from bill_mcp.guard.bank_details import BankFinding, examine
from bill_mcp.guard.evidence import Cause
from bill_mcp.guard.reading import MOST_PAGES, PAGE_ROWS
from bill_mcp.records import bank_details
from bill_mcp.records.bank_details import KnownDetails
from bill_mcp.records.store import RecordFile

pytestmark = pytest.mark.anyio

TRAIL = "bill_get_audit_trail_details_for_a_vendor"
MONDAY = datetime.fromisoformat("2026-11-02T15:00:00Z")


def text_of(finding: BankFinding) -> str:
    assert finding.reason is not None
    assert finding.reason.cause is Cause.BANK_DETAILS
    return finding.reason.text


def vendor_reply(**more: Any) -> dict[str, Any]:
    bank = {"accountNumber": "*5666", "routingNumber": "1", "nameOnAccount": "A"}
    return {"id": "009", "paymentInformation": {"bankAccount": bank}, **more}


def entry(name: str | None, at: str, kind: str = "Edit") -> dict[str, Any]:
    return {"type": kind, "createdTime": at, "field": {"name": name} if name else {}}


class Shelf:
    """Trails as given, of which so many records come at once; counts the reads.

    Args:
        rows: The records.
        at_most: How many BILL gives at once, whatever it is asked for.
        forgets: BILL begins with the first record wherever it is asked to begin.
        fails_at: The read that BILL refuses, counted from 1.
        odd: What BILL answers instead, if anything.
    """

    def __init__(
        self,
        *rows: Any,
        at_most: int = PAGE_ROWS,
        forgets: bool = False,
        fails_at: int | None = None,
        odd: dict[str, Any] | None = None,
    ) -> None:
        self._rows, self._at_most, self._forgets = rows, at_most, forgets
        self._fails_at, self._odd, self.reads = fails_at, odd, 0

    async def read(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        assert name == TRAIL
        self.reads += 1
        if self.reads == self._fails_at:
            raise ApiError("BILL refused", advice="Wait.", http_status=503)
        if self._odd is not None:
            return self._odd
        start = 0 if self._forgets else arguments["start"]
        most = min(self._at_most, arguments["max"])
        return {"items": list(self._rows[start : start + most])}


async def finding(
    *rows: Any, reply: dict[str, Any] | None = None, shelf: Shelf | None = None
) -> BankFinding:
    """What is found on 2 November with a trail of such records."""
    file = RecordFile(None, [bank_details.SCHEMA])
    return await examine(
        (shelf or Shelf(*rows)).read,
        reply or vendor_reply(createdTime="2020-01-01T00:00:00.000+00:00"),
        organization="org",
        known=KnownDetails(file, lambda: b"key"),
        now=MONDAY,
        days=3,
    )


RECENT, OLD = "2026-10-30T15:00:00.000+00:00", "2026-01-05T15:00:00.000+00:00"


async def test_account_that_was_entered_lately_is_told_so() -> None:
    told = text_of(await finding(entry("Bank Account", RECENT, "Created")))
    assert told.startswith("its bank account was entered 1 US bank day ago")


@pytest.mark.parametrize(
    "name",
    ["bankAccount.accountNumber", "Bank Account Number", "routingNumber", "IBAN"],
)
async def test_bank_fields_are_known_by_parts_of_their_names(name: str) -> None:
    assert "its bank account changed 1 US bank day ago" in text_of(
        await finding(entry(name, OLD), entry(name, RECENT))
    )


async def test_account_that_pays_automatically_is_not_the_vendors() -> None:
    found = await finding(entry("autoPay.bankAccountId", RECENT))
    assert found.reason is None


@pytest.mark.parametrize("at_most", [PAGE_ROWS, 20, 1])
async def test_recent_change_is_found_however_few_records_bill_gives_at_once(
    at_most: int,
) -> None:
    old = [entry("phone", f"2026-01-05T15:00:{number}") for number in range(10, 50)]
    rows = [*old, entry("bankAccount.routingNumber", RECENT)]
    shelf = Shelf(*rows, at_most=at_most)
    assert text_of(await finding(shelf=shelf)).startswith("its bank account changed")
    assert shelf.reads == -(-len(rows) // at_most) + 1


@pytest.mark.parametrize("rows", [0, 1, PAGE_ROWS])
async def test_end_of_a_short_trail_costs_one_read_more(rows: int) -> None:
    shelf = Shelf(*[entry("phone", OLD)] * rows)
    assert (await finding(shelf=shelf)).reason is None
    assert shelf.reads == (2 if rows else 1)


TO_ITS_END = "BILL's audit trail of the vendor could not be read to its end"


async def test_trail_without_an_end_is_a_reason() -> None:
    rows = (entry("phone", f"2026-01-05T15:00:00.{n:06}") for n in range(6000))
    shelf = Shelf(*rows)
    assert text_of(await finding(shelf=shelf)).startswith(TO_ITS_END)
    assert shelf.reads == MOST_PAGES


async def test_trail_that_begins_anew_at_every_read_is_a_reason_at_once() -> None:
    shelf = Shelf(entry("phone", OLD), forgets=True)
    assert text_of(await finding(shelf=shelf)).startswith(TO_ITS_END)
    assert shelf.reads == 2


async def test_what_was_read_of_a_trail_before_it_failed_is_told() -> None:
    rows = [entry("bankAccount.routingNumber", RECENT)]
    told = text_of(await finding(shelf=Shelf(*rows, fails_at=2)))
    assert told.startswith("its bank account changed 1 US bank day ago")
    assert told.endswith("BILL's audit trail of the vendor could not be read")
    found = await finding(shelf=Shelf(entry("phone", OLD), fails_at=2))
    assert "could not be read, so it is unknown" in text_of(found)


@pytest.mark.parametrize("odd", [{}, {"items": None}, {"message": "try later"}])
async def test_answer_that_is_no_list_is_no_trail(odd: dict[str, Any]) -> None:
    told = text_of(await finding(shelf=Shelf(odd=odd)))
    assert told.startswith("BILL's audit trail of the vendor could not be read, so")


async def test_change_without_a_time_is_of_unknown_age() -> None:
    broken = entry("bankAccount.accountNumber", "some day")
    trouble = "BILL's audit trail of the vendor has changes without a time"
    assert text_of(await finding(broken)).startswith(f"{trouble}, so it is unknown")
    told = text_of(await finding(broken, entry("routingNumber", RECENT)))
    assert told.endswith(trouble)


async def test_creation_is_taken_from_the_trail_where_the_vendor_tells_none() -> None:
    created = entry(None, RECENT, "Create")
    found = await finding(created, "odd", {}, reply=vendor_reply())
    assert text_of(found).startswith("the vendor was created 1 US bank day ago")


async def test_time_ahead_of_our_clock_counts_as_now() -> None:
    ahead = "2026-11-05T15:00:00"
    told = text_of(await finding(entry("bankAccount.routingNumber", ahead)))
    assert "less than 1 US bank day ago" in told
