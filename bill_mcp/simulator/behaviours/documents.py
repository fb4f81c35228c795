"""Documents of bills: an upload (0du) that becomes a document (00h) after a while."""

from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.attached_files import keep_upload, with_link
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.lifecycle import after_change, plan
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.store import Store, Thing

DOCUMENTS = Listing("document", {})


@behaviour("bill_documents_upload")
def upload_document(call: Call) -> Thing:
    """Answer with the upload's id alone; name, time and link come with the document.

    Where the world is set to no delay, the document is there at once.
    """
    bill = call.writable("bill", call.path["billId"])
    fields = {
        **keep_upload(call),
        "_billId": bill["id"],
        "_read": call.world.switch("production"),
        "status": "IN_PROGRESS",
    }
    upload = call.add("document_upload", fields)
    upload = plan(call.world, "document_upload", upload["id"], upload)
    if "documentId" in upload:
        return with_link(call, call.one("document", upload["documentId"]))
    return {"id": upload["id"]}


@after_change("document_upload")
def finish_upload(store: Store, before: Thing, after: Thing) -> Thing:
    """Turn a finished upload into a document whose link works."""
    if after["status"] != "UPLOADED" or "documentId" in after:
        return after
    names = ("_organizationId", "_billId", "_fileId", "name")
    document = store.add("document", {name: after[name] for name in names})
    store.change("file", after["_fileId"], {"status": "READY"})
    changes = {"documentId": document["id"]}
    return store.change("document_upload", after["id"], changes)


@behaviour("documents_get_upload_status")
def get_upload_status(call: Call) -> list[Thing]:
    """Answer for each of the ids, which are joined by commas."""
    ids = [each.strip() for each in call.query["ids"].split(",")]
    uploads = [call.one("document_upload", each) for each in ids if each]
    if not uploads:
        raise refusal("BDC_1205")
    return [{**upload, "uploadId": upload["id"]} for upload in uploads]


@behaviour("bill_documents_list")
def list_documents(call: Call) -> Thing:
    bill = call.one("bill", call.path["billId"])
    rows = call.world.where("document", "_billId", bill["id"])
    return page(
        call, DOCUMENTS, rows=rows, present=lambda document: with_link(call, document)
    )


@behaviour("documents_get")
def get_document(call: Call) -> Thing:
    return with_link(call, call.one("document", call.path["documentId"]))
