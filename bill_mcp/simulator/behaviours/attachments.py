"""Attachments: files about a vendor, a customer, or an invoice."""

from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.attached_files import keep_upload, with_link
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid
from bill_mcp.simulator.lifecycle import plan
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.store import Thing

ATTACHMENTS = Listing("attachment", {})


@behaviour("vendor_attachments_upload")
def upload_to_vendor(call: Call) -> Thing:
    return attach(call, call.writable("vendor", call.path["vendorId"]))


@behaviour("customer_attachments_upload")
def upload_to_customer(call: Call) -> Thing:
    return attach(call, call.writable("customer", call.path["customerId"]))


@behaviour("invoice_attachments_upload")
def upload_to_invoice(call: Call) -> Thing:
    """Attach a file; with ``replaceInvoicePdf`` it takes the invoice's PDF's place."""
    invoice = call.writable("invoice", call.path["invoiceId"])
    if not call.query.get("replaceInvoicePdf"):
        return attach(call, invoice)
    if not call.query["name"].lower().endswith(".pdf"):
        raise invalid(("name", "must be a PDF to replace the invoice's PDF"))
    for other in call.world.where("attachment", "_of", invoice["id"]):
        if other["_isInvoicePdf"]:
            call.world.put("attachment", other["id"], None)
    return attach(call, invoice, is_invoice_pdf=True)


def attach(call: Call, owner: Thing, *, is_invoice_pdf: bool = False) -> Thing:
    """Add an attachment to *owner*; its link works only after a while."""
    fields = {
        **keep_upload(call),
        "_of": owner["id"],
        "_isInvoicePdf": is_invoice_pdf,
    }
    attachment = call.add("attachment", fields)
    file_id = attachment["_fileId"]
    plan(call.world, "file", file_id, call.world.state.tables["file"][file_id])
    return with_link(call, attachment)


@behaviour("attachments_get")
def get_attachment(call: Call) -> Thing:
    return with_link(call, call.one("attachment", call.path["attachmentId"]))


@behaviour("vendor_attachments_list")
def list_of_vendor(call: Call) -> Thing:
    return list_of(call, call.one("vendor", call.path["vendorId"]))


@behaviour("customer_attachments_list")
def list_of_customer(call: Call) -> Thing:
    return list_of(call, call.one("customer", call.path["customerId"]))


@behaviour("invoice_attachments_list")
def list_of_invoice(call: Call) -> Thing:
    return list_of(call, call.one("invoice", call.path["invoiceId"]))


def list_of(call: Call, owner: Thing) -> Thing:
    rows = call.world.where("attachment", "_of", owner["id"])
    return page(
        call,
        ATTACHMENTS,
        rows=rows,
        present=lambda attachment: with_link(call, attachment),
    )
