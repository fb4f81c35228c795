from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bill_mcp.simulator.recurring_dates import due_date

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
DAY = 86_400
PATH = "/recurringbills"


def template(vendor_id: str, **schedule: Any) -> dict[str, Any]:
    return {
        "vendorId": vendor_id,
        "description": "Rent",
        "schedule": {
            "period": "MONTHLY",
            "frequency": 1,
            "nextDueDate": "2026-12-15",
            "daysInAdvance": 7,
            **schedule,
        },
        "recurringBillLineItems": [
            {
                "amount": 900,
                "description": "Office",
                "classifications": {"departmentId": "0de01"},
            },
            {"amount": 100.5, "description": "Parking"},
        ],
    }


async def made(bill: Any, **schedule: Any) -> dict[str, Any]:
    vendor = await bill.paid_by_ach()
    found: dict[str, Any] = await bill.post(PATH, template(vendor["id"], **schedule))
    return found


async def numbers(bill: Any) -> list[str]:
    rows = (await bill.get("/bills"))["results"]
    return [row["invoice"]["invoiceNumber"] for row in rows]


async def paying(bill: Any, **schedule: Any) -> dict[str, Any]:
    vendor = await bill.paid_by_ach()
    body = template(vendor["id"], **schedule)
    body["processingOptions"] = {"autoPayment": True}
    body["paymentInformation"] = {"bankAccountId": bill.account}
    found: dict[str, Any] = await bill.post(PATH, body)
    return found


async def test_a_bill_is_made_some_days_before_it_falls_due(bill: Any) -> None:
    recurring = await made(bill)
    await bill.pass_time(now="2026-12-08T14:59:59Z")
    await bill.get(f"{PATH}/{recurring['id']}")
    assert await numbers(bill) == []
    await bill.pass_time(now="2026-12-08T15:00:00Z")
    [child] = (await bill.get("/bills"))["results"]
    assert child["invoice"] == {
        "invoiceNumber": "2026-12-15",
        "invoiceDate": "2026-12-08",
    }
    assert (child["dueDate"], child["amount"]) == ("2026-12-15", 1000.5)
    assert (child["vendorId"], child["description"]) == (recurring["vendorId"], "Rent")
    assert child["billLineItems"][0]["classifications"] == {"departmentId": "0de01"}
    schedule = (await bill.get(f"{PATH}/{recurring['id']}"))["schedule"]
    assert schedule["nextDueDate"] == "2027-01-15"


async def test_a_leap_of_the_clock_makes_every_bill_in_its_own_time(bill: Any) -> None:
    await made(bill, period="WEEKLY", frequency=2)
    await bill.pass_time(now="2027-01-20T15:00:00Z")
    rows = (await bill.get("/bills"))["results"]
    told = [(row["dueDate"], row["createdTime"][:10]) for row in rows]
    assert told == [
        ("2026-12-15", "2026-12-08"),
        ("2026-12-29", "2026-12-22"),
        ("2027-01-12", "2027-01-05"),
        ("2027-01-26", "2027-01-19"),
    ]


async def test_dates_in_the_past_make_their_bills_at_once(bill: Any) -> None:
    recurring = await made(bill, nextDueDate="2026-09-30")
    assert await numbers(bill) == ["2026-09-30", "2026-10-30", "2026-11-30"]
    assert recurring["schedule"]["nextDueDate"] == "2026-12-30"


async def test_too_many_missed_bills_are_refused_and_none_is_made(bill: Any) -> None:
    vendor = await bill.vendor()
    body = template(vendor["id"], period="DAILY", nextDueDate="2001-01-01")
    response = await bill.ask("POST", PATH, body)
    assert response.status_code == 400
    assert await numbers(bill) == []
    assert (await bill.get(PATH))["results"] == []


async def test_the_31st_comes_back_after_a_shorter_month(bill: Any) -> None:
    await made(bill, nextDueDate="2027-01-31", daysInAdvance=0)
    await bill.pass_time(now="2027-04-30T20:00:00Z")
    assert await numbers(bill) == [
        "2027-01-31",
        "2027-02-28",
        "2027-03-31",
        "2027-04-30",
    ]


async def test_after_the_end_date_there_are_no_more_bills(bill: Any) -> None:
    recurring = await made(bill, endDate="2027-01-20")
    await bill.pass_time(advance_s=200 * DAY)
    assert await numbers(bill) == ["2026-12-15", "2027-01-15"]
    later = {"schedule": {"endDate": "2027-02-20"}}
    await bill.ask("PATCH", f"{PATH}/{recurring['id']}", later)
    assert len(await numbers(bill)) == 3


async def test_an_end_before_the_first_date_is_refused(bill: Any) -> None:
    vendor = await bill.vendor()
    body = template(vendor["id"], endDate="2026-12-01")
    assert (await bill.ask("POST", PATH, body)).status_code == 400


