from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
DAY = 86_400


@pytest.fixture
async def due(bill: Any) -> Any:
    return await bill.bill((await bill.paid_by_ach())["id"], 100)


async def amounts(bill: Any, due: Any) -> tuple[float, float, float, str]:
    now = await bill.get(f"/bills/{due['id']}")
    return (
        now["dueAmount"],
        now["scheduledAmount"],
        now["paidAmount"],
        now["paymentStatus"],
    )


async def test_a_payment_is_scheduled_for_the_next_bank_day(
    bill: Any, due: Any
) -> None:
    payment = await bill.pay(due, 40)
    assert payment["processDate"] == "2026-11-24"
    assert payment["singleStatus"] == payment["status"] == "SCHEDULED"
    assert payment["disbursementType"] == "ACH"
    assert payment["billPayments"][0]["billId"] == due["id"]
    assert len(payment["transactionNumber"]) == 20
    assert await amounts(bill, due) == (60, 40, 0, "SCHEDULED")


async def test_an_ach_payment_clears_as_the_days_pass(bill: Any, due: Any) -> None:
    payment = await bill.pay(due, 100)
    seen = []
    for _ in range(5):
        await bill.pass_time(advance_s=DAY)
        seen.append((await bill.get(f"/payments/{payment['id']}"))["singleStatus"])
    # Thursday is Thanksgiving.
    assert seen == ["FUNDING_STARTED", "PROCESSED", "PROCESSED", "CLEARED", "CLEARED"]
    assert await amounts(bill, due) == (0, 0, 100, "PAID")
    vendor = await bill.get(f"/vendors/{due['vendorId']}")
    assert vendor["paymentInformation"]["lastPaymentDate"] == "2026-11-24"


async def test_a_check_is_sent_delivered_and_shown(bill: Any) -> None:
    due = await bill.bill((await bill.vendor())["id"], 100)
    payment = await bill.pay(due, 100)
    path = f"/payments/{payment['id']}"
    assert payment["disbursementType"] == "CHECK"
    assert await bill.get(f"{path}/check-image") == {"results": []}
    seen = []
    for _ in range(18):
        await bill.pass_time(advance_s=DAY)
        state = (await bill.get(path))["singleStatus"]
        if state not in seen:
            seen.append(state)
    assert seen == ["FUNDING_STARTED", "PROCESSED", "SENT", "DELIVERED", "CLEARED"]
    info = (await bill.get(path))["disbursementInfo"]
    assert info["checkDisbursement"]["checkNumber"]
    images = (await bill.get(f"{path}/check-image"))["results"]
    assert len(images) == 2
    link = images[0]["downloadLink"]
    assert (await bill.http.get(link)).status_code == 401
    file = await bill.http.get(link, headers={"sessionId": bill.headers["sessionId"]})
    assert file.headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    "day", ["2026-11-23", "2026-11-20", "2026-11-28", "2026-11-26"]
)
async def test_today_the_past_weekends_and_holidays_are_no_process_dates(
    bill: Any, due: Any, refused: Refused, day: str
) -> None:
    body = bill.payment(due, 10, processDate=day)
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_1152")


async def test_days_are_reckoned_in_us_central_time(bill: Any, due: Any) -> None:
    # In UTC it is Tuesday already.
    await bill.pass_time(now="2026-11-24T03:00:00Z")
    payment = await bill.pay(due, 10, processDate="2026-11-24")
    assert payment["processDate"] == "2026-11-24"


async def test_a_bill_cannot_be_overpaid(bill: Any, due: Any, refused: Refused) -> None:
    await bill.pay(due, 60)
    body = bill.payment(due, 40.01)
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_1159")
    # A partial payment that is sent twice pays twice.
    await bill.pay(due, 20)
    await bill.pay(due, 20)
    assert await amounts(bill, due) == (0, 100, 0, "SCHEDULED")


