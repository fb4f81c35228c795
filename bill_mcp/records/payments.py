"""What makes a payment the same payment, however a call words it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

CENTS = 100


@dataclass(frozen=True, kw_only=True)
class PaymentPart:
    """One payment that a call asks for; a bulk asks for several.

    Attributes:
        subject: What no other payment may touch meanwhile: ``bill/00n…``,
            ``vendor/009…`` where BILL makes the bill, ``reimbursement/…``, or
            ``payment/stp…`` which is sent anew.
        once: The subject alone is the identity: it can be paid one time only,
            whatever the amount (a reimbursement, a payment sent anew).
        vendor_id: Who is paid; None for a reimbursement.
        payee: The name of who is paid, written by third parties.
        cents: In the currency's hundredths.
        currency: ISO 4217.
    """

    subject: str
    once: bool = False
    vendor_id: str | None
    payee: str
    cents: int
    currency: str

    @property
    def identity(self) -> str:
        """Names the payment within its organization; texts and dates don't enter.

        Nor does the currency where there is a bill: a bill has but one, and what we
        know of it comes from its vendor, whom an agent may change.
        """
        if self.once:
            return self.subject
        if self.bill_id is not None:
            return f"{self.subject}|{self.cents}"
        return f"{self.subject}|{self.cents}|{self.currency}"

    @property
    def bill_id(self) -> str | None:
        kind, _, key = self.subject.partition("/")
        return key if kind == "bill" else None


def cents_of(amount: Any) -> int:
    """BILL's amount, a JSON number of major units, in cents; exact.

    Raises:
        ValueError: It is no number, or has a fraction of a cent.
    """
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise ValueError("an amount is a number")  # noqa: TRY004 -- as bad a value
    exact = Decimal(repr(amount)) * CENTS
    if exact != exact.to_integral_value():
        raise ValueError("an amount has at most two decimals")
    return int(exact)


def amount_of(cents: int) -> str:
    """Cents as people write them: ``1,250.50``."""
    return f"{Decimal(cents) / CENTS:,.2f}"


@dataclass(frozen=True, kw_only=True)
class Spent:
    """A payment that counts as spent: under way, done, or perhaps done.

    Attributes:
        at: When its intent was written, in UTC.
        payment_id: At BILL, where it is known.
    """

    vendor_id: str | None
    cents: int
    currency: str
    at: datetime
    payment_id: str | None = None
