from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bill_mcp.simulator import credentials
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.money import cents
from bill_mcp.simulator.world import World

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
RECORD = "/invoices/record-payment"


async def invoice(bill: Any, price: float, customer: Any = None) -> Any:
    buyer = customer or {"name": "Elena", "email": "elena@mail.example"}
    lines = [{"quantity": 1, "price": price}]
    return await bill.post("/invoices", {"customer": buyer, "invoiceLineItems": lines})


def payment(amount: Any, *parts: tuple[Any, Any], **more: Any) -> dict[str, Any]:
    return {
        "paymentDate": "2026-11-20",
        "paymentType": "CHECK",
        "amount": amount,
        "invoices": [{"id": made["id"], "amount": part} for made, part in parts],
        **more,
    }


async def test_a_recorded_payment_shows_what_it_paid(bill: Any) -> None:
    made = await invoice(bill, 100)
    response = await bill.ask(
        "POST", RECORD, payment("30", (made, "30"), description="Check 117")
    )
    assert response.status_code == 200
    told = response.json()
    share = {"id": told["id"], "amount": 30, "status": "PAID", "date": "2026-11-20"}
    assert told == {
        "id": told["id"],
        "customerId": made["customerId"],
        "paymentType": "CHECK",
        "paymentDate": "2026-11-20",
        "amount": 30,
        "unappliedAmount": 0,
        "status": "PAID",
        "description": "Check 117",
        "invoices": [{"id": made["id"], "payments": [share]}],
    }
    now = await bill.get(f"/invoices/{made['id']}")
    assert (now["status"], now["dueAmount"]) == ("PARTIAL_PAYMENT", 70)
    assert now["payments"] == [share]


async def test_what_is_too_much_becomes_the_customers_credit(bill: Any) -> None:
    first = await invoice(bill, 100)
    second = await invoice(bill, 50, {"id": first["customerId"]})
    told = await bill.post(RECORD, payment(200, (first, 120), (second, 50)))
    assert told["unappliedAmount"] == 50
    for made in (first, second):
        now = await bill.get(f"/invoices/{made['id']}")
        assert (now["status"], now["dueAmount"]) == ("PAID", 0)
    customer = await bill.get(f"/customers/{first['customerId']}")
    assert customer["balance"]["amount"] == -50


async def test_a_repeated_call_is_a_second_payment(bill: Any) -> None:
    made = await invoice(bill, 100)
    told = [await bill.post(RECORD, payment(40, (made, 40))) for _ in range(2)]
    assert told[0]["id"] != told[1]["id"]
    now = await bill.get(f"/invoices/{made['id']}")
    assert (now["dueAmount"], len(now["payments"])) == (20, 2)


async def test_a_payment_for_no_invoice_is_all_credit(bill: Any) -> None:
    customer = (await invoice(bill, 100))["customerId"]
    told = await bill.post(RECORD, payment(25, customerId=customer))
    assert (told["unappliedAmount"], told["invoices"]) == (25, [])
    assert (await bill.ask("POST", RECORD, payment(25))).status_code == 400


async def test_invoices_of_two_customers_are_refused(
    bill: Any, refused: Refused
) -> None:
    first, second = await invoice(bill, 100), await invoice(bill, 100)
    both = payment(20, (first, 10), (second, 10))
    assert refused(await bill.ask("POST", RECORD, both)) == (422, "BDC_9040")
    other = payment(10, (first, 10), customerId=second["customerId"])
    assert refused(await bill.ask("POST", RECORD, other)) == (422, "BDC_9040")


@pytest.mark.parametrize(
    ("amount", "part", "change"),
    [
        (0, 10, {}),
        (10, 0, {}),
        (10, -5, {}),
        (10, 11, {}),
        (10, 10, {"paymentType": "BARTER"}),
        (10, 10, {"paymentDate": "yesterday"}),
    ],
)
async def test_a_wrong_payment_is_refused_and_changes_nothing(
    bill: Any, amount: float, part: float, change: dict[str, Any]
) -> None:
    made = await invoice(bill, 100)
    wish = payment(amount, (made, part)) | change
    assert (await bill.ask("POST", RECORD, wish)).status_code == 400
    assert await bill.get(f"/invoices/{made['id']}") == made


async def test_archived_and_void_invoices_take_no_payment(
    bill: Any, refused: Refused
) -> None:
    archived, void = await invoice(bill, 10), await invoice(bill, 10)
    await bill.post(f"/invoices/{archived['id']}/archive")
    status = {"fields": {"status": "VOID"}}
    await bill.control("PATCH", f"/objects/{void['id']}", status)
    wish = payment(10, (archived, 10))
    assert refused(await bill.ask("POST", RECORD, wish)) == (422, "BDC_9001")
    wish = payment(10, (void, 10))
    assert refused(await bill.ask("POST", RECORD, wish)) == (422, "BDC_9002")
    edit = await bill.ask("PATCH", f"/invoices/{void['id']}", {"dueDate": "2027-01-01"})
    assert refused(edit) == (422, "BDC_9002")
    now = await bill.get(f"/invoices/{void['id']}")
    assert (now["status"], now["dueAmount"]) == ("VOID", 0)