async def test_archived_it_makes_nothing_and_restored_all_it_missed(bill: Any) -> None:
    recurring = await made(bill)
    path = f"{PATH}/{recurring['id']}"
    assert (await bill.post(f"{path}/archive"))["archived"] is True
    again = await bill.post(f"{path}/archive")
    await bill.pass_time(now="2027-01-10T15:00:00Z")
    assert await numbers(bill) == []
    assert (await bill.get(path))["updatedTime"] == again["updatedTime"]
    assert (await bill.post(f"{path}/restore"))["archived"] is False
    assert await numbers(bill) == ["2026-12-15", "2027-01-15"]
    await bill.post(f"{path}/restore")
    assert len(await numbers(bill)) == 2


async def test_an_archived_one_cannot_be_changed(bill: Any, refused: Refused) -> None:
    recurring = await made(bill)
    path = f"{PATH}/{recurring['id']}"
    await bill.post(f"{path}/archive")
    response = await bill.ask("PATCH", path, {"description": "New"})
    assert refused(response) == (422, "BDC_9001")


async def test_a_change_is_for_future_bills_only(bill: Any) -> None:
    recurring = await made(bill)
    await bill.pass_time(now="2026-12-08T15:00:00Z")
    line = recurring["recurringBillLineItems"][0]
    edit = {
        "recurringBillLineItems": [{"id": line["id"], "amount": 950, "quantity": 2}]
    }
    changed = (await bill.ask("PATCH", f"{PATH}/{recurring['id']}", edit)).json()
    amounts = [each["amount"] for each in changed["recurringBillLineItems"]]
    assert amounts == [950, 100.5]
    # So BILL does: a line that is sent without its classifications loses them.
    assert "classifications" not in changed["recurringBillLineItems"][0]
    await bill.pass_time(now="2027-01-08T15:00:00Z")
    rows = (await bill.get("/bills"))["results"]
    assert [row["amount"] for row in rows] == [1000.5, 1050.5]


async def test_a_new_rhythm_replaces_what_was_planned(bill: Any) -> None:
    recurring = await made(bill)
    edit = {"schedule": {"nextDueDate": "2026-12-31", "daysInAdvance": 1}}
    changed = (await bill.ask("PATCH", f"{PATH}/{recurring['id']}", edit)).json()
    assert changed["schedule"] == {
        "period": "MONTHLY",
        "frequency": 1,
        "nextDueDate": "2026-12-31",
        "daysInAdvance": 1,
    }
    await bill.pass_time(now="2026-12-29T20:00:00Z")
    assert await numbers(bill) == []
    await bill.pass_time(now="2027-03-01T20:00:00Z")
    assert await numbers(bill) == ["2026-12-31", "2027-01-31", "2027-02-28"]


async def test_put_keeps_known_lines_adds_new_ones_and_removes_the_rest(
    bill: Any, refused: Refused
) -> None:
    recurring = await made(bill, endDate="2027-12-31")
    path = f"{PATH}/{recurring['id']}"
    kept = recurring["recurringBillLineItems"][1]
    body = template(recurring["vendorId"])
    del body["description"]
    body["recurringBillLineItems"] = [kept, {"amount": 5}]
    replaced = (await bill.ask("PUT", path, body)).json()
    lines = replaced["recurringBillLineItems"]
    assert [line["amount"] for line in lines] == [100.5, 5]
    assert lines[0] == kept
    assert lines[1]["id"].startswith("btl")
    assert "description" not in replaced
    assert "endDate" not in replaced["schedule"]
    assert replaced["createdTime"] == recurring["createdTime"]
    body["recurringBillLineItems"] = [{"id": "btl01NOBODY", "amount": 5}]
    assert refused(await bill.ask("PUT", path, body)) == (404, "BDC_1205")


async def test_the_approvers_of_one_bill_approve_the_next(bill: Any) -> None:
    await made(bill)
    await bill.pass_time(now="2026-12-08T15:00:00Z")
    [first] = list(bill.world.rows("bill"))
    approvers = [{"userId": "00601SOMEBODY", "status": "APPROVED", "approverOrder": 0}]
    fields = {"approvers": approvers, "approvalStatus": "APPROVED"}
    await bill.control("PATCH", f"/objects/{first['id']}", {"fields": fields})
    await bill.pass_time(now="2027-01-08T15:00:00Z")
    _, second = (await bill.get("/bills", billApprovals="true"))["results"]
    assert second["approvalStatus"] == "ASSIGNED"
    assert [each["status"] for each in second["approvers"]] == ["WAITING"]


