"""What BILL's audit trail tells of where a vendor is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bill_mcp.errors import CallError
from bill_mcp.guard.reading import MOST_PAGES, PAGE_ROWS, Read
from bill_mcp.records.vendor_accounts import last4_of

_OF_THE_PAYER = "autopay"
"""How fields begin that name the account which pays, not the vendor's own."""

_ACCOUNT_WORDS = ("bank", "routing", "nameonaccount", "iban")
_PAYEE_WORDS = {
    "payee": "payee name",
    "address": "address",
    "email": "e-mail address",
    "payby": "way of being paid",
    "virtualcard": "way of being paid",
    "networkstatus": "way of being paid",
    "rpps": "way of being paid",
}
"""Parts of field names, and what they are to people."""

_PAYEE_NAMES = {"name": "name", "accountnumber": "account number for the payer"}
"""Whole field names; as parts they would mean something else."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that decides where money goes, and since when.

    Attributes:
        what: The beginning of a sentence: "its bank account changed".
        at: In UTC.
    """

    what: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Trail:
    """What could be read of it.

    Attributes:
        changes: Of the bank account, or of the payee where there is none.
        creations: Of the vendor itself.
        old_last4: Of the last bank account that was replaced or removed.
        trouble: Why there may be other changes, maybe newer ones; a sentence of ours.
    """

    changes: tuple[Change, ...] = ()
    creations: tuple[Change, ...] = ()
    old_last4: str | None = None
    trouble: str | None = None


async def read_trail(read: Read, vendor_id: str, *, has_account: bool) -> Trail:
    """The trail, to its end or 50 pages; a refusal of BILL is no error here.

    Args:
        read: Reads at BILL.
        vendor_id: Whose trail.
        has_account: Whether the vendor has a bank account; where it has none, its
            address, names and e-mail decide where the check or the card goes.
    """
    rows: list[Any] = []
    page: Any = None
    for _ in range(MOST_PAGES):
        asked = {
            "vendorId": vendor_id,
            # Also the records of an account that was deleted since.
            "includeArchived": True,
            "start": len(rows),
            "max": PAGE_ROWS,
        }
        try:
            reply = await read("bill_get_audit_trail_details_for_a_vendor", asked)
        except CallError:
            reply = {}
        before, page = page, reply.get("items")
        if not isinstance(page, list):
            return _trail(rows, has_account=has_account, trouble="could not be read")
        # Only an empty page is the end: BILL says of this list neither the most that
        # it gives at once, nor whether the newest records come first or last.
        if not page:
            return _trail(rows, has_account=has_account)
        if page == before:
            break  # BILL begins at the same record, wherever it was asked to.
        rows += page
    trouble = "could not be read to its end"
    return _trail(rows, has_account=has_account, trouble=trouble)


def time_of(value: Any) -> datetime | None:
    """The time that BILL's text means, in UTC where it names no zone; None for none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo:
        return moment
    return moment.replace(tzinfo=UTC)


def _trail(
    rows: Sequence[Any], *, has_account: bool, trouble: str | None = None
) -> Trail:
    changes, creations = [], []
    replaced: list[tuple[datetime, str]] = []
    for row in (_part(row) for row in rows):
        field = _part(row.get("field"))
        is_creation = _compact(row.get("type")).startswith("create")
        what = _what(
            _compact(field.get("name")),
            verb="was entered" if is_creation else "changed",
            has_account=has_account,
        )
        if what is None and not is_creation:
            continue
        at = time_of(row.get("createdTime"))
        if at is None:
            trouble = trouble or "has changes without a time"
        elif what is None:
            creations.append(Change(what="the vendor was created", at=at))
        else:
            changes.append(Change(what=what, at=at))
            if _compact(field.get("name")).endswith("bankaccountaccountnumber"):
                before = _part(field.get("value")).get("previous")
                replaced.append((at, last4_of({"accountNumber": before})))
    ends = [end for _, end in sorted(replaced) if end]
    return Trail(
        changes=tuple(changes),
        creations=tuple(creations),
        old_last4=ends[-1] if ends else None,
        trouble=f"BILL's audit trail of the vendor {trouble}" if trouble else None,
    )


def _what(field: str, *, verb: str, has_account: bool) -> str | None:
    """What a field decides; None where money goes the same way whatever it says.

    By parts of its name: BILL does not document how the trail names nested fields.
    """
    if field.startswith(_OF_THE_PAYER):
        return None
    if any(word in field for word in _ACCOUNT_WORDS):
        return f"its bank account {verb if has_account else 'was removed'}"
    if has_account:
        return None
    known = [told for word, told in _PAYEE_WORDS.items() if word in field]
    known += [told for name, told in _PAYEE_NAMES.items() if name == field]
    return f"its {known[0]} {verb}" if known else None


def _compact(name: Any) -> str:
    """Letters and digits only, so that ``Address.Line1`` is ``address line 1``."""
    text = name if isinstance(name, str) else ""
    return "".join(filter(str.isalnum, text)).casefold()


def _part(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
