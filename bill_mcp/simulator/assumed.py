"""What nobody has published about BILL, so that we had to choose.

One constant per choice, tagged [assumed]; change it here and the simulator changes.
Codes and HTTP statuses are in ``errors.py``, id prefixes in ``ids.py``.
"""

DEFAULT_TIME = "2026-11-23T15:00:00Z"
"""[assumed] Where the clock stands when nobody says: a Monday, 9 in US Central."""

MFA_CODE = "123456"
"""[assumed] The only right code; real BILL sends a text message."""

MFA_CODE_MINUTES = 10
"""[assumed] "The code lives minutes"; after that BDC_1374."""

MFA_WRONG_CODE = "BDC_1356"
"""[assumed] A wrong code is answered as an expired one; its own code is unknown."""

MFA_ATTEMPTS = 3
"""[assumed] Wrong codes in a row after which BDC_1358 comes."""

MFA_ATTEMPTS_PAUSE_MINUTES = 10
"""[assumed] How long BDC_1358 lasts; "5 to 10 minutes"."""

DEVICE_MAX_LENGTH = 40
"""[assumed] 19 characters work, 49 do not."""

FAILED_SIGN_INS_BEFORE_LOCK = 5
"""[assumed] Failed sign-ins in a row that lock an organization, BDC_1107."""

LOCK_MINUTES = 10
"""[assumed] How long BDC_1107 lasts; "5 to 15 minutes"."""

OTHER_DEVELOPER_KEY = "BDC_1102"
"""[assumed] The answer to a session used with another developer key than its own."""

TEXT_MESSAGES_PER_MINUTE = 5
"""Per user [assumed scope], in a sliding minute; its code is unknown: BDC_9429."""

ROLES_THAT_PAY = ("ADMINISTRATOR", "PAYER")
"""[assumed] "Administrator, Payer or similar"; the others get BDC_1150."""

DEFAULT_SORT = "createdTime:asc"
"""[assumed] Lists start with the oldest; integrators stumble over it."""

ROWS_WITHOUT_A_VALUE_COME_LAST = True
"""[assumed] In a sorted list, in both directions."""

FILTERS_IGNORE_CASE = False
"""[assumed] `eq` and `sw` on texts compare letter by letter."""

VENDOR_ROWS_OMIT = ("bankAccount", "virtualCard")
"""[assumed] Parts of paymentInformation that list rows lack, which "can be thinner"."""

PATCH_MERGES_NESTED_OBJECTS = True
"""[assumed] PATCH with `address: {line2}` keeps the other lines of the address."""

DUPLICATE_NUMBERS_COUNT_ARCHIVED = False
"""[assumed] An archived bill's invoice number may be used again."""

EDITS_RESET_APPROVAL = True
"""[assumed] A new amount or vendor returns an approved or denied bill to ASSIGNED."""

STATUSES_THAT_BLOCK_PAYING = ("ASSIGNED", "APPROVING", "DENIED")
"""[assumed] Approval states in which nobody, an administrator neither, can pay."""

PROCESSING_HOUR = 9
"""[assumed] Hour in US Central at which BILL's daily steps happen."""

FUNDING_BANK_DAYS = 1
"""[assumed] From the start of the debit to its end."""

ISSUING_BANK_DAYS = 1
"""[assumed] From the end of the debit until it is sent; ACH then is CLEARED."""

CHECK_MAIL_BANK_DAYS = 5
"""[assumed] A standard check in the mail."""

CHECK_CASHING_BANK_DAYS = 3
"""[assumed] From a check's arrival until the vendor cashed it."""

OTHER_SETTLING_BANK_DAYS = 2
"""[assumed] RPPS, virtual card, international, wallet: from sending to settling."""

CANCEL_MINUTES = {"sandbox": 0, "production": 5}
"""[assumed] From the request to CANCELED; sandbox: at once (v2 documents)."""

VOID_BANK_DAYS = {"sandbox": 0, "production": 1}
"""[assumed] From the request to VOIDED; 0 means at once (v2 documents)."""