async def test_an_edit_cannot_undercut_what_was_paid(
    bill: Any, refused: Refused
) -> None:
    made = await invoice(bill, 100)
    await bill.post(RECORD, payment(60, (made, 60)))
    here = f"/invoices/{made['id']}"
    line = {"id": made["invoiceLineItems"][0]["id"], "price": 59}
    cheaper = await bill.ask("PATCH", here, {"invoiceLineItems": [line]})
    assert refused(cheaper) == (422, "BDC_9042")
    moved = {"customer": {"name": "Max", "email": "max@mail.example"}}
    assert refused(await bill.ask("PATCH", here, moved)) == (422, "BDC_9042")
    assert len((await bill.get("/customers"))["results"]) == 1


async def test_a_customer_who_pays_online_has_paid_the_next_bank_day(
    bill: Any, refused: Refused
) -> None:
    made = await invoice(bill, 100)
    here = f"/invoices/{made['id']}"
    fields = {"fields": {"status": "SCHEDULED"}}
    await bill.control("PATCH", f"/objects/{made['id']}", fields)
    now = await bill.get(here)
    assert (now["status"], now["scheduledAmount"], now["dueAmount"]) == (
        "SCHEDULED",
        100,
        0,
    )
    assert refused(await bill.ask("POST", f"{here}/archive")) == (422, "BDC_9042")
    assert await bill.get(here) == now
    await bill.pass_time(now="2026-11-24T15:00:00Z")
    paid = await bill.get(here)
    assert (paid["status"], paid["scheduledAmount"], paid["dueAmount"]) == (
        "PAID",
        0,
        0,
    )
    assert paid["payments"][0]["date"] == "2026-11-24"
    assert refused(await bill.ask("POST", f"{here}/archive")) == (422, "BDC_9042")


async def test_a_payment_that_bounces_reopens_its_invoice(bill: Any) -> None:
    made = await invoice(bill, 100)
    await bill.control(
        "PATCH", f"/objects/{made['id']}", {"fields": {"status": "PAID"}}
    )
    paid = await bill.get(f"/invoices/{made['id']}")
    assert (paid["status"], paid["dueAmount"]) == ("PAID", 0)
    bounced = {"fields": {"status": "VOID"}}
    await bill.control("PATCH", f"/objects/{paid['payments'][0]['id']}", bounced)
    now = await bill.get(f"/invoices/{made['id']}")
    assert (now["status"], now["dueAmount"]) == ("OPEN", 100)
    assert now["payments"][0]["status"] == "VOID"


MONEY = st.integers(min_value=1, max_value=500_000).map(lambda n: n / 100)
STATUSES = st.sampled_from(["VOID", "PAID", "SCHEDULED"])


@settings(max_examples=25, deadline=None)
@given(
    lines=st.lists(MONEY, min_size=1, max_size=4),
    payments=st.lists(st.tuples(MONEY, STATUSES), max_size=4),
)
def test_what_is_due_is_always_the_total_less_what_came_in(
    lines: list[float], payments: list[tuple[float, str]]
) -> None:
    anyio.run(partial(live, lines, payments))


async def live(lines: list[float], payments: list[tuple[float, str]]) -> None:
    transport = httpx.ASGITransport(build_app(World.create("empty")))
    base = "http://simulator.localhost"
    async with httpx.AsyncClient(transport=transport, base_url=base) as http:
        api = f"{base}/connect/v3"
        login = {
            "username": credentials.USERNAME,
            "password": credentials.PASSWORD,
            "organizationId": credentials.ORGANIZATION_ID,
            "devKey": credentials.DEVELOPER_KEY,
        }
        session = (await http.post(f"{api}/login", json=login)).json()["sessionId"]
        http.headers.update({"devKey": login["devKey"], "sessionId": session})
        body = {
            "customer": {"name": "Elena", "email": "elena@mail.example"},
            "invoiceLineItems": [{"quantity": 1, "price": each} for each in lines],
        }
        made = (await http.post(f"{api}/invoices", json=body)).json()
        surplus = 0
        for amount, status in payments:
            wish = payment(amount, (made, amount), paymentDate="2026-12-01")
            told = (await http.post(f"{api}{RECORD}", json=wish)).json()
            fields = {"fields": {"status": status}}
            await http.patch(f"/simulator/objects/{told['id']}", json=fields)
            surplus += cents(told["unappliedAmount"]) if status == "PAID" else 0
            now = (await http.get(f"{api}/invoices/{made['id']}")).json()
            came = {"VOID": 0, "PAID": 0, "SCHEDULED": 0}
            for each in now["payments"]:
                came[each["status"]] += cents(each["amount"])
            due = cents(now["totalAmount"]) - came["PAID"] - came["SCHEDULED"]
            assert cents(now["dueAmount"]) == due >= 0
            assert cents(now["scheduledAmount"]) == came["SCHEDULED"]
        url = f"{api}/customers/{made['customerId']}"
        customer = (await http.get(url)).json()
        now = (await http.get(f"{api}/invoices/{made['id']}")).json()
        owed = cents(now["dueAmount"]) - surplus
        assert cents(customer["balance"]["amount"]) == owed
