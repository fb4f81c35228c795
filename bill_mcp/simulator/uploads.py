"""Pre-signed urls of Spend & Expense: the url itself is the right, no header is needed.

A file is PUT to ``/uploads/...``, beside BILL's API; what became a receipt is read from
``/receipts/...``.
"""

import base64
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bill_mcp.simulator import assumed_spend, ids
from bill_mcp.simulator.call import Call, Reply
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.operations import PREFIX
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import stamp

if TYPE_CHECKING:
    from bill_mcp.simulator.api import Request
    from bill_mcp.simulator.world import World

UPLOADS, RECEIPTS = PATHS = ("/uploads/", "/receipts/")
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4"
    "DwABAQEAHLCMmQAAAABJRU5ErkJggg=="
)
"""A picture of one pixel: receipts that nobody uploaded show it."""


def new_upload_url(call: Call) -> str:
    """Return a url that takes one file for a while."""
    token = call.world.text("upload", ids.MIXED, 40)
    until = call.world.now + timedelta(minutes=assumed_spend.UPLOAD_MINUTES)
    fields = {"_organizationId": call.organization_id, "until": stamp(until)}
    call.world.add("spend_upload", fields, key=token)
    return f"{origin(call)}{UPLOADS}{token}"


def origin(call: Call) -> str:
    return call.base_url.removesuffix(PREFIX)


def exchange(world: "World", request: "Request") -> Reply:
    """Take a file that is PUT, or give one back; anything else is refused."""
    kind, key = request.path[1:].split("/", 1)
    if kind == "uploads" and request.method == "PUT":
        upload = world.get("spend_upload", key)
        if upload is None or upload["until"] <= world.stamp:
            return denied()
        declared = request.headers.get("content-type", "").partition(";")[0].strip()
        text = base64.b64encode(request.body).decode()
        told = {"content": text, "contentType": declared}
        world.change("spend_upload", key, told)
        return Reply(None, 200)
    if kind == "receipts" and request.method == "GET":
        found = world.where("spend_receipt", "_link", key)
        if found:
            content = base64.b64decode(found[0]["_content"])
            return Reply(content, 200, found[0]["_contentType"])
    return denied()


def denied() -> Reply:
    """Return what a storage service says to a url that is made up, or was good once."""
    body = b"<Error><Code>AccessDenied</Code></Error>"
    return Reply(body, 403, "application/xml")


def receipt_of(call: Call, given: Thing, path: str) -> Thing:
    """Make the uploaded file behind ``url`` a receipt.

    Raises:
        BillError: 400 for another url or one without a file, 422 for an unsafe file.
    """
    address = urlsplit(given["url"]).path
    upload = call.world.get("spend_upload", address.removeprefix(UPLOADS))
    if upload is None or upload["_organizationId"] != call.organization_id:
        raise invalid((f"{path}.url", "must be the url of an upload"))
    if "content" not in upload:
        raise invalid((f"{path}.url", "no file was uploaded to it"))
    if upload["contentType"] not in assumed_spend.UPLOAD_TYPES:
        raise refusal("BDC_9104")
    return add_receipt(
        call.world,
        call.organization_id,
        given["filename"],
        upload["content"],
        upload["contentType"],
    )


def add_receipt(
    store: Store,
    organization_id: str,
    filename: str,
    content: str = base64.b64encode(PIXEL).decode(),
    content_type: str = "image/png",
) -> Thing:
    """Keep a receipt; return it as it stands in what it belongs to."""
    fields = {
        "_organizationId": organization_id,
        "_link": store.text("receipt link", ids.MIXED, 40),
        "_content": content,
        "_contentType": content_type,
        "filename": filename,
    }
    receipt = store.add("spend_receipt", fields)
    return {"uuid": receipt["uuid"], "filename": filename}


def shown_receipts(call: Call, receipts: list[Thing]) -> list[Thing]:
    """Give each receipt the url at which it can be read."""
    out = []
    for each in receipts:
        kept = call.world.get("spend_receipt", each.get("uuid", ""))
        link = {"url": f"{origin(call)}{RECEIPTS}{kept['_link']}"} if kept else {}
        out.append({**link, **each})
    return out
