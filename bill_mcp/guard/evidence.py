"""What must be known at BILL before a call goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bill_mcp.guard.payments import Asked
from bill_mcp.records.approvals import ApprovalLine
from bill_mcp.records.payments import PaymentPart
from bill_mcp.specs.models import Effect


class Cause(StrEnum):
    """Why a person must agree to a call; stable for programs."""

    EFFECT = "effect"
    """The policy, or ``--confirm``, has a person asked for what the call does."""
    BANK_DETAILS = "bank_details"
    """The vendor's bank details are or may be new, or changed a short while ago."""
    RESEND = "resend"
    """An earlier sending was lost and then not found at BILL."""
    DUPLICATE_PAYMENT = "duplicate_payment"
    """The same payment was made within 30 days."""
    SIMILAR_PAYMENT = "similar_payment"
    """The vendor was paid the same amount within 30 days, for whichever bill."""
    DUPLICATE_BILL = "duplicate_bill"
    """A bill of the same vendor and number is at BILL already."""
    SIMILAR_BILL = "similar_bill"
    """A bill of the same vendor and amount, and of nearly the same date, is there."""
    UNMEASURED = "unmeasured"
    """It moves money, or lets money move, in no amount that a limit could hold."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a person must agree.

    Attributes:
        text: One sentence in our words, for the person and the agent.
        object_id: The earlier object that it is about, if there is one.
    """

    cause: Cause
    text: str
    object_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Payee:
    """Who is paid, and what speaks for and against it.

    Attributes:
        last4: Of the bank account; None where BILL pays by other means.
        is_first_payment: BILL shows no payment to it that is done.
        listed: While that is so, the cents that each of its payments at BILL may still
            move, by id; none of what failed or was cancelled.
        bank_reason: Set where the bank details are too new, or may be.
        check_to: Name and address of the check; None where no check goes out.
        digest: Of all that BILL shows of where the money goes.
    """

    vendor_id: str
    name: str
    last4: str | None
    old_last4: str | None
    is_first_payment: bool
    listed: Mapping[str, int] = field(default_factory=dict)
    bank_reason: Reason | None
    check_to: tuple[str, str] | None = None
    digest: str


@dataclass(frozen=True, kw_only=True)
class PaidByItself:
    """A vendor whom BILL pays without being asked for a payment, after the call.

    Attributes:
        vendor_id: None where the vendor is not known, or is yet to be made.
        account: Id of the bank account that will pay; None where it is not known.
        why: Half a sentence in our words, such as "the vendor is on auto-pay".
        is_asked_for: The arguments want it so; else what BILL has already.
    """

    vendor_id: str | None
    account: str | None
    why: str
    is_asked_for: bool = False


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was read at BILL for one call, under the call's own session.

    Attributes:
        asked: The payments that the call asks for, under BILL's own ids.
        parts: The same, with all that is known of them; empty where it makes none.
        effects: What the object adds to the effects of the call.
        why_effects: Why it does, as half sentences in our words.
        paid_by_itself: Whom BILL pays after the call without being asked.
        reasons: Why a person must agree, seen from the objects at BILL.
        lines: What a person is shown, in order.
        payees: By vendor id.
        funding_account: Id of the account that pays; None for a wallet or none.
        known_payments: Ids of payments that were there before.
        known_numbers: Transaction numbers that payments at BILL have.
        before: The amounts and states of what is paid, by subject, as they were.
        bill_time: BILL's clock when it was read, in UTC.
        object_ids: Whose creator or last editor must not pay, by separation of duties.
        enters_bill_of: Id of the vendor whose bills were compared, where the call
            enters one more.
        owed_to: Id of the vendor of the recurring bill that the call changes, as it was
            before; None where that is not known, or where it changes none.
    """

    asked: tuple[Asked, ...] = ()
    parts: tuple[PaymentPart, ...] = ()
    effects: frozenset[Effect] = frozenset()
    why_effects: tuple[str, ...] = ()
    paid_by_itself: tuple[PaidByItself, ...] = ()
    reasons: tuple[Reason, ...] = ()
    lines: tuple[ApprovalLine, ...] = ()
    payees: Mapping[str, Payee]
    funding_account: str | None = None
    known_payments: frozenset[str] = frozenset()
    known_numbers: frozenset[str] = frozenset()
    before: Mapping[str, str]
    bill_time: datetime | None = None
    object_ids: frozenset[str] = frozenset()
    enters_bill_of: str | None = None
    owed_to: str | None = None


NOTHING = Evidence(payees={}, before={})