PAYMENT_STATES = {
    # singleStatus: (status, disbursementStatus, where the bill counts it, voidable)
    "SCHEDULED": ("SCHEDULED", "IN_PROGRESS", "scheduled", False),
    "READY_TO_FUND": ("SCHEDULED", "IN_PROGRESS", "scheduled", False),
    "CANCELLATION_IN_PROGRESS": ("SCHEDULED", "IN_PROGRESS", "scheduled", False),
    "FUNDING_STARTED": ("PENDING", "IN_PROGRESS", "scheduled", True),
    "PROCESSED": ("PAID", "IN_PROGRESS", "paid", True),
    "SENT": ("PAID", "IN_PROGRESS", "paid", True),
    "DELIVERED": ("PAID", "IN_PROGRESS", "paid", True),
    "DISBURSEMENT_ON_HOLD": ("PAID", "HOLD", "paid", True),
    "EXPIRING": ("PAID", "IN_PROGRESS", "paid", True),
    "PARTIALLY_CLAIMED": ("PAID", "IN_PROGRESS", "paid", False),
    "CLEARED": ("PAID", "DONE", "paid", False),
    "DISBURSEMENT_FAILED_ACTION_NEEDED": ("FAILED", "FAILED", "paid", True),
    "DISBURSEMENT_FAILED_VENDOR_BANK_REJECTED": ("FAILED", "FAILED", "paid", True),
    "FUNDING_FAILED_ACTION_NEEDED": ("FAILED", "DONE", "paid", True),
    "VOID_PENDING": ("PAID", "IN_PROGRESS", "paid", False),
    "VOIDED": ("VOID", "FAILED", "none", False),
    "FUNDING_FAILED_VOIDED": ("VOID", "FAILED", "none", False),
    "CANCELED": ("CANCELLED", "FAILED", "none", False),
    "FUNDS_ESCHEATED": ("PAID", "DONE", "paid", False),
    "UNDEFINED": ("UNDEFINED", "UNDEFINED", "none", False),
}
"""[assumed] How singleStatus maps to the other fields; singleStatus itself: [doc]."""

VOID_TYPES = (
    "VOID_ONLY",
    "VOID_AND_CREDIT",
    "VOID_AND_REISSUE",
    "VOID_AND_REISSUE_VCARD",
)
"""Seen in samples; [assumed] that others are refused, and that all reopen the bills."""

NEW_VENDOR_ACCOUNT_BANK_DAYS = 2
"""Production only [doc]: BDC_1402 while the vendor's bank account is younger."""

BILLS_PER_COMBINED_PAYMENT = 35
"""[doc] For vendors with combinePayments; [assumed] which is off unless set."""

EXCHANGE_RATES = {
    "USD": 1.0,
    "AUD": 0.6512,
    "CAD": 0.7145,
    "CHF": 1.1280,
    "EUR": 1.0525,
    "GBP": 1.2610,
    "INR": 0.0118,
    "JPY": 0.0065,
    "MXN": 0.0489,
    "SEK": 0.0907,
}
"""[assumed] Dollars for one unit, always; currencies that are missing count as one."""

COUNTRY_NAMES = {
    "AU": "Australia",
    "CA": "Canada",
    "CH": "Switzerland",
    "CN": "China",
    "DE": "Germany",
    "FR": "France",
    "GB": "United Kingdom",
    "IN": "India",
    "JP": "Japan",
    "MX": "Mexico",
    "PH": "Philippines",
    "SE": "Sweden",
    "US": "United States",
}
"""[assumed] ``countryName`` of an address; BILL's wording is not published, and of
other countries only what the client said is shown."""

EXCHANGE_RATE_MINUTES = 20
"""[doc] "At most 20 minutes" a promised rate holds; [assumed] in the sandbox too."""

CARD_STATUS_THAT_PAYS = "ACTIVE"
"""[assumed] Of card accounts and AP cards; samples show PENDING, INACTIVE, DRAFT."""

CARD_BRANDS = ("VISA", "MASTERCARD", "AMEX", "DISCOVER")
"""[assumed] Brands of card accounts, in capitals or not; others are refused."""

CARD_RATES = {"creditCardRate": 2.9, "debitCardRate": 1.9}
"""[assumed] Percent of the payment; the fee is told and not added to the amount."""

CARD_FUNDING_PURPOSES = (
    ("Business services", ("Advertising", "Consulting", "Software", "Other services")),
    ("Goods", ("Inventory", "Office supplies", "Raw materials")),
    ("Premises", ("Rent", "Repairs", "Utilities")),
    ("Taxes and insurance", ("Insurance", "Taxes")),
)
"""[assumed] Categories and what they hold; a payment names one of what they hold."""

NETWORK_STATUSES_WITH_A_KNOWN_INDUSTRY = ("CONNECTED", "CONNECTED_RPPS")
"""[assumed] Card payments of these vendors need no cardFundingPurpose."""

CONDITION_OF_A_PURPOSE = "CARD_FUNDING_PURPOSE_REQUIRED"
"""[assumed] How payment options say that a card payment must name a purpose."""

VIRTUAL_CARD_DAYS = 90
"""[assumed] For how long a vendor can use a virtual card that was sent."""

AUTO_PAY_DAYS_BEFORE = 0
"""[assumed] daysBeforeDueDate of an autoPay that names none: processed when due.

[assumed] too that it is scheduled on the bank day before, and tried once only.
"""

AUTO_PAY_COVERS_EARLIER_BILLS = True
"""[assumed] Bills that were there when autoPay was switched on are paid too."""