async def test_the_bill_the_vendor_and_the_options_are_checked(
    bill: Any, due: Any, refused: Refused
) -> None:
    other = await bill.vendor("Other")
    body = bill.payment(due, 10, vendorId=other["id"])
    assert refused(await bill.ask("POST", "/payments", body))[0] == 422
    body = bill.payment(due, 10)
    del body["processingOptions"]
    assert refused(await bill.ask("POST", "/payments", body)) == (400, None)
    body = bill.payment({"id": "00n00000000000000000"}, 10)
    assert refused(await bill.ask("POST", "/payments", body)) == (404, "BDC_1205")
    await bill.post(f"/bills/{due['id']}/archive")
    body = bill.payment(due, 10)
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_9001")


@pytest.mark.parametrize("status", ["ASSIGNED", "APPROVING", "DENIED"])
async def test_an_unapproved_bill_cannot_be_paid(
    demo: Any, refused: Refused, status: str
) -> None:
    bill = demo.world.where("bill", "approvalStatus", status)[0]
    response = await demo.ask("POST", "/payments", demo.payment(bill, 1))
    assert refused(response) == (422, "BDC_9005")


async def test_create_bill_makes_and_pays_one_each_time(bill: Any) -> None:
    vendor = await bill.paid_by_ach()
    body = bill.payment({"id": ""}, 25, vendorId=vendor["id"])
    del body["billId"]
    body["processingOptions"] = {"createBill": True}
    first = await bill.post("/payments", body)
    second = await bill.post("/payments", body)
    assert first["billId"] != second["billId"]
    made = await bill.get(f"/bills/{first['billId']}")
    assert (made["amount"], made["paymentStatus"]) == (25, "SCHEDULED")
    body["billId"] = first["billId"]
    assert (await bill.ask("POST", "/payments", body)).status_code == 400


async def test_only_a_payer_with_a_verified_account_pays(
    bill: Any, due: Any, refused: Refused
) -> None:
    pending = {"type": "bank_account", "fields": {"status": "PENDING"}}
    nobodys = {"type": "bank_account", "fields": {"userIds": []}}
    made = await bill.control("POST", "/fixtures", [pending, nobodys])
    body = bill.payment(due, 10)
    for account, code in ((made[0]["id"], "BDC_1151"), (made[1]["id"], "BDC_1150")):
        body["fundingAccount"] = {"type": "BANK_ACCOUNT", "id": account}
        assert refused(await bill.ask("POST", "/payments", body)) == (422, code)
    await bill.sign_in(role="CLERK")
    body = bill.payment(due, 10)
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_1150")
    await bill.sign_in(role="PAYER")
    await bill.pay(due, 10)


async def test_a_scheduled_payment_is_cancelled_and_the_bill_open_again(
    bill: Any, due: Any, refused: Refused
) -> None:
    payment = await bill.pay(due, 100)
    path = f"/payments/{payment['id']}/cancel"
    ended = await bill.post(path)
    assert (ended["status"], ended["singleStatus"]) == ("CANCELLED", "CANCELED")
    assert ended["cancelRequestSubmitted"]
    assert await amounts(bill, due) == (100, 0, 0, "UNPAID")
    assert refused(await bill.ask("POST", path))[0] == 422
    payment = await bill.pay(due, 100)
    await bill.pass_time(advance_s=DAY)
    path = f"/payments/{payment['id']}/cancel"
    assert refused(await bill.ask("POST", path))[0] == 422


async def test_in_production_a_cancellation_takes_its_time(bill: Any, due: Any) -> None:
    production = {"fields": {"production": True}}
    payment = await bill.pay(due, 100, processDate="2026-11-30")
    await bill.control("PATCH", "/objects/settings", production)
    asked = await bill.post(f"/payments/{payment['id']}/cancel")
    assert (asked["cancelRequestSubmitted"], asked["status"]) == (True, "SCHEDULED")
    await bill.pass_time(advance_s=300)
    ended = await bill.get(f"/payments/{payment['id']}")
    assert ended["status"] == "CANCELLED"


