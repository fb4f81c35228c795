"""What we had to choose about Spend & Expense, as ``assumed.py`` does for the rest."""

CLEARING_HOURS = 48
"""[assumed] From a card's AUTHORIZATION to its CLEAR."""

POINTS_PER_DOLLAR = 1
"""[assumed] Reward points of a cleared transaction."""

TIME_ZONE = "America/Chicago"
"""[assumed] A budget's time zone if none is given. All periods turn in US Central."""

NEW_BUDGET = {
    "autoAddUsers": False,
    "receiptRequired": False,
    "carryOver": False,
    "default": False,
    "budgetGroup": False,
    "limitlessOverspend": False,
    "shareFunds": "SHARE_MANUALLY",
    "timezone": TIME_ZONE,
}
"""[assumed] What a new budget has unless its maker says otherwise."""

PROFILE = {
    "useCompanyMailingAddress": True,
    "smsOptIn": False,
    "hasDateOfBirth": True,
}
"""[assumed] What a user shows who has set nothing else."""

DECLINES = {
    "CARD_NOT_ACTIVE": "The card is not active.",
    "CARD_EXPIRED": "The card has expired.",
    "BUDGET_RETIRED": "The budget is retired.",
    "USER_NOT_IN_BUDGET": "The user is no member of the budget.",
    "MAX_TX_SIZE": "The amount is too large for one transaction.",
    "INSUFFICIENT_FUNDS": "Not enough funds are available.",
}
"""[assumed] ``declineInternalReasonCode`` and ``declineReason``, in order of weight."""

COMPLETE_TYPES = ("CLEAR",)
"""[assumed] Transactions that are ``complete`` once receipt and fields are there."""

FIELD_OF_ANY_WORDS = "NOTE"
"""[assumed] The type of a custom field that allows custom values and offers none."""

FIELDS_SHOWN_UNASKED = True
"""[assumed] Without ``showCustomFieldIds`` a transaction shows all its fields."""

WEEK_STARTS_ON = 0
"""[assumed] Monday: the first day of a WEEKLY budget's period."""

ASSIGNED_MAY_EXCEED_THE_LIMIT = True
"""[assumed] Cards and members may together get more than the budget holds."""

CARD_HOLDERS_ARE_MEMBERS = True
"""[assumed] A card can only be made for a member of its budget."""

MEMBER_LIMITS_BIND_SHARING_CARDS = True
"""[assumed] A holder's own limit, if above 0, also binds cards that share funds."""

CARD_YEARS = 4
"""[assumed] For how long a new card is good; ``validThru`` is written MM/YY."""

DELETED_CARD_REASON = "CANCELLED"
"""[assumed] Why a card was deleted when nobody said."""

BULK_AT_ONCE = 5
"""[doc] Budget members in one PUT; more are worked on in the background."""

BULK_SECONDS = 10
"""[assumed] How long the background takes for them."""

BULK_STATUS = {"at once": "SUCCESS", "later": "IN_PROGRESS"}
"""[assumed] What the bulk PUT answers in either case."""

RECEIPTS_ONLY_WHEN_ASKED = True
"""[assumed] Lists of transactions hold receipts with ``includeReceipts=true`` only."""

UPLOAD_MINUTES = 60
"""[assumed] How long an upload url takes a file."""

UPLOAD_TYPES = ("image/jpeg", "image/png", "application/pdf")
"""JPEG and PNG [doc], PDF [assumed]; any other type makes the file unsafe to attach."""

REIMBURSEMENT_OPEN = (
    "AWAITING_APPROVAL",
    "AWAITING_TIER2_APPROVAL",
    "APPROVAL_UNDONE",
    "TIER2_APPROVAL_UNDONE",
)
"""[assumed] Statuses in which a reimbursement can be changed, approved, denied."""

REIMBURSEMENT_PENDING = ("APPROVED", "READY_TO_PAY", "PAYMENT_FAILED")
"""[assumed] Statuses in which it counts as the budget's pending spend; PAID clears."""

REIMBURSEMENT_READY_MINUTES = 60
"""[assumed] From APPROVED to READY_TO_PAY."""

REIMBURSEMENT_BANK_DAYS = 2
"""[assumed] From READY_TO_PAY to PAID."""