async def test_auto_payment_pays_each_bill_by_its_due_date(bill: Any) -> None:
    # The 15th of August 2027 is a Sunday.
    recurring = await paying(bill, nextDueDate="2027-08-15")
    vendor = await bill.get(f"/vendors/{recurring['vendorId']}")
    assert vendor["recurringPayments"] is True
    await bill.pass_time(now="2027-08-08T15:00:00Z")
    [child] = (await bill.get("/bills"))["results"]
    assert (child["paymentStatus"], child["dueAmount"]) == ("SCHEDULED", 0)
    [payment] = (await bill.get("/payments"))["results"]
    assert (payment["processDate"], payment["amount"]) == ("2027-08-13", 1000.5)
    assert payment["fundingAccount"]["id"] == bill.account
    await bill.pass_time(now="2027-08-25T15:00:00Z")
    [child] = (await bill.get("/bills"))["results"]
    assert child["paymentStatus"] == "PAID"


async def test_a_bill_made_late_is_paid_on_the_next_bank_day(bill: Any) -> None:
    await paying(bill, nextDueDate="2026-11-20")
    payments = (await bill.get("/payments"))["results"]
    assert [payment["processDate"] for payment in payments] == ["2026-11-24"]


async def test_auto_payment_needs_trust_an_account_and_a_payer(
    bill: Any, refused: Refused
) -> None:
    vendor = await bill.paid_by_ach()
    body = template(vendor["id"])
    recurring = await bill.post(PATH, body)
    body["processingOptions"] = {"autoPayment": True}
    assert (await bill.ask("POST", PATH, body)).status_code == 400
    body["paymentInformation"] = {"bankAccountId": "bac01NOSUCHACCOUNT00"}
    assert refused(await bill.ask("POST", PATH, body)) == (422, "BDC_1151")
    body["paymentInformation"] = {"bankAccountId": bill.account}
    await bill.sign_in(role="CLERK")
    assert refused(await bill.ask("POST", PATH, body)) == (422, "BDC_1150")
    await bill.sign_in(mfa="registered")
    assert refused(await bill.ask("POST", PATH, body)) == (403, "BDC_1361")
    path = f"{PATH}/{recurring['id']}"
    assert refused(await bill.ask("PUT", path, body)) == (403, "BDC_1361")
    del body["recurringBillLineItems"]
    assert refused(await bill.ask("PATCH", path, body)) == (403, "BDC_1361")
    vendor = await bill.get(f"/vendors/{vendor['id']}")
    assert vendor["recurringPayments"] is False


async def test_a_bill_that_cannot_be_paid_now_stays_owed(bill: Any) -> None:
    recurring = await paying(bill)
    vendor_id = recurring["vendorId"]
    by = {"fields": {"paymentInformation.payByType": "OFFLINE"}}
    await bill.control("PATCH", f"/objects/{vendor_id}", by)
    await bill.pass_time(now="2026-12-08T15:00:00Z")
    [child] = (await bill.get("/bills"))["results"]
    assert child["paymentStatus"] == "UNPAID"
    assert (await bill.get("/payments"))["results"] == []


async def test_an_archived_vendor_gets_no_bills_and_the_dates_pass(bill: Any) -> None:
    recurring = await made(bill)
    await bill.post(f"/vendors/{recurring['vendorId']}/archive")
    await bill.pass_time(now="2026-12-20T15:00:00Z")
    assert await numbers(bill) == []
    found = await bill.get(f"{PATH}/{recurring['id']}")
    assert found["schedule"]["nextDueDate"] == "2027-01-15"


async def test_the_list_is_filtered_and_sorted(bill: Any) -> None:
    first, second = await made(bill), await made(bill)
    await bill.post(f"{PATH}/{first['id']}/archive")
    asked: list[dict[str, Any]] = [
        {"filters": "archived:eq:false"},
        {"filters": f"vendorId:eq:{second['vendorId']}"},
        {"filters": f'id:in:"{second["id"]},btp01NOBODY"'},
        {"sort": "archived:asc", "max": 1},
    ]
    for query in asked:
        rows = (await bill.get(PATH, **query))["results"]
        assert [row["id"] for row in rows] == [second["id"]]
    for wrong in ("name:eq:x", "vendorId:ne:x", "archived:eq:maybe"):
        response = await bill.ask("GET", PATH, filters=wrong)
        assert response.status_code == 400


async def test_another_organization_does_not_see_it(
    bill: Any, refused: Refused
) -> None:
    recurring = await made(bill)
    [other] = await bill.control("POST", "/fixtures", [{"type": "organization"}])
    await bill.sign_in(organization=other["id"])
    response = await bill.ask("GET", f"{PATH}/{recurring['id']}")
    assert refused(response) == (404, "BDC_1205")
    assert (await bill.get(PATH))["results"] == []


@given(
    st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(0, 400),
)
def test_due_dates_only_go_forward_and_keep_their_day(
    first: date, period: str, count: int
) -> None:
    found = due_date(first, period, count)
    assert found < due_date(first, period, count + 1)
    if period in {"MONTHLY", "YEARLY"}:
        assert found.day == first.day or (found.day < first.day and found.day >= 28)
    if period == "WEEKLY":
        assert found.weekday() == first.weekday()
