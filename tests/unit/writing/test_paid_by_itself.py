"""What BILL pays by itself because of a call obeys the rules on payments too."""

from __future__ import annotations

from typing import Any

import pytest
from support.paying import ADDRESS, OTHER_ACCOUNT, Paying
from support.payments import rules
from support.self_paying import (
    bill_with_credit,
    calls_that_let_bill_pay,
    new_bill,
    on_auto_pay,
    recurring,
)

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import Outcome
from bill_mcp.guard.evidence import Cause
from bill_mcp.guard.reading import MOST_PAGES, PAGE_ROWS

pytestmark = pytest.mark.anyio

NOBODY = rules(vendors=["00901NOBODY"])
WALLET_ONLY = rules(funding_accounts=["wallet"])


async def calls_of(bill_mcp: Paying) -> dict[str, tuple[str, dict[str, Any]]]:
    vendor = await on_auto_pay(bill_mcp)
    return await calls_that_let_bill_pay(bill_mcp, vendor, await bill_mcp.vendor())


async def test_vendor_that_is_not_listed_is_not_paid_by_bill_itself_either() -> None:
    bill_mcp = Paying(rules=NOBODY)
    for name, arguments in (await calls_of(bill_mcp)).values():
        told = await bill_mcp.refused(name, arguments)
        assert (told.code, told.outcome) == ("vendor_denied", Outcome.NOT_DONE)
        assert "automatic payment" in told.advice
        assert told.advice.endswith(": 00901NOBODY.")
    assert bill_mcp.upstream.writes == []


async def test_account_that_is_not_listed_does_not_pay_by_itself_either() -> None:
    bill_mcp = Paying(rules=WALLET_ONLY)
    for name, arguments in (await calls_of(bill_mcp)).values():
        told = await bill_mcp.refused(name, arguments)
        assert told.code == "funding_account_denied"
        assert (told.outcome, told.advice[-9:]) == (Outcome.NOT_DONE, ": wallet.")
    assert bill_mcp.upstream.writes == []


async def test_listed_vendor_and_account_may_be_paid_by_bill_itself() -> None:
    bill_mcp = Paying()
    vendor, plain = await on_auto_pay(bill_mcp), await bill_mcp.vendor()
    listed = rules(vendors=[vendor, plain], funding_accounts=[bill_mcp.account])
    agent = bill_mcp.agent(rules=listed)
    calls = await calls_that_let_bill_pay(bill_mcp, vendor, plain)
    for name, arguments in calls.values():
        await bill_mcp.call(name, arguments, agent)
    assert len(bill_mcp.upstream.writes) == len(calls)


async def test_vendor_or_account_that_is_not_known_is_on_no_list() -> None:
    bill_mcp = Paying(rules=NOBODY)
    automatic = {"enabled": True, "bankAccountId": bill_mcp.account}
    new = {"name": "Gas", "address": ADDRESS, "autoPay": automatic}
    assert (await bill_mcp.refused("bill_create_a_vendor", new)).code == "vendor_denied"
    vendor = await on_auto_pay(bill_mcp, bankAccountId=None)
    agent = bill_mcp.agent(rules=rules(funding_accounts=[bill_mcp.account]))
    for name, arguments in (
        ("bill_create_a_bill", new_bill(vendor)),
        ("bill_create_a_recurring_bill", recurring(await bill_mcp.vendor())),
    ):
        told = await bill_mcp.refused(name, arguments, agent)
        assert told.code == "funding_account_denied"


async def test_lists_hold_for_the_vendor_that_a_bill_moves_to() -> None:
    bill_mcp = Paying()
    listed, other = await on_auto_pay(bill_mcp), await on_auto_pay(bill_mcp, "Other")
    bill = await bill_mcp.bill(100, listed)
    told = await bill_mcp.refused(
        "bill_update_a_bill",
        {"billId": bill, "vendorId": other, "dueDate": "2026-12-16"},
        bill_mcp.agent(rules=rules(vendors=[listed])),
    )
    assert told.code == "vendor_denied"


