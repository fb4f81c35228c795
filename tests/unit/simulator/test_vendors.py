from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
ACCOUNT = {"accountNumber": "111222333", "routingNumber": "074000010"}


async def test_every_missing_field_is_told_at_once(bill: Any) -> None:
    response = await bill.ask("POST", "/vendors", {"address": {"country": "USA"}})
    assert response.status_code == 400
    assert [each["message"] for each in response.json()] == [
        "name: must not be null",
        "address.line1: must not be null",
        "address.city: must not be null",
        "address.zipOrPostalCode: must not be null",
        'address.country: must match "^[A-Z]{2}$"',
    ]
    assert {each["category"] for each in response.json()} == {"REQUEST"}


async def test_unknown_fields_are_ignored_and_unset_ones_absent(bill: Any) -> None:
    vendor = await bill.vendor(nickname="none of BILL's", _password="x")
    assert "nickname" not in vendor
    assert "email" not in vendor
    assert not [name for name in vendor if name.startswith("_")]


async def test_two_vendors_may_have_one_name(bill: Any) -> None:
    first, second = await bill.vendor("Acme"), await bill.vendor("Acme")
    assert first["id"] != second["id"]


async def test_a_patch_keeps_what_it_does_not_name(bill: Any) -> None:
    vendor = await bill.paid_by_ach()
    await bill.pass_time(advance_s=60)
    change = {
        "address": {"line2": "Suite 2"},
        "paymentInformation": {"bankAccount": {"accountNumber": "999"}},
    }
    response = await bill.ask("PATCH", f"/vendors/{vendor['id']}", change)
    changed = response.json()
    assert changed["address"] == {**vendor["address"], "line2": "Suite 2"}
    assert changed["paymentInformation"] == vendor["paymentInformation"]
    assert changed["updatedTime"] > vendor["updatedTime"] == changed["createdTime"]


async def test_an_address_tells_its_countrys_name_which_follows_the_code(
    bill: Any,
) -> None:
    vendor = await bill.vendor()
    assert vendor["address"]["countryName"] == "United States"
    change = {"address": {"country": "CA", "countryName": "United States"}}
    moved = await bill.ask("PATCH", f"/vendors/{vendor['id']}", change)
    assert moved.json()["address"]["countryName"] == "Canada"


async def test_a_bank_account_is_masked_and_there_is_only_one(
    bill: Any, refused: Refused
) -> None:
    vendor = await bill.vendor()
    assert vendor["paymentInformation"]["payByType"] == "CHECK"
    path = f"/vendors/{vendor['id']}/bank-account"
    assert refused(await bill.ask("GET", path)) == (404, "BDC_1205")
    made = await bill.ask("POST", path, ACCOUNT)
    assert made.status_code == 200
    assert made.json()["accountNumber"] == "*****2333"
    assert refused(await bill.ask("POST", path, ACCOUNT)) == (422, "BDC_1233")
    with_account = await bill.get(f"/vendors/{vendor['id']}")
    assert with_account["paymentInformation"]["payByType"] == "ACH"
    gone = await bill.ask("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    await bill.post(path, ACCOUNT)


async def test_archiving_is_idempotent_and_closes_the_vendor(
    bill: Any, refused: Refused
) -> None:
    vendor = await bill.vendor()
    path = f"/vendors/{vendor['id']}"
    first = await bill.post(f"{path}/archive")
    await bill.pass_time(advance_s=60)
    again = await bill.post(f"{path}/archive")
    assert first["archived"]
    assert again["updatedTime"] == first["updatedTime"]
    assert refused(await bill.ask("PATCH", path, {"name": "New"}))[0] == 422
    assert not (await bill.post(f"{path}/restore"))["archived"]
    assert (await bill.ask("PATCH", path, {"name": "New"})).json()["name"] == "New"


async def test_a_vendor_of_another_organization_does_not_exist(
    bill: Any, refused: Refused
) -> None:
    vendor = await bill.vendor()
    wanted = [{"type": "organization"}]
    other = (await bill.control("POST", "/fixtures", wanted))[0]["id"]
    await bill.sign_in(organization=other)
    path = f"/vendors/{vendor['id']}"
    assert refused(await bill.ask("GET", path)) == (404, "BDC_1205")
    assert (await bill.get("/vendors"))["results"] == []


async def test_the_balance_is_what_is_due(bill: Any) -> None:
    vendor = await bill.vendor()
    await bill.bill(vendor["id"], 100.10, 0.20)
    await bill.bill(vendor["id"], 50)
    found = await bill.get(f"/vendors/{vendor['id']}")
    assert found["balance"]["amount"] == 150.30


async def test_auto_pay_needs_a_verified_account(bill: Any) -> None:
    auto_pay = {"enabled": True, "bankAccountId": bill.account, "maxAmount": "500"}
    vendor = await bill.vendor(autoPay=auto_pay)
    assert vendor["autoPay"]["maxAmount"] == 500
    assert vendor["autoPay"]["createdBy"]
    auto_pay["bankAccountId"] = "bac00000000000000000"
    body = {"autoPay": auto_pay}
    response = await bill.ask("PATCH", f"/vendors/{vendor['id']}", body)
    assert response.status_code == 400


async def test_the_configuration_depends_on_the_country(bill: Any) -> None:
    query = {"country": "IN", "billCurrency": "INR", "accountType": "BUSINESS"}
    path = "/vendors/configuration/international-payments"
    asked = await bill.get(path, **query)
    assert asked["paymentPurpose"]["required"]
    assert asked["validations"]["fields"][0]["name"] == "ifsc"
    vendor = await bill.vendor()
    asked = await bill.get(f"/vendors/{vendor['id']}/configuration")
    assert not asked["internationalPayments"]["paymentPurpose"]["required"]
    assert (await bill.ask("GET", path)).status_code == 400
