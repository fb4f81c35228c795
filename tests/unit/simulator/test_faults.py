from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from bill_mcp.simulator.faults import ConnectionCutError

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


@pytest.fixture
async def due(bill: Any) -> Any:
    return await bill.bill((await bill.paid_by_ach())["id"], 100)


async def payments(bill: Any) -> list[Any]:
    rows: list[Any] = (await bill.get("/payments"))["results"]
    return rows


async def test_an_ordered_answer_comes_at_its_turn_and_nothing_is_done(
    bill: Any, due: Any, refused: Refused
) -> None:
    await bill.fault(
        method="POST", path="/v3/payments", nth=2, times=1, answer={"code": "BDC_1144"}
    )
    await bill.pay(due, 10)
    response = await bill.ask("POST", "/payments", bill.payment(due, 10))
    assert refused(response) == (429, "BDC_1144")
    await bill.pay(due, 10)
    assert len(await payments(bill)) == 2


async def test_an_answer_is_given_as_ordered(bill: Any) -> None:
    answer = {"status": 502, "headers": {"Content-Type": "text/html"}, "body": "<p>"}
    await bill.fault(path="/v3/vendors/{vendorId}", answer=answer)
    assert (await bill.ask("GET", "/vendors")).status_code == 200
    response = await bill.ask("GET", "/vendors/any")
    assert (response.status_code, response.text) == (502, "<p>")
    assert response.headers["content-type"] == "text/html"


@pytest.mark.parametrize(
    ("drop", "acted"), [("before", 0), ("after", 1), ("mid_answer", 1)]
)
async def test_a_cut_connection_is_an_error_of_the_network(
    bill: Any, due: Any, drop: str, acted: int
) -> None:
    await bill.fault(method="POST", path="/v3/payments", drop=drop)
    with pytest.raises(httpx.RemoteProtocolError) as caught:
        await bill.pay(due, 10)
    assert isinstance(caught.value, ConnectionCutError)
    assert len(await payments(bill)) == acted


async def test_a_call_acts_late_when_the_clock_gets_there(bill: Any, due: Any) -> None:
    await bill.fault(method="POST", path="/v3/payments", act_late_s=900)
    with pytest.raises(ConnectionCutError):
        await bill.pay(due, 10, transactionNumber="MINE")
    await bill.pass_time(advance_s=899)
    assert await payments(bill) == []
    await bill.pass_time(advance_s=1)
    (payment,) = await payments(bill)
    assert payment["transactionNumber"] == "MINE"
    assert payment["createdTime"] == "2026-11-23T15:15:00.000+00:00"


async def test_a_call_that_acts_late_may_be_refused_then(bill: Any, due: Any) -> None:
    await bill.fault(method="POST", path="/v3/payments", act_late_s=60)
    with pytest.raises(ConnectionCutError):
        await bill.pay(due, 100)
    await bill.pay(due, 100)
    await bill.pass_time(advance_s=60)
    assert len(await payments(bill)) == 1


async def test_what_is_hidden_is_true_but_not_read(
    bill: Any, due: Any, refused: Refused
) -> None:
    await bill.fault(method="POST", path="/v3/payments", hide_s=120)
    payment = await bill.pay(due, 100)
    path = f"/payments/{payment['id']}"
    assert await payments(bill) == []
    assert refused(await bill.ask("GET", path)) == (404, "BDC_1205")
    assert (await bill.get(f"/bills/{due['id']}"))["dueAmount"] == 100
    body = bill.payment(due, 100)
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_1159")
    await bill.pass_time(advance_s=120)
    assert len(await payments(bill)) == 1
    assert (await bill.get(f"/bills/{due['id']}"))["dueAmount"] == 0


async def test_the_fourth_request_at_a_time_is_refused_before_work(bill: Any) -> None:
    await bill.fault(path="/v3/vendors", method="GET", times=3, delay_s=0.05)
    answers: list[tuple[int, int]] = []

    async def ask(number: int) -> None:
        answers.append((number, (await bill.ask("GET", "/vendors")).status_code))

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(ask, number)
    assert answers[0] == (3, 429)
    assert {status for _, status in answers[1:]} == {200}
    arrived = await bill.control("GET", "/requests")
    assert [each["in_flight"] for each in arrived[-4:]] == [1, 2, 3, 4]
    assert (await bill.ask("GET", "/vendors")).status_code == 200


async def test_requests_at_a_time_collide_without_any_fault(bill: Any) -> None:
    statuses: list[int] = []

    async def ask() -> None:
        statuses.append((await bill.ask("GET", "/vendors")).status_code)

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(ask)
    assert sorted(statuses) == [200] * 3 + [429] * 7


async def test_bill_acts_although_the_client_hangs_up(bill: Any, due: Any) -> None:
    await bill.fault(method="POST", path="/v3/payments", delay_s=5)
    with anyio.move_on_after(0.02):
        await bill.pay(due, 10)
    assert len(await payments(bill)) == 1


async def test_the_status_of_a_limit_can_be_switched(bill: Any, start: Any) -> None:
    switch = {"fields": {"rateLimitStatus": 400}}
    await bill.control("PATCH", "/objects/settings", switch)
    for _ in range(5):
        await bill.post("/mfa/challenge", {})
    assert (await bill.ask("POST", "/mfa/challenge", {})).status_code == 400


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "/v3/vendors"},
        {"answers": {"status": 500}},
        {"drop": "sometimes"},
        {"delay_s": 31},
        {"delay_s": "long"},
        "drop",
    ],
)
async def test_a_fault_that_is_not_understood_is_refused(bill: Any, fault: Any) -> None:
    good = {"path": "/v3/vendors", "drop": "before"}
    response = await bill.http.post("/simulator/faults", json=[good, fault])
    assert response.status_code == 400
    assert (await bill.ask("GET", "/vendors")).status_code == 200
