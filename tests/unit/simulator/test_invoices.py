from collections.abc import Callable
from typing import Any

import pytest

from bill_mcp.simulator.world import World

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]

BUYER = {"name": "Elena", "email": "elena@mail.example"}


def body(*prices: float, **more: Any) -> dict[str, Any]:
    lines = [{"quantity": 1, "price": price} for price in prices or (100,)]
    return {"customer": BUYER, "invoiceLineItems": lines, **more}


async def classified(bill: Any) -> dict[str, str]:
    """Return one classification of each kind that a line may have."""
    out = {}
    for name, path in (
        ("accountingClassId", "accounting-classes"),
        ("chartOfAccountId", "chart-of-accounts"),
        ("departmentId", "departments"),
        ("jobId", "jobs"),
        ("locationId", "locations"),
    ):
        made = await bill.post(f"/classifications/{path}", {"name": "One"})
        out[name] = made["id"]
    return out


async def item(bill: Any, **fields: Any) -> str:
    wanted = {"type": "INVENTORY", "name": "Fir", **fields}
    key: str = (await bill.post("/classifications/items", wanted))["id"]
    return key


async def test_an_invoice_shows_all_that_it_was_created_with(bill: Any) -> None:
    ids = await classified(bill)
    whole = {name: ids[name] for name in ids if name != "chartOfAccountId"}
    fir = await item(bill)
    line = {
        "description": "Fir",
        "quantity": 3,
        "price": 6.85,
        "classifications": ids | {"itemId": fir},
    }
    given = {
        "invoiceNumber": "A-1",
        "invoiceDate": "2026-11-20",
        "dueDate": "2026-12-05",
        "payToChartOfAccountId": ids["chartOfAccountId"],
        "classifications": whole,
        "creditAmount": 2,
        "salesTaxItemId": await item(bill, type="SALES_TAX", percentage=10),
        "enableCardPayment": True,
        "convenienceFee": {"percentage": 2.9},
    }
    wish = given | {
        "customer": BUYER,
        "invoiceLineItems": [line],
        "processingOptions": {"sendEmail": True},
    }
    response = await bill.ask("POST", "/invoices", wish)
    assert response.status_code == 201
    made = response.json()
    assert made.items() >= given.items()
    kept = made["invoiceLineItems"][0]
    assert kept == line | {"id": kept["id"]}
    assert (made["salesTaxPercentage"], made["salesTaxTotal"]) == (10, 2.06)
    assert (made["totalAmount"], made["dueAmount"]) == (22.61, 20.61)
    assert made["exchangeRate"] == 1
    assert made["invoicePdfId"]
    assert await bill.get(f"/invoices/{made['id']}") == made


async def test_name_and_email_make_the_customer(bill: Any) -> None:
    made = await bill.post("/invoices", body())
    customer = await bill.get(f"/customers/{made['customerId']}")
    assert customer.items() >= BUYER.items()
    again = await bill.post("/invoices", body(customer={"id": customer["id"]}))
    assert again["customerId"] == customer["id"]
    assert len((await bill.get("/customers"))["results"]) == 1


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"customer": "0cu01"}, "customer"),
        ({"customer": None}, "customer"),
        ({"customer": {"name": "Elena"}}, "customer.id"),
        ({"customerId": "0cu01"}, "customerId"),
        ({"invoiceLineItems": []}, "invoiceLineItems"),
        ({"invoiceLineItems": [{"price": 1}]}, "invoiceLineItems[0].quantity"),
        ({"creditAmount": 101}, "creditAmount"),
        ({"dueDate": "31.12.2026"}, "dueDate"),
    ],
)
async def test_a_wrong_body_is_refused_and_leaves_nothing(
    bill: Any, change: dict[str, Any], path: str
) -> None:
    response = await bill.ask("POST", "/invoices", body(**change))
    assert response.status_code == 400
    assert response.json()[0]["message"].startswith(f"{path}: ")
    assert (await bill.get("/customers"))["results"] == []


async def test_an_edit_with_customer_id_is_refused_too(bill: Any) -> None:
    made = await bill.post("/invoices", body())
    wish = {"customerId": made["customerId"]}
    for method, more in (("PATCH", {}), ("PUT", body())):
        response = await bill.ask(method, f"/invoices/{made['id']}", wish | more)
        assert response.status_code == 400
        assert response.json()[0]["message"].startswith("customerId: ")


async def test_number_and_dates_are_bills_where_none_are_given(bill: Any) -> None:
    await bill.post("/invoices", body(invoiceNumber="1002"))
    made = [await bill.post("/invoices", body()) for _ in range(2)]
    assert [each["invoiceNumber"] for each in made] == ["1001", "1003"]
    assert made[0]["invoiceDate"] == "2026-11-23"
    assert made[0]["dueDate"] == "2026-12-23"


