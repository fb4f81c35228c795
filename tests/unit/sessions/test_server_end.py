"""The end of a server: sessions that nobody takes up again are signed out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest
from support.assembly import Assembly, agent, assemble
from support.bill_sessions import BillSessions
from support.jumping_loop import JUMPING
from support.upstream import Arrival, Upstream, refusal

from bill_mcp.sessions.leaving import LOGOUT_S

pytestmark = pytest.mark.anyio

READ = ("bill_get_vendor_details", {"vendorId": "00901"})
LOGOUT = "/v3/logout"


@pytest.fixture
def anyio_backend() -> Any:
    return JUMPING


@pytest.fixture
def server() -> Assembly:
    return assemble(Upstream(BillSessions()))


def signed_out(server: Assembly) -> list[str]:
    return [
        one.headers["sessionid"]
        for one in server.upstream.arrivals
        if one.path == LOGOUT
    ]


def answers_logout_with(
    server: Assembly,
    answer: Callable[[Arrival], httpx.Response | Awaitable[httpx.Response]],
) -> None:
    bill = server.upstream.answer
    server.upstream.answer = lambda arrival: (
        answer(arrival) if arrival.path == LOGOUT else bill(arrival)
    )


async def test_every_agents_session_is_signed_out(server: Assembly) -> None:
    for name in ("one", "two"):
        await server.dispatcher.call(agent(key=name), *READ)
    await server.dispatcher.sessions.close()
    assert sorted(signed_out(server)) == ["canary-session-0001", "canary-session-0002"]


async def test_idle_session_is_left_alone(server: Assembly) -> None:
    await server.call(*READ)
    server.clock.advance(35 * 60)
    await server.dispatcher.sessions.close()
    assert signed_out(server) == []


async def test_server_that_is_cancelled_signs_out_all_the_same(
    server: Assembly,
) -> None:
    await server.call(*READ)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await server.dispatcher.sessions.close()
    assert signed_out(server) == ["canary-session-0001"]


async def test_bill_that_does_not_answer_is_waited_for_three_seconds(
    server: Assembly,
) -> None:
    async def silence(_: Arrival) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError("forever is over")

    await server.call(*READ)
    answers_logout_with(server, silence)
    start = anyio.current_time()
    await server.dispatcher.sessions.close()
    assert LOGOUT_S == 3
    assert anyio.current_time() - start == pytest.approx(LOGOUT_S, abs=0.5)


def _expired(_: Arrival) -> httpx.Response:
    return refusal("BDC_1109", 401)


def _broken(_: Arrival) -> httpx.Response:
    raise httpx.ReadError("the cable is out")


def _fault_of_ours(_: Arrival) -> httpx.Response:
    raise ValueError("nobody thought of this")


@pytest.mark.parametrize("answer", [_expired, _broken, _fault_of_ours])
async def test_sign_out_that_fails_is_nobodys_trouble(
    server: Assembly, answer: Callable[[Arrival], httpx.Response]
) -> None:
    await server.call(*READ)
    answers_logout_with(server, answer)
    await server.dispatcher.sessions.close()
    assert signed_out(server) == ["canary-session-0001"]
