"""Fields that the tour cannot make an operation's reply have, and why."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch

NOT_ISSUED = (
    "*voidInfo.*",
    "*disbursementInfo.*Disbursement",
    "*disbursementInfo.*Disbursement.*",
)

CANNOT_OCCUR: tuple[tuple[str, tuple[str, ...], str], ...] = (
    # operations, fields as patterns, why
    (
        "payments_create payments_create_bulk payments_cancel",
        NOT_ISSUED,
        "A payment just made, or still to be cancelled, was neither sent nor voided.",
    ),
    (
        "payments_create_bulk",
        (
            "payments.paymentPurpose*",
            "payments.billPayments.vendorCredits.*",
            "payments.processingOptions.createBill",
        ),
        "A bulk payment has no such arguments, and pays bills that are there already.",
    ),
    (
        "vendors_create",
        (
            "rppsId",
            "paymentInformation.lastPaymentDate",
            "paymentInformation.virtualCard*",
        ),
        "Comes with a connection, a payment or an enrolment, thus after the vendor.",
    ),
    (
        "vendors_list",
        (
            "results.paymentInformation.bankAccount*",
            "results.paymentInformation.virtualCard*",
        ),
        "BILL's rows can be thinner; the simulator's are: assumed.VENDOR_ROWS_OMIT.",
    ),
    (
        "bills_create",
        ("approvers.*",),
        "Approval policies assign approvers, and no action makes a policy.",
    ),
    (
        "bills_get bills_list bills_archive bills_restore",
        ("*approvers", "*approvers.*"),
        "Shown with billApprovals=true only, which these actions cannot say.",
    ),
    ("invoices_create", ("payments.*",), "Nobody can pay an invoice before it is."),
    (
        "cards_create cards_update",
        ("deletedReason",),
        "A card is made alive, and a deleted one cannot be changed.",
    ),
    (
        "reimbursements_create",
        ("batchId", "batchAmount"),
        "A batch takes what was approved, which comes after the request.",
    ),
)


def patterns_for(operation: str) -> list[str]:
    """Return the exceptions of one operation."""
    return [
        pattern
        for operations, patterns, _ in CANNOT_OCCUR
        for pattern in patterns
        if operation in operations.split()
    ]


def unexcused(operation: str, missing: Iterable[str]) -> list[str]:
    """Return the missing fields that no exception names."""
    patterns = patterns_for(operation)
    return sorted(
        field
        for field in missing
        if not any(fnmatch(field, pattern) for pattern in patterns)
    )


def superfluous(
    operation: str, seen: Iterable[str], missing: Iterable[str]
) -> list[str]:
    """Return the exceptions that a reply disproves, or that name no field at all."""
    return [
        pattern
        for pattern in patterns_for(operation)
        if any(fnmatch(field, pattern) for field in seen)
        or not any(fnmatch(field, pattern) for field in missing)
    ]
