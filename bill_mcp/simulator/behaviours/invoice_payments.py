"""Recording what customers paid outside of BILL; no money moves."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.invoice_amounts import part_for
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.reading import NULL
from bill_mcp.simulator.receiving import add_received_payment
from bill_mcp.simulator.store import Thing


@behaviour("invoices_record_payment")
def record_payment(call: Call) -> Thing:
    """Record a payment; what no invoice needs becomes the customer's credit.

    Nothing tells a repeated call from a second payment: it is recorded again.
    """
    body = call.body
    invoices = [payable(call, item, at) for at, item in enumerate(body["invoices"])]
    customer_id = one_customer(call, invoices)
    amount = cents(body["amount"])
    if amount <= 0:
        raise invalid(("amount", "must be greater than 0"))
    if sum(cents(item["amount"]) for item in body["invoices"]) > amount:
        raise invalid(("amount", "must not be less than the sum of the invoices"))
    parts = shares(body["invoices"], invoices)
    told = ("paymentDate", "paymentType", "description")
    fields = {
        **{name: body.get(name) for name in told},
        "_organizationId": call.organization_id,
        "customerId": customer_id,
        "amount": dollars(amount),
        "status": "PAID",
    }
    payment = add_received_payment(call.world, fields, list(parts.items()))
    shown = [
        {"id": key, "payments": [part_for(call.world, payment["id"], key)]}
        for key in parts
    ]
    return {**payment, "invoices": shown}


def payable(call: Call, item: Thing, at: int) -> Thing:
    """Return the invoice that an item names, if a payment can be recorded on it."""
    if cents(item["amount"]) <= 0:
        raise invalid((f"invoices[{at}].amount", "must be greater than 0"))
    invoice = call.writable("invoice", item["id"])
    if invoice["status"] in assumed.INVOICE_STATUSES_THAT_BLOCK_CHANGES:
        raise refusal("BDC_9002")
    return invoice


def one_customer(call: Call, invoices: list[Thing]) -> str:
    """Return whose invoices these are; without any, the body must say."""
    named: set[str] = {invoice["customerId"] for invoice in invoices}
    if "customerId" in call.body:
        named.add(call.one("customer", call.body["customerId"])["id"])
    if not named:
        raise invalid(("customerId", NULL))
    if len(named) > 1:
        raise refusal("BDC_9040")
    return named.pop()


def shares(items: list[Thing], invoices: list[Thing]) -> dict[str, int]:
    """Return how many cents each invoice gets: what is given, but never over its due.

    Raises:
        BillError: BDC_9041, where this is not how an overpayment is taken.
    """
    due = {invoice["id"]: cents(invoice["dueAmount"]) for invoice in invoices}
    got: dict[str, int] = {}
    for item in items:
        key, given = item["id"], cents(item["amount"])
        taken = min(given, due[key])
        if taken < given and not assumed.INVOICE_SURPLUS_BECOMES_CREDIT:
            raise refusal("BDC_9041")
        due[key] -= taken
        got[key] = got.get(key, 0) + taken
    return got
