"""One BILL session per agent: opened by its first call, renewed when BILL forgets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.assembly import ACCOUNT, Assembly, agent, assemble
from support.bill_sessions import BillSessions
from support.upstream import SIGN_INS, Arrival, Upstream, refusal, shown

from bill_mcp.errors import (
    CallError,
    CredentialsError,
    NotTrustedError,
    Outcome,
    RefusedError,
    SessionExpiredError,
)
from bill_mcp.sessions.credentials import Credentials

pytestmark = pytest.mark.anyio

READ = ("bill_get_vendor_details", {"vendorId": "00901"})
PAY = (
    "bill_create_a_payment",
    {
        "billId": "00n01",
        "amount": 10.25,
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": "bac01"},
    },
)


@pytest.fixture
def server(bill: BillSessions) -> Assembly:
    return assemble(Upstream(bill))


def paths(server: Assembly) -> list[str]:
    return [arrival.path for arrival in server.upstream.arrivals]


def sign_ins(server: Assembly) -> int:
    return sum(path in SIGN_INS for path in paths(server))


async def test_first_call_signs_in_by_itself_and_later_ones_do_not(
    server: Assembly,
) -> None:
    for _ in range(3):
        assert await server.call(*READ) == {"id": "0001"}
    assert paths(server) == ["/v3/login", *["/v3/vendors/00901"] * 3]
    sign_in, call, *_ = server.upstream.arrivals
    assert sign_in.json() == {
        "username": "ap@example.test",
        "password": "canary-password-7c1f",
        "organizationId": "00801TESTORGANIZA1a2",
        "devKey": "canary-developer-key-31aa",
        "rememberMeId": "canary-remembered-mfa-83c5",
        "device": "test-device",
    }
    assert not {"devkey", "sessionid"} & set(sign_in.headers)
    assert call.headers["devkey"] == "canary-developer-key-31aa"
    assert call.headers["sessionid"] == "canary-session-0001"


async def test_ten_calls_that_find_the_session_expired_cause_one_sign_in(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*READ)
    bill.forget()
    results: list[Any] = []

    async def call() -> None:
        results.append(await server.call(*READ))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(call)
    assert results == [{"id": "0001"}] * 10
    assert sign_ins(server) == 2


async def test_ten_first_calls_cause_one_sign_in(server: Assembly) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(server.call, *READ)
    assert sign_ins(server) == 1


async def test_session_idle_for_35_minutes_is_renewed_before_the_call(
    server: Assembly,
) -> None:
    await server.call(*READ)
    for _ in range(3):
        server.clock.advance(35 * 60 - 1)
        await server.call(*READ)
    assert sign_ins(server) == 1
    server.clock.advance(35 * 60)
    await server.call(*READ)
    assert paths(server)[-2:] == ["/v3/login", "/v3/vendors/00901"]


async def test_session_that_is_refused_again_is_not_renewed_a_second_time(
    server: Assembly, bill: BillSessions
) -> None:
    bill.reply = lambda _: refusal("BDC_1109", 401)
    with pytest.raises(SessionExpiredError) as caught:
        await server.call(*READ)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert paths(server) == ["/v3/login", "/v3/vendors/00901"] * 2


async def test_payment_is_sent_once_more_under_a_renewed_session(
    server: Assembly, bill: BillSessions
) -> None:
    # The reads before would renew it: so BILL forgets when the payment has come.
    bill.reply = shown
    server.upstream.answer = lambda arrival: forgetting(bill, server, arrival)
    await server.call(*PAY)
    first, second = server.upstream.writes
    assert first.path == second.path == "/v3/payments"
    assert first.body == second.body
    assert first.headers["sessionid"] != second.headers["sessionid"]
    assert server.outcomes == [(PAY[0], Outcome.DONE)]


def forgetting(
    bill: BillSessions, server: Assembly, arrival: Arrival
) -> httpx.Response:
    if arrival.method == "POST" and len(server.upstream.writes) == 1:
        bill.forget()
    return bill(arrival)


@pytest.mark.parametrize(
    "answer",
    [
        refusal("BDC_1109", 500),
        refusal("BDC_1109", 302),
        httpx.Response(401, json={"errors": [{"code": "BDC_1109"}]}),
        httpx.Response(401),
        refusal("BDC_1322", 429),
    ],
    ids=["500", "302", "not BILL's array", "no code", "busy"],
)
async def test_payment_is_not_sent_again_on_any_other_word(
    server: Assembly, bill: BillSessions, answer: httpx.Response
) -> None:
    bill.reply = lambda arrival: (
        answer if arrival.method == "POST" else httpx.Response(200, json=shown(arrival))
    )
    with pytest.raises(CallError) as caught:
        await server.call(*PAY)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert [arrival.path for arrival in server.upstream.writes] == ["/v3/payments"]
    assert sign_ins(server) == 1


async def test_lack_of_trust_is_no_reason_to_sign_in(
    server: Assembly, bill: BillSessions
) -> None:
    bill.reply = lambda _: refusal("BDC_1361", 403)
    for _ in range(2):
        with pytest.raises(CallError) as caught:
            await server.call(*PAY)
        assert caught.value.code == "mfa_required"
        assert caught.value.outcome is Outcome.NOT_DONE
    assert sign_ins(server) == 1
    assert (await server.call("bill_api_login", {}))["trusted"] is False


async def test_two_agents_never_share_a_session(server: Assembly) -> None:
    for key in ("one", "two", "one", "two"):
        await server.dispatcher.call(agent(key=key), *READ)
    used = [a.headers["sessionid"] for a in server.upstream.calls]
    assert used == ["canary-session-0001", "canary-session-0002"] * 2


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["read", "login", "logout", "forget", "idle", "together"]),
        st.sampled_from(["one", "two", "three"]),
    ),
    max_size=15,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_whatever_agents_do_each_session_serves_one_of_them(
    steps: list[tuple[str, str]],
) -> None:
    bill = BillSessions()
    server = assemble(Upstream(bill))

    async def read(key: str) -> None:
        name = "bill_get_vendor_details"
        await server.dispatcher.call(agent(key=key), name, {"vendorId": key})

    async def together(key: str) -> None:
        async with anyio.create_task_group() as tasks:
            for each in ("one", "two", key):
                tasks.start_soon(read, each)

    async def change(what: str, key: str) -> None:
        await server.dispatcher.call(agent(key=key), f"bill_api_{what}", {})

    async def take_all() -> None:
        for what, key in steps:
            if what == "forget":
                bill.forget()
            elif what == "idle":
                server.clock.advance(35 * 60)
            else:
                does = {"read": read, "together": together}
                await does.get(what, lambda k, w=what: change(w, k))(key)

    anyio.run(take_all)
    reads = [a for a in server.upstream.calls if a.path.startswith("/v3/vendors/")]
    users = {(a.headers["sessionid"], a.path) for a in reads}
    assert len(users) == len({session for session, _ in users})


def held_back(bill: BillSessions, path: str) -> tuple[anyio.Event, anyio.Event, Any]:
    """An answer of *bill* that waits at *path*: arrived, let go, the answer."""
    arrived, let_go = anyio.Event(), anyio.Event()

    async def answer(arrival: Arrival) -> httpx.Response:
        if arrival.path == path:
            arrived.set()
            await let_go.wait()
        return bill(arrival)

    return arrived, let_go, answer


@pytest.mark.parametrize(
    "call", [READ, ("bill_api_login", {})], ids=["by itself", "asked"]
)
async def test_sign_in_of_a_call_that_was_cancelled_is_kept(
    server: Assembly, bill: BillSessions, call: tuple[str, dict[str, Any]]
) -> None:
    arrived, let_go, server.upstream.answer = held_back(bill, "/v3/login")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.call, *call)
        await arrived.wait()
        tasks.cancel_scope.cancel()
        let_go.set()
    assert paths(server) == ["/v3/login"]
    await server.call(*READ)
    assert sign_ins(server) == 1


async def test_call_cancelled_while_another_renews_leaves_the_other_alone(
    server: Assembly, bill: BillSessions
) -> None:
    arrived, let_go, server.upstream.answer = held_back(bill, "/v3/login")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.call, *READ)
        await arrived.wait()
        with anyio.move_on_after(0.01):
            await server.call(*READ)
        let_go.set()
    assert paths(server) == ["/v3/login", "/v3/vendors/00901"]


async def test_spend_calls_travel_with_the_token_alone(server: Assembly) -> None:
    await server.call("bill_get_list_of_budgets", {})
    (arrival,) = server.upstream.arrivals
    assert arrival.headers["apitoken"] == "canary-spend-token-55d2"
    assert not {"devkey", "sessionid", "appkey"} & set(arrival.headers)


async def test_refused_spend_token_is_no_reason_to_sign_in(server: Assembly) -> None:
    server.upstream.answer = lambda _: refusal("BDC_1109", 401)
    with pytest.raises(SessionExpiredError):
        await server.call("bill_get_list_of_budgets", {})
    assert len(server.upstream.arrivals) == 1


async def test_lack_of_trust_of_a_spend_token_is_told_like_any_other(
    server: Assembly,
) -> None:
    server.upstream.answer = lambda _: refusal("BDC_1361", 403)
    with pytest.raises(NotTrustedError):
        await server.call("bill_get_list_of_budgets", {})


async def test_health_is_asked_without_any_credentials() -> None:
    server = assemble(Upstream(), account=Credentials())
    await server.call("bill_check_app_health", {})
    (arrival,) = server.upstream.arrivals
    assert not {"devkey", "sessionid", "apitoken"} & set(arrival.headers)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("bill_get_list_of_vendors", "BILL_ORGANIZATION_ID"),
        ("bill_get_list_of_organizations", "BILL_APP_KEY"),
        ("bill_get_list_of_budgets", "BILL_API_TOKEN"),
        ("bill_api_login", "BILL_DEV_KEY"),
        ("bill_api_partner_login", "BILL_APP_KEY"),
    ],
)
async def test_account_that_is_not_connected_is_named_and_nothing_is_sent(
    name: str, wanted: str
) -> None:
    server = assemble(Upstream(), account=Credentials())
    with pytest.raises(CredentialsError) as caught:
        await server.call(name, {})
    assert caught.value.code == "not_signed_in"
    assert wanted in caught.value.advice
    assert "`bill-mcp login`, beside" in caught.value.advice
    assert server.upstream.arrivals == []


async def test_partners_account_alone_signs_in_to_no_organization() -> None:
    account = replace(ACCOUNT, password=None, organization_id=None)
    server = assemble(Upstream(), account=account)
    with pytest.raises(CredentialsError, match="no organization is chosen") as caught:
        await server.call(*READ)
    assert "bill_api_login_as_user" in caught.value.advice


async def test_profile_of_another_agent_is_refused(server: Assembly) -> None:
    with pytest.raises(RefusedError) as caught:
        await server.call("bill_api_login", {"profile": "payroll"})
    assert caught.value.code == "unknown_profile"
    assert server.upstream.arrivals == []
    await server.call("bill_api_login", {"profile": "default"})
