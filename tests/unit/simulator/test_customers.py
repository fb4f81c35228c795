from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]

ADDRESS = {
    "line1": "2501 Alki Avenue SW",
    "line2": "Unit 4",
    "city": "Seattle",
    "stateOrProvince": "WA",
    "zipOrPostalCode": "98116",
    "country": "US",
    "countryName": "United States",
}
WHOLE = {
    "name": "Alki Custom Homes",
    "companyName": "Alki Custom Homes Inc.",
    "contact": {"firstName": "Nora", "lastName": "Beckett"},
    "email": "ap@alkihomes.example",
    "phone": "2065550211",
    "fax": "2065550212",
    "description": "Builds on the point",
    "invoiceCurrency": "USD",
    "accountType": "BUSINESS",
    "paymentTermId": "term-30",
    "accountNumber": "C-201",
    "billingAddress": ADDRESS,
    "shippingAddress": ADDRESS,
}
PLAIN = {"name": "Elena", "email": "elena@mail.example"}


async def test_a_customer_shows_all_that_it_was_created_with(bill: Any) -> None:
    response = await bill.ask("POST", "/customers", WHOLE)
    assert response.status_code == 201
    made = response.json()
    assert made.items() >= WHOLE.items()
    assert made["balance"] == {"amount": 0}
    assert await bill.get(f"/customers/{made['id']}") == made
    assert (await bill.get("/customers"))["results"] == [made]


async def test_name_and_email_are_enough_and_the_rest_is_absent(bill: Any) -> None:
    made = await bill.post("/customers", PLAIN)
    assert made["id"].startswith("0cu")
    assert made["accountType"] == "NONE"
    assert made["invoiceCurrency"] == "USD"
    assert not made.keys() & {"phone", "billingAddress", "contact"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"email": None}, "email"),
        ({"name": None}, "name"),
        ({"accountType": "COMPANY"}, "accountType"),
        ({"billingAddress": ADDRESS | {"country": "USA"}}, "billingAddress.country"),
        ({"billingAddress": ADDRESS | {"country": "CA"}}, "invoiceCurrency"),
    ],
)
async def test_what_is_missing_or_wrong_is_named(
    bill: Any, change: dict[str, Any], path: str
) -> None:
    response = await bill.ask("POST", "/customers", PLAIN | change)
    assert response.status_code == 400
    assert response.json()[0]["message"].startswith(f"{path}: ")


async def test_a_patch_keeps_what_it_does_not_name(bill: Any) -> None:
    made = await bill.post("/customers", WHOLE)
    await bill.pass_time(advance_s=60)
    change = {"billingAddress": {"line2": "Unit 9"}, "contact": {"firstName": "Max"}}
    response = await bill.ask("PATCH", f"/customers/{made['id']}", change)
    changed = response.json()
    assert changed["billingAddress"] == ADDRESS | {"line2": "Unit 9"}
    assert changed["contact"] == {"firstName": "Max", "lastName": "Beckett"}
    assert changed["shippingAddress"] == ADDRESS
    assert changed["updatedTime"] > made["updatedTime"]


async def test_a_patch_leaves_no_half_address(bill: Any) -> None:
    made = await bill.post("/customers", PLAIN)
    change = {"billingAddress": {"line1": "1 Main Street", "country": "US"}}
    response = await bill.ask("PATCH", f"/customers/{made['id']}", change)
    assert response.status_code == 400
    assert [each["message"] for each in response.json()] == [
        "billingAddress.city: must not be null",
        "billingAddress.zipOrPostalCode: must not be null",
    ]


async def test_an_archived_customer_is_read_but_not_changed_or_invoiced(
    bill: Any, refused: Refused
) -> None:
    made = await bill.post("/customers", PLAIN)
    here = f"/customers/{made['id']}"
    archived = await bill.post(f"{here}/archive")
    assert archived["archived"] is True
    assert await bill.post(f"{here}/archive") == archived
    assert await bill.get(here) == archived
    change = await bill.ask("PATCH", here, {"name": "Other"})
    assert refused(change) == (422, "BDC_9001")
    lines = [{"quantity": 1, "price": 5}]
    body = {"customer": {"id": made["id"]}, "invoiceLineItems": lines}
    assert refused(await bill.ask("POST", "/invoices", body)) == (422, "BDC_9001")
    assert (await bill.post(f"{here}/restore"))["archived"] is False


async def test_the_balance_is_what_is_due_less_the_credit(bill: Any) -> None:
    made = await bill.post("/customers", PLAIN)
    invoices = []
    for price in (100, 50, 25):
        lines = [{"quantity": 1, "price": price}]
        body = {"customer": {"id": made["id"]}, "invoiceLineItems": lines}
        invoices.append(await bill.post("/invoices", body))
    await bill.post(f"/invoices/{invoices[2]['id']}/archive")
    payment = {
        "customerId": made["id"],
        "paymentDate": "2026-11-23",
        "paymentType": "CHECK",
        "amount": "80",
        "invoices": [{"id": invoices[1]["id"], "amount": "50"}],
    }
    await bill.post("/invoices/record-payment", payment)
    customer = await bill.get(f"/customers/{made['id']}")
    assert customer["balance"] == {"amount": 70}
    assert (await bill.get("/customers"))["results"] == [customer]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"filters": "name:sw:A", "sort": "name:desc"}, ["Azure", "Alki"]),
        ({"filters": 'accountType:nin:"NONE,PERSON"'}, ["Azure"]),
        ({"filters": "invoiceCurrency:eq:CAD"}, ["Bow"]),
        ({"filters": "archived:eq:true"}, ["Bow"]),
        ({"filters": "paymentStatus:eq:UNPAID"}, []),
        ({"sort": "createdTime:desc", "max": 1}, ["Bow"]),
        ({"filters": 'createdTime:gte:"2027-01-01"'}, []),
    ],
)
async def test_lists_are_filtered_and_sorted(
    bill: Any, query: dict[str, Any], names: list[str]
) -> None:
    await bill.post("/customers", PLAIN | {"name": "Alki"})
    await bill.post("/customers", PLAIN | {"name": "Azure", "accountType": "BUSINESS"})
    await bill.pass_time(advance_s=1)
    bow = await bill.post(
        "/customers", PLAIN | {"name": "Bow", "invoiceCurrency": "CAD"}
    )
    await bill.post(f"/customers/{bow['id']}/archive")
    page = await bill.get("/customers", **query)
    assert [each["name"] for each in page["results"]] == names


@pytest.mark.parametrize(
    "filters",
    ["email:eq:x", "name:ne:x", "accountType:eq:COMPANY", "paymentStatus:eq:LATE"],
)
async def test_unknown_fields_operators_and_values_are_refused(
    bill: Any, filters: str
) -> None:
    response = await bill.ask("GET", "/customers", filters=filters)
    assert response.status_code == 400


async def test_another_organizations_customer_is_not_there(
    bill: Any, refused: Refused
) -> None:
    made = await bill.post("/customers", PLAIN)
    other = await bill.control("POST", "/fixtures", [{"type": "organization"}])
    await bill.sign_in(organization=other[0]["id"])
    here = f"/customers/{made['id']}"
    assert refused(await bill.ask("GET", here)) == (404, "BDC_1205")
    assert refused(await bill.ask("PATCH", here, {"name": "x"})) == (404, "BDC_1205")
