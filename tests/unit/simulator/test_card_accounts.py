from collections.abc import Callable
from typing import Any

import pytest

from bill_mcp.simulator import credentials

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
FUNDING = "/funding-accounts"


async def fixture(bill: Any, kind: str = "card_account", **fields: Any) -> str:
    wanted = [{"type": kind, "fields": fields}]
    key: str = (await bill.control("POST", "/fixtures", wanted))[0]["id"]
    return key


async def cards(bill: Any, status: str = "VERIFIED") -> list[str]:
    found = await bill.get(f"{FUNDING}/cards", cardUserStatus=status)
    return [card["id"] for card in found["cards"]]


async def test_cards_are_listed_by_what_the_caller_may_do_with_them(
    bill: Any,
) -> None:
    await bill.sign_in(role="CLERK")
    clerk = bill.world.get("session", bill.headers["sessionId"])["userId"]
    own = await fixture(bill, userIds=[clerk], brand="MASTERCARD")
    nominated = await fixture(bill, nominatedIds=[clerk])
    assert await cards(bill) == [own]
    assert await cards(bill, "NOMINATED") == [nominated]
    assert (await bill.get(f"{FUNDING}/cards/{own}"))["brand"] == "MASTERCARD"
    missing = await bill.ask("GET", f"{FUNDING}/cards")
    assert missing.status_code == 400
    wrong = await bill.ask("GET", f"{FUNDING}/cards", cardUserStatus="SOME")
    assert wrong.status_code == 400


async def test_the_users_of_cards_are_filtered_and_paged(bill: Any) -> None:
    card = await fixture(bill)
    other = await fixture(bill, userIds=[credentials.USER_ID])
    path = f"{FUNDING}/cards/users"
    rows = (await bill.get(path))["results"]
    assert {row["verificationStatus"] for row in rows} == {"VERIFIED"}
    assert {row["cardAccountId"] for row in rows} == {card, other}
    filters = f"userId:eq:{credentials.USER_ID}"
    assert len((await bill.get(path, filters=filters))["results"]) == 2
    mine = (await bill.get(path, currentUser="true"))["results"]
    assert [row["cardAccountId"] for row in mine] == [card]
    first = await bill.get(path, max=1, sort="archived")
    assert len((await bill.get(path, page=first["nextPage"], max=5))["results"]) == 2
    assert (await bill.ask("GET", path, filters="brand:eq:VISA")).status_code == 400


async def test_rates_name_the_default_card_and_a_running_promotion(demo: Any) -> None:
    await demo.sign_in()
    rates = (await demo.get(f"{FUNDING}/cards", cardUserStatus="VERIFIED"))["rates"]
    default = demo.world.get("card_account", rates["defaultCardAccountId"])
    assert default["default"]["payables"]
    assert (
        rates["funding"]["creditCardRate"] > rates["activePromotion"]["debitCardRate"]
    )
    await demo.pass_time(advance_s=31 * 86_400)
    rates = (await demo.get(f"{FUNDING}/cards", cardUserStatus="VERIFIED"))["rates"]
    assert "activePromotion" not in rates


async def test_ap_cards_are_a_bare_array(bill: Any) -> None:
    assert await bill.get(f"{FUNDING}/ap-cards") == []
    key = await fixture(bill, "ap_card", limit=500.0)
    [card] = await bill.get(f"{FUNDING}/ap-cards")
    assert (card["id"], card["limit"], card["balance"]) == (key, 500, 0)
    assert card["status"] == "ACTIVE"


async def test_another_organizations_cards_are_not_there(
    bill: Any, refused: Refused
) -> None:
    card = await fixture(bill)
    await fixture(bill, "ap_card")
    other = await bill.control("POST", "/fixtures", [{"type": "organization"}])
    await bill.sign_in(organization=other[0]["id"])
    response = await bill.ask("GET", f"{FUNDING}/cards/{card}")
    assert refused(response) == (404, "BDC_1205")
    assert await cards(bill) == []
    assert await bill.get(f"{FUNDING}/ap-cards") == []
    assert (await bill.get(f"{FUNDING}/cards/users"))["results"] == []


async def test_purposes_are_asked_unless_bill_knows_the_vendor(bill: Any) -> None:
    vendor = await bill.vendor()
    path = f"{FUNDING}/cards/funding-purposes"
    found = await bill.get(path, vendorId=vendor["id"], brand="visa")
    assert "lastUsedPurpose" not in found
    assert found["results"][0]["subCategories"]
    wrong = await bill.ask("GET", path, vendorId=vendor["id"], brand="clay")
    assert wrong.status_code == 400
    await bill.control(
        "PATCH",
        f"/objects/{vendor['id']}",
        {"fields": {"networkStatus": "CONNECTED"}},
    )
    assert await bill.get(path, vendorId=vendor["id"], brand="VISA") == {}


async def test_permissions_say_what_organization_and_user_may(bill: Any) -> None:
    path = f"{FUNDING}/permissions"
    before = await bill.get(path)
    assert before["organization"]["card"]["payByCard"] is False
    assert before["user"]["payOnline"] is True
    await fixture(bill)
    flags = {"_amexAllowed": True, "_walletFunding": True}
    await bill.control(
        "PATCH", f"/objects/{credentials.ORGANIZATION_ID}", {"fields": flags}
    )
    assert (await bill.get(path))["organization"] == {
        "card": {"payByCard": True, "fundingEnabled": True, "amexAllowed": True},
        "wallet": {"fundingEnabled": True},
    }
    await bill.sign_in(role="CLERK")
    assert (await bill.get(path))["user"]["payOnline"] is False
