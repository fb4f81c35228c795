"""Looks up at BILL how a payment ended whose answer was lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bill_mcp.guard.payment_evidence import (
    amounts_of,
    is_of,
    payments_since,
    state_of_payment,
)
from bill_mcp.guard.reading import Read
from bill_mcp.guard.vendor_read import ENDED_UNPAID
from bill_mcp.records.claims import Claim, Write
from bill_mcp.records.intents import Finding

REFUSED_STATES = frozenset({"DENIED", "REJECTED", "ARCHIVED"})
"""States of a reimbursement that no approval of ours brings about."""

CLOCKS_DIFFER = timedelta(hours=1)
"""How far the date of BILL's answers, the times it puts on payments and the clock that
its list is filtered by are taken to differ: they may be of several machines. Earlier
payments of that hour are excluded by their ids, which were read before sending."""


OfOthers = Callable[[Mapping[str, str | None]], Awaitable[Mapping[str, bool]]]
"""Which payments are another write's, and whether for certain; see `attribution`."""


async def look_up(read: Read, write: Write, of_others: OfOthers) -> Finding:
    """What BILL has of the payments of *write*.

    A payment at BILL is ours if our own transaction number is on it, or if it is of
    the same bill (or vendor) and amount, was not there before, was made after, and is
    no other write's.

    Raises:
        CallError: BILL could not be asked.
    """
    look = _LookUp(read, write, of_others)
    found: dict[str, tuple[str, ...]] = {}
    as_before = True
    for claim in write.claims:
        keys, is_as_before = await look.of(claim)
        if keys:
            found[claim.part.subject] = keys
        as_before = as_before and is_as_before
    return Finding(payments=found, is_as_before=as_before, answer=look.answer())


class _LookUp:
    def __init__(self, read: Read, write: Write, of_others: OfOthers) -> None:
        self._read, self._write, self._of_others = read, write, of_others
        self._before: Mapping[str, str] = write.known.get("before", {})
        self._known = frozenset(write.known.get("payments", ()))
        self._since = datetime.fromisoformat(write.known["bill_time"])
        self._found: list[Mapping[str, Any]] = []

    async def of(self, claim: Claim) -> tuple[tuple[str, ...], bool]:
        """The payments that may be the claim's, and whether all is as before."""
        kind, _, key = claim.part.subject.partition("/")
        if kind == "reimbursement":
            return await self._reimbursement(key)
        if kind == "payment":
            return await self._reissue(key)
        if claim.part.vendor_id is None:
            return (), False
        made = await payments_since(
            self._read, claim.part.vendor_id, self._since - CLOCKS_DIFFER
        )
        fitting = [row for row in made.rows if self._is_ours(row, claim)]
        others = await self._of_others(
            {str(row["id"]): _number(row) for row in fitting}
        )
        ours = [row for row in fitting if str(row["id"]) not in others]
        ours.sort(key=self._has_our_number, reverse=True)
        if ours:
            self._found.append(ours[0])
            return tuple(str(row["id"]) for row in ours), True
        # What may be ours for all we know leaves nothing as if it were not made.
        is_plain = made.is_whole and all(others.values())
        if kind == "vendor":
            return (), is_plain
        bill = await self._read("bill_get_bill_details", {"billId": key})
        before = self._before.get(claim.part.subject)
        return (), is_plain and amounts_of(bill) == before

    def _is_ours(self, row: Mapping[str, Any], claim: Claim) -> bool:
        if not row.get("id"):
            return False
        # All payments of a bulk have the one number.
        if self._has_our_number(row) and len(self._write.claims) == 1:
            return True
        if not is_of(row, claim.part):
            return False
        if self._has_our_number(row):
            return True
        if row["id"] in self._known or row.get("status") in ENDED_UNPAID:
            return False
        return not self._is_older(row)

    def _has_our_number(self, row: Mapping[str, Any]) -> bool:
        number = self._write.transaction_number
        return number is not None and row.get("transactionNumber") == number

    def _is_older(self, row: Mapping[str, Any]) -> bool:
        try:
            made = datetime.fromisoformat(str(row.get("createdTime")))
        except ValueError:
            return False
        if made.tzinfo is None:
            return False
        return made < self._since - CLOCKS_DIFFER

    async def _reimbursement(self, key: str) -> tuple[tuple[str, ...], bool]:
        found = await self._read(
            "bill_get_reimbursement_details", {"reimbursementId": key}
        )
        status, before = str(found.get("status")), self._of_before("reimbursement", key)
        if status == before:
            return (), True
        if status in REFUSED_STATES:
            return (), False
        self._found.append(found)
        return (key,), True

    async def _reissue(self, key: str) -> tuple[tuple[str, ...], bool]:
        found = await self._read("bill_get_payment_details", {"paymentId": key})
        if state_of_payment(found) == self._of_before("payment", key):
            return (), True
        self._found.append(found)
        return (key,), True

    def _of_before(self, kind: str, key: str) -> str | None:
        return self._before.get(f"{kind}/{key}")

    def answer(self) -> dict[str, Any] | None:
        """What BILL would have answered, where everything was found."""
        if len(self._found) < len(self._write.claims):
            return None
        if len(self._write.claims) == 1 and self._write.action != BULK:
            return dict(self._found[0])
        distinct = {str(row["id"]): dict(row) for row in self._found}
        return {"payments": list(distinct.values())}


def _number(row: Mapping[str, Any]) -> str | None:
    number = row.get("transactionNumber")
    return number if isinstance(number, str) else None


BULK = "bill_create_a_bulk_payment"
"""Its answer is a list, also where one payment was asked for."""
