"""Payments whose answers were lost: when an end is believed, and by what word."""

from __future__ import annotations

from typing import Any

import pytest
from support.assembly import catalogue
from support.paying import BULK, DEADLINE_S, PAY, SETTLES_S, Paying
from support.payments import rules

from bill_mcp.agents import Confirm
from bill_mcp.errors import CallError, Outcome
from bill_mcp.guard import touching
from bill_mcp.records.audit import Kind
from bill_mcp.records.claims import State

pytestmark = pytest.mark.anyio

CODES = catalogue().error_codes
SPECIAL = {"BDC_1109", "BDC_1246"}
"""A session that ended is renewed; the other stands beside the cause in a bulk."""

BELIEVED = sorted(
    code for code, entry in CODES.items() if entry.acted == "no" and code not in SPECIAL
)
DOUBTED = sorted(
    code for code, entry in CODES.items() if entry.acted != "no" and code not in SPECIAL
)


@pytest.fixture
def bill_mcp() -> Paying:
    return Paying()


def test_there_are_codes_of_both_kinds() -> None:
    assert len(BELIEVED) >= 5
    assert len(DOUBTED) >= 1


@pytest.mark.parametrize("code", BELIEVED)
async def test_refusal_that_comes_before_any_action_is_believed(
    bill_mcp: Paying, code: str
) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(answer={"code": code, "status": 422})
    told = await bill_mcp.not_paid(bill, 60)
    assert (told.outcome, told.bill_code) == (Outcome.NOT_DONE, code)
    assert bill_mcp.states == [State.NOT_DONE]
    bill_mcp.pass_time(3600)  # of some codes BILL's limits are left alone for a while
    await bill_mcp.pay(bill, 60)  # nothing stands in the way
    assert len(bill_mcp.payments(bill)) == 1


ARRAY = [{"code": BELIEVED[0], "severity": "ERROR", "message": "No."}]
UNBELIEVED: dict[str, dict[str, Any]] = {
    "302": {"status": 302, "body": ARRAY},
    "400 with an unknown code": {"status": 400, "code": "BDC_9999999"},
    "400 without a code": {"status": 400, "body": [{"message": "No."}]},
    "400 that is no array of BILL's": {"status": 400, "body": {"errors": ARRAY}},
    "404 of a gateway": {"status": 404, "body": "<html>"},
    "408": {"status": 408, "body": ""},
    "500 with a code that is believed elsewhere": {"status": 500, "body": ARRAY},
    "502": {"status": 502, "body": "<html>"},
    "200 that can't be read": {"status": 200, "body": "<html>"},
    "200 that breaks off": {"status": 200, "body": '{"id": "stp'},
    "200 with BILL's errors": {"status": 200, "body": ARRAY},
    **{
        f"success that shows no payment: {body or status}": {
            "status": status,
            "body": body,
        }
        for status, body in (
            (200, ""),
            (204, ""),
            (200, "{}"),
            (200, "null"),
            (200, "[]"),
            (200, '{"id": null}'),
            (200, '{"id": {"a": 1}, "payments": 4}'),
            (202, '{"status": "accepted"}'),
        )
    },
    **{code: {"status": 422, "code": code} for code in DOUBTED},
}


@pytest.mark.parametrize("answer", UNBELIEVED.values(), ids=UNBELIEVED)
async def test_every_other_answer_leaves_the_outcome_unknown(
    bill_mcp: Paying, answer: dict[str, Any]
) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(answer=answer)
    told = await bill_mcp.not_paid(bill, 60)
    assert told.outcome is Outcome.UNKNOWN
    assert bill_mcp.states == [State.UNKNOWN]
    sent = len(bill_mcp.upstream.writes)
    assert (await bill_mcp.not_paid(bill, 60)).code == "outcome_unknown"
    assert len(bill_mcp.upstream.writes) == sent == 1


