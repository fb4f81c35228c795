"""Paying with something else than a bank account, and in another currency."""

from collections.abc import Callable
from typing import Any

import pytest

from bill_mcp.simulator import credentials

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
DAY = 86_400


async def fixture(bill: Any, kind: str, **fields: Any) -> str:
    wanted = [{"type": kind, "fields": fields}]
    key: str = (await bill.control("POST", "/fixtures", wanted))[0]["id"]
    return key


@pytest.fixture
async def due(bill: Any) -> Any:
    return await bill.bill((await bill.paid_by_ach())["id"], 100)


def by(bill: Any, due: Any, amount: float, kind: str, **more: Any) -> Any:
    account = {"type": kind, **({"id": more.pop("id")} if "id" in more else {})}
    return bill.payment(due, amount, fundingAccount=account, **more)


async def test_a_card_pays_when_the_purpose_is_named(
    bill: Any, due: Any, refused: Refused
) -> None:
    card = await fixture(bill, "card_account")
    body = by(bill, due, 60, "CARD_ACCOUNT", id=card)
    response = await bill.ask("POST", "/payments", body)
    assert response.status_code == 400
    assert response.json()[0]["message"] == "cardFundingPurpose: must not be null"
    body["cardFundingPurpose"] = "Bribes"
    assert (await bill.ask("POST", "/payments", body)).status_code == 400
    body["cardFundingPurpose"] = "Inventory"
    payment = await bill.post("/payments", body)
    assert payment["fundingAccount"] == {"type": "CARD_ACCOUNT", "id": card}
    assert payment["processDate"] == "2026-11-24"
    path = "/funding-accounts/cards/funding-purposes"
    found = await bill.get(path, vendorId=due["vendorId"], brand="visa")
    assert found["lastUsedPurpose"] == "Inventory"
    await bill.pass_time(advance_s=7 * DAY)
    done = await bill.get(f"/payments/{payment['id']}")
    assert (done["singleStatus"], done["cardFundingPurpose"]) == (
        "CLEARED",
        "Inventory",
    )


@pytest.mark.parametrize(
    ("fields", "code", "word"),
    [
        ({"status": "PENDING"}, "BDC_1151", "CARD_NOT_ACTIVE"),
        ({"archived": True}, "BDC_1151", None),
        ({"brand": "AMEX"}, "BDC_1151", "AMEX_NOT_ALLOWED"),
        (
            {"expiration": {"year": "2026", "month": "10"}},
            "BDC_1151",
            "CARD_EXPIRED",
        ),
        ({"userIds": []}, "BDC_1150", "USER_NOT_VERIFIED"),
    ],
)
async def test_a_card_that_cannot_pay_is_refused_and_the_options_say_why(
    bill: Any,
    due: Any,
    refused: Refused,
    fields: dict[str, Any],
    code: str,
    word: str | None,
) -> None:
    card = await fixture(bill, "card_account", **fields)
    body = by(bill, due, 60, "CARD_ACCOUNT", id=card, cardFundingPurpose="Inventory")
    assert refused(await bill.ask("POST", "/payments", body)) == (422, code)
    query = {"vendorId": due["vendorId"], "amount": 60}
    found = await bill.get("/payments/options", **query)
    [option] = found["fundingOptions"]["cards"]
    assert option["available"] is False
    assert option["reason"] == (word or "ARCHIVED")


async def test_a_card_is_good_through_the_month_it_names(bill: Any, due: Any) -> None:
    expiration = {"year": "2026", "month": "11"}
    card = await fixture(bill, "card_account", expiration=expiration)
    body = by(bill, due, 60, "CARD_ACCOUNT", id=card, cardFundingPurpose="Inventory")
    await bill.post("/payments", body)
    await bill.pass_time(now="2026-12-01T15:00:00Z")
    assert (await bill.ask("POST", "/payments", body)).status_code == 422


