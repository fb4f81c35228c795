"""What makes a payment the same payment, through the whole path of a call."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import httpx
import pytest
from support.clock import START
from support.other_spellings import take_any_case
from support.paying import BULK, PAY, Paying
from support.upstream import Arrival

from bill_mcp.agents import Confirm
from bill_mcp.errors import CallError, Earlier, Outcome
from bill_mcp.sessions.credentials import Credentials, read
from bill_mcp.simulator import sign_in_data
from bill_mcp.simulator.seeds.empty import PARTNER_ID
from bill_mcp.simulator.world import World

pytestmark = pytest.mark.anyio


@pytest.fixture
def bill_mcp() -> Paying:
    return Paying()


def assert_duplicate(told: CallError, **earlier: Any) -> None:
    assert (told.code, told.outcome) == ("duplicate", Outcome.DONE)
    assert told.earlier == Earlier(**earlier)


VOID = "bill_void_a_payment"

REWORDED: list[dict[str, Any]] = [
    {},
    {"description": "once more"},
    {"processDate": "2026-12-08"},
    {"fundingAccount": {"type": "WALLET"}},
    {"processingOptions": {"requestPayFaster": False}},
]


@pytest.mark.parametrize("more", REWORDED, ids=lambda more: next(iter(more), "same"))
async def test_same_bill_and_amount_reworded_is_a_duplicate(
    bill_mcp: Paying, more: dict[str, Any]
) -> None:
    bill = await bill_mcp.bill(100)
    made = await bill_mcp.pay(bill, 60)
    arguments = bill_mcp.payment(bill, 60) | more
    bill_mcp.pass_time(3600)
    told = await bill_mcp.refused(PAY, arguments)
    assert_duplicate(told, at=START, id=made["id"], agent_is_you=True)
    assert len(bill_mcp.payments(bill)) == 1


async def test_same_payment_of_another_agent_is_a_duplicate_and_not_its_own(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(100)
    made = await bill_mcp.pay(bill, 60)
    told = await bill_mcp.not_paid(bill, 60.0, by="another")
    assert_duplicate(told, at=START, id=made["id"], agent_is_you=False)
    assert len(bill_mcp.payments(bill)) == 1


async def test_another_amount_of_the_same_bill_goes_through(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(100)
    await bill_mcp.pay(bill, 60)
    await bill_mcp.pay(bill, 39.99)
    assert [row["amount"] for row in bill_mcp.payments(bill)] == [60, 39.99]


async def test_same_payment_is_a_duplicate_for_thirty_days(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(200)
    await bill_mcp.pay(bill, 60)
    bill_mcp.pass_time(29.9 * 86400)
    assert (await bill_mcp.not_paid(bill, 60)).code == "duplicate"
    bill_mcp.pass_time(0.2 * 86400)
    await bill_mcp.pay(bill, 60)
    assert len(bill_mcp.payments(bill)) == 2


async def test_same_payment_is_a_duplicate_after_a_restart(tmp_path: Any) -> None:
    bill_mcp = Paying(home=tmp_path)
    bill = await bill_mcp.bill(100)
    made = await bill_mcp.pay(bill, 60)
    bill_mcp.restart()
    told = await bill_mcp.not_paid(bill, 60)
    assert_duplicate(told, at=START, id=made["id"], agent_is_you=True)


async def test_another_currency_of_the_vendor_makes_no_other_payment(
    bill_mcp: Paying,
) -> None:
    vendor = await bill_mcp.vendor()
    bill = await bill_mcp.bill(200, vendor)
    bill_mcp.fault(hide_s=3600)  # so that only the journal knows of it
    made = await bill_mcp.pay(bill, 60)
    change = {"vendorId": vendor, "billCurrency": "EUR"}
    await bill_mcp.call("bill_update_a_vendor", change)
    told = await bill_mcp.not_paid(bill, 60)
    assert_duplicate(told, at=START, id=made["id"], agent_is_you=True)
    assert len(bill_mcp.payments(bill)) == 1


async def test_payment_that_an_older_journal_knows_with_its_currency_is_the_same(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(200)
    bill_mcp.fault(hide_s=3600)
    await bill_mcp.pay(bill, 60)
    with_currency = (f"bill/{bill}|6000|USD", f"bill/{bill}")
    await bill_mcp.server.records.file.transact(
        lambda c: c.execute(
            "UPDATE claims SET identity = ? WHERE subject = ?", with_currency
        )
    )
    assert (await bill_mcp.not_paid(bill, 60)).code == "duplicate"
    assert len(bill_mcp.payments(bill)) == 1


async def test_where_bill_makes_the_bill_vendor_and_amount_are_the_identity(
    bill_mcp: Paying,
) -> None:
    vendor, other = await bill_mcp.vendor(), await bill_mcp.vendor("Other")
    more = {"processingOptions": {"createBill": True}}
    funding = bill_mcp.payment("", 60)["fundingAccount"]
    arguments = {"vendorId": vendor, "amount": 60, "fundingAccount": funding, **more}
    made = await bill_mcp.call(PAY, arguments)
    told = await bill_mcp.refused(PAY, arguments | {"description": "rent"})
    assert_duplicate(told, at=START, id=made["id"], agent_is_you=True)
    await bill_mcp.call(PAY, arguments | {"amount": 61})
    await bill_mcp.call(PAY, arguments | {"vendorId": other})
    assert [row["amount"] for row in bill_mcp.payments()] == [60, 61, 60]


def bulk(bill_mcp: Paying, *parts: tuple[str, float]) -> dict[str, Any]:
    funding = bill_mcp.payment("", 1)["fundingAccount"]
    payments = [{"billId": bill, "amount": amount} for bill, amount in parts]
    return {"payments": payments, "fundingAccount": funding}


async def test_bulk_claims_every_bill_or_none(bill_mcp: Paying) -> None:
    vendor = await bill_mcp.vendor()
    bills = [await bill_mcp.bill(100, vendor) for _ in range(3)]
    await bill_mcp.pay(bills[1], 50)
    arguments = bulk(bill_mcp, *[(bill, 50) for bill in bills]) | {"vendorId": vendor}
    told = await bill_mcp.refused(BULK, arguments)
    assert told.code == "duplicate"
    assert len(bill_mcp.payments()) == 1
    # The others are free, as if they had never been asked for.
    arguments["payments"] = [arguments["payments"][0], arguments["payments"][2]]
    await bill_mcp.call(BULK, arguments)
    for bill in bills:
        assert (await bill_mcp.not_paid(bill, 50)).code == "duplicate"
        assert len(bill_mcp.payments(bill)) == 1


async def test_bill_that_stands_twice_in_a_bulk_is_a_mistake(bill_mcp: Paying) -> None:
    vendor = await bill_mcp.vendor()
    bill = await bill_mcp.bill(100, vendor)
    arguments = bulk(bill_mcp, (bill, 10), (bill, 20)) | {"vendorId": vendor}
    told = await bill_mcp.refused(BULK, arguments)
    assert told.code == "bad_arguments"
    assert told.faults[0]["path"] == "payments[1].billId"
    assert bill_mcp.payments() == []


async def test_bill_that_stands_in_a_bulk_in_two_spellings_is_a_mistake(
    bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = await bill_mcp.vendor()
    bill = await bill_mcp.bill(100, vendor)
    take_any_case(bill_mcp, monkeypatch)
    arguments = bulk(bill_mcp, (bill, 10), (bill.upper(), 20)) | {"vendorId": vendor}
    told = await bill_mcp.refused(BULK, arguments)
    assert told.code == "bad_arguments"
    assert told.faults[0]["path"] == "payments[1].billId"
    assert bill_mcp.payments() == []


async def test_id_in_another_spelling_that_bill_takes_is_the_same_bill(
    bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = await bill_mcp.bill(100)
    take_any_case(bill_mcp, monkeypatch)
    bill_mcp.fault(drop="after", hide_s=500)
    assert (await bill_mcp.not_paid(bill, 40)).outcome is Outcome.UNKNOWN
    assert (await bill_mcp.not_paid(bill.lower(), 40)).code == "outcome_unknown"
    assert len(bill_mcp.payments()) == 1


async def test_vendor_in_another_spelling_that_bill_takes_is_paid_the_same_once(
    bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = await bill_mcp.vendor()
    take_any_case(bill_mcp, monkeypatch)
    funding = bill_mcp.payment("", 60)["fundingAccount"]
    made = {"processingOptions": {"createBill": True}, "fundingAccount": funding}
    arguments = {"vendorId": vendor, "amount": 60, **made}
    bill_mcp.fault(drop="after", hide_s=500)
    assert (await bill_mcp.refused(PAY, arguments)).outcome is Outcome.UNKNOWN
    told = await bill_mcp.refused(PAY, arguments | {"vendorId": vendor.lower()})
    assert told.code == "outcome_unknown"
    assert len(bill_mcp.payments()) == 1


async def test_payment_in_another_spelling_that_bill_takes_is_sent_anew_once(
    bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await bill_mcp.pay(await bill_mcp.bill(100), 60)
    take_any_case(bill_mcp, monkeypatch)
    key = made["id"]
    bill_mcp.fault(f"/v3/payments/{key}/void", drop="before")
    anew = {"paymentId": key, "type": "VOID_AND_REISSUE", "reason": "Lost check"}
    assert (await bill_mcp.refused(VOID, anew)).outcome is Outcome.UNKNOWN
    told = await bill_mcp.refused(VOID, anew | {"paymentId": key.upper()})
    assert told.code == "outcome_unknown"


WRONG: list[Any] = [{}, {"id": None}, {"id": ""}, {"id": "00n0another"}]


@pytest.mark.parametrize("shown", WRONG, ids=str)
async def test_bill_that_bill_shows_under_no_id_or_as_another_is_not_paid(
    bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch, shown: dict[str, Any]
) -> None:
    bill = await bill_mcp.bill(100)
    answer = bill_mcp.upstream.answer

    async def answered(arrival: Arrival) -> Any:
        if arrival.path == f"/v3/bills/{bill}":
            return httpx.Response(200, json={"dueAmount": 100, **shown})
        reply = answer(arrival)
        return await reply if isinstance(reply, Awaitable) else reply

    bill_mcp.upstream.answer = answered
    told = await bill_mcp.not_paid(bill, 60)
    assert (told.code, told.outcome) == ("object_unclear", Outcome.NOT_DONE)
    assert bill_mcp.upstream.writes == []


async def test_bill_that_bill_does_not_show_is_not_paid(bill_mcp: Paying) -> None:
    told = await bill_mcp.not_paid("00n0nowhere", 60)
    assert (told.code, told.outcome) == ("bill_error", Outcome.NOT_DONE)
    assert bill_mcp.upstream.writes == []


async def test_payment_made_in_bills_web_page_is_found(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(200)
    theirs = await bill_mcp.paid_in_web_page(bill, 60)
    told = await bill_mcp.not_paid(bill, 60)
    assert_duplicate(told, at=None, id=theirs["id"], agent_is_you=False)
    assert theirs["id"] in str(told)
    await bill_mcp.pay(bill, 61)
    assert len(bill_mcp.payments(bill)) == 2


async def test_voided_payment_does_not_stand_in_the_way_at_bill(
    bill_mcp: Paying,
) -> None:
    bill = await bill_mcp.bill(100)
    theirs = await bill_mcp.paid_in_web_page(bill, 60)
    await bill_mcp.web_page("POST", f"/v3/payments/{theirs['id']}/cancel")
    await bill_mcp.pay(bill, 60)
    assert len(bill_mcp.payments(bill)) == 1


@pytest.mark.parametrize("where", ["journal", "web page"])
async def test_new_transaction_number_means_another_payment_where_nobody_is_asked(
    bill_mcp: Paying, where: str
) -> None:
    bill = await bill_mcp.bill(300)
    if where == "journal":
        await bill_mcp.pay(bill, 60)
    else:
        await bill_mcp.paid_in_web_page(bill, 60)
    made = await bill_mcp.pay(bill, 60, transactionNumber="SECOND")
    assert made["transactionNumber"] == "SECOND"
    assert len(bill_mcp.payments(bill)) == 2
    # A number that has been used proves nothing any more.
    told = await bill_mcp.not_paid(bill, 60, transactionNumber="SECOND")
    assert told.code == "duplicate"
    assert len(bill_mcp.payments(bill)) == 2


async def test_new_transaction_number_asks_a_person_where_one_can_be_asked() -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    bill = await bill_mcp.bill(300)
    nobody = bill_mcp.agent(confirm=Confirm.NEVER)
    made = await bill_mcp.pay(bill, 60, by=nobody)
    assert (await bill_mcp.not_paid(bill, 60)).code == "duplicate"
    arguments = bill_mcp.payment(bill, 60, transactionNumber="SECOND")
    question = await bill_mcp.asked(PAY, arguments)
    assert f"The same payment, 60.00 USD for bill {bill}, was made" in question.question
    assert question.refusal.earlier is not None
    assert question.refusal.earlier.id == made["id"]
    assert len(bill_mcp.payments(bill)) == 1
    approval_id = await bill_mcp.grant(question)
    await bill_mcp.call(PAY, arguments | {"approval_id": approval_id})
    assert len(bill_mcp.payments(bill)) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://GATEWAY.stage.bill.com/connect",
        "https://gateway.stage.bill.com:443/connect",
        "https://proxy.example.test/connect",
    ],
)
async def test_payment_is_known_however_bill_is_addressed(
    tmp_path: Any, url: str
) -> None:
    bill_mcp = Paying(home=tmp_path)
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(drop="after", hide_s=5000)
    assert (await bill_mcp.not_paid(bill, 60)).outcome is Outcome.UNKNOWN
    bill_mcp.base_url = url
    bill_mcp.restart()
    told = await bill_mcp.not_paid(bill, 60, by="another")
    assert (told.code, told.outcome) == ("outcome_unknown", Outcome.UNKNOWN)
    assert len(bill_mcp.payments(bill)) == 1


async def test_payment_is_known_however_a_partner_spells_the_organization(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bill_mcp = Paying()
    bill = await bill_mcp.bill(500)
    organization = str(bill_mcp.login.organization_id)
    user = [row["id"] for row in bill_mcp.world.rows("user")][-1]
    bill_mcp.login = partner_of(bill_mcp, organization)
    believe_any_case(bill_mcp, monkeypatch)
    for spelling in (organization, organization.lower()):
        signing_in = {"organizationId": spelling, "userId": user}
        await bill_mcp.call("bill_api_login_as_user", signing_in)
        for session in list(bill_mcp.world.rows("session")):
            bill_mcp.world.put("session", session["id"], session | {"trusted": True})
        if spelling == organization:
            bill_mcp.fault(drop="after", hide_s=5000)
        told = await bill_mcp.not_paid(bill, 60)
        assert told.outcome is Outcome.UNKNOWN
    assert len(bill_mcp.payments(bill)) == 1


def partner_of(bill_mcp: Paying, organization: str) -> Credentials:
    """What signs in a partner to which the organization belongs."""
    made = sign_in_data.partner(bill_mcp.world, 7)
    known = bill_mcp.world.get("organization", organization) or {}
    owned = known | {"_partnerId": PARTNER_ID}
    bill_mcp.world.put("organization", organization, owned)
    return read(made.get)


def believe_any_case(bill_mcp: Paying, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on BILL takes an organization's id in any case."""
    strict = type(bill_mcp.world).get

    def lenient(self: World, kind: str, key: str) -> Any:
        rows = self.rows(kind) if kind == "organization" else ()
        same = (row["id"] for row in rows if row["id"].lower() == key.lower())
        return strict(self, kind, next(same, key))

    monkeypatch.setattr(type(bill_mcp.world), "get", lenient)
