"""What the objects at BILL add to a call: money that moves by itself, whose duty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from support.other_spellings import take_any_case
from support.paying import ACCOUNT, ADDRESS, OTHER_ACCOUNT, PAY, Paying
from support.payments import TABLE, rules
from support.self_paying import new_bill, on_auto_pay, recurring

from bill_mcp.agents import Confirm
from bill_mcp.errors import Outcome
from bill_mcp.simulator.fixtures import make_fixture

pytestmark = pytest.mark.anyio

PREPARE = rules("prepare")


async def touching(bill_mcp: Paying, vendor: str) -> dict[str, dict[str, Any]]:
    """Calls that enter, raise or bring back a bill of the vendor."""
    bill = await bill_mcp.bill(100, vendor)
    archived = await bill_mcp.bill(50, vendor)
    await bill_mcp.web_page("POST", f"/v3/bills/{archived}/archive")
    shown = await bill_mcp.web_page("GET", f"/v3/bills/{bill}")
    lines = [{"id": shown["billLineItems"][0]["id"], "amount": 900}]
    return {
        "bill_create_a_bill": new_bill(vendor, 77),
        "bill_update_a_bill": {"billId": bill, "billLineItems": lines},
        "bill_restore_an_archived_bill": {"billId": archived},
    }


async def test_bill_of_a_vendor_on_auto_pay_is_money() -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    preparing = bill_mcp.agent("preparing", rules=PREPARE)
    for name, arguments in (
        await touching(bill_mcp, await on_auto_pay(bill_mcp))
    ).items():
        told = await bill_mcp.refused(name, arguments, preparing)
        assert (told.code, told.outcome) == ("mode", Outcome.NOT_DONE)
        assert "money (since the vendor is on auto-pay); allowed" in str(told)
        assert "or to switch automatic payment off there first" in told.advice
        assert "arguments" not in told.advice
        question = await bill_mcp.asked(name, arguments)
        assert "Moves money: the vendor is on auto-pay" in question.question
        assert (
            "--confirm auto asks a person about money, and the vendor is on auto-pay."
        ) in str(question.refusal)
    assert bill_mcp.upstream.writes == []


async def test_refusal_of_the_effect_says_that_auto_pay_adds_it() -> None:
    bill_mcp = Paying()
    vendor = await on_auto_pay(bill_mcp)
    careful = bill_mcp.agent(rules=rules(deny_effects=["money"]))
    told = await bill_mcp.refused("bill_create_a_bill", new_bill(vendor), careful)
    assert told.code == "effect_denied"
    assert "the effects money (since the vendor is on auto-pay), which" in str(told)
    assert "switch automatic payment off" in told.advice


async def test_bill_of_any_other_vendor_is_not() -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    preparing = bill_mcp.agent("preparing", rules=PREPARE)
    calls = await touching(bill_mcp, await bill_mcp.vendor())
    del calls["bill_update_a_bill"]
    for name, arguments in calls.items():
        await bill_mcp.call(name, arguments, preparing)
    assert len(bill_mcp.upstream.writes) == 2


async def test_who_enters_a_bill_does_not_pay_it() -> None:
    bill_mcp = Paying(rules=rules(separate_duties=True))
    vendor = await bill_mcp.vendor()
    made = await bill_mcp.call("bill_create_a_bill", new_bill(vendor), by="clerk")
    told = await bill_mcp.not_paid(made["id"], 100, by="clerk")
    assert (told.code, told.outcome) == ("separate_duties", Outcome.NOT_DONE)
    await bill_mcp.pay(made["id"], 100, by="payer")


async def test_nobody_makes_a_bill_and_pays_it_in_one_call() -> None:
    bill_mcp = Paying(rules=rules(separate_duties=True))
    arguments = bill_mcp.payment("", 60, vendorId=await bill_mcp.vendor())
    del arguments["billId"]
    arguments["processingOptions"] = {"createBill": True}
    told = await bill_mcp.refused(PAY, arguments)
    assert (told.code, told.outcome) == ("separate_duties", Outcome.NOT_DONE)
    assert f"({TABLE}.separate_duties)" in str(told)
    assert "billId" in told.advice
    assert bill_mcp.upstream.writes == []
    await bill_mcp.call(PAY, arguments, bill_mcp.agent("free", rules=rules()))


async def test_who_may_have_entered_a_bill_does_not_pay_its_vendor() -> None:
    bill_mcp = Paying(rules=rules(separate_duties=True))
    vendor = await bill_mcp.vendor()
    bill_mcp.fault("/v3/bills", drop="after")
    lost = await bill_mcp.refused("bill_create_a_bill", new_bill(vendor, 78), "clerk")
    assert lost.outcome is Outcome.UNKNOWN
    entered = [row["id"] for row in bill_mcp.world.rows("bill")][-1]
    told = await bill_mcp.not_paid(entered, 78, by="clerk")
    assert (told.code, told.outcome) == ("separate_duties", Outcome.NOT_DONE)
    assert "unknown" in str(told)
    await bill_mcp.pay(await bill_mcp.bill(50), 50, by="clerk")
    await bill_mcp.pay(entered, 78, by="payer")


async def test_who_entered_no_bill_after_all_may_pay_its_vendor() -> None:
    bill_mcp = Paying(rules=rules(separate_duties=True))
    vendor = await bill_mcp.vendor()
    bill_mcp.unreachable_for("/v3/bills")
    lost = await bill_mcp.refused("bill_create_a_bill", new_bill(vendor, 78), "clerk")
    assert lost.outcome is Outcome.NOT_DONE
    await bill_mcp.pay(await bill_mcp.bill(50, vendor), 50, by="clerk")


async def test_who_may_have_made_a_vendor_does_not_pay_any_of_its_name() -> None:
    bill_mcp = Paying(rules=rules(separate_duties=True))
    made = {
        "name": "Acme  Supplies",
        "address": ADDRESS,
        "paymentInformation": {"payeeName": "Acme", "bankAccount": ACCOUNT},
    }
    bill_mcp.fault("/v3/vendors", drop="after")
    lost = await bill_mcp.refused("bill_create_a_vendor", made, "clerk")
    assert lost.outcome is Outcome.UNKNOWN
    vendor = [row["id"] for row in bill_mcp.world.rows("vendor")][-1]
    bill = await bill_mcp.bill(50, vendor)
    assert (await bill_mcp.not_paid(bill, 50, by="clerk")).code == "separate_duties"
    await bill_mcp.pay(bill, 50, by="payer")


async def test_who_changes_bank_details_does_not_pay_that_vendor() -> None:
    bill_mcp = Paying(rules=rules(separate_duties=True))
    vendor = await bill_mcp.vendor("No account", paymentInformation={})
    bill = await bill_mcp.bill(100, vendor)
    account = OTHER_ACCOUNT | {"vendorId": vendor}
    await bill_mcp.call("bill_create_a_vendor_bank_account", account, by="clerk")
    assert (await bill_mcp.not_paid(bill, 60, by="clerk")).code == "separate_duties"
    await bill_mcp.pay(bill, 60, by="payer")


async def test_who_connects_a_vendor_in_the_network_does_not_pay_it() -> None:
    bill_mcp = Paying(rules=rules(separate_duties=True))
    invited, accepted = await bill_mcp.vendor("Invited"), await bill_mcp.vendor("Known")
    other = make_fixture(bill_mcp.world, {"type": "network_organization"})
    inviting = {"vendorId": invited, "networkId": other["id"], "networkType": "BILL"}
    invite = "bill_invite_a_vendor_in_the_bill_network"
    await bill_mcp.call(invite, inviting, by="clerk")
    for named in ({"id": accepted}, {"name": "Made  for it"}):
        wish = {"type": "incoming_invitation", "fields": {"addresses": [ADDRESS]}}
        sender = make_fixture(bill_mcp.world, wish)["id"]
        accepting = {"networkId": sender, "type": "VENDOR", **named}
        await bill_mcp.call("bill_accept_network_invitation", accepting, by="clerk")
    made = [row["id"] for row in bill_mcp.world.rows("vendor")][-1]
    for vendor in (invited, accepted, made):
        bill = await bill_mcp.bill(50, vendor)
        told = await bill_mcp.not_paid(bill, 50, by="clerk")
        assert (told.code, told.outcome) == ("separate_duties", Outcome.NOT_DONE)
        await bill_mcp.pay(bill, 50, by="payer")


@pytest.mark.parametrize("spelled", [str, str.upper], ids=["own", "another"])
async def test_new_connection_of_a_vendor_is_a_reason_to_ask_a_person(
    spelled: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    vendor = await bill_mcp.vendor()
    bill_mcp.pass_time(30 * 86400)
    bill = await bill_mcp.bill(100, vendor)
    other = make_fixture(bill_mcp.world, {"type": "network_organization"})
    take_any_case(bill_mcp, monkeypatch)
    inviting = {
        "vendorId": spelled(vendor),
        "networkId": other["id"],
        "networkType": "BILL",
    }
    free = bill_mcp.agent("free", confirm=Confirm.NEVER)
    await bill_mcp.call("bill_invite_a_vendor_in_the_bill_network", inviting, free)
    question = await bill_mcp.asked(PAY, bill_mcp.payment(bill, 60))
    assert "connection was entered through this server" in question.question


async def test_one_and_the_same_may_do_both_where_no_policy_forbids_it() -> None:
    bill_mcp = Paying(rules=rules())
    vendor = await bill_mcp.vendor()
    made = await bill_mcp.call("bill_create_a_bill", new_bill(vendor))
    await bill_mcp.pay(made["id"], 100)


async def test_new_bank_details_are_what_a_person_is_shown_first() -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    vendor = await bill_mcp.vendor()
    arguments = bill_mcp.payment(await bill_mcp.bill(100, vendor), 60)
    await bill_mcp.asked(PAY, arguments)  # the account is seen, and ends in 2333
    path = f"/v3/vendors/{vendor}/bank-account"
    await bill_mcp.web_page("DELETE", path)
    await bill_mcp.web_page("POST", path, OTHER_ACCOUNT)
    question = await bill_mcp.asked(PAY, arguments)
    approval = await bill_mcp.server.records.approvals.find(question.approval_id)
    assert approval is not None
    wanted = approval.wanted
    assert "This is the first payment to the vendor" in wanted.reasons[0]
    bank = [text for text in wanted.reasons if "8777" in text]
    assert bank
    assert "ended in 2333 before" in bank[0]
    first_lines = question.question.splitlines()
    assert first_lines[0].startswith("BILL sandbox, organization")
    assert first_lines.index(bank[0]) < next(
        number for number, line in enumerate(first_lines) if line.startswith("Payee")
    )
    assert any("8777" in line.value for line in wanted.lines)


@pytest.mark.parametrize(
    ("ahead", "day"),
    [
        (timedelta(), "2026-11-24"),
        (timedelta(days=2), "2026-11-27"),  # past Thanksgiving
        (timedelta(days=-3), "2026-11-23"),
    ],
    ids=["same", "ahead", "behind"],
)
async def test_payment_without_a_date_is_for_the_next_bank_day_by_bills_clock(
    ahead: timedelta, day: str
) -> None:
    bill_mcp = Paying(bill_is_ahead_s=ahead.total_seconds())
    await bill_mcp.pay(await bill_mcp.bill(100), 60)
    (sent,) = bill_mcp.upstream.writes
    assert sent.json()["processDate"] == day


@pytest.mark.parametrize("pays", [True, False])
async def test_change_of_a_recurring_bill_is_money_if_bill_pays_it_by_itself(
    pays: bool,
) -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    account = bill_mcp.account if pays else None
    body = recurring(await bill_mcp.vendor(), account, pays=pays)
    made = await bill_mcp.web_page("POST", "/v3/recurringbills", body)
    preparing = bill_mcp.agent("preparing", rules=PREPARE)
    name = "bill_update_a_recurring_bill"
    change = {"recurringBillId": made["id"], "description": "Rent of the office"}
    if pays:
        told = await bill_mcp.refused(name, change, preparing)
        assert told.code == "mode"
        assert "(since this recurring bill is paid automatically)" in str(told)
        question = await bill_mcp.asked(name, change)
        assert "this recurring bill is paid automatically" in question.question
        assert bill_mcp.upstream.writes == []
    else:
        await bill_mcp.call(name, change, preparing)
        assert len(bill_mcp.upstream.writes) == 1
