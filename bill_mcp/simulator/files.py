"""Files that a download link leads to: ``/connect/AttachDownload?id=...``.

The link carries no right by itself: the session's header does.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from bill_mcp.simulator import ids
from bill_mcp.simulator.call import Call, Reply
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.sessions import live_session
from bill_mcp.simulator.store import Store

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

DOWNLOAD_PATH = "/AttachDownload"


def keep_file(
    store: Store,
    organization_id: str,
    content: bytes,
    content_type: str,
    status: str = "READY",
) -> str:
    """Keep a file of the organization; return its id for ``link_to``.

    While *status* is PREPARING its link leads nowhere, as with a fresh upload.
    """
    key = store.text("file", ids.MIXED, 24)
    fields = {
        "_organizationId": organization_id,
        "contentType": content_type,
        "status": status,
        "content": base64.b64encode(content).decode(),
    }
    store.add("file", fields, key=key)
    return key


def link_to(call: Call, file_id: str) -> str:
    return f"{call.base_url}{DOWNLOAD_PATH}?id={file_id}"


def download(world: "World", query: str, headers: Mapping[str, str]) -> Reply:
    """Answer with the file's bytes.

    Raises:
        BillError: 401 without a live session, 404 if its organization has no such file.
    """
    session = live_session(world, headers.get("sessionid", ""))
    if session is None:
        raise refusal("BDC_1109")
    kept = world.get("file", dict(parse_qsl(query)).get("id", ""))
    if kept is None or kept["_organizationId"] != session["organizationId"]:
        raise refusal("BDC_1205")
    if kept["status"] != "READY":
        raise refusal("BDC_1205", "The file is not ready for download yet.")
    return Reply(base64.b64decode(kept["content"]), 200, kept["contentType"])
