"""Which transaction number of a caller says that another payment is meant."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from support.paying import BULK, PAY, Paying

from bill_mcp.agents import Confirm
from bill_mcp.errors import CallError, Outcome

pytestmark = pytest.mark.anyio


@pytest.fixture
def bill_mcp() -> Paying:
    return Paying()


def bulk(bill_mcp: Paying, vendor: str, bill: str, **more: Any) -> dict[str, Any]:
    funding = bill_mcp.payment("", 1)["fundingAccount"]
    payments = [{"billId": bill, "amount": 60}]
    return {
        "vendorId": vendor,
        "payments": payments,
        "fundingAccount": funding,
        **more,
    }


BLANK = ["", " ", " \t", "\u00a0", "\u200b"]


@pytest.mark.parametrize("blank", BLANK, ids=ascii)
async def test_blank_number_is_none_so_that_ours_is_sent(
    bill_mcp: Paying, blank: str
) -> None:
    vendor = await bill_mcp.vendor()
    bill, other = [await bill_mcp.bill(300, vendor) for _ in range(2)]
    await bill_mcp.pay(bill, 60, transactionNumber=blank)
    await bill_mcp.call(BULK, bulk(bill_mcp, vendor, other, transactionNumber=blank))
    for paid in (bill, other):
        (made,) = bill_mcp.payments(paid)
        assert len(made["transactionNumber"]) == 20


@pytest.mark.parametrize("blank", BLANK, ids=ascii)
async def test_blank_number_means_no_other_payment(
    bill_mcp: Paying, blank: str
) -> None:
    vendor = await bill_mcp.vendor()
    bill = await bill_mcp.bill(300, vendor)
    await bill_mcp.pay(bill, 60)
    told = await bill_mcp.not_paid(bill, 60, transactionNumber=blank)
    assert (told.code, told.outcome) == ("duplicate", Outcome.DONE)
    arguments = bulk(bill_mcp, vendor, bill, transactionNumber=blank)
    assert (await bill_mcp.refused(BULK, arguments)).code == "duplicate"
    assert len(bill_mcp.payments(bill)) == 1


async def test_approved_payment_with_a_blank_number_goes_out_with_the_one_shown() -> (
    None
):
    bill_mcp = Paying(confirm=Confirm.ALWAYS)
    bill = await bill_mcp.bill(300)
    arguments = bill_mcp.payment(bill, 60, transactionNumber=" ")
    question = await bill_mcp.asked(PAY, arguments)
    approval_id = await bill_mcp.grant(question)
    made = await bill_mcp.call(PAY, arguments | {"approval_id": approval_id})
    assert made["transactionNumber"].isalnum()
    assert f'Transaction number: "{made["transactionNumber"]}"' in question.question


@pytest.mark.parametrize(
    "number", ["run 1", "RUN1", "Run 1 ", "run\u200b 1"], ids=ascii
)
@pytest.mark.parametrize("where", ["journal", "web page"])
async def test_number_in_other_case_or_spaces_is_not_new(
    bill_mcp: Paying, where: str, number: str
) -> None:
    bill = await bill_mcp.bill(300)
    pay = bill_mcp.pay if where == "journal" else bill_mcp.paid_in_web_page
    await pay(bill, 60, transactionNumber="Run 1")
    told = await bill_mcp.not_paid(bill, 60, transactionNumber=number)
    assert told.code == "duplicate"
    assert len(bill_mcp.payments(bill)) == 1


@pytest.mark.parametrize("is_ours", [False, True], ids=["of a caller", "ours"])
async def test_number_of_another_bill_is_not_new(
    bill_mcp: Paying, is_ours: bool
) -> None:
    bill, other = await bill_mcp.bill(300), await bill_mcp.bill(300)
    more = {} if is_ours else {"transactionNumber": "RUN1"}
    number = (await bill_mcp.pay(other, 60, by="another", **more))["transactionNumber"]
    await bill_mcp.pay(bill, 60)
    told = await bill_mcp.not_paid(bill, 60, transactionNumber=number)
    assert told.code == "duplicate"
    assert len(bill_mcp.payments(bill)) == 1


async def test_number_of_a_call_that_bill_refused_is_not_new(bill_mcp: Paying) -> None:
    bill = await bill_mcp.bill(300)
    await bill_mcp.pay(bill, 60)
    bill_mcp.fault(answer={"code": "BDC_1171", "status": 422})
    told = await bill_mcp.not_paid(bill, 60, transactionNumber="SECOND")
    assert told.bill_code == "BDC_1171"
    told = await bill_mcp.not_paid(bill, 60, transactionNumber="SECOND")
    assert told.code == "duplicate"
    await bill_mcp.pay(bill, 60, transactionNumber="THIRD")
    assert len(bill_mcp.payments(bill)) == 2


async def test_number_may_be_used_again_for_what_was_never_paid(
    bill_mcp: Paying,
) -> None:
    bill, other = await bill_mcp.bill(300), await bill_mcp.bill(300)
    for each in (bill, other):
        await bill_mcp.pay(each, 60, transactionNumber="RUN1")
        assert len(bill_mcp.payments(each)) == 1


async def test_one_new_number_lets_one_of_several_payments_through_at_once(
    bill_mcp: Paying,
) -> None:
    bills = [await bill_mcp.bill(300) for _ in range(4)]
    for bill in bills:
        await bill_mcp.pay(bill, 60)
    codes: list[str] = []

    async def pay_once_more(bill: str) -> None:
        try:
            await bill_mcp.pay(bill, 60, transactionNumber="SECOND")
        except CallError as error:
            codes.append(error.code)

    async with anyio.create_task_group() as tasks:
        for bill in bills:
            tasks.start_soon(pay_once_more, bill)
    assert codes == ["duplicate"] * 3
    assert len(bill_mcp.payments()) == 5