VERIFICATION_TRIES = 3
"""Tries 1, 2: 200 `verified: false`; the third: NOT_VERIFIED; later 422 [assumed]."""

CREATOR_MAY_USE_A_VERIFIED_ACCOUNT = True
"""[assumed] Who created a bank account is its verified user once it is VERIFIED."""

RECURRING_BILLS_AT_MOST = 500
"""[assumed] More bills than these are not made at once for dates in the past: 400."""

RECURRING_NUMBERS_MAY_REPEAT = True
"""[assumed] Two recurring bills of a vendor, due on one day, both make a bill."""

RECURRING_BILLS_OF_ARCHIVED_VENDORS = False
"""[assumed] While the vendor is archived the dates pass without a bill."""

FILE_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "txt": "text/plain",
}
"""[assumed] Extensions that an upload may have; another is refused with 400."""

FILE_BYTES_AT_MOST = 6 * 1024 * 1024
"""[doc] 6 MB; [assumed] in units of 1024, and that more is answered with 400."""

AUDIT_ROWS = 20
"""[assumed] How many rows the audit trail shows when ``max`` is left out."""

NETWORK_INVITATION_DAYS = 60
"""[doc] An invitation lapses after that; [assumed] it then reads NOT_CONNECTED."""

NETWORK_SCOPE = "ALL"
"""[assumed] Where a network search looks when ``scope`` is left out."""

NETWORK_PAY_BY = {"CONNECTED": ("ACH", "ACH"), "CONNECTED_RPPS": ("RPPS", "NONE")}
"""[assumed] networkStatus -> payByType and payBySubType of a connected vendor."""

RISK_BANK_DAYS = 1
"""[assumed] From the start of a risk verification until BILL decides."""

RISK_OUTCOME = "APPROVE"
"""[assumed] What BILL decides unless somebody sets HOLD, REVIEW or DECLINE before."""

INDUSTRIES_ARE_CHECKED = True
"""[assumed] An organization's industry must be a name of BILL's list, else 400."""

FUND_REQUESTS_ARE_WHAT_IS_MISSING = True
"""[assumed] ``fundRequest…Amount``: the part that member or budget cannot pay."""

PAN_JWT_MINUTES = 5
"""[doc] How long the token for a card's number lives; its form is made up."""

CLASSIFICATIONS_MUST_EXIST = True
"""[assumed] A class, account, item and so on that is not there: 404 BDC_1205."""

ACCOUNT_TYPE_WHEN_NONE_IS_GIVEN = "UNSPECIFIED"
"""[assumed] Of a chart of accounts entry that was created without a type."""

BALANCES_COUNT_CUSTOMER_CREDIT = True
"""[assumed] A customer's balance is what is due, less what was paid too much."""

FIRST_INVOICE_NUMBER = 1001
"""[assumed] BILL numbers invoices from here where the request names no number."""

INVOICE_DAYS_UNTIL_DUE = 30
"""[assumed] From the invoice's date to its due date, where the request names none."""

LINES_TAKE_THEIR_ITEMS_PRICE = True
"""[assumed] An invoice line without a price costs what its item does."""

NEW_INVOICES_ARE_SENT_UNASKED = False
"""[assumed] Whether a missing sendEmail means true; integrators set it to be sure."""

INVOICE_STATUSES_THAT_BLOCK_CHANGES = ("VOID",)
"""[assumed] Neither edits nor payments: BDC_9002."""

INVOICE_SURPLUS_BECOMES_CREDIT = True
"""[assumed] Also what one invoice of a recorded payment gets beyond its due amount."""

ACCOUNTS_OF_A_NEW_ORGANIZATION = (
    ("Checking", "1000", "BANK"),
    ("Accounts Receivable", "1200", "ACCOUNTS_RECEIVABLE"),
    ("Accounts Payable", "2000", "ACCOUNTS_PAYABLE"),
    ("Sales", "4000", "INCOME"),
    ("Expenses", "6000", "EXPENSE"),
)
"""[assumed] Name, number and type of what its chart of accounts starts with."""

USERS_NEED_AN_EMAIL_OF_THEIR_OWN = True
"""[assumed] Within one organization, archived users included: else BDC_9014."""

ARCHIVING_A_USER_ENDS_SESSIONS = True
"""[assumed] At once, and the right to pay from bank accounts stays as it is."""

SWITCHES = {
    "production": False,
    "documentDelaySeconds": 10,
    "attachmentDelaySeconds": 120,
    "rateLimitStatus": 429,
    "rejectDuplicateTransactionNumbers": False,
    "foreignPaymentsNeedARate": False,
}
"""[assumed] What the world's object ``settings`` starts with: rules of production,
400 instead of 429, and so on. ``PATCH /simulator/objects/settings`` changes them."""
