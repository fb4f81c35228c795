"""Invoices by e-mail: nothing is sent, but who would have got what is kept."""

from bill_mcp.simulator.files import keep_file
from bill_mcp.simulator.invoice_pdf import as_pdf
from bill_mcp.simulator.store import Store, Thing


def send(store: Store, invoice: Thing, to: list[str], reply_to: str) -> Thing:
    """Keep the message as an object ``invoice_email``; return the invoice.

    The first message has the invoice drawn as a PDF, whose id it bears from then on
    [assumed]: what ``/AttachDownload?id=`` takes.
    """
    own = invoice["_organizationId"]
    message = {
        "_organizationId": own,
        "invoiceId": invoice["id"],
        "to": [address.strip() for address in to],
        "replyToUserId": reply_to,
    }
    number = store.count("invoice_email")
    store.add("invoice_email", message, key=f"invoice-email-{number}")
    if invoice.get("invoicePdfId"):
        return invoice
    customer = store.state.tables["customer"][invoice["customerId"]]
    file_id = keep_file(store, own, as_pdf(invoice, customer), "application/pdf")
    return store.change("invoice", invoice["id"], {"invoicePdfId": file_id})