async def test_a_number_is_used_once_unless_its_invoice_is_archived(
    bill: Any, refused: Refused
) -> None:
    first = await bill.post("/invoices", body(invoiceNumber="A-1"))
    again = await bill.ask("POST", "/invoices", body(invoiceNumber="A-1"))
    assert refused(again) == (422, "BDC_1171")
    other = await bill.post("/invoices", body())
    here = f"/invoices/{other['id']}"
    change = await bill.ask("PATCH", here, {"invoiceNumber": "A-1"})
    assert refused(change) == (422, "BDC_1171")
    await bill.post(f"/invoices/{first['id']}/archive")
    assert (await bill.ask("PATCH", here, {"invoiceNumber": "A-1"})).status_code == 200
    restored = await bill.ask("POST", f"/invoices/{first['id']}/restore")
    assert refused(restored) == (422, "BDC_1171")


async def test_a_line_takes_the_price_of_its_item(bill: Any) -> None:
    fir = await item(bill, price=6.85)
    line = {"quantity": 10, "classifications": {"itemId": fir}}
    made = await bill.post("/invoices", body(invoiceLineItems=[line, {"quantity": 2}]))
    assert [each["price"] for each in made["invoiceLineItems"]] == [6.85, 0]
    assert made["totalAmount"] == 68.5


async def test_items_that_are_not_taxable_bear_no_sales_tax(bill: Any) -> None:
    delivery = await item(bill, type="OTHER_CHARGE", taxable=False, price=50)
    line = {"quantity": 1, "classifications": {"itemId": delivery}}
    wish = body(100, salesTaxPercentage=10.35)
    wish["invoiceLineItems"].append(line)
    made = await bill.post("/invoices", wish)
    assert (made["salesTaxTotal"], made["totalAmount"]) == (10.35, 160.35)


@pytest.mark.parametrize("name", ["jobId", "itemId", "chartOfAccountId"])
async def test_a_classification_that_does_not_exist_is_refused(
    bill: Any, refused: Refused, name: str
) -> None:
    line = {"quantity": 1, "price": 5, "classifications": {name: "nobody"}}
    response = await bill.ask("POST", "/invoices", body(invoiceLineItems=[line]))
    assert refused(response) == (404, "BDC_1205")
    expected = f"invoiceLineItems[0].classifications.{name}"
    assert expected in response.json()[0]["message"]


async def test_a_put_drops_omitted_lines_and_fields(bill: Any) -> None:
    wish = body(10, 20, 30, invoiceNumber="A-1", creditAmount=5, salesTaxPercentage=10)
    made = await bill.post("/invoices", wish)
    first, _, third = made["invoiceLineItems"]
    lines = [
        {"id": third["id"], "quantity": 2, "price": 30},
        {"quantity": 4, "amount": 10},
    ]
    wish = {"customer": {"id": made["customerId"]}, "invoiceLineItems": lines}
    put = (await bill.ask("PUT", f"/invoices/{made['id']}", wish)).json()
    kept, new = put["invoiceLineItems"]
    assert kept["id"] == third["id"]
    assert new["id"] not in {first["id"], third["id"]}
    assert (new["price"], put["totalAmount"], put["dueAmount"]) == (2.5, 70, 70)
    assert put["invoiceNumber"] == "A-1"
    assert put["createdTime"] == made["createdTime"]
    assert "salesTaxPercentage" not in put
    assert "salesTaxTotal" not in put


async def test_a_patched_line_loses_its_classifications(bill: Any) -> None:
    ids = await classified(bill)
    line = {"quantity": 1, "price": 5, "description": "Fir", "classifications": ids}
    made = await bill.post("/invoices", body(invoiceLineItems=[line, line]))
    first, second = made["invoiceLineItems"]
    change = {"invoiceLineItems": [{"id": first["id"], "quantity": 3}]}
    new = (await bill.ask("PATCH", f"/invoices/{made['id']}", change)).json()
    assert new["invoiceLineItems"][1] == second
    edited = new["invoiceLineItems"][0]
    assert edited == {
        "id": first["id"],
        "description": "Fir",
        "quantity": 3,
        "price": 5,
    }
    assert new["totalAmount"] == 20


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_line_of_another_invoice_is_not_there(
    bill: Any, refused: Refused, method: str
) -> None:
    made, other = [await bill.post("/invoices", body()) for _ in range(2)]
    strange = {"id": other["invoiceLineItems"][0]["id"], "quantity": 1, "price": 1}
    wish = body(invoiceLineItems=[strange])
    response = await bill.ask(method, f"/invoices/{made['id']}", wish)
    assert refused(response) == (404, "BDC_1205")
    assert await bill.get(f"/invoices/{made['id']}") == made


