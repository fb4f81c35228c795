from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


def entered(vendor: dict[str, Any], *lines: dict[str, Any], **more: Any) -> Any:
    return {
        "vendorId": vendor["id"],
        "dueDate": "2026-12-15",
        "invoice": {"invoiceNumber": "7", "invoiceDate": "2026-11-15"},
        "billLineItems": list(lines) or [{"amount": 10}],
        **more,
    }


async def test_a_bill_adds_up_its_lines(bill: Any) -> None:
    vendor = await bill.vendor()
    body = entered(vendor, {"amount": "100.10"}, {"quantity": 3, "price": "0.1"})
    made = await bill.post("/bills", body)
    assert made["amount"] == made["dueAmount"] == 100.40
    assert [line["amount"] for line in made["billLineItems"]] == [100.10, 0.30]
    assert (made["paymentStatus"], made["approvalStatus"]) == ("UNPAID", "UNASSIGNED")
    assert made["id"].startswith("00n")
    assert len(made["id"]) == 20


async def test_a_line_needs_an_amount(bill: Any) -> None:
    body = entered(await bill.vendor(), {"amount": 1}, {"quantity": 2})
    response = await bill.ask("POST", "/bills", body)
    assert response.status_code == 400
    message = response.json()[0]["message"]
    assert message == "billLineItems[1].amount: must not be null"


async def test_an_invoice_number_is_used_once_per_vendor(
    bill: Any, refused: Refused
) -> None:
    one, other = await bill.vendor("One"), await bill.vendor("Other")
    first = await bill.post("/bills", entered(one))
    assert refused(await bill.ask("POST", "/bills", entered(one))) == (422, "BDC_1171")
    await bill.post("/bills", entered(other))
    await bill.post(f"/bills/{first['id']}/archive")
    await bill.post("/bills", entered(one))
    response = await bill.ask("POST", f"/bills/{first['id']}/restore")
    assert refused(response) == (422, "BDC_1171")


async def test_put_replaces_the_lines(bill: Any, refused: Refused) -> None:
    vendor = await bill.vendor()
    made = await bill.post("/bills", entered(vendor, {"amount": 1}, {"amount": 2}))
    kept = made["billLineItems"][1]["id"]
    new = entered(vendor, {"id": kept, "amount": 5}, {"amount": 7}, description="new")
    path = f"/bills/{made['id']}"
    now = (await bill.ask("PUT", path, new)).json()
    assert [line["amount"] for line in now["billLineItems"]] == [5, 7]
    assert now["billLineItems"][0]["id"] == kept
    assert (now["amount"], now["dueAmount"], now["description"]) == (12, 12, "new")
    assert now["createdTime"] == made["createdTime"]
    again = (await bill.ask("PUT", path, entered(vendor, {"amount": 3}))).json()
    assert "description" not in again
    wrong = entered(vendor, {"id": "bli00000000000000000", "amount": 1})
    assert refused(await bill.ask("PUT", path, wrong)) == (404, "BDC_1205")


async def test_patch_edits_lines_and_drops_classifications_not_sent(
    bill: Any,
) -> None:
    vendor = await bill.vendor()
    account = {"classifications": {"chartOfAccountId": "0ca01AAAAAAAAAAbbbbb"}}
    lines = [{"amount": 1, **account}, {"amount": 2, **account}]
    made = await bill.post("/bills", entered(vendor, *lines))
    first, second = made["billLineItems"]
    edit = {"billLineItems": [{"id": first["id"], "amount": 10}]}
    now = (await bill.ask("PATCH", f"/bills/{made['id']}", edit)).json()
    assert now["billLineItems"][0] == {"amount": 10, "id": first["id"]}
    assert now["billLineItems"][1] == second
    assert now["amount"] == 12
    assert now["invoice"] == made["invoice"]


async def test_an_amount_cannot_fall_below_what_is_paid(
    bill: Any, refused: Refused
) -> None:
    due = await bill.bill((await bill.paid_by_ach())["id"], 100)
    await bill.pay(due, 60)
    line = due["billLineItems"][0]["id"]
    path = f"/bills/{due['id']}"
    edit = {"billLineItems": [{"id": line, "amount": 59}]}
    assert refused(await bill.ask("PATCH", path, edit))[0] == 422
    edit = {"billLineItems": [{"id": line, "amount": 60}]}
    now = (await bill.ask("PATCH", path, edit)).json()
    assert (now["dueAmount"], now["paymentStatus"]) == (0, "SCHEDULED")


async def test_approvers_are_shown_to_who_asks(demo: Any) -> None:
    waiting = demo.world.where("bill", "approvalStatus", "ASSIGNED")[0]
    path = f"/bills/{waiting['id']}"
    assert "approvers" not in await demo.get(path)
    shown = await demo.get(path, billApprovals="true")
    assert [each["status"] for each in shown["approvers"]] == ["WAITING", "WAITING"]


async def test_a_changed_amount_asks_the_approvers_again(demo: Any) -> None:
    approved = demo.world.where("bill", "approvalStatus", "APPROVED")
    unpaid = next(each for each in approved if each["paymentStatus"] == "UNPAID")
    path, line = f"/bills/{unpaid['id']}", unpaid["billLineItems"][0]["id"]
    now = await demo.ask("PATCH", path, {"description": "looks the same"})
    assert now.json()["approvalStatus"] == "APPROVED"
    edit = {"billLineItems": [{"id": line, "amount": 99_000}]}
    assert (await demo.ask("PATCH", path, edit)).json()["approvalStatus"] == "ASSIGNED"


async def test_a_scheduled_or_paid_bill_cannot_be_archived(
    bill: Any, refused: Refused
) -> None:
    due = await bill.bill((await bill.paid_by_ach())["id"], 100)
    await bill.pay(due, 100)
    path = f"/bills/{due['id']}/archive"
    assert refused(await bill.ask("POST", path))[0] == 422
    await bill.pass_time(advance_s=5 * 86_400)
    assert (await bill.get(f"/bills/{due['id']}"))["paymentStatus"] == "PAID"
    assert refused(await bill.ask("POST", path))[0] == 422


async def test_a_payment_elsewhere_keeps_the_amounts_true(bill: Any) -> None:
    due = await bill.bill((await bill.vendor())["id"], 100)
    fields = {"fields": {"paidAmount": 40}}
    await bill.control("PATCH", f"/objects/{due['id']}", fields)
    now = await bill.get(f"/bills/{due['id']}")
    assert (now["dueAmount"], now["paymentStatus"]) == (60, "PARTIAL")


async def test_reading_a_bill_tells_its_vendors_name_and_writing_does_not(
    bill: Any,
) -> None:
    made = await bill.bill((await bill.vendor("Acme"))["id"])
    assert "vendorName" not in made
    assert (await bill.get(f"/bills/{made['id']}"))["vendorName"] == "Acme"