async def test_the_options_tell_a_cards_fee_and_condition(bill: Any, due: Any) -> None:
    card = await fixture(bill, "card_account", last4="4417")
    query = {"vendorId": due["vendorId"], "amount": "200"}
    found = await bill.get("/payments/options", **query)
    assert found["fundingOptions"]["cards"] == [
        {
            "id": card,
            "name": "Chase 4417",
            "brand": "VISA",
            "available": True,
            "processDate": "2026-11-24",
            "deliveryDate": "2026-11-27",
            "conditions": ["CARD_FUNDING_PURPOSE_REQUIRED"],
            "feeInfo": {"amount": 5.8, "rate": 2.9},
        }
    ]


async def test_an_ap_card_pays_up_to_its_limit(
    bill: Any, due: Any, refused: Refused
) -> None:
    card = await fixture(bill, "ap_card", limit=150.0, balance=30.0)
    body = by(bill, due, 90, "AP_CARD", id=card)
    assert (await bill.ask("POST", "/payments", body)).status_code == 400
    body["processDate"] = "2026-11-24"
    payment = await bill.post("/payments", body)

    async def balance() -> float:
        found: float = (await bill.get("/funding-accounts/ap-cards"))[0]["balance"]
        return found

    assert await balance() == 120
    other = await bill.bill(due["vendorId"], 50)
    body = by(bill, other, 31, "AP_CARD", id=card, processDate="2026-11-24")
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_9019")
    await bill.post(f"/payments/{payment['id']}/cancel")
    assert await balance() == 30
    await bill.post("/payments", body)
    assert await balance() == 61
    # What is set from outside is what else was paid with the card.
    fields = {"fields": {"balance": 81.0}}
    await bill.control("PATCH", f"/objects/{card}", fields)
    await bill.pass_time(advance_s=7 * DAY)
    assert await balance() == 81


async def test_many_payments_share_an_ap_cards_limit(
    bill: Any, refused: Refused
) -> None:
    card = await fixture(bill, "ap_card", limit=100.0)
    vendor = await bill.paid_by_ach()
    dues = [await bill.bill(vendor["id"], 60) for _ in range(2)]
    body: dict[str, Any] = {
        "fundingAccount": {"type": "AP_CARD", "id": card},
        "processDate": "2026-11-24",
        "payments": [{"billId": each["id"], "amount": 60} for each in dues],
    }
    assert refused(await bill.ask("POST", "/payments/bulk", body)) == (422, "BDC_9019")
    assert (await bill.get("/payments"))["results"] == []
    body["payments"][1]["amount"] = 40
    await bill.post("/payments/bulk", body)


async def test_a_reissued_payment_uses_the_same_ap_card(bill: Any, due: Any) -> None:
    card = await fixture(bill, "ap_card", limit=150.0)
    body = by(bill, due, 90, "AP_CARD", id=card, processDate="2026-11-24")
    payment = await bill.post("/payments", body)
    await bill.pass_time(advance_s=DAY)
    again = {"type": "VOID_AND_REISSUE", "reason": "lost"}
    await bill.post(f"/payments/{payment['id']}/void", again)
    [found] = await bill.get("/funding-accounts/ap-cards")
    assert found["balance"] == 90


async def test_an_ap_card_that_is_no_more_than_a_draft_pays_nothing(
    bill: Any, due: Any, refused: Refused
) -> None:
    draft = await fixture(bill, "ap_card", status="DRAFT")
    for account in (draft, "apc00000000000000000"):
        body = by(bill, due, 9, "AP_CARD", id=account, processDate="2026-11-24")
        assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_1151")
    body = by(bill, due, 9, "AP_CARD", processDate="2026-11-24")
    assert (await bill.ask("POST", "/payments", body)).status_code == 400


async def test_the_wallet_needs_no_id_but_a_date_and_the_permission(
    bill: Any, due: Any, refused: Refused
) -> None:
    body = by(bill, due, 9, "WALLET", processDate="2026-11-24")
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_1151")
    await bill.control(
        "PATCH",
        f"/objects/{credentials.ORGANIZATION_ID}",
        {"fields": {"_walletFunding": True}},
    )
    payment = await bill.post("/payments", body)
    assert payment["fundingAccount"] == {"type": "WALLET"}
    del body["processDate"]
    assert (await bill.ask("POST", "/payments", body)).status_code == 400