async def test_lists_let_a_call_pass_after_which_bill_pays_nobody() -> None:
    bill_mcp = Paying(rules=rules(vendors=[], funding_accounts=[]))
    vendor, plain = await on_auto_pay(bill_mcp), await bill_mcp.vendor()
    paid = await bill_mcp.web_page(
        "POST", "/v3/recurringbills", recurring(plain, bill_mcp.account)
    )
    calls: list[tuple[str, dict[str, Any]]] = [
        ("bill_create_a_bill", new_bill(plain)),
        ("bill_update_a_vendor", {"vendorId": plain, "autoPay": {"maxAmount": 5}}),
        (
            "bill_update_a_vendor",
            {"vendorId": vendor, "autoPay": {"enabled": False, "maxAmount": 5}},
        ),
        (
            "bill_update_a_recurring_bill",
            {
                "recurringBillId": paid["id"],
                "processingOptions": {"autoPayment": False},
            },
        ),
    ]
    for name, arguments in calls:
        await bill_mcp.call(name, arguments)
    assert len(bill_mcp.upstream.writes) == len(calls)


async def test_who_may_only_prepare_starts_nothing_that_bill_pays_by_itself() -> None:
    bill_mcp = Paying(rules=rules("prepare"))
    calls = await calls_of(bill_mcp)
    for name, arguments in calls.values():
        told = await bill_mcp.refused(name, arguments)
        assert (told.code, told.outcome) == ("mode", Outcome.NOT_DONE)
    assert bill_mcp.upstream.writes == []


async def test_production_without_a_policy_starts_no_payment_by_bill_itself() -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO, environment=Environment.PRODUCTION)
    for name, arguments in (await calls_of(bill_mcp)).values():
        told = await bill_mcp.refused(name, arguments)
        assert (told.code, told.outcome) == ("mode", Outcome.NOT_DONE)
    assert bill_mcp.upstream.writes == []


async def test_who_may_only_prepare_does_the_same_where_bill_pays_nobody() -> None:
    bill_mcp = Paying(rules=rules("prepare"))
    vendor, plain = await on_auto_pay(bill_mcp), await bill_mcp.vendor()
    paid, resting = [
        await bill_mcp.web_page("POST", "/v3/recurringbills", each)
        for each in (recurring(plain, bill_mcp.account), recurring(plain, pays=False))
    ]
    for each in (paid, resting):
        path = f"/v3/recurringbills/{each['id']}/archive"
        await bill_mcp.web_page("POST", path)
    await bill_mcp.web_page("POST", f"/v3/vendors/{plain}/archive")
    bill, credit = await bill_with_credit(bill_mcp, await bill_mcp.vendor("Plain too"))
    less = {"billId": bill, "vendorCredits": [{"id": credit, "amount": 1}]}
    later = {"vendorId": plain, "autoPay": {"daysBeforeDueDate": 30}}
    off = {"vendorId": vendor, "autoPay": {"enabled": False, "daysBeforeDueDate": 1}}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("bill_restore_an_archived_vendor", {"vendorId": plain}),
        (
            "bill_restore_an_archived_recurring_bill",
            {"recurringBillId": resting["id"]},
        ),
        ("bill_update_a_bill", less),
        ("bill_update_a_vendor", later),
        ("bill_update_a_vendor", off),
    ]
    for name, arguments in calls:
        await bill_mcp.call(name, arguments)
    assert len(bill_mcp.upstream.writes) == len(calls)


