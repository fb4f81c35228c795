"""``bill-mcp open``: opens the form of a question in this person's browser."""

from __future__ import annotations

import sys

from bill_mcp.clock import SystemClock
from bill_mcp.errors import ConfigError
from bill_mcp.pages.markup import foreign
from bill_mcp.pages.opening import open_in_browser
from bill_mcp.pages.ticket_files import TicketFile, TicketFolder
from bill_mcp.settings_places import resolve_home

NO_BROWSER = (
    "no browser can be opened here; give the code or the account in a terminal: "
    "`bill-mcp login --mfa --terminal` or `bill-mcp login --terminal`; what waits for "
    "an approver: `bill-mcp approve`"
)


def open_waiting(question: str | None) -> int:
    """Open the question that waits; the exit code of the command.

    *question* is its id, or the whole address that an agent told.

    Raises:
        ConfigError: Nothing waits, several do, or there is no browser.
    """
    folder = TicketFolder(resolve_home({}).path / "tickets")
    waiting = folder.waiting(SystemClock().now())
    if question is not None:
        wanted = question.rstrip("/").rpartition("/")[2]
        waiting = [ticket for ticket in waiting if ticket.id == wanted]
    if not waiting:
        raise ConfigError("nothing waits for you here, or its form is open already")
    if len(waiting) > 1:
        listed = "".join(f"\n  bill-mcp open {_told(ticket)}" for ticket in waiting)
        raise ConfigError(f"several questions wait for you; choose one:{listed}")
    [ticket] = waiting
    if not open_in_browser(folder, ticket.id):
        raise ConfigError(NO_BROWSER)
    sys.stdout.write(
        "Your browser opens a form. Go on only if it shows the same four words:\n\n"
        f"    {foreign(ticket.phrase)}\n\n"
    )
    return 0


def _told(ticket: TicketFile) -> str:
    return f"{ticket.id}   {foreign(ticket.title)} ({foreign(ticket.phrase)})"
