from collections.abc import Callable
from typing import Any

import pytest

from bill_mcp.simulator import credentials

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]

ADDRESS = {
    "line1": "77 S Washington Street",
    "city": "Seattle",
    "zipOrPostalCode": "98104",
    "country": "US",
}


async def signed_in(bill: Any) -> Any:
    session = await bill.post(
        "/partner/login",
        {
            "username": credentials.PARTNER_USERNAME,
            "password": credentials.PASSWORD,
            "appKey": credentials.APP_KEY,
        },
    )
    bill.headers = {
        "appKey": credentials.APP_KEY,
        "sessionId": session["sessionId"],
    }
    return bill


@pytest.fixture
async def partner(start: Any) -> Any:
    return await signed_in(await start())


async def test_an_organization_is_created_and_listed(partner: Any) -> None:
    body = {
        "name": "Harborline Catering LLC",
        "address": ADDRESS,
        "phone": "2065550611",
        "companyOwner": {"name": "Mina Solberg", "dateOfBirth": "1980-02-03"},
        "taxId": "842290117",
        "taxIdType": "EIN",
        "industry": "Hospitality and food services",
        "accountType": "BUSINESS",
        "processingOptions": {"mailingAddressSameAsPhysical": True},
    }
    response = await partner.ask("POST", "/partner/organizations", body)
    assert response.status_code == 201
    made = response.json()
    body["address"] = {**ADDRESS, "countryName": "United States"}
    assert {name: made[name] for name in body} == body
    assert made["mailingAddress"] == body["address"]
    assert made["partnerName"] == "Ledgerworks Accounting"
    assert made["id"].startswith("008")
    rows = (await partner.get("/partner/organizations"))["results"]
    assert [row["id"] for row in rows] == [credentials.ORGANIZATION_ID, made["id"]]
    filters = f"id:eq:{made['id']}"
    found = await partner.get("/partner/organizations", filters=filters)
    assert found["results"] == [made]


async def test_a_partner_sees_only_its_own_organizations(partner: Any) -> None:
    await partner.control("POST", "/fixtures", [{"type": "organization"}])
    rows = (await partner.get("/partner/organizations"))["results"]
    assert [row["id"] for row in rows] == [credentials.ORGANIZATION_ID]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": None}, "name: must not be null"),
        ({"address": {"line1": "x"}}, "address.city: must not be null"),
        ({"industry": "Piracy"}, "industry: must be a name"),
        ({"taxIdType": "VAT"}, "taxIdType: must be one of SSN, EIN"),
    ],
)
async def test_an_organization_that_cannot_be_is_refused(
    partner: Any, change: dict[str, Any], told: str
) -> None:
    body = {"name": "New", "address": ADDRESS, **change}
    response = await partner.ask("POST", "/partner/organizations", body)
    assert response.status_code == 400
    assert response.json()[0]["message"].startswith(told)


async def test_organizations_are_paged(partner: Any) -> None:
    for number in range(3):
        body = {"name": f"Client {number}", "address": ADDRESS}
        await partner.post("/partner/organizations", body)
    first = await partner.get("/partner/organizations", max=3)
    second = await partner.get("/partner/organizations", page=first["nextPage"], max=3)
    assert [len(each["results"]) for each in (first, second)] == [3, 1]
    bad = await partner.ask("GET", "/partner/organizations", filters="name:eq:x")
    assert bad.status_code == 400


async def test_a_new_organization_has_roles_and_accounts_and_takes_users(
    partner: Any, refused: Refused
) -> None:
    body = {"name": "Client", "address": ADDRESS}
    made = await partner.post("/partner/organizations", body)
    wanted = [{"type": "user", "organization": made["id"], "fields": {}}]
    wanted[0]["fields"] = {"role": "ADMINISTRATOR"}
    user = (await partner.control("POST", "/fixtures", wanted))[0]
    wish = {"userId": user["id"], "organizationId": made["id"]}
    session = await partner.post("/partner/login-as-user", wish)
    partner_headers = dict(partner.headers)
    partner.headers = {
        "devKey": credentials.DEVELOPER_KEY,
        "sessionId": session["sessionId"],
    }
    assert (await partner.get("/roles"))["results"]
    accounts = await partner.get("/classifications/chart-of-accounts")
    assert "ACCOUNTS_PAYABLE" in {row["account"]["type"] for row in accounts["results"]}
    assert (await partner.get(f"/organizations/{made['id']}"))["name"] == "Client"
    await partner.vendor()
    await partner.control(
        "PATCH", f"/objects/{user['id']}", {"fields": {"archived": True}}
    )
    partner.headers = partner_headers
    response = await partner.ask("POST", "/partner/login-as-user", wish)
    assert refused(response) == (422, "BDC_9001")


async def test_an_organizations_session_is_no_partners(
    bill: Any, refused: Refused
) -> None:
    response = await bill.ask("GET", "/partner/organizations")
    assert refused(response)[0] == 401


async def test_the_demos_partner_can_act_in_each_of_its_organizations(
    start: Any,
) -> None:
    demo = await signed_in(await start("demo"))
    rows = (await demo.get("/partner/organizations"))["results"]
    assert len(rows) == 3
    partner_headers = dict(demo.headers)
    for row in rows:
        users = demo.world.where("user", "_organizationId", row["id"])
        wish = {"userId": users[0]["id"], "organizationId": row["id"]}
        demo.headers = partner_headers
        session = await demo.post("/partner/login-as-user", wish)
        demo.headers = {
            "devKey": credentials.DEVELOPER_KEY,
            "sessionId": session["sessionId"],
        }
        assert (await demo.get("/users"))["results"]
