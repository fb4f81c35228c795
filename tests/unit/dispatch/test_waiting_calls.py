"""Callers who hang up, and calls that wait for a slot or run into BILL's limits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import anyio
import httpx
import pytest
from support.answering import CREATE, READ, outcomes, server_with
from support.assembly import ACCOUNT, agent, assemble
from support.upstream import SIGN_INS, Arrival, Upstream, refusal

from bill_mcp.errors import CallError, LimitError, Outcome

pytestmark = pytest.mark.anyio


class Held:
    """An answer of BILL that waits until the test lets it go.

    Attributes:
        arrived: Set when a request that is no sign-in has come.
        in_flight: How many requests wait now, and at most at once.
    """

    def __init__(self, answer: Callable[[], httpx.Response] | None = None) -> None:
        self.arrived, self.let_go = anyio.Event(), anyio.Event()
        self.in_flight = self.most = 0
        self._answer = answer or (lambda: httpx.Response(200, json={}))

    async def __call__(self, arrival: Arrival) -> httpx.Response | None:
        if arrival.path in SIGN_INS:
            return None
        self.arrived.set()
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await self.let_go.wait()
        self.in_flight -= 1
        return self._answer()


def broken() -> httpx.Response:
    raise httpx.ReadError("cut")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda: httpx.Response(201, json={"id": "0de1"}), Outcome.DONE),
        (lambda: refusal("BDC_1171", 422), Outcome.NOT_DONE),
        (lambda: httpx.Response(502), Outcome.UNKNOWN),
        (broken, Outcome.UNKNOWN),
    ],
    ids=["done", "refused", "502", "broken"],
)
async def test_write_whose_caller_hung_up_is_finished_and_its_outcome_recorded(
    answer: Callable[[], httpx.Response], outcome: Outcome
) -> None:
    held = Held(answer)
    server = assemble(Upstream(held))

    async def call() -> None:
        with suppress(CallError):  # nobody is there any more to read it
            await server.call(*CREATE)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await held.arrived.wait()
        tasks.cancel_scope.cancel()
        assert outcomes(server) == [None]
        held.let_go.set()
    assert outcomes(server) == [outcome]
    assert len(server.upstream.calls) == 1


async def test_caller_who_hangs_up_while_waiting_for_a_slot_has_sent_nothing() -> None:
    held = Held()
    server = assemble(Upstream(held))
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(server.call, *READ)
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as impatient:
            impatient.start_soon(server.call, *CREATE)
            await anyio.wait_all_tasks_blocked()
            impatient.cancel_scope.cancel()
        held.let_go.set()
    assert [arrival.method for arrival in server.upstream.calls] == ["GET"] * 3
    assert outcomes(server) == []
    await server.call(*CREATE)


async def test_caller_who_hangs_up_during_the_sign_in_has_written_nothing() -> None:
    arrived, let_go = anyio.Event(), anyio.Event()

    async def slow_sign_in(arrival: Arrival) -> None:
        if arrival.path in SIGN_INS:
            arrived.set()
            await let_go.wait()

    server = assemble(Upstream(slow_sign_in))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.call, *CREATE)
        await arrived.wait()
        tasks.cancel_scope.cancel()
        let_go.set()
    assert server.upstream.calls == []
    assert outcomes(server) == []


# BILL's limits


async def test_agents_of_one_account_share_its_three_slots() -> None:
    held = Held()
    server = assemble(Upstream(held))
    async with anyio.create_task_group() as tasks:
        for key in ("one", "two", "three") * 3:
            tasks.start_soon(server.dispatcher.call, agent(key=key), *READ)
        await anyio.wait_all_tasks_blocked()
        held.let_go.set()
    assert held.most == 3
    assert len(server.upstream.calls) == 9


async def test_too_many_spend_calls_in_a_minute_fail_fast_and_are_not_sent() -> None:
    server = server_with()
    for _ in range(60):
        await server.call("bill_get_list_of_budgets", {})
    server.clock.advance(-1)
    with pytest.raises(LimitError) as caught:
        await server.call("bill_get_list_of_budgets", {})
    assert caught.value.code == "minute_limit"
    assert len(server.upstream.calls) == 60


async def test_signing_in_and_cancelling_go_on_when_the_hour_is_used_up() -> None:
    server = server_with()
    budgets = server.dispatcher.client.budgets
    key = ACCOUNT.dev_key.digest() if ACCOUNT.dev_key else ""
    with suppress(LimitError):
        while True:
            await budgets.take_request(key, "agent", urgent=False)
    with pytest.raises(LimitError) as caught:
        await server.call(*CREATE)
    assert caught.value.code == "hourly_limit"
    assert server.upstream.calls == []
    assert outcomes(server) == []
    await server.call("bill_cancel_a_payment", {"paymentId": "stp01"})
    await server.call("bill_api_logout", {})
    paths = [arrival.path for arrival in server.upstream.arrivals]
    assert paths == ["/v3/login", "/v3/payments/stp01/cancel", "/v3/logout"]
