"""A person at the machine where the server runs, with a browser, played over HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from bill_mcp.pages.ticket_files import TicketFolder

CODE = "123456"


class Person:
    """Opens the waiting page by its ticket, as ``bill-mcp open`` does."""

    def __init__(self, home: Path) -> None:
        self._folder = TicketFolder(home / "tickets")
        self.phrase = ""

    async def complete_mfa(self, question_id: str, *, device: str | None) -> str:
        """Ask for the code and give it; answers the last page's text."""
        async with self._entered(question_id) as (browser, form, page):
            sent = await _press(browser, form, page, "text")
            remembering = {"remember": "yes", "device": device} if device else {}
            return await _press(
                browser, form, sent, "confirm", code=CODE, **remembering
            )

    async def decide(self, question_id: str, button: str, **fields: str) -> str:
        """Press a button of the approval's form; answers what it showed before."""
        async with self._entered(question_id) as (browser, form, page):
            await _press(browser, form, page, button, **fields)
            return page

    @asynccontextmanager
    async def _entered(
        self, question_id: str
    ) -> AsyncIterator[tuple[httpx.AsyncClient, str, str]]:
        """A browser, the address of the form, and the form."""
        ticket = self._folder.get(question_id)
        assert ticket is not None
        self.phrase = ticket.phrase
        async with httpx.AsyncClient(base_url=ticket.address, timeout=20) as browser:
            entered = await browser.post(
                "/enter",
                data={"question": question_id, "ticket": ticket.ticket},
                headers={"origin": "null", "sec-fetch-site": "cross-site"},
            )
            form = entered.text.split("0;url=")[1].split('"')[0]
            yield browser, form, (await browser.get(form)).text


async def _press(
    browser: httpx.AsyncClient, form: str, page: str, button: str, **fields: str
) -> str:
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None, page
    answer = await browser.post(
        form,
        data={"csrf": csrf.group(1), "do": button, **fields},
        headers={"origin": str(browser.base_url).rstrip("/")},
    )
    if button == "cancel":  # the form is gone, so what it says is the answer itself
        assert answer.status_code == 200, answer.text
        return answer.text
    assert answer.status_code == 303, answer.text
    return (await browser.get(form)).text