async def test_in_production_a_new_vendor_account_waits_two_days(
    bill: Any, refused: Refused
) -> None:
    production = {"fields": {"production": True}}
    await bill.control("PATCH", "/objects/settings", production)
    due = await bill.bill((await bill.paid_by_ach())["id"], 100)
    body = bill.payment(due, 10, processDate="2026-11-24")
    assert refused(await bill.ask("POST", "/payments", body)) == (400, "BDC_1402")
    await bill.pay(due, 10, processDate="2026-11-25")


async def test_voiding_opens_the_bill_and_reissuing_pays_again(
    bill: Any, due: Any, refused: Refused
) -> None:
    payment = await bill.pay(due, 100)
    path = f"/payments/{payment['id']}/void"
    again = {"type": "VOID_AND_REISSUE", "reason": "lost"}
    assert refused(await bill.ask("POST", path, again))[0] == 422
    await bill.pass_time(advance_s=DAY)
    void = await bill.post(path, again)
    assert (void["status"], void["singleStatus"]) == ("VOID", "VOIDED")
    assert void["voidInfo"][0]["status"] == "ACCEPTED"
    rows = (await bill.get("/payments", filters="status:eq:SCHEDULED"))["results"]
    assert [row["amount"] for row in rows] == [100]
    assert await amounts(bill, due) == (0, 100, 0, "SCHEDULED")
    path = f"/payments/{rows[0]['id']}/void"
    await bill.pass_time(advance_s=2 * DAY)
    await bill.post(path, {"type": "VOID_ONLY", "reason": "not needed"})
    assert await amounts(bill, due) == (100, 0, 0, "UNPAID")
    wrong = {"type": "VOID_SOMEHOW", "reason": "x"}
    assert (await bill.ask("POST", path, wrong)).status_code == 400


async def test_many_bills_are_paid_together_or_not_at_all(bill: Any) -> None:
    vendors = [await bill.paid_by_ach(name) for name in ("One", "Two")]
    dues = [await bill.bill(vendor["id"], 10) for vendor in vendors]
    items = [{"billId": each["id"], "amount": 10} for each in dues]
    body = {
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": bill.account},
        "payments": items,
    }
    items[1]["amount"] = 11
    before = (await bill.control("GET", "/state/hash"))["hash"]
    response = await bill.ask("POST", "/payments/bulk", body)
    assert response.status_code == 422
    assert [each["code"] for each in response.json()] == ["BDC_1246", "BDC_1159"]
    assert (await bill.control("GET", "/state/hash"))["hash"] == before
    items[1]["amount"] = 10
    response = await bill.ask("POST", "/payments/bulk", body)
    assert response.status_code == 201
    assert [each["amount"] for each in response.json()["payments"]] == [10, 10]
    body["payments"] = items * 26
    assert (await bill.ask("POST", "/payments/bulk", body)).status_code == 400


async def test_a_vendor_that_combines_gets_one_payment_per_35_bills(
    bill: Any,
) -> None:
    vendor = await bill.vendor(additionalInfo={"combinePayments": True})
    dues = [await bill.bill(vendor["id"], 10) for _ in range(36)]
    body = {
        "vendorId": vendor["id"],
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": bill.account},
        "payments": [{"billId": each["id"], "amount": 10} for each in dues],
    }
    made = (await bill.post("/payments/bulk", body))["payments"]
    assert [each["amount"] for each in made] == [350, 10]
    assert "billId" not in made[0]
    assert await amounts(bill, dues[0]) == (0, 10, 0, "SCHEDULED")


async def test_the_options_say_what_can_pay_and_when(bill: Any, due: Any) -> None:
    pending = {"type": "bank_account", "fields": {"status": "PENDING"}}
    await bill.control("POST", "/fixtures", [pending])
    found = await bill.get("/payments/options", vendorId=due["vendorId"], amount=5)
    usable, other = found["fundingOptions"]["banks"]
    assert usable["available"]
    assert usable["processDate"] == "2026-11-24"
    assert usable["deliveryDate"] == "2026-11-27"
    assert (other["available"], other["reason"]) == (False, "BANK_ACCOUNT_NOT_VERIFIED")
