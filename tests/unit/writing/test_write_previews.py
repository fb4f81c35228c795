"""A preview: what would be sent now, and what speaks against it; nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from support.paying import BULK, PAY, Paying
from support.payments import rules

from bill_mcp.agents import Confirm
from bill_mcp.errors import Outcome
from bill_mcp.present import OUR_KEY
from bill_mcp.records.approvals import Via

pytestmark = pytest.mark.anyio

PREVIEW = {"preview": True}


async def shown(
    bill_mcp: Paying, name: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    """What a preview tells; it has neither written nor sent anything."""
    sent, states = len(bill_mcp.upstream.writes), bill_mcp.states
    told = await bill_mcp.call(name, arguments | PREVIEW)
    assert len(bill_mcp.upstream.writes) == sent
    assert bill_mcp.states == states
    assert await bill_mcp.server.records.approvals.waiting() == []
    assert set(told) == {OUR_KEY}
    notes: dict[str, Any] = told[OUR_KEY]
    return notes


async def test_preview_of_a_payment_is_the_request_that_then_goes_out() -> None:
    bill_mcp = Paying()
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    notes = await shown(bill_mcp, PAY, arguments)
    body = notes["preview"]["body"]
    assert body["processDate"] == "2026-11-24"
    assert "needs_person" not in notes
    await bill_mcp.call(PAY, arguments)
    (sent,) = bill_mcp.upstream.writes
    # The number is made anew by each call.
    ours, theirs = body.pop("transactionNumber"), sent.json()
    assert ours != theirs.pop("transactionNumber")
    assert body == theirs


async def test_preview_says_why_a_person_would_be_asked() -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    notes = await shown(bill_mcp, PAY, arguments)
    causes = [reason["cause"] for reason in notes["needs_person"]]
    assert causes[0] == "effect"
    assert "bank_details" in causes  # the vendor was made a moment ago
    assert "asks a person about money" in notes["needs_person"][0]["message"]


async def test_preview_refuses_what_the_policy_refuses() -> None:
    limits = {"USD": {"payment": 50}}
    bill_mcp = Paying(rules=rules(vendors=[], limits=limits))
    bill = await bill_mcp.bill(100)
    arguments = bill_mcp.payment(bill, 60) | PREVIEW
    assert (await bill_mcp.refused(PAY, arguments)).code == "vendor_denied"
    free = bill_mcp.agent(rules=rules(limits=limits))
    assert (await bill_mcp.refused(PAY, arguments, free)).code == "limit_payment"
    preparing = bill_mcp.agent(rules=rules("prepare"))
    assert (await bill_mcp.refused(PAY, arguments, preparing)).code == "mode"
    assert bill_mcp.states == []


async def test_preview_of_what_was_done_or_may_be_done_says_so() -> None:
    bill_mcp = Paying()
    bill, lost = await bill_mcp.bill(100), await bill_mcp.bill(100)
    await bill_mcp.pay(bill, 60)
    told = await bill_mcp.not_paid(bill, 60, preview=True)
    assert (told.code, told.outcome) == ("duplicate", Outcome.DONE)
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(lost, 60)
    told = await bill_mcp.not_paid(lost, 60, preview=True)
    assert (told.code, told.outcome) == ("outcome_unknown", Outcome.UNKNOWN)


async def test_preview_does_not_take_the_stored_answer_away() -> None:
    bill_mcp = Paying()
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="after", hide_s=30)
    await bill_mcp.not_paid(bill, 60)
    bill_mcp.pass_time(200)
    assert (await bill_mcp.not_paid(bill, 60, preview=True)).code == "duplicate"
    assert (await bill_mcp.pay(bill, 60))[OUR_KEY]["already_done"] is True


async def test_preview_of_other_writes_shows_the_whole_request() -> None:
    bill_mcp = Paying(confirm=Confirm.ALWAYS)
    vendor = await bill_mcp.vendor()
    bills = [await bill_mcp.bill(100, vendor) for _ in range(2)]
    payments = [{"billId": bill, "amount": 40} for bill in bills]
    funding = bill_mcp.payment("", 1)["fundingAccount"]
    calls: list[tuple[str, dict[str, Any], str]] = [
        (
            BULK,
            {"vendorId": vendor, "payments": payments, "fundingAccount": funding},
            "/v3/payments/bulk",
        ),
        (
            "bill_archive_a_vendor",
            {"vendorId": vendor},
            f"/v3/vendors/{vendor}/archive",
        ),
        (
            "bill_create_a_department",
            {"name": "North"},
            "/v3/classifications/departments",
        ),
    ]
    for name, arguments, path in calls:
        notes = await shown(bill_mcp, name, arguments)
        assert notes["preview"]["method"] == "POST"
        assert notes["preview"]["url"].endswith(path)
        assert notes["environment"] == "sandbox"
        assert notes["needs_person"]
        for key, value in arguments.items():
            if key != "vendorId" or name == BULK:
                assert notes["preview"]["body"][key] == value


async def test_preview_counts_what_the_day_has_cost_already() -> None:
    bill_mcp = Paying(rules=rules(limits={"USD": {"day": 100}}))
    await bill_mcp.pay(await bill_mcp.bill(100), 60)
    arguments = bill_mcp.payment(await bill_mcp.bill(101), 60) | PREVIEW
    told = await bill_mcp.refused(PAY, arguments)
    assert (told.code, told.outcome) == ("limit_day", Outcome.NOT_DONE)
    assert len(bill_mcp.payments()) == 1


async def test_preview_refuses_what_a_person_could_not_be_shown() -> None:
    bill_mcp = Paying(confirm=Confirm.ALWAYS)
    lines = [{"amount": 1, "description": f"item {n}"} for n in range(220)]
    arguments = {
        "vendorId": await bill_mcp.vendor(),
        "dueDate": "2026-12-15",
        "invoice": {"invoiceNumber": "N-1", "invoiceDate": "2026-11-20"},
        "billLineItems": lines,
    }
    name = "bill_create_a_bill"
    for more in (PREVIEW, {}):
        told = await bill_mcp.refused(name, arguments | more)
        assert (told.code, told.outcome) == ("too_much_to_show", Outcome.NOT_DONE)
    unasked = bill_mcp.agent(confirm=Confirm.NEVER)
    told_too = await bill_mcp.call(name, arguments | PREVIEW, unasked)
    assert "needs_person" not in told_too[OUR_KEY]
    assert await bill_mcp.server.records.approvals.recent() == []


async def test_preview_refuses_what_a_person_declined_a_moment_ago() -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    key = (await bill_mcp.asked(PAY, arguments)).approval_id
    await bill_mcp.server.records.approvals.decide(
        key, grant=False, by="dana", via=Via.PAGE
    )
    told = await bill_mcp.refused(PAY, arguments | PREVIEW)
    assert (told.code, told.outcome) == ("approval_declined", Outcome.NOT_DONE)
    bill_mcp.pass_time(600)
    assert (await shown(bill_mcp, PAY, arguments))["needs_person"]
    assert len(await bill_mcp.server.records.approvals.recent()) == 1
