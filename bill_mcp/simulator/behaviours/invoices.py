"""Invoices: what customers owe."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.customers import add_customer
from bill_mcp.simulator.behaviours.invoice_emails import email_if_asked
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.classification_references import require_known
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.filters import Field, boolean, choice, day, ident
from bill_mcp.simulator.invoice_making import (
    LINES,
    add_invoice,
    counted_up,
    is_taken,
    patched_lines,
    replaced_lines,
    tax_rate,
)
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.store import Thing

STATUSES = ("OPEN", "PARTIAL_PAYMENT", "PAID", "SCHEDULED", "VOID", "UNDEFINED")

INVOICES = Listing(
    "invoice",
    {
        "id": ident(),
        "archived": boolean(),
        "customerId": ident("eq", "in"),
        "invoiceNumber": Field(("eq", "ne", "in", "sw"), str),
        "status": choice(STATUSES),
        "dueDate": day(),
        "invoiceDate": day(),
    },
    sortable=("invoiceDate", "dueDate", "totalAmount"),
)


@behaviour("invoices_list")
def list_invoices(call: Call) -> Thing:
    return page(call, INVOICES)


@behaviour("invoices_get")
def get_invoice(call: Call) -> Thing:
    return call.one("invoice", call.path["invoiceId"])


@behaviour("invoices_create")
def create_invoice(call: Call) -> Thing:
    given, send = wanted(call)
    if "invoiceNumber" in given:
        refuse_duplicate(call, given["invoiceNumber"])
    invoice = add_invoice(call.world, call.organization_id, given)
    if send is None:
        send = assumed.NEW_INVOICES_ARE_SENT_UNASKED
    return email_if_asked(call, invoice, send)


def wanted(call: Call) -> tuple[Thing, bool | None]:
    """Return the body as an invoice's fields, and whether the invoice is to be sent.

    Where the body has ``customer``, the fields have ``customerId`` [code (live)].
    """
    given: Thing = dict(call.body)
    options = given.pop("processingOptions", {})
    require_known(call, given)
    require_known(call, given.get("classifications", {}), "classifications.")
    for number, line in enumerate(given.get(LINES, ())):
        path = f"{LINES}[{number}].classifications."
        require_known(call, line.get("classifications", {}), path)
    if "customer" in given:
        given["customerId"] = customer_of(call, given.pop("customer"))
    return given, options.get("sendEmail")


def customer_of(call: Call, customer: Thing) -> str:
    """Return the id of the customer that is named, or is made from name and email."""
    if "id" in customer:
        found = call.writable("customer", customer["id"])
    else:
        found = add_customer(call, customer)
    key: str = found["id"]
    return key


@behaviour("invoices_replace")
def replace_invoice(call: Call) -> Thing:
    """Take the body as the whole invoice; lines left out are removed."""
    invoice = editable(call)
    given, send = wanted(call)
    lines = replaced_lines(call.world, invoice[LINES], given[LINES])
    kept = {name: invoice[name] for name in KEPT if name in invoice}
    new = {**kept, **given, **tax_rate(call.world, given), LINES: lines}
    return email_if_asked(call, edit(call, invoice, new), send)


KEPT = (
    "id",
    "_seq",
    "_organizationId",
    "_paymentIds",
    "_fixedStatus",
    "createdTime",
    "archived",
    "exchangeRate",
    "invoicePdfId",
    "invoiceNumber",
    "invoiceDate",
    "dueDate",
)
"""What a PUT keeps unless it says it: BILL's own, and what BILL has defaults for."""


@behaviour("invoices_update")
def update_invoice(call: Call) -> Thing:
    """Lay the given fields over the invoice.

    A given line without classifications loses its own.
    """
    invoice = editable(call)
    given, send = wanted(call)
    new = {**invoice, **given, **tax_rate(call.world, given)}
    if LINES in given:
        new[LINES] = patched_lines(invoice[LINES], given[LINES])
    return email_if_asked(call, edit(call, invoice, new), send)


def editable(call: Call) -> Thing:
    invoice = call.writable("invoice", call.path["invoiceId"])
    if invoice["status"] in assumed.INVOICE_STATUSES_THAT_BLOCK_CHANGES:
        raise refusal("BDC_9002")
    return invoice


def edit(call: Call, invoice: Thing, new: Thing) -> Thing:
    """Replace *invoice* by *new*, if the rules allow what differs."""
    if new["invoiceNumber"] != invoice["invoiceNumber"]:
        refuse_duplicate(call, new["invoiceNumber"], but=invoice["id"])
    if new["customerId"] != invoice["customerId"] and invoice["payments"]:
        raise refusal("BDC_9042", what="its customer cannot change")
    new = counted_up(call.world, new)
    if new["dueAmount"] < 0:
        raise refusal("BDC_9042", what="its total cannot be less than they are")
    new["updatedTime"] = call.world.stamp
    call.world.put("invoice", invoice["id"], new)
    return new


def refuse_duplicate(call: Call, number: str, but: str = "") -> None:
    """Refuse with BDC_1171 a number that another invoice of the organization has."""
    if is_taken(call.world, call.organization_id, number, but):
        raise refusal("BDC_1171")


@behaviour("invoices_archive")
def archive_invoice(call: Call) -> Thing:
    """Cancel the invoice: the only way there is, and no status says so."""
    invoice = call.one("invoice", call.path["invoiceId"])
    if not invoice["archived"] and invoice["scheduledAmount"]:
        raise refusal("BDC_9042", what="one is scheduled")
    if not invoice["archived"] and invoice["status"] == "PAID":
        raise refusal("BDC_9042", what="it is paid")
    return call.archive("invoice", invoice["id"])


@behaviour("invoices_restore")
def restore_invoice(call: Call) -> Thing:
    invoice = call.one("invoice", call.path["invoiceId"])
    if invoice["archived"]:
        refuse_duplicate(call, invoice["invoiceNumber"], but=invoice["id"])
    return call.archive("invoice", invoice["id"], archived=False)
