from collections.abc import Callable
from typing import Any

import pytest

from bill_mcp.simulator.operations import operations

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


async def own_path(bill: Any) -> str:
    session = await bill.get("/login/session")
    return f"/organizations/{session['organizationId']}"


async def test_an_organization_is_changed_field_by_field(bill: Any) -> None:
    path = await own_path(bill)
    before = await bill.get(path)
    await bill.pass_time(advance_s=60)
    edit: dict[str, Any] = {
        "phone": "2065550199",
        "address": {"line2": "Floor 9", "countryName": "United States"},
        "companyOwner": {"name": "Robin Whitfield"},
        "industry": "Wholesale trade",
        "processingOptions": {
            "mailingAddressSameAsPhysical": False,
            "individualTransferOut": True,
            "individualTransferIn": False,
        },
    }
    after = (await bill.ask("PATCH", path, edit)).json()
    assert after == await bill.get(path)
    assert after["address"] == {**before["address"], **edit["address"]}
    assert after["mailingAddress"] == before["mailingAddress"]
    assert after["companyOwner"]["name"] == "Robin Whitfield"
    assert after["companyOwner"]["dateOfBirth"] == before["companyOwner"]["dateOfBirth"]
    assert after["taxId"] == before["taxId"]
    assert after["updatedTime"] > before["updatedTime"]
    assert after.keys() == (operations()["organizations_update"].shape or {}).keys()


async def test_mail_can_go_to_the_physical_address(bill: Any) -> None:
    path = await own_path(bill)
    edit: dict[str, Any] = {"mailingAddress": {"line1": "PO Box 1"}}
    edit["processingOptions"] = {"mailingAddressSameAsPhysical": False}
    apart = (await bill.ask("PATCH", path, edit)).json()
    assert apart["mailingAddress"]["line1"] == "PO Box 1"
    edit = {"processingOptions": {"mailingAddressSameAsPhysical": True}}
    same = (await bill.ask("PATCH", path, edit)).json()
    assert same["mailingAddress"] == same["address"]


async def test_an_industry_is_one_of_the_list(bill: Any) -> None:
    path = await own_path(bill)
    names = (await bill.get("/organizations/industries"))["results"]
    assert (await bill.get(path))["industry"] in names
    assert (await bill.ask("PATCH", path, {"industry": names[0]})).status_code == 200
    response = await bill.ask("PATCH", path, {"industry": "Alchemy"})
    assert response.status_code == 400


async def test_the_price_plan_shows_prices_by_tier(bill: Any) -> None:
    plan = await bill.get(f"{await own_path(bill)}/price-plan")
    shape = operations()["organizations_get_price_plan"].shape or {}
    assert plan.keys() == shape.keys()
    assert plan["planTerms"][0].keys() == shape["planTerms"].keys()
    tiers = [term["tier"] for term in plan["planTerms"] if term["type"] == "USER"]
    assert tiers == [1, 2]


async def test_only_administrators_see_or_change_it(
    bill: Any, refused: Refused
) -> None:
    path = await own_path(bill)
    await bill.sign_in(role="ACCOUNTANT")
    asked = [("GET", path), ("PATCH", path), ("GET", f"{path}/price-plan")]
    for method, each in asked:
        assert refused(await bill.ask(method, each, {})) == (403, "BDC_9403")
    assert (await bill.ask("GET", "/organizations/industries")).status_code == 200


async def test_another_organization_is_not_found(bill: Any, refused: Refused) -> None:
    [other] = await bill.control("POST", "/fixtures", [{"type": "organization"}])
    path = f"/organizations/{other['id']}"
    asked = [("GET", path), ("PATCH", path), ("GET", f"{path}/price-plan")]
    for method, each in asked:
        assert refused(await bill.ask(method, each, {})) == (404, "BDC_1205")
