"""What an invoice comes to, and what of it is scheduled, paid and due.

``dueAmount = totalAmount - creditAmount - scheduledAmount - what is paid`` holds
whatever happens, but for void invoices, of which nothing is due.
"""

from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.store import Store, Thing


def totals(store: Store, invoice: Thing) -> Thing:
    """Return total and sales tax as the invoice's lines and tax rate make them."""
    lines = invoice["invoiceLineItems"]
    total = sum(cents_of(line) for line in lines)
    percentage = invoice.get("salesTaxPercentage")
    if percentage is None:
        return {"totalAmount": dollars(total), "salesTaxTotal": None}
    taxable = sum(cents_of(line) for line in lines if is_taxable(store, line))
    tax = round(taxable * percentage / 100)
    return {"totalAmount": dollars(total + tax), "salesTaxTotal": dollars(tax)}


def cents_of(line: Thing) -> int:
    return cents(line["quantity"] * line["price"])


def is_taxable(store: Store, line: Thing) -> bool:
    """Say whether sales tax is due on a line: unless its item says no [assumed]."""
    item_id = line.get("classifications", {}).get("itemId", "")
    item = store.get("item", item_id) or {}
    return item.get("taxable") is not False


def settle(store: Store, invoice_id: str) -> Thing:
    """Recompute the invoice from its payments; it is replaced only if it differs."""
    invoice = store.state.tables["invoice"][invoice_id]
    changes = amounts(store, invoice)
    if all(invoice.get(name) == value for name, value in changes.items()):
        return invoice
    return store.change("invoice", invoice_id, changes)


def amounts(store: Store, invoice: Thing) -> Thing:
    """Return the fields that follow from the invoice's total and its payments."""
    credit = cents(invoice.get("creditAmount", 0))
    payments = [
        part_for(store, payment_id, invoice["id"])
        for payment_id in invoice.get("_paymentIds", ())
    ]
    scheduled = sum_of(payments, "SCHEDULED")
    paid = sum_of(payments, "PAID")
    due = cents(invoice["totalAmount"]) - credit - scheduled - paid
    fixed = invoice.get("_fixedStatus")
    return {
        "creditAmount": dollars(credit),
        "scheduledAmount": dollars(scheduled),
        "dueAmount": dollars(0 if fixed == "VOID" else due),
        "payments": payments,
        "status": fixed or status_of(due, scheduled, paid + credit),
    }


def part_for(store: Store, payment_id: str, invoice_id: str) -> Thing:
    """Return what of a received payment goes to one invoice, as the invoice shows it.

    It bears the id of the received payment [assumed].
    """
    payment = store.state.tables["received_payment"][payment_id]
    given = sum(
        cents(part["amount"])
        for part in payment["_parts"]
        if part["invoiceId"] == invoice_id
    )
    return {
        "id": payment_id,
        "amount": dollars(given),
        "status": payment["status"],
        "date": payment["paymentDate"],
    }


def sum_of(payments: list[Thing], status: str) -> int:
    return sum(cents(each["amount"]) for each in payments if each["status"] == status)


def status_of(due: int, scheduled: int, settled: int) -> str:
    """Return BILL's word; an invoice with anything scheduled is SCHEDULED [assumed]."""
    if scheduled:
        return "SCHEDULED"
    if not settled:
        return "OPEN"
    return "PARTIAL_PAYMENT" if due > 0 else "PAID"