async def test_a_clerk_pays_with_none_of_them(
    bill: Any, due: Any, refused: Refused
) -> None:
    data = await bill.sign_in(role="CLERK")
    card = await fixture(bill, "card_account", userIds=[data["userId"]])
    ap_card = await fixture(bill, "ap_card")
    for kind, account in (("CARD_ACCOUNT", card), ("AP_CARD", ap_card)):
        body = by(bill, due, 9, kind, id=account, processDate="2026-11-24")
        assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_1150")


# --- other currencies


async def abroad(bill: Any) -> Any:
    address = {
        "line1": "1050 Powell Street",
        "city": "Vancouver",
        "zipOrPostalCode": "V6A 1J1",
        "country": "CA",
    }
    vendor = await bill.vendor("Cedar", address=address, billCurrency="CAD")
    return await bill.bill(vendor["id"], 100)


async def test_a_foreign_bill_is_told_in_its_currency_and_in_dollars(
    bill: Any,
) -> None:
    due = await abroad(bill)
    assert (due["amount"], due["exchangeRate"]) == (100, 0.7145)
    assert due["fundingAmount"] == 71.45
    payment = await bill.pay(due, 100)
    assert (payment["amount"], payment["fundingAmount"]) == (100, 71.45)
    await bill.pass_time(advance_s=5 * DAY)
    info = (await bill.get(f"/payments/{payment['id']}"))["disbursementInfo"]
    assert info["internationalDisbursement"]["amount"] == 100


async def test_a_promised_rate_holds_for_twenty_minutes(
    bill: Any, refused: Refused
) -> None:
    due = await abroad(bill)
    batch = await fixture(bill, "exchange_rate_batch", currency="CAD", rate=0.7)
    payment = await bill.pay(due, 50, exchangeRateBatchId=batch)
    assert (payment["exchangeRate"], payment["fundingAmount"]) == (0.7, 35)
    await bill.pass_time(advance_s=20 * 60)
    body = bill.payment(due, 50, exchangeRateBatchId=batch)
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_9018")
    euros = await fixture(bill, "exchange_rate_batch", currency="EUR")
    body["exchangeRateBatchId"] = euros
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_9018")
    body["exchangeRateBatchId"] = "xrb0"
    assert refused(await bill.ask("POST", "/payments", body)) == (404, "BDC_1205")


async def test_a_world_can_be_set_to_ask_for_a_promised_rate(bill: Any) -> None:
    due = await abroad(bill)
    switch = {"fields": {"foreignPaymentsNeedARate": True}}
    await bill.control("PATCH", "/objects/settings", switch)
    response = await bill.ask("POST", "/payments", bill.payment(due, 50))
    assert response.json()[0]["message"] == "exchangeRateBatchId: must not be null"
    batch = await fixture(bill, "exchange_rate_batch")
    await bill.pay(due, 50, exchangeRateBatchId=batch)
    await bill.pay(await bill.bill((await bill.paid_by_ach())["id"], 9), 9)


@pytest.mark.parametrize("how", ["RPPS", "VIRTUAL_CARD", "WALLET"])
async def test_every_rail_tells_when_the_money_arrives(bill: Any, how: str) -> None:
    vendor = await bill.vendor()
    fields = {"fields": {"paymentInformation.payByType": how}}
    await bill.control("PATCH", f"/objects/{vendor['id']}", fields)
    payment = await bill.pay(await bill.bill(vendor["id"], 10), 10)
    await bill.pass_time(advance_s=9 * DAY)
    info = (await bill.get(f"/payments/{payment['id']}"))["disbursementInfo"]
    name = {
        "RPPS": "rppsDisbursement",
        "VIRTUAL_CARD": "vcardDisbursement",
        "WALLET": "walletDisbursement",
    }[how]
    assert info[name]["arrivesByDate"] == "2026-12-01"
    if how == "RPPS":
        assert info[name]["traceNumber"] > info[name]["batchNumber"] > 0
    if how == "VIRTUAL_CARD":
        assert info[name]["validUntil"] == "2027-02-25"
