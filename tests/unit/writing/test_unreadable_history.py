"""A payment to details whose history BILL does not show: who is asked, and what."""

from __future__ import annotations

from typing import Any

import pytest
from support.paying import ACCOUNT, ADDRESS, OTHER_ACCOUNT, PAY, Paying
from support.payments import rules

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import NeedsPerson
from bill_mcp.guard.rules import Rules

pytestmark = pytest.mark.anyio

DAY_S = 86_400
DETAILS = "bill_get_vendor_details"
SPENDS: Rules = rules(limits={"USD": {"payment": 5000, "day": 20_000}})


def in_production() -> Paying:
    return Paying(
        confirm=Confirm.NEVER, environment=Environment.PRODUCTION, rules=SPENDS
    )


def refuse_the_trail(bill_mcp: Paying, status: int) -> None:
    bill_mcp.world.faults.add_all(
        [
            {
                "method": "GET",
                "path": "/v3/reports/audit-trail/vendor/{vendorId}",
                "times": 50,
                "answer": {"status": status, "headers": {}, "body": "[]"},
            }
        ]
    )


async def replace_account(bill_mcp: Paying, vendor: str) -> None:
    """What a thief does in BILL's web page."""
    where = f"/v3/vendors/{vendor}/bank-account"
    account = {"type": "CHECKING", "ownerType": "BUSINESS", **OTHER_ACCOUNT}
    await bill_mcp.web_page("DELETE", where)
    await bill_mcp.web_page("POST", where, account)


async def told(bill_mcp: Paying, question: NeedsPerson) -> str:
    """What the person who is asked is warned of."""
    approval = await bill_mcp.server.records.approvals.find(question.approval_id)
    assert approval is not None
    return " ".join(approval.wanted.reasons)


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_replaced_account_that_was_never_seen_before_needs_a_person(
    status: int,
) -> None:
    bill_mcp = in_production()
    vendor = await bill_mcp.vendor()
    bill = await bill_mcp.bill(100, vendor)
    bill_mcp.pass_time(20 * DAY_S)
    await replace_account(bill_mcp, vendor)
    bill_mcp.pass_time(3600)
    refuse_the_trail(bill_mcp, status)
    question = await bill_mcp.asked(PAY, bill_mcp.payment(bill, 100))
    warning = await told(bill_mcp, question)
    assert "BILL's audit trail of the vendor could not be read" in warning
    assert "ends in 8777, and nothing is known of an earlier account" in warning
    assert bill_mcp.payments(bill) == []
    approval = await bill_mcp.grant(question)
    await bill_mcp.pay(bill, 100, approval_id=approval)
    assert len(bill_mcp.payments(bill)) == 1


async def test_account_that_was_seen_long_enough_is_paid_without_a_person() -> None:
    bill_mcp = in_production()
    vendor = await bill_mcp.vendor()
    first, second = await bill_mcp.bill(100, vendor), await bill_mcp.bill(70, vendor)
    await bill_mcp.call(DETAILS, {"vendorId": vendor})
    bill_mcp.pass_time(20 * DAY_S)
    refuse_the_trail(bill_mcp, 503)
    await bill_mcp.pay(first, 100)
    await replace_account(bill_mcp, vendor)
    question = await bill_mcp.asked(PAY, bill_mcp.payment(second, 70))
    end = ACCOUNT["accountNumber"][-4:]
    assert f"and ended in {end} before" in await told(bill_mcp, question)


async def test_address_of_unknown_age_needs_a_person_where_a_check_is_sent() -> None:
    bill_mcp = in_production()
    body: dict[str, Any] = {"name": "Check Co", "address": ADDRESS}
    made = await bill_mcp.web_page("POST", "/v3/vendors", body)
    bill = await bill_mcp.bill(100, str(made["id"]))
    await bill_mcp.call(DETAILS, {"vendorId": made["id"]})
    bill_mcp.pass_time(20 * DAY_S)
    refuse_the_trail(bill_mcp, 503)
    question = await bill_mcp.asked(PAY, bill_mcp.payment(bill, 100))
    assert "it has no bank account" in await told(bill_mcp, question)


async def test_never_outside_production_asks_nobody_about_it() -> None:
    bill_mcp = Paying(confirm=Confirm.NEVER, rules=SPENDS)
    bill = await bill_mcp.bill(100)
    refuse_the_trail(bill_mcp, 503)
    await bill_mcp.pay(bill, 100)
    assert len(bill_mcp.payments(bill)) == 1
