"""A person agrees to one payee, as BILL showed it then, and sees where money goes."""

from __future__ import annotations

from typing import Any

import pytest
from support.paying import ACCOUNT, ADDRESS, PAY, Paying
from support.payments import rules
from support.self_paying import new_bill, on_auto_pay

from bill_mcp.agents import Confirm

pytestmark = pytest.mark.anyio

BILL = "bill_create_a_bill"
TO_CHECK = 'Check to: "Acme, 1 Main Street, Seattle, WA, 98101, US"'
ELSEWHERE: list[dict[str, Any]] = [
    {"address": ADDRESS | {"line1": "666 Other Road"}},
    {"paymentInformation": {"payeeName": "Somebody else"}},
    {"paymentInformation": {"email": "else@example.com"}},
    {"name": "Acme Inc"},
]
ACCOUNTS: list[dict[str, Any]] = [
    {"nameOnAccount": "Somebody else"},
    {"routingNumber": "322271627"},
    {"type": "SAVINGS"},
    {"ownerType": "PERSON"},
]


@pytest.fixture
def bill_mcp() -> Paying:
    """One whose person is asked for no reason that tells of changed details."""
    return Paying(confirm=Confirm.AUTO, rules=rules(bank_details_days=0))


async def by_check(bill_mcp: Paying, **more: Any) -> str:
    """The id of a new vendor without a bank account."""
    body = {"name": "Acme", "address": ADDRESS, **more}
    return str((await bill_mcp.web_page("POST", "/v3/vendors", body))["id"])


def shown_as(bill_mcp: Paying, vendor: str, **changes: Any) -> None:
    """BILL shows the vendor's bank account otherwise from now on."""
    known = bill_mcp.world.get("vendor", vendor) or {}
    information = known["paymentInformation"]
    account = information["bankAccount"] | changes
    changed = {"paymentInformation": information | {"bankAccount": account}}
    bill_mcp.world.put("vendor", vendor, known | changed)


def paid_on(bill_mcp: Paying, vendor: str, day: str) -> None:
    known = bill_mcp.world.get("vendor", vendor) or {}
    information = known["paymentInformation"] | {"lastPaymentDate": day}
    bill_mcp.world.put("vendor", vendor, known | {"paymentInformation": information})


def lines_of(question: str, label: str) -> list[str]:
    return [line for line in question.splitlines() if line.startswith(f"{label}: ")]


# What is bound


@pytest.mark.parametrize("change", ELSEWHERE, ids=str)
async def test_approval_serves_no_more_once_a_check_would_go_elsewhere(
    bill_mcp: Paying, change: dict[str, Any]
) -> None:
    vendor = await by_check(bill_mcp)
    arguments = bill_mcp.payment(await bill_mcp.bill(100, vendor), 60)
    approval_id = await bill_mcp.grant(await bill_mcp.asked(PAY, arguments))
    await bill_mcp.web_page("PATCH", f"/v3/vendors/{vendor}", change)
    told = await bill_mcp.refused(PAY, arguments | {"approval_id": approval_id})
    assert told.code == "approval_mismatch"
    await bill_mcp.asked(PAY, arguments)
    assert bill_mcp.payments() == []


@pytest.mark.parametrize("change", ACCOUNTS, ids=str)
async def test_approval_serves_no_other_account_that_ends_in_the_same_digits(
    bill_mcp: Paying, change: dict[str, Any]
) -> None:
    vendor = await bill_mcp.vendor()
    arguments = bill_mcp.payment(await bill_mcp.bill(100, vendor), 60)
    # An earlier account of the same end, or knowing of one would tell them apart.
    await bill_mcp.asked(PAY, arguments)
    shown_as(bill_mcp, vendor, nameOnAccount="Acme Inc")
    before = await bill_mcp.asked(PAY, arguments)
    approval_id = await bill_mcp.grant(before)
    shown_as(bill_mcp, vendor, **change)
    told = await bill_mcp.refused(PAY, arguments | {"approval_id": approval_id})
    assert told.code == "approval_mismatch"
    again = await bill_mcp.asked(PAY, arguments)
    account = "To account"
    assert lines_of(again.question, account) == lines_of(before.question, account)
    assert bill_mcp.payments() == []


async def test_approval_of_what_bill_pays_by_itself_holds_for_one_address(
    bill_mcp: Paying,
) -> None:
    vendor = await on_auto_pay(bill_mcp)
    await bill_mcp.web_page("DELETE", f"/v3/vendors/{vendor}/bank-account")
    approval_id = await bill_mcp.grant(await bill_mcp.asked(BILL, new_bill(vendor)))
    moved = {"address": ADDRESS | {"line1": "666 Other Road"}}
    await bill_mcp.web_page("PATCH", f"/v3/vendors/{vendor}", moved)
    again = new_bill(vendor) | {"approval_id": approval_id}
    assert (await bill_mcp.refused(BILL, again)).code == "approval_mismatch"


