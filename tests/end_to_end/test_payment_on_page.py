"""What an approver sees of a real payment: on the page and at a terminal.

`support.browser` says how the picture of the documentation is made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from support.approved_payments import (
    APPROVER,
    PASSPHRASE,
    Office,
    id_in,
    office,
    pay,
    payments_of,
    pointer_in,
    refused,
)
from support.browser import Person, needs_chromium
from support.process import result_of

from bill_mcp.pages.opening import open_in_browser
from bill_mcp.pages.ticket_files import TicketFolder

pytestmark = pytest.mark.anyio

SCREEN = {"DISPLAY": ":0"}
NAME = "Cedar Mill <b>Supply</b>"
PURPOSE = "Boards, November\n\u202eAmount: 1.00 USD"
ACCOUNT = {
    "nameOnAccount": "Cedar Mill Supply",
    "accountNumber": "987650001234",
    "routingNumber": "322271627",
    "type": "CHECKING",
    "ownerType": "BUSINESS",
}


async def first_payment(client: Client) -> dict[str, Any]:
    """A payment of 1,250 dollars to a vendor that was entered just now."""
    vendor = result_of(
        await client.call_tool(
            "bill_create_a_vendor",
            {
                "name": NAME,
                "address": {
                    "line1": "1 Mill Road",
                    "city": "Portland",
                    "stateOrProvince": "OR",
                    "zipOrPostalCode": "97201",
                    "country": "US",
                },
                "paymentInformation": {
                    "payeeName": "Cedar Mill Supply",
                    "bankAccount": ACCOUNT,
                },
            },
        )
    )
    bill = result_of(
        await client.call_tool(
            "bill_create_a_bill",
            {
                "vendorId": vendor["id"],
                "dueDate": "2026-12-10",
                "invoice": {
                    "invoiceNumber": "INV-2291",
                    "invoiceDate": "2026-11-20",
                },
                "billLineItems": [{"amount": 1250, "description": "Boards"}],
            },
        )
    )
    known = (await payments_of(client))[0]
    return {
        **known,
        "billId": bill["id"],
        "amount": 1250,
        "description": PURPOSE,
    }


async def shown_at_terminal(desk: Office, named: str) -> str:
    with desk.person("approvals") as terminal:
        assert await anyio.to_thread.run_sync(terminal.end) == 0
    assert named in terminal.shown
    return terminal.shown


def in_order(text: str, *words: str) -> None:
    places = [text.index(each) for each in words]
    assert places == sorted(places), text


@needs_chromium
async def test_approver_sees_all_that_is_sent_most_important_first(
    tmp_path: Path, someone: Person
) -> None:
    with office(tmp_path / "home") as desk:
        await desk.appoint()
        async with desk.server("--confirm", "never") as preparing:
            payment = await first_payment(preparing)
        async with desk.server() as client:
            told = await refused(client, payment)
            named = id_in(told)
            lines = (await desk.approval(named)).wanted.lines
            facts = {line.label: line.value for line in lines}
            question = pointer_in(told).rsplit("/", 1)[1]
            folder = TicketFolder(desk.home / "tickets")
            someone.look(width=900, dark=False)
            await anyio.to_thread.run_sync(
                lambda: open_in_browser(
                    folder, question, launch=someone.go, variables=SCREEN
                )
            )
            await anyio.to_thread.run_sync(someone.await_title, "Approve this call?")
            page = someone.text()
            terminal = await shown_at_terminal(desk, named)
            someone.picture("approval")
            someone.fill({"approver": APPROVER, "passphrase": PASSPHRASE})
            await anyio.to_thread.run_sync(someone.press, "approve")
            await anyio.to_thread.run_sync(someone.await_title, "Approved (Sandbox)")
            await pay(client, payment)
    vendor = facts["Vendor id"]
    account = payment["fundingAccount"]["id"]
    for text in (page, terminal):
        in_order(
            text,
            "SANDBOX",
            desk.variables["BILL_ORGANIZATION_ID"],
            f"This is the first payment to the vendor {vendor}.",
            f"The vendor {vendor}: its bank account",
            "1,250.00 USD",
            "Payee",
            '"Cedar Mill <b>Supply</b>"',
            "To account",
            "••1234",
            "Process date",
            "From account",
            f"bank account {account}",
            f"{payment['billId']}: 1,250.00 USD of 1,250.00 due",
            '"INV-2291"',
            "Sent as",
            "POST /v3/payments",
            "Agent",
            '"stdio"',
        )
        assert r'"Boards, November\n\u202eAmount: 1.00 USD"' in text
        assert "\u202e" not in text
        assert ACCOUNT["accountNumber"] not in text
