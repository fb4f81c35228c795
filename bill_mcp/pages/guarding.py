"""Turns away requests that no page of ours sent, whatever path they are for.

A page of another site can make the person's browser send requests to this machine, and
can give a name of its own the address 127.0.0.1. So the host must be ours by name and
port, and a POST must come from a page of ours. Our pages forbid referrers, and then
browsers send ``Origin: null`` even from them (seen in Chromium 156); such a POST counts
as ours only where the browser vouches for it with ``Sec-Fetch-Site: same-origin``,
a header that no page can set. All of this is about browsers: a program can forge every
header, and what stops it is that it has neither ticket nor cookie.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bill_mcp.pages import plain_pages
from bill_mcp.pages.layout import headers as own_headers

ENTER = "/enter"
"""Takes tickets, from a file that the browser opened: its origin is ``null``."""

HOST_NAMES = ("127.0.0.1", "localhost")


class Guarded:
    """Wraps the pages: checks host and origin, and adds the headers of every answer.

    Args:
        app: The pages.
        port: Where they are served.
    """

    def __init__(self, app: ASGIApp, *, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in HOST_NAMES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(own_headers())
            await send(message)

        app = self._app if self._is_ours(scope) else _refused()
        await app(scope, receive, send_guarded)

    def _is_ours(self, scope: Scope) -> bool:
        given = Headers(scope=scope)
        hosts = given.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return False
        if scope["method"] in {"GET", "HEAD"}:
            return True
        return self._is_from_our_page(given, hosts[0], scope["path"])

    def _is_from_our_page(self, given: Mapping[str, str], host: str, path: str) -> bool:
        origin, site = given.get("origin"), given.get("sec-fetch-site")
        if origin == f"http://{host.lower()}":
            return site in {None, "same-origin"}
        if origin != "null":
            return False
        return path == ENTER or site == "same-origin"


def _refused() -> ASGIApp:
    return HTMLResponse(plain_pages.refused(), status_code=403)