async def test_payment_whose_answer_does_not_show_it_is_found_at_once(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.says["/v3/payments"] = "{}"
    told = await bill_mcp.pay(bill, 60)
    (made,) = bill_mcp.payments(bill)
    assert told["id"] == made["id"]
    assert bill_mcp.states == [State.DONE]


ONE = '{"payments": [{"id": "stp1", "billPayments": [{"billId": "FIRST"}]}]}'
ODD = {
    "only one of two": ONE,
    "a number": '{"payments": [7]}',
    "shares that are none": '{"payments": [{"id": "stp1", "billPayments": [7, "x"]}]}',
    "no list": '{"payments": 4}',
}


@pytest.mark.parametrize("is_made", [True, False])
@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
async def test_bulk_whose_answer_shows_not_every_bill_is_done_only_if_bill_has_all(
    bill_mcp: Paying, body: str, *, is_made: bool
) -> None:
    vendor = await bill_mcp.vendor()
    bills = [await bill_mcp.bill(100, vendor) for _ in range(2)]
    call = {
        "payments": [{"billId": bill, "amount": 60} for bill in bills],
        "fundingAccount": bill_mcp.payment("", 1)["fundingAccount"],
        "vendorId": vendor,
    }
    body = body.replace("FIRST", bills[0])
    if is_made:
        bill_mcp.says["/v3/payments/bulk"] = body
        await bill_mcp.call(BULK, call)
        assert bill_mcp.states == [State.DONE]
    else:
        bill_mcp.fault(path="/v3/payments/bulk", answer={"status": 200, "body": body})
        told = await bill_mcp.refused(BULK, call)
        assert told.outcome is Outcome.UNKNOWN
        assert bill_mcp.states == [State.UNKNOWN]


async def test_outcome_is_written_down_though_the_answer_cannot_be_judged(
    bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("odd")

    monkeypatch.setattr(touching, "ids_in", broken)
    told = await bill_mcp.refused("bill_create_a_department", {"name": "North"})
    assert told.outcome is Outcome.UNKNOWN
    assert bill_mcp.states == [State.UNKNOWN]
    assert bill_mcp.audit_rows(Kind.OUTCOME)[-1]["outcome"] == Outcome.UNKNOWN


async def test_connection_that_was_never_made_is_believed(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.unreachable_for("/v3/payments")
    told = await bill_mcp.not_paid(bill, 60)
    assert (told.code, told.outcome) == ("unreachable", Outcome.NOT_DONE)
    assert bill_mcp.states == [State.NOT_DONE]


@pytest.mark.parametrize("drop", ["after", "mid_answer"])
async def test_answer_that_was_lost_is_found_at_once(
    bill_mcp: Paying, drop: str
) -> None:
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop=drop)
    told = await bill_mcp.pay(bill, 60)
    (made,) = bill_mcp.payments(bill)
    assert told["id"] == made["id"]
    assert bill_mcp.states == [State.DONE]
    assert (await bill_mcp.not_paid(bill, 60)).code == "duplicate"


@pytest.mark.parametrize("amount", [60, 1])
@pytest.mark.parametrize("by", ["agent", "another"])
async def test_while_unknown_any_payment_of_the_bill_is_refused_until_the_next_look(
    bill_mcp: Paying, amount: float, by: str
) -> None:
    bill, other = await bill_mcp.bill(100), await bill_mcp.bill(100)
    begun = bill_mcp.clock.now()
    bill_mcp.fault(drop="before")
    first = await bill_mcp.not_paid(bill, 60)
    assert first.outcome is Outcome.UNKNOWN
    told = await bill_mcp.not_paid(bill, amount, by, transactionNumber="NEW")
    assert (told.code, told.outcome) == ("outcome_unknown", Outcome.UNKNOWN)
    assert told.earlier is not None
    assert told.earlier.at == begun
    assert told.earlier.agent_is_you is (by == "agent")
    # 15:10:00, the deadline 95 seconds after it, and a minute.
    assert "BILL is asked again at 2026-11-23 15:13 UTC" in told.advice
    assert "BILL is asked again at 2026-11-23 15:13 UTC" in first.advice
    assert bill_mcp.payments(bill) == []
    await bill_mcp.pay(other, 60, by)


async def test_bulk_with_a_bill_whose_payment_is_unknown_is_refused_whole(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    bills = [await bill_mcp.bill(100, vendor) for _ in range(2)]
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(bills[0], 60)
    payments = [{"billId": bill, "amount": 5} for bill in bills]
    funding = bill_mcp.payment("", 1)["fundingAccount"]
    arguments = {"vendorId": vendor, "payments": payments, "fundingAccount": funding}
    told = await bill_mcp.refused("bill_create_a_bulk_payment", arguments)
    assert told.code == "outcome_unknown"
    assert bill_mcp.payments() == []


async def lost(bill_mcp: Paying, amount: float = 60) -> str:
    """The id of a bill whose payment never came to BILL, and now counts as not made."""
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="before")
    assert (await bill_mcp.not_paid(bill, amount)).outcome is Outcome.UNKNOWN
    for after_s in (60, 300, SETTLES_S):
        wait_s = DEADLINE_S + after_s - _since(bill_mcp)
        bill_mcp.pass_time(wait_s)
        await bill_mcp.settle()
    assert bill_mcp.states == [State.NOT_DONE]
    return bill


def _since(bill_mcp: Paying) -> float:
    return bill_mcp.clock.monotonic()


def assert_not_done(told: CallError) -> None:
    assert (told.code, told.outcome) == ("not_done", Outcome.NOT_DONE)
    assert "three look-ups at BILL found nothing" in str(told)


async def test_what_was_lost_and_not_found_is_sent_again_with_a_new_number_only(
    bill_mcp: Paying,
) -> None:
    bill = await lost(bill_mcp)
    for by in ("agent", "another"):
        assert_not_done(await bill_mcp.not_paid(bill, 60, by))
    assert bill_mcp.payments(bill) == []
    await bill_mcp.pay(bill, 60, transactionNumber="NEW")
    assert len(bill_mcp.payments(bill)) == 1


async def test_what_was_lost_is_not_sent_again_with_the_number_it_was_sent_with(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(300)
    bill_mcp.fault(act_late_s=4000)
    told = await bill_mcp.not_paid(bill, 60, transactionNumber="N1")
    assert told.outcome is Outcome.UNKNOWN
    for _ in range(3):
        bill_mcp.pass_time(DEADLINE_S + SETTLES_S)
        await bill_mcp.settle()
    assert bill_mcp.states == [State.NOT_DONE]
    for by in ("agent", "another"):
        told = await bill_mcp.not_paid(bill, 60, by, transactionNumber="N1")
        assert_not_done(told)
    bill_mcp.pass_time(4000)  # and now the first sending takes effect
    assert len(bill_mcp.payments(bill)) == 1


async def test_another_amount_is_free_once_nothing_was_found(bill_mcp: Paying) -> None:
    bill = await lost(bill_mcp)
    await bill_mcp.pay(bill, 61)
    assert len(bill_mcp.payments(bill)) == 1


async def test_policy_may_let_it_be_sent_again() -> None:
    bill_mcp = Paying(rules=rules(resend="after_not_done"))
    bill = await lost(bill_mcp)
    await bill_mcp.pay(bill, 60)
    assert len(bill_mcp.payments(bill)) == 1
    assert (await bill_mcp.not_paid(bill, 60)).code == "duplicate"


async def test_a_person_is_asked_before_it_is_sent_again() -> None:
    bill_mcp = Paying(confirm=Confirm.NEVER)
    bill = await lost(bill_mcp)
    asking = bill_mcp.agent(confirm=Confirm.AUTO)
    arguments = bill_mcp.payment(bill, 60)
    question = await bill_mcp.asked(PAY, arguments, asking)
    assert "three look-ups at BILL found nothing" in question.question
    approval_id = await bill_mcp.grant(question)
    await bill_mcp.call(PAY, arguments | {"approval_id": approval_id}, asking)
    assert len(bill_mcp.payments(bill)) == 1


async def test_what_bill_refuses_later_does_not_release_what_was_lost() -> None:
    bill_mcp = Paying(confirm=Confirm.NEVER)
    bill = await lost(bill_mcp)
    asking = bill_mcp.agent(confirm=Confirm.AUTO)
    arguments = bill_mcp.payment(bill, 60)
    approval_id = await bill_mcp.grant(await bill_mcp.asked(PAY, arguments, asking))
    bill_mcp.fault(answer={"code": "BDC_1171", "status": 422})
    told = await bill_mcp.refused(PAY, arguments | {"approval_id": approval_id}, asking)
    assert (told.outcome, told.bill_code) == (Outcome.NOT_DONE, "BDC_1171")
    # The first sending may still take effect, as it might before.
    question = await bill_mcp.asked(PAY, arguments, asking)
    assert "three look-ups at BILL found nothing" in question.question
    assert_not_done(await bill_mcp.not_paid(bill, 60))
    assert bill_mcp.payments(bill) == []


async def test_another_currency_of_the_vendor_does_not_release_what_was_lost(
    bill_mcp: Paying,
) -> None:
    bill = await lost(bill_mcp)
    vendor = next(iter(bill_mcp.world.rows("bill")))["vendorId"]
    change = {"vendorId": vendor, "billCurrency": "EUR"}
    await bill_mcp.call("bill_update_a_vendor", change)
    assert_not_done(await bill_mcp.not_paid(bill, 60))
    assert bill_mcp.payments(bill) == []
