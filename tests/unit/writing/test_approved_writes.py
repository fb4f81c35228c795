"""A person's agreement through the whole path: bound, and spent once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from support.paying import OTHER_ACCOUNT, PAY, Paying

from bill_mcp.agents import Confirm
from bill_mcp.errors import Outcome
from bill_mcp.records.approvals import Via
from bill_mcp.records.audit import Kind

pytestmark = pytest.mark.anyio


@pytest.fixture
def bill_mcp() -> Paying:
    return Paying(confirm=Confirm.AUTO)


async def test_what_a_person_agreed_to_is_what_is_sent(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(100)
    arguments = bill_mcp.payment(bill, 60, description="for November")
    question = await bill_mcp.asked(PAY, arguments)
    assert bill_mcp.upstream.writes == []
    assert bill_mcp.states == []
    shown = await bill_mcp.server.records.approvals.find(question.approval_id)
    assert shown is not None
    approval_id = await bill_mcp.grant(question)
    bill_mcp.pass_time(300)
    told = await bill_mcp.call(PAY, arguments | {"approval_id": approval_id})
    (sent,) = bill_mcp.upstream.writes
    assert sent.json()["transactionNumber"] == shown.wanted.transaction_number
    assert sent.json()["description"] == "for November"
    (made,) = bill_mcp.payments(bill)
    assert told["transactionNumber"] == shown.wanted.transaction_number
    assert made["id"] == told["id"]


async def test_what_is_sent_has_the_digest_that_was_approved(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(100)
    arguments = bill_mcp.payment(bill, 60)
    question = await bill_mcp.asked(PAY, arguments)
    approval_id = await bill_mcp.grant(question)
    await bill_mcp.call(PAY, arguments | {"approval_id": approval_id})
    approval = await bill_mcp.server.records.approvals.find(approval_id)
    assert approval is not None
    (sent,) = bill_mcp.upstream.writes
    assert hashlib.sha256(sent.body).hexdigest() == approval.wanted.request_digest


async def test_granted_call_goes_through_without_its_id_too(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(100)
    question = await bill_mcp.asked(PAY, bill_mcp.payment(bill, 60))
    await bill_mcp.grant(question)
    await bill_mcp.pay(bill, 60)
    assert len(bill_mcp.payments(bill)) == 1


async def test_asking_again_is_the_same_question(bill_mcp: Paying) -> None:
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    first = await bill_mcp.asked(PAY, arguments)
    again = await bill_mcp.asked(PAY, arguments)
    assert first.approval_id == again.approval_id


REWORDED: list[dict[str, Any]] = [
    {"amount": 61},
    {"description": "else"},
    {"processDate": "2026-12-08"},
    {"fundingAccount": {"type": "WALLET"}},
    {"transactionNumber": "MINE"},
]


@pytest.mark.parametrize("more", REWORDED, ids=lambda more: next(iter(more)))
async def test_approval_of_one_call_does_not_serve_another(
    bill_mcp: Paying, more: dict[str, Any]
) -> None:
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    approval_id = await bill_mcp.grant(await bill_mcp.asked(PAY, arguments))
    told = await bill_mcp.refused(PAY, arguments | more | {"approval_id": approval_id})
    assert (told.code, told.outcome) == ("approval_mismatch", Outcome.NOT_DONE)
    assert bill_mcp.payments() == []


async def test_approval_of_one_bill_does_not_serve_another(bill_mcp: Paying) -> None:
    bills = [await bill_mcp.bill(100) for _ in range(2)]
    question = await bill_mcp.asked(PAY, bill_mcp.payment(bills[0], 60))
    approval_id = await bill_mcp.grant(question)
    told = await bill_mcp.not_paid(bills[1], 60, approval_id=approval_id)
    assert told.code == "approval_mismatch"
    assert bill_mcp.payments() == []


async def test_approval_that_was_used_serves_no_second_call(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(100)
    arguments = bill_mcp.payment(bill, 60)
    approval_id = await bill_mcp.grant(await bill_mcp.asked(PAY, arguments))
    await bill_mcp.call(PAY, arguments | {"approval_id": approval_id})
    # Of the same payment the duplicate says more; so one that is no payment.
    told = await bill_mcp.not_paid(bill, 60, approval_id=approval_id)
    assert told.code == "duplicate"
    vendor = {"vendorId": await bill_mcp.vendor()}
    archive, restore = "bill_archive_a_vendor", "bill_restore_an_archived_vendor"
    spent = await bill_mcp.grant(await bill_mcp.asked(archive, vendor))
    await bill_mcp.call(archive, vendor | {"approval_id": spent})
    await bill_mcp.call(restore, vendor)
    bill_mcp.clock.advance(1)
    told = await bill_mcp.refused(archive, vendor | {"approval_id": spent})
    assert told.code == "approval_spent"


@pytest.mark.parametrize(
    ("decided", "code"),
    [
        (None, "approval_waiting"),
        ("deny", "approval_declined"),
        ("cancel", "approval_cancelled"),
        ("expire", "approval_expired"),
        ("grant and expire", "approval_expired"),
    ],
)
async def test_approval_that_is_no_agreement_has_its_own_code(
    bill_mcp: Paying, decided: str | None, code: str
) -> None:
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    key = (await bill_mcp.asked(PAY, arguments)).approval_id
    approvals = bill_mcp.server.records.approvals
    if decided == "deny":
        await approvals.decide(key, grant=False, by="dana", via=Via.PAGE)
    elif decided == "cancel":
        await approvals.cancel(key, via=Via.PAGE)
    elif decided == "grant and expire":
        bill_mcp.pass_time(599)
        await approvals.decide(key, grant=True, by="dana", via=Via.PAGE)
        bill_mcp.pass_time(1)
    elif decided == "expire":
        bill_mcp.pass_time(600)
    told = await bill_mcp.refused(PAY, arguments | {"approval_id": key})
    assert (told.code, told.outcome) == (code, Outcome.NOT_DONE)
    assert bill_mcp.payments() == []


async def test_approval_of_another_agent_serves_nobody_else(bill_mcp: Paying) -> None:
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    approval_id = await bill_mcp.grant(await bill_mcp.asked(PAY, arguments))
    told = await bill_mcp.refused(PAY, arguments | {"approval_id": approval_id}, "else")
    assert told.code == "approval_mismatch"
    assert bill_mcp.payments() == []


async def test_change_of_the_payees_account_voids_the_approval(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    arguments = bill_mcp.payment(await bill_mcp.bill(100, vendor), 60)
    question = await bill_mcp.asked(PAY, arguments)
    assert "2333" in question.question
    approval_id = await bill_mcp.grant(question)
    path = f"/v3/vendors/{vendor}/bank-account"
    await bill_mcp.web_page("DELETE", path)
    await bill_mcp.web_page("POST", path, OTHER_ACCOUNT)
    told = await bill_mcp.refused(PAY, arguments | {"approval_id": approval_id})
    assert told.code == "approval_mismatch"
    assert bill_mcp.payments() == []
    again = await bill_mcp.asked(PAY, arguments)
    assert "8777" in again.question


async def test_approval_from_before_a_restart_serves_no_more(tmp_path: Path) -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO, home=tmp_path)
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    approval_id = await bill_mcp.grant(await bill_mcp.asked(PAY, arguments))
    bill_mcp.restart()
    told = await bill_mcp.refused(PAY, arguments | {"approval_id": approval_id})
    assert told.code == "approval_mismatch"
    assert bill_mcp.payments() == []


async def test_approval_of_another_user_of_the_session_serves_no_more(
    bill_mcp: Paying,
) -> None:
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    approval_id = await bill_mcp.grant(await bill_mcp.asked(PAY, arguments))
    bill_mcp.sign_in_as_another_user()
    # The call that notices it in its middle does not go on as somebody else.
    for code in ("account_changed", "approval_mismatch"):
        told = await bill_mcp.refused(PAY, arguments | {"approval_id": approval_id})
        assert (told.code, told.outcome) == (code, Outcome.NOT_DONE)
    assert bill_mcp.payments() == []


async def test_approved_call_says_so_in_the_audit_log(bill_mcp: Paying) -> None:
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    approval_id = await bill_mcp.grant(await bill_mcp.asked(PAY, arguments))
    await bill_mcp.call(PAY, arguments | {"approval_id": approval_id})
    (intent,) = bill_mcp.audit_rows(Kind.INTENT)
    assert (intent["verdict"], intent["approval"]) == ("approved", approval_id)
    assert intent["approver"] == "dana"
    events = [row["verdict"] for row in bill_mcp.audit_rows(Kind.APPROVAL)]
    assert events == ["asked", "granted", "spent"]


async def test_where_nobody_is_asked_a_likely_duplicate_bill_asks_the_agent_once() -> (
    None
):
    bill_mcp = Paying(confirm=Confirm.NEVER)
    vendor = await bill_mcp.vendor()
    earlier = await bill_mcp.bill(100, vendor)
    shown = await bill_mcp.call("bill_get_bill_details", {"billId": earlier})
    reworded = shown["invoice"]["invoiceNumber"].lower().replace("-", " 0")
    invoice = {"invoiceNumber": reworded, "invoiceDate": "2026-11-15"}
    arguments = {
        "vendorId": vendor,
        "dueDate": "2026-12-15",
        "invoice": invoice,
        "billLineItems": [{"amount": 100}],
    }
    told = await bill_mcp.refused("bill_create_a_bill", arguments)
    assert told.code == "duplicate_bill"
    assert told.earlier is not None
    assert told.earlier.id == earlier
    (waiting,) = await bill_mcp.server.records.approvals.recent()
    # The id alone says nothing about another bill.
    other = arguments | {"dueDate": "2026-12-16", "approval_id": waiting.id}
    assert (await bill_mcp.refused("bill_create_a_bill", other)).code == (
        "approval_mismatch"
    )
    sure = arguments | {"approval_id": waiting.id}
    made = await bill_mcp.call("bill_create_a_bill", sure)
    assert made["id"] != earlier
    again = await bill_mcp.refused("bill_create_a_bill", sure)
    assert (again.code, again.outcome) == ("duplicate", Outcome.DONE)
    bill_mcp.pass_time(601)
    assert (await bill_mcp.refused("bill_create_a_bill", sure)).code in {
        "approval_expired",
        "approval_mismatch",
        "approval_spent",
    }


async def test_where_nobody_is_asked_a_bill_that_is_only_similar_is_told_of() -> None:
    bill_mcp = Paying(confirm=Confirm.NEVER)
    vendor = await bill_mcp.vendor()
    earlier = await bill_mcp.bill(100, vendor)
    made = await bill_mcp.call(
        "bill_create_a_bill",
        {
            "vendorId": vendor,
            "dueDate": "2026-12-15",
            "invoice": {"invoiceNumber": "Z-9", "invoiceDate": "2026-11-16"},
            "billLineItems": [{"amount": 100}],
        },
    )
    assert made["id"] != earlier
    notes = made["bill_mcp"]
    assert [each["id"] for each in notes["similar_bills"]] == [earlier]
    assert "bill_archive_a_bill" in notes["advice"]


async def test_no_counts_for_ten_minutes_from_when_it_was_said(
    bill_mcp: Paying,
) -> None:
    arguments = bill_mcp.payment(await bill_mcp.bill(100), 60)
    question = await bill_mcp.asked(PAY, arguments)
    bill_mcp.pass_time(590)
    await bill_mcp.server.records.approvals.decide(
        question.approval_id, grant=False, by="dana", via=Via.PAGE
    )
    bill_mcp.pass_time(599)
    assert (await bill_mcp.refused(PAY, arguments)).code == "approval_declined"
    bill_mcp.pass_time(1)
    again = await bill_mcp.asked(PAY, arguments)
    assert again.approval_id != question.approval_id
