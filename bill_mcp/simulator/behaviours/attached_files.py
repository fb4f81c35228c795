"""Files attached to objects: raw bytes in the body, the name in the query."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid
from bill_mcp.simulator.files import keep_file, link_to
from bill_mcp.simulator.store import Thing


def keep_upload(call: Call) -> Thing:
    """Keep the request's file and return what its object says about it.

    Raises:
        BillError: 400; nothing came, too much, a form, or a type that BILL refuses.
    """
    name, content = call.query["name"], call.body
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension not in assumed.FILE_TYPES:
        known = ", ".join(assumed.FILE_TYPES)
        raise invalid(("name", f"must end with one of these extensions: {known}"))
    if call.headers.get("content-type", "").startswith("multipart/"):
        raise invalid(("body", "must be the bytes of the file, not a form"))
    if not content:
        raise invalid(("body", "Required request body is missing"))
    if len(content) > assumed.FILE_BYTES_AT_MOST:
        raise invalid(("body", "The file must not be larger than 6 MB"))
    kind = assumed.FILE_TYPES[extension]
    own = call.organization_id
    file_id = keep_file(call.world, own, content, kind, "PREPARING")
    return {"name": name, "_fileId": file_id}


def with_link(call: Call, thing: Thing) -> Thing:
    """Add the link, which opens with the session's header and not by itself."""
    return {**thing, "downloadLink": link_to(call, thing["_fileId"])}
