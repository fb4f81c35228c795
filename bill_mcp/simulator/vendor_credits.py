"""What vendors owe us: credits, laid against bills or used in payments.

No action makes or shows a vendor credit; a fixture does. What a credit is used for is
kept with the bill (``_vendorCredits``) or in the payment; the credit's own status and
usage follow from there.
"""

from collections.abc import Iterator

from bill_mcp.simulator import assumed
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.store import Store, Thing

Credits = tuple[Thing, ...]
"""Uses of credits, each ``{id, amount}``."""


def wanted_credits(call: Call, vendor_id: str, given: list[Thing]) -> Credits:
    """Return the credits that a request wants to use, each once.

    Raises:
        BillError: one is not there, archived, another vendor's, or has no amount.
    """
    amounts: dict[str, int] = {}
    for number, each in enumerate(given):
        path = f"vendorCredits[{number}]"
        credit = call.writable("vendor_credit", each.get("id", ""))
        if credit["vendorId"] != vendor_id:
            raise refusal("BDC_9016")
        amount = cents(each.get("amount", 0))
        if amount <= 0:
            raise invalid((f"{path}.amount", "must be greater than 0"))
        amounts[credit["id"]] = amounts.get(credit["id"], 0) + amount
    return tuple({"id": key, "amount": dollars(one)} for key, one in amounts.items())


def credits_on(bill: Thing) -> Credits:
    """Return what the bill itself uses; a state file gives lists for tuples."""
    return tuple(bill.get("_vendorCredits", ()))


def require_left(store: Store, wanted: Credits, held: Credits = ()) -> None:
    """Refuse to use more of a credit than is left, what is *held* already included."""
    own = {each["id"]: cents(each["amount"]) for each in held}
    for each in wanted:
        left = left_of(store, each["id"]) + own.get(each["id"], 0)
        if cents(each["amount"]) > left:
            raise refusal("BDC_9017")


def total_of(credits_used: Credits) -> int:
    return sum(cents(each["amount"]) for each in credits_used)


def left_of(store: Store, credit_id: str) -> int:
    credit = store.state.tables["vendor_credit"][credit_id]
    used = sum(cents(use["amount"]) for use in uses(store, credit))
    return cents(credit["amount"]) - used


def uses(store: Store, credit: Thing) -> Iterator[Thing]:
    """Yield what the credit is used for: by bills themselves, and by payments."""
    for bill in store.where("bill", "vendorId", credit["vendorId"]):
        for each in credits_on(bill):
            if each["id"] == credit["id"]:
                yield {"billId": bill["id"], "amount": each["amount"]}
    for payment in store.where("payment", "vendorId", credit["vendorId"]):
        where = assumed.PAYMENT_STATES[payment["singleStatus"]][2]
        for part in payment["billPayments"] if where != "none" else ():
            for each in part["vendorCredits"]:
                if each["id"] == credit["id"]:
                    yield {
                        "billId": part["billId"],
                        "paymentId": payment["id"],
                        "amount": each["amount"],
                        "_scheduled": where == "scheduled",
                    }


def settle_credits(store: Store, credits_used: Credits) -> None:
    """Let the credits follow what they are used for."""
    for key in dict.fromkeys(each["id"] for each in credits_used):
        credit = store.state.tables["vendor_credit"][key]
        changes = told_usage(store, credit)
        if any(credit.get(name) != value for name, value in changes.items()):
            store.change("vendor_credit", key, changes)


def told_usage(store: Store, credit: Thing) -> Thing:
    usage = list(uses(store, credit))
    used = sum(cents(use["amount"]) for use in usage)
    status = "FULLY_APPLIED" if used >= cents(credit["amount"]) else "PARTIALLY_APPLIED"
    if not used:
        status = "NOT_APPLIED"
    if any(use.get("_scheduled") for use in usage):
        status = "IN_PROCESS"
    return {"usage": usage, "appliedAmount": dollars(used), "status": status}


@fixture("vendor_credit")
def make_vendor_credit(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Add a credit of ``amount`` from ``vendorId``."""
    vendor = store.get("vendor", fields.get("vendorId", ""))
    if vendor is None or vendor["_organizationId"] != organization_id:
        raise LookupError(f"vendor {fields.get('vendorId')}")
    return store.add(
        "vendor_credit",
        {
            "_organizationId": organization_id,
            "archived": False,
            "amount": 100.0,
            "status": "NOT_APPLIED",
            "appliedAmount": 0.0,
            "usage": [],
            **fields,
        },
    )
