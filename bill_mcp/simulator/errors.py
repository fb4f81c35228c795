"""What BILL answers when it refuses.

``BillError`` is raised by rules and becomes BILL's array; the table of ``Code`` says
once which HTTP status, category and words belong to a code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

REQUEST, APPLICATION, SERVER, DOWNSTREAM = (
    "REQUEST",
    "APPLICATION",
    "SERVER",
    "DOWNSTREAM",
)


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table: status, category, and what BILL says."""

    status: int
    category: str
    message: str


CODES = {
    "BDC_1001": Code(500, SERVER, "System error. Please try again later."),
    "BDC_1002": Code(400, REQUEST, "Unknown error."),
    "BDC_1101": Code(401, REQUEST, "The username and password do not match."),
    "BDC_1102": Code(401, REQUEST, "Developer key is invalid."),
    "BDC_1105": Code(403, REQUEST, "Organization does not allow API access."),
    "BDC_1107": Code(423, DOWNSTREAM, "The organization is locked out."),
    "BDC_1109": Code(401, REQUEST, "Session is invalid. Please log in."),
    "BDC_1120": Code(401, REQUEST, "The session is of the wrong type."),
    "BDC_1121": Code(404, REQUEST, "API not supported. Check the path and its case."),
    "BDC_1143": Code(400, REQUEST, "Invalid entity data."),
    "BDC_1144": Code(
        429, DOWNSTREAM, "Max number of allowed requests per hour reached: {limit}."
    ),
    "BDC_1150": Code(
        422, APPLICATION, "User cannot make online payments: check bank setup and role."
    ),
    "BDC_1151": Code(
        422, APPLICATION, "This funding account cannot make online payments."
    ),
    "BDC_1152": Code(422, APPLICATION, "Invalid process date ${{paramName0}}."),
    "BDC_1159": Code(422, APPLICATION, "The bill cannot be overpaid."),
    "BDC_1171": Code(422, APPLICATION, "The invoice number is a duplicate."),
    "BDC_1205": Code(404, REQUEST, "No object with that id."),
    "BDC_1233": Code(422, APPLICATION, "The vendor is already set up for ePayment."),
    "BDC_1246": Code(
        422, APPLICATION, "Rolled back because another item of the request failed."
    ),
    "BDC_1302": Code(422, REQUEST, "The id belongs to another type of object."),
    "BDC_1322": Code(
        429, DOWNSTREAM, "Max number of concurrent requests per organization reached."
    ),
    "BDC_1354": Code(400, REQUEST, "MFA phone is not set up, or is invalid."),
    "BDC_1356": Code(400, REQUEST, "The MFA code is wrong or has expired."),
    "BDC_1358": Code(400, REQUEST, "Too many MFA code attempts. Try again later."),
    "BDC_1361": Code(403, DOWNSTREAM, "The session is untrusted."),
    "BDC_1374": Code(400, REQUEST, "The MFA token has expired. Ask a new challenge."),
    "BDC_1402": Code(
        400, REQUEST, "The process date must be at least two business days from now."
    ),
    "BDC_1570": Code(400, DOWNSTREAM, "The risk service refused."),
    "BDC_5324": Code(400, REQUEST, "MFA action blocked: a phone is enrolled already."),
    # From here on rules whose real code nobody has published. BILL uses no 9xxx, so a
    # client that came to depend on one of these depends on nothing real.
    "BDC_9001": Code(422, APPLICATION, "The object is archived."),
    "BDC_9002": Code(422, APPLICATION, "The object's state does not allow this."),
    "BDC_9003": Code(422, APPLICATION, "The payment can no longer be cancelled."),
    "BDC_9004": Code(422, APPLICATION, "The payment cannot be voided."),
    "BDC_9005": Code(422, APPLICATION, "The bill's approval is not complete."),
    "BDC_9006": Code(422, APPLICATION, "The bill has payments: {what}."),
    "BDC_9007": Code(422, APPLICATION, "The bank account can no longer be verified."),
    "BDC_9008": Code(422, APPLICATION, "The bank account is not verified."),
    "BDC_9009": Code(422, APPLICATION, "The vendor differs from the bill's vendor."),
    "BDC_9010": Code(422, APPLICATION, "The vendor cannot receive ePayments."),
    "BDC_9011": Code(422, APPLICATION, "The transaction number was used before."),
    "BDC_9012": Code(422, APPLICATION, "The objects belong to each other already."),
    "BDC_9013": Code(422, APPLICATION, "The user's role cannot be changed so."),
    "BDC_9014": Code(422, APPLICATION, "A user with this email exists already."),
    "BDC_9015": Code(422, APPLICATION, "Users cannot archive themselves."),
    "BDC_9016": Code(422, APPLICATION, "The credit is another vendor's."),
    "BDC_9017": Code(422, APPLICATION, "The credit does not suffice."),
    "BDC_9018": Code(422, APPLICATION, "The exchange rate is not valid (any more)."),
    "BDC_9019": Code(422, APPLICATION, "The AP card's limit does not suffice."),
    "BDC_9101": Code(422, APPLICATION, "The object is retired."),
    "BDC_9102": Code(422, APPLICATION, "The card is deleted."),
    "BDC_9103": Code(422, APPLICATION, "The transaction is locked."),
    "BDC_9104": Code(422, APPLICATION, "The uploaded file was flagged as unsafe."),
    "BDC_9105": Code(422, APPLICATION, "The user is no member of the budget."),
    "BDC_9106": Code(422, APPLICATION, "A budget keeps at least one owner."),
    "BDC_9107": Code(
        422, APPLICATION, "The reimbursement's status {status} does not allow this."
    ),
    "BDC_9108": Code(422, APPLICATION, "Users cannot delete themselves."),
    "BDC_9109": Code(422, APPLICATION, "The custom field has this value already."),
    "BDC_9110": Code(422, APPLICATION, "The budget's funds do not suffice."),
    "BDC_9040": Code(422, APPLICATION, "The invoices are not of one customer."),
    "BDC_9041": Code(422, APPLICATION, "The invoice cannot be overpaid."),
    "BDC_9042": Code(422, APPLICATION, "The invoice has payments: {what}."),
    "BDC_9403": Code(403, REQUEST, "The user has no permission for this."),
    "BDC_9429": Code(429, DOWNSTREAM, "Too many requests in this minute."),
    "UNAUTHORIZED": Code(401, REQUEST, "Unauthorized."),
    "SIM_0501": Code(501, SERVER, "{what}"),
}
"""Every code that the simulator can answer with.

BDC_1xxx and BDC_5324: behaviour.md 5, statuses there marked [assumed] included.
[assumed] all BDC_9xxx, and UNAUTHORIZED for a bad Spend & Expense token.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One item of BILL's array. Field faults carry no code, as seen in live answers."""

    message: str
    code: str | None = None
    category: str = REQUEST


class BillError(Exception):
    """The simulated BILL refuses: an HTTP status and at least one fault."""

    def __init__(self, status: int, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.status = status
        self.faults = tuple(faults)
        self.note: Callable[[Any], None] | None = None

    def noting(self, note: Callable[[Any], None]) -> "BillError":
        """Let *note* be done to the world although the request as a whole is undone."""
        self.note = note
        return self

    def as_bill_json(self, timestamp: str) -> list[dict[str, Any]]:
        return [
            {
                "timestamp": timestamp,
                **({"code": fault.code} if fault.code else {}),
                "severity": "ERROR",
                "category": fault.category,
                "message": fault.message,
            }
            for fault in self.faults
        ]


def refusal(code: str, detail: str = "", **words: object) -> BillError:
    """Return the error for *code*; *detail* is added to BILL's sentence."""
    entry = CODES[code]
    message = entry.message.format(**words)
    text = f"{message} {detail}" if detail else message
    return BillError(entry.status, [Fault(text, code, entry.category)])


def invalid(*faults: tuple[str, str]) -> BillError:
    """Return the 400 for wrong fields, each given as (path, reason)."""
    return BillError(400, [Fault(f"{path}: {reason}") for path, reason in faults])
