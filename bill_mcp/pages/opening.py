"""Opens the form of a question in the browser of the person at this machine.

The ticket must reach the server without standing in an address (browser history, agent
logs), on a command line (list of processes) or anywhere else that others read. So it
lies in a page that only this user can read; the browser is started on the file's name,
and the page sends the ticket in the body of a POST. Once it has arrived, ticket and
file are gone. Without JavaScript the page shows a button that does the same.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Callable, Mapping

from bill_mcp.pages.guarding import ENTER
from bill_mcp.pages.layout import source_hash, style
from bill_mcp.pages.markup import Html, foreign, tag
from bill_mcp.pages.ticket_files import TicketFile, TicketFolder

Launch = Callable[[str], bool]
"""Starts a browser on an address; says whether there was one."""

_SUBMIT = "document.forms[0].submit()"
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def open_in_browser(
    folder: TicketFolder,
    question_id: str,
    *,
    launch: Launch = webbrowser.open,
    variables: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
) -> bool:
    """Whether a browser was started on the form of that question. Blocks a moment.

    False where the question has no ticket any more, and where there is no display: the
    browsers that Python would find then are for terminals, and would take ours.
    """
    ticket = folder.get(question_id)
    if ticket is None or not _has_display(variables, platform):
        return False
    path = folder.put_page(question_id, handing_in(ticket))
    if launch(path.absolute().as_uri()):
        return True
    path.unlink(missing_ok=True)
    return False


def handing_in(ticket: TicketFile) -> str:
    """The private page that hands the ticket in."""
    policy = (
        f"default-src 'none'; style-src '{source_hash(style())}'; "
        f"script-src '{source_hash(_SUBMIT)}'; form-action {ticket.address}"
    )
    hidden = [
        tag("input", type="hidden", name=name, value=value)
        for name, value in (("question", ticket.id), ("ticket", ticket.ticket))
    ]
    body = tag(
        "div",
        tag(
            "main",
            tag("h1", "Opening the form"),
            tag("p", foreign(ticket.title)),
            tag(
                "form",
                *hidden,
                tag("button", "Continue", class_="main"),
                method="post",
                action=f"{ticket.address}{ENTER}",
            ),
            class_="card",
        ),
        tag("footer", "Compare: ", tag("b", ticket.phrase), class_="phrase"),
        class_="frame",
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("title", "Opening the form · bill-mcp"),
        tag("style", Html(style())),
    )
    script = tag("script", Html(_SUBMIT))
    return "<!doctype html>" + tag("html", head, tag("body", body, script), lang="en")


def _has_display(variables: Mapping[str, str], platform: str) -> bool:
    if platform in {"darwin", "win32"}:
        return True
    return any(variables.get(name) for name in _DISPLAYS)