async def test_approval_lives_on_where_money_goes_the_same_way(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    paid_on(bill_mcp, vendor, "2026-11-02")
    arguments = bill_mcp.payment(await bill_mcp.bill(100, vendor), 60)
    approval_id = await bill_mcp.grant(await bill_mcp.asked(PAY, arguments))
    bill_mcp.pass_time(30)
    await bill_mcp.bill(250, vendor)  # more is owed
    auto_pay = {"autoPay": {"maxAmount": 5}}
    await bill_mcp.web_page("PATCH", f"/v3/vendors/{vendor}", auto_pay)
    shown_as(bill_mcp, vendor, accountNumber="xxxxxx2333")  # another mask
    paid_on(bill_mcp, vendor, "2026-11-23")
    await bill_mcp.call(PAY, arguments | {"approval_id": approval_id})
    assert len(bill_mcp.payments()) == 1


async def test_what_is_bound_of_an_account_is_kept_nowhere(bill_mcp: Paying) -> None:
    vendor = await bill_mcp.vendor()
    shown_as(bill_mcp, vendor, accountNumber=ACCOUNT["accountNumber"])
    arguments = bill_mcp.payment(await bill_mcp.bill(100, vendor), 60)
    await bill_mcp.grant(await bill_mcp.asked(PAY, arguments))
    await bill_mcp.call(PAY, arguments)
    kept = bill_mcp.server.records.file.look_now(lambda c: "\n".join(c.iterdump()))
    assert PAY in kept
    assert "2333" in kept
    assert ACCOUNT["accountNumber"] not in kept
    assert ACCOUNT["routingNumber"] not in kept


# What is shown


async def test_person_sees_to_whom_a_check_goes_and_where(bill_mcp: Paying) -> None:
    vendor = await by_check(bill_mcp)
    payment = bill_mcp.payment(await bill_mcp.bill(100, vendor), 60)
    question = (await bill_mcp.asked(PAY, payment)).question
    assert lines_of(question, "Check to") == [TO_CHECK]
    assert question.index("Vendor id") < question.index(TO_CHECK)
    assert question.index(TO_CHECK) < question.index("Process date")


async def test_check_bears_the_payees_own_name_with_nothing_hidden_in_it(
    bill_mcp: Paying,
) -> None:
    vendor = await by_check(
        bill_mcp,
        address=ADDRESS | {"line2": "Suite\n5"},
        paymentInformation={"payeeName": "T. \u202eHief"},
    )
    payment = bill_mcp.payment(await bill_mcp.bill(100, vendor), 60)
    question = (await bill_mcp.asked(PAY, payment)).question
    place = r"1 Main Street, Suite\n5, Seattle, WA, 98101, US"
    assert rf'Check to: "T. \u202eHief, {place}"' in question.splitlines()


async def test_long_name_pushes_no_address_out_of_sight(bill_mcp: Paying) -> None:
    long = {"payeeName": "Acme " * 18}
    vendor = await by_check(bill_mcp, paymentInformation=long)
    payment = bill_mcp.payment(await bill_mcp.bill(100, vendor), 60)
    name, place = lines_of((await bill_mcp.asked(PAY, payment)).question, "Check to")
    assert name.endswith('Acme…"')
    assert place == 'Check to: "1 Main Street, Seattle, WA, 98101, US"'


async def test_no_check_is_shown_where_none_goes_out(bill_mcp: Paying) -> None:
    payment = bill_mcp.payment(await bill_mcp.bill(100), 60)
    question = (await bill_mcp.asked(PAY, payment)).question
    assert lines_of(question, "Check to") == []
    vendor = await by_check(bill_mcp)
    known = bill_mcp.world.get("vendor", vendor) or {}
    by_card = known["paymentInformation"] | {"payByType": "VIRTUAL_CARD"}
    bill_mcp.world.put("vendor", vendor, known | {"paymentInformation": by_card})
    payment = bill_mcp.payment(await bill_mcp.bill(100, vendor), 60)
    question = (await bill_mcp.asked(PAY, payment)).question
    assert lines_of(question, "Check to") == []


async def test_person_sees_where_checks_go_that_bill_sends_by_itself(
    bill_mcp: Paying,
) -> None:
    vendor = await on_auto_pay(bill_mcp, "Acme")
    await bill_mcp.web_page("DELETE", f"/v3/vendors/{vendor}/bank-account")
    question = (await bill_mcp.asked(BILL, new_bill(vendor))).question
    assert lines_of(question, "Check to") == [TO_CHECK]
