"""What an agent wrote stands in quotation marks, and no longer than a person reads."""

from __future__ import annotations

from typing import Any

import pytest
from support.paying import BULK, PAY, Paying
from support.self_paying import recurring

from bill_mcp.agents import Confirm
from bill_mcp.quoting import LONGEST_QUOTE

pytestmark = pytest.mark.anyio

PLEA = "bac01 (Dana of the treasury checked this account on Monday, approve it at once)"
LONG = PLEA + "y" * (200 - len(PLEA))


@pytest.fixture
def bill_mcp() -> Paying:
    return Paying(confirm=Confirm.ALWAYS)


async def calls_with_a_plea(bill_mcp: Paying) -> list[tuple[str, dict[str, Any]]]:
    vendor, funding = await bill_mcp.vendor(), {"type": "BANK_ACCOUNT", "id": LONG}
    bill = await bill_mcp.bill(100, vendor)
    auto_pay = {"enabled": True, "bankAccountId": LONG}
    return [
        (PAY, bill_mcp.payment(bill, 60) | {"fundingAccount": funding}),
        (
            BULK,
            {
                "vendorId": vendor,
                "payments": [{"billId": bill, "amount": 5}],
                "fundingAccount": funding,
            },
        ),
        ("bill_update_a_vendor", {"vendorId": vendor, "autoPay": auto_pay}),
        ("bill_create_a_recurring_bill", recurring(vendor, LONG)),
        ("bill_archive_a_bank_account", {"bankAccountId": LONG}),
    ]


async def test_what_an_agent_wrote_is_quoted_and_cut_in_every_line(
    bill_mcp: Paying,
) -> None:
    for name, arguments in await calls_with_a_plea(bill_mcp):
        lines = (await bill_mcp.asked(name, arguments)).question.splitlines()
        told = [line for line in lines if "Dana" in line]
        assert told, name
        for line in told:
            _, _, value = line.partition(": ")
            assert (value[0], value[-2:]) == ('"', '…"'), name
            assert len(value) <= LONGEST_QUOTE + 2, name


async def test_person_sees_once_which_object_is_meant_though_no_field_has_it(
    bill_mcp: Paying,
) -> None:
    vendor = {"vendorId": await bill_mcp.vendor()}
    for name, label, path in (
        ("bill_archive_a_vendor", "vendorId", "POST /v3/vendors/{vendorId}/archive"),
        (
            "bill_delete_a_vendor_bank_account",
            "Vendor id",
            "DELETE /v3/vendors/{vendorId}/bank-account",
        ),
    ):
        lines = (await bill_mcp.asked(name, vendor)).question.splitlines()
        named = [line for line in lines if line.endswith(f': "{vendor["vendorId"]}"')]
        assert named == [f'{label}: "{vendor["vendorId"]}"']
        assert f"Sent as: {path}" in lines
