"""Finds the bills at BILL that look like one that is about to be entered.

BILL itself refuses only the very same number: ``INV-001`` and ``inv 1`` are two bills
to it, and both would be paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from operator import itemgetter
from typing import Any

from bill_mcp.guard.evidence import Cause, Reason
from bill_mcp.guard.invoice_numbers import same_number
from bill_mcp.guard.reading import Read, every_page
from bill_mcp.quoting import quoted
from bill_mcp.records.payments import CENTS, amount_of

NEAR_DAYS = 3
"""Between the invoice dates of two bills of one amount that may be the same."""

MOST_TOLD = 2
"""Earlier bills that are named; the others are counted, and so the sentences fit into
the message of an error."""

_LIKENESSES = (
    "the same invoice number and amount",
    "the same invoice number",
    f"the same amount and, within {NEAR_DAYS} days, the same invoice date",
)
"""How an earlier bill is like the new one; the surest first."""

SIMILAR = 2
"""The likeness that two different bills may well have, by its place among them."""


@dataclass(frozen=True, kw_only=True)
class EnteredBill:
    """What tells one bill of a vendor from another.

    Attributes:
        number: As the vendor's invoice has it; None where it has none.
        cents: The sum of the lines; None where a line tells no amount.
    """

    vendor_id: str
    number: str | None
    cents: int | None
    invoice_date: date | None


def bill_of(
    arguments: Mapping[str, Any],
    current: Mapping[str, Any] | None = None,
    *,
    replaces: bool = False,
) -> EnteredBill | None:
    """The bill that a call would leave at BILL.

    None where the call leaves vendor, invoice number and amount as they are.

    Args:
        arguments: Those of bill_create_a_bill, bill_update_a_bill or
            bill_replace_a_bill.
        current: The bill as BILL has it; none for bill_create_a_bill.
        replaces: The call is bill_replace_a_bill: lines that are left out go.
    """
    given = _parts(arguments.get("billLineItems"))
    if current is None:
        return _bill(arguments, _sum(given))
    known = _parts(current.get("billLineItems"))
    before = _bill(current, _sum(known))
    invoice = {**_part(current.get("invoice")), **_part(arguments.get("invoice"))}
    vendor_id = arguments.get("vendorId") or before.vendor_id
    after = _bill({"vendorId": vendor_id, "invoice": invoice}, before.cents)
    if given:
        lines = given if replaces else _patched(known, given)
        after = replace(after, cents=_sum(lines))
    is_same = replace(after, invoice_date=before.invoice_date) == before
    return None if is_same else after


async def similar_bills(
    read: Read,
    *,
    vendor_id: str,
    invoice_number: str | None,
    cents: int | None,
    invoice_date: date | None,
    ignoring: str | None = None,
) -> tuple[Reason, ...]:
    """A reason for each bill of the vendor that may be the same; the surest first.

    Compares all of the vendor's bills that are not archived, 5,000 at most: where there
    are more, that is a reason too. The same is a bill with the `same_number`, or of the
    same amount with an invoice date at most three days away.

    Args:
        read: Reads at BILL.
        vendor_id: Whose bills are compared.
        invoice_number: Of the new bill, as are the next two.
        cents: None leaves amounts out.
        invoice_date: None leaves amounts out, too.
        ignoring: The bill's own id, where it is there already.

    Raises:
        CallError: The bills could not be read.
    """
    found = await every_page(
        read,
        "bill_get_list_of_bills",
        {
            "filters": [
                {"field": "vendorId", "op": "eq", "value": vendor_id},
                {"field": "archived", "op": "eq", "value": False},
            ],
            # Where the list is cut, its oldest bills are what is left out.
            "sort": [{"field": "createdTime", "order": "desc"}],
        },
    )
    new = EnteredBill(
        vendor_id=vendor_id,
        number=invoice_number,
        cents=cents,
        invoice_date=invoice_date,
    )
    # By id: a bill that is entered meanwhile moves one row to the next page.
    earlier = {str(row.get("id")): known_bill(row) for row in found.rows}
    earlier.pop(str(ignoring), None)
    likenesses = [(_likeness(new, bill), key) for key, bill in earlier.items()]
    alike = sorted(
        ((kind, key) for kind, key in likenesses if kind is not None),
        key=itemgetter(0),
    )
    told = [_named(key, earlier[key], kind) for kind, key in alike[:MOST_TOLD]]
    if len(alike) > MOST_TOLD:
        more = len(alike) - MOST_TOLD
        look = "looks" if more == 1 else "look"
        told.append(_reason(f"{more} more of this vendor's bills {look} like this one"))
    if not found.is_whole:
        told.append(
            _reason(
                f"this vendor has more than the {len(found.rows):,} newest bills that "
                "were compared, and an older one may be the same"
            )
        )
    return tuple(told)


def _likeness(new: EnteredBill, earlier: EnteredBill) -> int | None:
    """Which of the likenesses two bills have, by its place among them."""
    of_number = bool(
        new.number and earlier.number and same_number(new.number, earlier.number)
    )
    of_amount = bool(new.cents) and new.cents == earlier.cents
    if of_number:
        return 0 if of_amount else 1
    if not of_amount or new.invoice_date is None or earlier.invoice_date is None:
        return None
    apart = abs((new.invoice_date - earlier.invoice_date).days)
    return SIMILAR if apart <= NEAR_DAYS else None


def _named(key: str, bill: EnteredBill, likeness: int) -> Reason:
    number = f"number {quoted(bill.number)}" if bill.number else "without a number"
    amount = "no amount" if bill.cents is None else amount_of(bill.cents)
    day = f"dated {bill.invoice_date}" if bill.invoice_date else "without a date"
    text = f"bill {key} of this vendor ({number}, {amount}, {day}) has "
    cause = Cause.SIMILAR_BILL if likeness == SIMILAR else Cause.DUPLICATE_BILL
    return _reason(text + _LIKENESSES[likeness], key, cause)


def _reason(
    text: str, object_id: str | None = None, cause: Cause = Cause.SIMILAR_BILL
) -> Reason:
    return Reason(cause=cause, text=text, object_id=object_id)


def known_bill(row: Mapping[str, Any]) -> EnteredBill:
    """A bill as BILL shows it, by its own amount."""
    return _bill(row, _cents(row.get("amount")))


def _bill(value: Mapping[str, Any], cents: int | None) -> EnteredBill:
    invoice = _part(value.get("invoice"))
    number = invoice.get("invoiceNumber")
    return EnteredBill(
        vendor_id=str(value.get("vendorId") or ""),
        number=number if isinstance(number, str) and number else None,
        cents=cents,
        invoice_date=_day(invoice.get("invoiceDate")),
    )


def _patched(
    known: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """All lines, the given ones edited, as BILL does it."""
    edits = {line.get("id"): line for line in given}
    return [_edited(line, edits.get(line.get("id"), {})) for line in known]


def _edited(line: Mapping[str, Any], edit: Mapping[str, Any]) -> Mapping[str, Any]:
    whole = {**line, **edit}
    if "amount" not in edit and {"quantity", "price"} & set(edit):
        # The old amount would win over the new quantity.
        whole.pop("amount", None)
    return whole


def _sum(lines: Sequence[Mapping[str, Any]]) -> int | None:
    amounts = [_line_cents(line) for line in lines]
    told = [amount for amount in amounts if amount is not None]
    return sum(told) if told and len(told) == len(amounts) else None


def _line_cents(line: Mapping[str, Any]) -> int | None:
    if line.get("amount") is not None:
        return _cents(line["amount"])
    quantity, price = _number(line.get("quantity")), _number(line.get("price"))
    if quantity is None or price is None:
        return None
    return _in_cents(quantity * price)


def _cents(amount: Any) -> int | None:
    number = _number(amount)
    return None if number is None else _in_cents(number)


def _in_cents(number: Decimal) -> int:
    """Rounded: this is compared and told, never paid."""
    return int((number * CENTS).to_integral_value(ROUND_HALF_UP))


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = Decimal(repr(value))
    return number if number.is_finite() else None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def _part(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _parts(value: Any) -> list[Mapping[str, Any]]:
    return [_part(one) for one in value] if isinstance(value, list) else []