async def test_vendor_with_more_recurring_bills_than_are_read_counts_as_paid() -> None:
    bill_mcp = Paying(rules=rules(funding_accounts=[]))
    vendor = await bill_mcp.vendor()
    body = recurring(vendor, pays=False)
    made = await bill_mcp.web_page("POST", "/v3/recurringbills", body)
    whole = bill_mcp.world.get("recurring_bill", made["id"]) or {}
    for number in range(MOST_PAGES * PAGE_ROWS):
        key = f"btp-{number}"
        more = whole | {"id": key, "_seq": whole["_seq"] + 1 + number}
        bill_mcp.world.put("recurring_bill", key, more)
    await bill_mcp.web_page("POST", f"/v3/vendors/{vendor}/archive")
    name = "bill_restore_an_archived_vendor"
    told = await bill_mcp.refused(name, {"vendorId": vendor})
    assert told.code == "funding_account_denied"
    assert "a recurring bill of the vendor is paid automatically" in str(told)
    preparing = bill_mcp.agent(rules=rules("prepare"))
    assert (await bill_mcp.refused(name, {"vendorId": vendor}, preparing)).code == (
        "mode"
    )


# Separation of duties


async def test_who_enters_or_changes_a_bill_does_not_have_bill_pay_it_by_itself() -> (
    None
):
    bill_mcp = Paying(rules=rules(separate_duties=True))
    for name, arguments in (await calls_of(bill_mcp)).values():
        told = await bill_mcp.refused(name, arguments)
        assert (told.code, told.outcome) == ("separate_duties", Outcome.NOT_DONE)
        assert ".separate_duties)" in str(told)
        assert "utomatic payment" in told.advice
        assert "may be entered and changed" in told.advice
    assert bill_mcp.upstream.writes == []


async def test_separate_duties_let_enter_what_nobody_pays_automatically() -> None:
    bill_mcp = Paying(rules=rules(separate_duties=True))
    vendor, plain = await on_auto_pay(bill_mcp), await bill_mcp.vendor()
    await bill_mcp.call("bill_create_a_bill", new_bill(plain))
    await bill_mcp.call("bill_create_a_recurring_bill", recurring(plain, pays=False))
    off = {"vendorId": vendor, "autoPay": {"enabled": False}}
    await bill_mcp.call("bill_update_a_vendor", off)
    await bill_mcp.call("bill_create_a_bill", new_bill(vendor, 77))
    assert len(bill_mcp.upstream.writes) == 4


# What a person is shown


async def test_person_sees_who_is_paid_by_bill_itself_and_what_speaks_against_it() -> (
    None
):
    bill_mcp = Paying(confirm=Confirm.AUTO)
    calls = await calls_of(bill_mcp)
    for name, arguments in calls.values():
        question = await bill_mcp.asked(name, arguments)
        lines = question.question.splitlines()
        assert any("This is the first payment to the vendor 009" in x for x in lines)
        assert any("the vendor was created less than 1" in x for x in lines)
        assert "To account: ••2333" in lines
        assert f'From account: "bank account {bill_mcp.account}"' in lines
        assert any(line.startswith("Payee: ") for line in lines)
        assert "the vendor was created" in str(question.refusal)


async def test_new_bank_details_void_an_approval_of_what_bill_pays_by_itself() -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    vendor = await on_auto_pay(bill_mcp)
    question = await bill_mcp.asked("bill_create_a_bill", new_bill(vendor))
    approval_id = await bill_mcp.grant(question)
    path = f"/v3/vendors/{vendor}/bank-account"
    await bill_mcp.web_page("DELETE", path)
    await bill_mcp.web_page("POST", path, OTHER_ACCOUNT)
    told = await bill_mcp.refused(
        "bill_create_a_bill", new_bill(vendor) | {"approval_id": approval_id}
    )
    assert told.code == "approval_mismatch"
    again = await bill_mcp.asked("bill_create_a_bill", new_bill(vendor))
    assert "ended in 2333 before" in again.question


async def test_new_bank_details_ask_a_person_even_where_money_asks_nobody() -> None:
    bill_mcp = Paying(
        confirm=Confirm.NEVER,
        environment=Environment.PRODUCTION,
        rules=rules(limits={"USD": {"payment": 500}}),
    )
    vendor = await on_auto_pay(bill_mcp)
    notes = await bill_mcp.call(
        "bill_create_a_bill", new_bill(vendor) | {"preview": True}
    )
    causes = [each["cause"] for each in notes["bill_mcp"]["needs_person"]]
    assert Cause.BANK_DETAILS in causes
