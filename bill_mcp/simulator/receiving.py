"""Money from customers: received payments, and what they do to invoices."""

from bill_mcp.bank_days import central_day, next_bank_day
from bill_mcp.simulator.invoice_amounts import settle
from bill_mcp.simulator.lifecycle import after_change, move, plan
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.store import Store, Thing

Part = tuple[str, int]
"""An invoice's id, and how many cents it gets."""


def add_received_payment(store: Store, fields: Thing, parts: list[Part]) -> Thing:
    """Add what a customer paid; what is for no invoice stays as the customer's credit.

    Args:
        store: the world.
        fields: the payment without its parts; ``status`` is PAID or SCHEDULED.
        parts: what each invoice gets of it.
    """
    unapplied = cents(fields["amount"]) - sum(amount for _, amount in parts)
    payment = store.add(
        "received_payment",
        {
            **fields,
            "unappliedAmount": dollars(unapplied),
            "_parts": [
                {"invoiceId": invoice_id, "amount": dollars(amount)}
                for invoice_id, amount in parts
            ],
        },
    )
    for invoice_id, _ in parts:
        invoice = store.state.tables["invoice"][invoice_id]
        paid_by = dict.fromkeys((*invoice["_paymentIds"], payment["id"]))
        store.put("invoice", invoice_id, {**invoice, "_paymentIds": tuple(paid_by)})
        settle(store, invoice_id)
    return plan(store, "received_payment", payment["id"], payment)


@after_change("received_payment")
def settle_invoices(store: Store, before: Thing, after: Thing) -> Thing:
    """Let the invoices follow a payment that went through, or bounced."""
    for part in after["_parts"]:
        settle(store, part["invoiceId"])
    return after


@after_change("invoice")
def follow_status(store: Store, before: Thing, after: Thing) -> Thing:
    """Make the status true that somebody set from outside, and the amounts with it.

    PAID and SCHEDULED: the customer pays online what is due. OPEN: the payments bounce.
    VOID and UNDEFINED stay until the next such change.

    Raises:
        ValueError: the status is none that can be set so.
    """
    wanted, invoice_id = after["status"], after["id"]
    if wanted == before["status"]:
        return settle(store, invoice_id)
    fixed = wanted if wanted in {"VOID", "UNDEFINED"} else None
    after = store.change("invoice", invoice_id, {"_fixedStatus": fixed})
    due = cents(settle(store, invoice_id)["dueAmount"])
    if wanted in {"PAID", "SCHEDULED"} and due > 0:
        pay_online(store, after, due, wanted)
    elif wanted == "OPEN":
        for payment_id in after["_paymentIds"]:
            move(store, "received_payment", payment_id, "VOID")
    elif wanted == "PARTIAL_PAYMENT":
        raise ValueError("PARTIAL_PAYMENT comes from recording a part of what is due")
    return settle(store, invoice_id)


def pay_online(store: Store, invoice: Thing, due: int, status: str) -> None:
    """Let the customer pay what is due, as on the page that BILL sends a link to."""
    today = central_day(store.now)
    day = today if status == "PAID" else next_bank_day(today)
    fields = {
        "_organizationId": invoice["_organizationId"],
        "customerId": invoice["customerId"],
        "paymentType": "ACH",
        "paymentDate": day.isoformat(),
        "amount": dollars(due),
        "status": status,
    }
    add_received_payment(store, fields, [(invoice["id"], due)])
