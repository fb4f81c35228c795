from typing import Any

import pytest

pytestmark = pytest.mark.anyio
DAY = 86_400
ACCOUNT = {"accountNumber": "111222333", "routingNumber": "074000010"}


async def vendor(bill: Any, **more: Any) -> Any:
    auto_pay = {"enabled": True, "bankAccountId": bill.account, **more}
    information = {"bankAccount": ACCOUNT}
    return await bill.vendor(autoPay=auto_pay, paymentInformation=information)


async def payments(bill: Any) -> list[tuple[float, str, str]]:
    rows = (await bill.get("/payments"))["results"]
    return [(row["amount"], row["processDate"], row["status"]) for row in rows]


async def test_a_bill_is_paid_by_itself_some_days_before_it_is_due(bill: Any) -> None:
    made = await vendor(bill, daysBeforeDueDate=5)
    due = await bill.bill(made["id"], 80)
    assert due["dueDate"] == "2026-12-15"
    # To be processed on Thursday the 10th, so it is scheduled on Wednesday at nine.
    await bill.pass_time(now="2026-12-09T14:59:00Z")
    assert await payments(bill) == []
    await bill.pass_time(now="2026-12-09T15:00:00Z")
    assert await payments(bill) == [(80, "2026-12-10", "SCHEDULED")]
    [row] = (await bill.get("/payments"))["results"]
    assert row["createdBy"] == made["autoPay"]["createdBy"]
    assert row["createdTime"] == "2026-12-09T15:00:00.000+00:00"
    await bill.pass_time(advance_s=30 * DAY)
    assert len(await payments(bill)) == 1
    assert (await bill.get(f"/bills/{due['id']}"))["paymentStatus"] == "PAID"


async def test_weekends_and_holidays_are_passed_over(bill: Any) -> None:
    # Due on a Saturday: processed on Friday, scheduled on Wednesday, for Thursday is
    # Thanksgiving.
    made = await vendor(bill)
    due = await bill.bill(made["id"], 80)
    change = {"dueDate": "2026-11-28"}
    await bill.ask("PATCH", f"/bills/{due['id']}", change)
    await bill.pass_time(now="2026-11-25T15:00:00Z")
    assert await payments(bill) == [(80, "2026-11-27", "SCHEDULED")]


async def test_no_request_pays_but_the_next_morning_does(bill: Any) -> None:
    made = await vendor(bill, daysBeforeDueDate=60)
    await bill.bill(made["id"], 80)
    await bill.get("/bills")
    assert await payments(bill) == []
    await bill.pass_time(advance_s=DAY)
    assert await payments(bill) == [(80, "2026-11-25", "SCHEDULED")]


async def test_what_is_too_much_or_not_approved_waits(bill: Any) -> None:
    made = await vendor(bill, daysBeforeDueDate=60, maxAmount=100)
    large = await bill.bill(made["id"], 100.01)
    waiting = await bill.bill(made["id"], 50)
    path = f"/objects/{waiting['id']}"
    await bill.control("PATCH", path, {"fields": {"approvalStatus": "ASSIGNED"}})
    await bill.pass_time(advance_s=3 * DAY)
    assert await payments(bill) == []
    await bill.control("PATCH", path, {"fields": {"approvalStatus": "APPROVED"}})
    raised = {"autoPay": {"maxAmount": 200}}
    await bill.ask("PATCH", f"/vendors/{made['id']}", raised)
    await bill.pass_time(advance_s=4 * DAY)
    assert sorted(each[0] for each in await payments(bill)) == [50, 100.01]
    assert (await bill.get(f"/bills/{large['id']}"))["dueAmount"] == 0


async def test_switching_on_covers_open_bills_and_off_stops(bill: Any) -> None:
    made = await bill.paid_by_ach()
    due = await bill.bill(made["id"], 80)
    wish = {"enabled": True, "bankAccountId": bill.account, "daysBeforeDueDate": 60}
    path = f"/vendors/{made['id']}"
    on = (await bill.ask("PATCH", path, {"autoPay": wish})).json()["autoPay"]
    assert on.keys() == {*wish, "createdBy"}
    off = {"autoPay": {"enabled": False}}
    assert (await bill.ask("PATCH", path, off)).status_code == 200
    await bill.pass_time(advance_s=2 * DAY)
    assert await payments(bill) == []
    await bill.ask("PATCH", path, {"autoPay": wish})
    await bill.ask("PATCH", f"/bills/{due['id']}", {"description": "touched"})
    await bill.pass_time(advance_s=2 * DAY)
    assert len(await payments(bill)) == 1


async def test_only_what_is_still_due_is_paid(bill: Any) -> None:
    made = await vendor(bill, daysBeforeDueDate=2)
    due = await bill.bill(made["id"], 80)
    await bill.pay(due, 30)
    gone = await bill.bill(made["id"], 10)
    await bill.post(f"/bills/{gone['id']}/archive")
    await bill.pass_time(advance_s=25 * DAY)
    assert [each[0] for each in await payments(bill)] == [30, 50]


async def test_a_cancelled_payment_is_not_made_again_by_itself(bill: Any) -> None:
    made = await vendor(bill, daysBeforeDueDate=60)
    await bill.bill(made["id"], 80)
    await bill.pass_time(advance_s=DAY)
    [row] = (await bill.get("/payments"))["results"]
    await bill.post(f"/payments/{row['id']}/cancel")
    await bill.pass_time(advance_s=40 * DAY)
    assert [each[2] for each in await payments(bill)] == ["CANCELLED"]


async def test_who_lost_the_right_to_pay_pays_no_more(bill: Any) -> None:
    made = await vendor(bill, daysBeforeDueDate=60)
    await bill.bill(made["id"], 80)
    user = made["autoPay"]["createdBy"]
    await bill.control("PATCH", f"/objects/{user}", {"fields": {"archived": True}})
    await bill.pass_time(advance_s=5 * DAY)
    assert await payments(bill) == []


async def test_the_demos_electricity_is_paid_by_itself(demo: Any) -> None:
    [vendor] = demo.world.where("vendor", "name", "Puget Power & Light")
    before = {
        row["id"] for row in demo.world.where("payment", "vendorId", vendor["id"])
    }
    await demo.pass_time(advance_s=60 * DAY)
    rows = demo.world.where("payment", "vendorId", vendor["id"])
    made = [row for row in rows if row["id"] not in before]
    assert made
    assert all(row["amount"] <= 5_000 for row in made)