async def test_archiving_cancels_without_a_status(bill: Any, refused: Refused) -> None:
    made = await bill.post("/invoices", body())
    here = f"/invoices/{made['id']}"
    archived = await bill.post(f"{here}/archive")
    assert (archived["archived"], archived["status"]) == (True, "OPEN")
    assert await bill.post(f"{here}/archive") == archived
    mail = {"replyTo": {}, "recipient": {"to": ["a@b.example"]}}
    for response in (
        await bill.ask("PATCH", here, {"dueDate": "2027-01-01"}),
        await bill.ask("PUT", here, body()),
        await bill.ask("POST", f"{here}/email", mail),
    ):
        assert refused(response) == (422, "BDC_9001")
    assert (await bill.post(f"{here}/restore"))["archived"] is False


async def test_emails_are_recorded_and_the_pdf_can_be_fetched(bill: Any) -> None:
    made = await bill.post("/invoices", body())
    assert "invoicePdfId" not in made
    mail = {
        "replyTo": {"userId": (await bill.get("/login/session"))["userId"]},
        "recipient": {"to": ["a@b.example", "c@d.example"]},
    }
    response = await bill.ask("POST", f"/invoices/{made['id']}/email", mail)
    assert (response.status_code, response.content) == (200, b"")
    kept = (await bill.control("GET", "/state"))["objects"]["invoice_email"]
    assert [each["to"] for each in kept.values()] == [["a@b.example", "c@d.example"]]
    sent = await bill.get(f"/invoices/{made['id']}")
    url = f"/connect/AttachDownload?id={sent['invoicePdfId']}"
    document = await bill.http.get(url, headers=bill.headers)
    assert document.content.startswith(b"%PDF-1.4")
    assert document.content.endswith(b"%%EOF\n")


async def test_only_who_asks_for_it_has_an_invoice_sent(bill: Any) -> None:
    made = await bill.post("/invoices", body(processingOptions={"sendEmail": False}))
    assert "invoice_email" not in (await bill.control("GET", "/state"))["objects"]
    change = {"processingOptions": {"sendEmail": True}}
    await bill.ask("PATCH", f"/invoices/{made['id']}", change)
    kept = (await bill.control("GET", "/state"))["objects"]["invoice_email"]
    assert [each["to"] for each in kept.values()] == [[BUYER["email"]]]


@pytest.mark.parametrize(
    ("mail", "status"),
    [
        ({"replyTo": {}, "recipient": {"to": []}}, 400),
        ({"replyTo": {}, "recipient": {}}, 400),
        ({"replyTo": {}, "recipient": {"to": ["nobody"]}}, 400),
        ({"replyTo": {"userId": "006?"}, "recipient": {"to": ["a@b.example"]}}, 404),
        ({"recipient": {"to": ["a@b.example"]}}, 400),
    ],
)
async def test_a_wrong_email_is_refused(bill: Any, mail: Any, status: int) -> None:
    made = await bill.post("/invoices", body())
    response = await bill.ask("POST", f"/invoices/{made['id']}/email", mail)
    assert response.status_code == status


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"filters": "invoiceNumber:sw:A", "sort": "totalAmount:desc"}, ["A-3", "A-1"]),
        ({"filters": 'invoiceNumber:in:"A-1,B-2"'}, ["A-1", "B-2"]),
        ({"filters": "dueDate:lt:2026-12-01"}, ["B-2"]),
        ({"sort": "dueDate:desc", "max": 1}, ["A-3"]),
        ({"filters": "status:in:OPEN,archived:eq:true"}, ["A-3"]),
        ({"filters": "status:nin:OPEN"}, []),
        ({"filters": 'updatedTime:gte:"2027-01-01"'}, []),
    ],
)
async def test_lists_are_filtered_and_sorted(
    bill: Any, query: dict[str, Any], numbers: list[str]
) -> None:
    for number, price, due in (
        ("A-1", 10, "2026-12-10"),
        ("B-2", 20, "2026-11-30"),
        ("A-3", 30, "2026-12-24"),
    ):
        made = await bill.post(
            "/invoices", body(price, invoiceNumber=number, dueDate=due)
        )
    await bill.post(f"/invoices/{made['id']}/archive")
    page = await bill.get("/invoices", **query)
    assert [each["invoiceNumber"] for each in page["results"]] == numbers


@pytest.mark.parametrize(
    "filters",
    ["status:eq:LATE", "totalAmount:gt:5", "customerId:sw:0cu", "dueDate:eq:soon"],
)
async def test_what_the_list_does_not_know_is_refused(bill: Any, filters: str) -> None:
    assert (await bill.ask("GET", "/invoices", filters=filters)).status_code == 400


async def test_two_worlds_with_one_seed_give_the_same_invoices(start: Any) -> None:
    made = []
    for _ in range(2):
        one = await start()
        await one.sign_in()
        wish = body(processingOptions={"sendEmail": True})
        made.append(await one.post("/invoices", wish))
    assert made[0] == made[1]
    assert World.create("empty").get("invoice", made[0]["id"]) is None
