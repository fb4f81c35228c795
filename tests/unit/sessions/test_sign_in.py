"""Signing in and out: refusals, limits, what the agent gives along, and who waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest
from support.assembly import ACCOUNT, Assembly, agent, assemble
from support.bill_sessions import BillSessions
from support.upstream import SIGN_INS, Arrival, Upstream, refusal

from bill_mcp.errors import CallError, CredentialsError, LimitError, Outcome
from bill_mcp.secret import HELD, Secret

pytestmark = pytest.mark.anyio

READ = ("bill_get_vendor_details", {"vendorId": "00901"})
PATH = "/v3/vendors/00901"
INLINE = {
    "username": "other@example.test",
    "password": "canary-inline-password",
    "organizationId": "00801OTHER",
    "devKey": "canary-inline-key",
}


@pytest.fixture
def server(bill: BillSessions) -> Assembly:
    return assemble(Upstream(bill), inline_credentials=True)


def paths(server: Assembly) -> list[str]:
    return [arrival.path for arrival in server.upstream.arrivals]


def sign_ins(server: Assembly) -> list[Arrival]:
    return [one for one in server.upstream.arrivals if one.path in SIGN_INS]


async def failure_of(server: Assembly, *call: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        await server.call(*call)
    return caught.value


@pytest.mark.parametrize("code", ["BDC_1101", "BDC_1102", "BDC_1105"])
async def test_refused_password_is_never_tried_twice(
    server: Assembly, bill: BillSessions, code: str
) -> None:
    bill.refuse_sign_in = lambda _: refusal(code, 401)
    errors: list[CallError] = []

    async def call(*what: Any) -> None:
        errors.append(await failure_of(server, *what))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(call, *READ)
    await call("bill_api_login", {})
    server.clock.advance(48 * 3600)
    await call(*READ)
    assert len(server.upstream.arrivals) == 1
    assert {type(error) for error in errors} == {CredentialsError}
    assert {error.code for error in errors} == {"sign_in_refused"}
    assert {error.outcome for error in errors} == {Outcome.NOT_DONE}
    assert all("Do not try again" in error.advice for error in errors)


async def test_refused_account_stays_closed_for_every_agent(
    server: Assembly, bill: BillSessions
) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    await failure_of(server, *READ)
    with pytest.raises(CredentialsError):
        await server.dispatcher.call(agent(key="another"), *READ)
    assert len(server.upstream.arrivals) == 1


async def test_corrected_password_is_another_account(
    server: Assembly, bill: BillSessions
) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    await failure_of(server, *READ)
    bill.refuse_sign_in = lambda _: None
    await server.call("bill_api_login", {"password": "canary-corrected"})
    assert await server.call(*READ) == {"id": "0001"}


@pytest.mark.parametrize("name", ["username", "password", "appKey"])
async def test_corrected_credentials_of_a_partner_are_another_account(
    server: Assembly, bill: BillSessions, name: str
) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    wrong, right = {name: "canary-wrong"}, {name: "canary-right"}
    for _ in range(2):
        error = await failure_of(server, "bill_api_partner_login", wrong)
        assert error.code == "sign_in_refused"
    bill.refuse_sign_in = lambda _: None
    await server.call("bill_api_partner_login", right)
    tried = [arrival.json()[name] for arrival in sign_ins(server)]
    assert tried == ["canary-wrong", "canary-right"]


async def test_locked_organization_is_left_alone_for_a_quarter_of_an_hour(
    server: Assembly, bill: BillSessions
) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1107", 423)
    first = await failure_of(server, *READ)
    assert "15 minutes" in first.advice
    server.clock.advance(15 * 60 - 1)
    assert (await failure_of(server, *READ)).bill_code == "BDC_1107"
    assert len(sign_ins(server)) == 1
    bill.refuse_sign_in = lambda _: None
    server.clock.advance(1)
    assert await server.call(*READ) == {"id": "0001"}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, html="<html>"),
        refusal("BDC_1001", 500),
        refusal("BDC_9999", 400),
        httpx.Response(200, text="welcome"),
    ],
    ids=["502", "system error", "unlisted", "unreadable"],
)
async def test_sign_in_that_fails_leaves_a_write_not_done_and_may_be_tried_again(
    server: Assembly, bill: BillSessions, answer: httpx.Response
) -> None:
    bill.refuse_sign_in = lambda _: answer
    error = await failure_of(server, "bill_archive_a_vendor", {"vendorId": "00901"})
    assert error.outcome is Outcome.NOT_DONE
    assert "Call again" in error.advice
    assert paths(server) == ["/v3/login"]
    assert server.outcomes == []
    bill.refuse_sign_in = lambda _: None
    assert await server.call(*READ) == {"id": "0001"}


async def test_sign_in_whose_answer_is_lost_leaves_a_write_not_done(
    server: Assembly, bill: BillSessions
) -> None:
    def lose(arrival: Arrival) -> httpx.Response:
        raise httpx.ReadTimeout("lost")

    bill.refuse_sign_in = lose
    error = await failure_of(server, "bill_archive_a_vendor", {"vendorId": "00901"})
    assert (error.code, error.outcome) == ("unreachable", Outcome.NOT_DONE)
    assert "Look the object up" not in error.advice


@pytest.mark.parametrize("reply", [{}, {"sessionId": ""}, {"sessionId": "a\nb"}])
async def test_sign_in_without_a_usable_session_fails(
    server: Assembly, bill: BillSessions, reply: dict[str, str]
) -> None:
    bill.refuse_sign_in = lambda _: httpx.Response(200, json=reply)
    error = await failure_of(server, *READ)
    assert error.code == "sign_in_failed"
    assert paths(server) == ["/v3/login"]


async def test_sign_ins_of_one_agent_are_bounded(
    server: Assembly, bill: BillSessions
) -> None:
    for _ in range(10):
        await server.call(*READ)
        bill.forget()
    error = await failure_of(server, *READ)
    assert isinstance(error, LimitError)
    assert len(sign_ins(server)) == 10


async def test_login_on_a_live_session_returns_it_without_asking_bill(
    server: Assembly,
) -> None:
    await server.call(*READ)
    for given in ({}, {"profile": "default"}):
        assert await server.call("bill_api_login", given) == {
            "sessionId": HELD,
            "organizationId": "00801TESTORGANIZA1a2",
            "userId": "00601USER",
            "trusted": True,
        }
    assert paths(server) == ["/v3/login", PATH]


async def test_login_on_an_idle_session_signs_in(server: Assembly) -> None:
    await server.call("bill_api_login", {})
    server.clock.advance(35 * 60)
    told = await server.call("bill_api_login", {})
    assert told["sessionId"] == HELD
    assert paths(server) == ["/v3/login"] * 2


async def test_remembered_mfa_goes_along_only_as_a_whole(bill: BillSessions) -> None:
    for account in (
        replace(ACCOUNT, device=None),
        replace(ACCOUNT, remember_me_id=None),
    ):
        server = assemble(Upstream(bill), account=account)
        await server.call(*READ)
        (sign_in,) = sign_ins(server)
        assert not {"rememberMeId", "device"} & set(sign_in.json())


async def test_credentials_given_along_are_used_now_and_for_renewal(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*READ)
    told = await server.call("bill_api_login", INLINE)
    bill.forget()
    await server.call(*READ)
    _, given, renewed = (arrival.json() for arrival in sign_ins(server))
    assert given == renewed == INLINE
    assert told["organizationId"] == "00801OTHER"
    assert server.upstream.arrivals[-1].headers["devkey"] == "canary-inline-key"


async def test_remembered_mfa_of_another_user_does_not_go_along(
    server: Assembly,
) -> None:
    told = await server.call("bill_api_login", {"username": "other@example.test"})
    assert told["trusted"] is False
    await server.call("bill_api_login", INLINE | {"rememberMeId": "r-1", "device": "d"})
    first, second = (arrival.json() for arrival in sign_ins(server))
    assert "rememberMeId" not in first
    assert (second["rememberMeId"], second["device"]) == ("r-1", "d")


async def test_placeholder_of_a_held_secret_means_the_held_secret(
    server: Assembly,
) -> None:
    await server.call("bill_api_login", {"password": HELD, "devKey": HELD})
    (sign_in,) = sign_ins(server)
    assert sign_in.json()["password"] == "canary-password-7c1f"
    assert sign_in.json()["devKey"] == "canary-developer-key-31aa"


async def test_refused_credentials_given_along_leave_the_session_as_it_was(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*READ)
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    error = await failure_of(server, "bill_api_login", INLINE)
    assert error.code == "sign_in_refused"
    assert await server.call(*READ) == {"id": "0001"}
    assert server.upstream.arrivals[-1].headers["devkey"] == "canary-developer-key-31aa"


async def test_sign_out_ends_the_session_at_bill_and_here(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*READ)
    assert await server.call("bill_api_logout", {}) == {}
    assert bill.living == set()
    await server.call(*READ)
    assert paths(server) == ["/v3/login", PATH, "/v3/logout", "/v3/login", PATH]


async def test_nobody_signs_in_for_the_sake_of_signing_out(
    server: Assembly, bill: BillSessions
) -> None:
    assert await server.call("bill_api_logout", {}) == {}
    assert paths(server) == []
    await server.call(*READ)
    server.clock.advance(35 * 60)
    assert await server.call("bill_api_logout", {}) == {}
    await server.call(*READ)
    bill.forget()
    assert await server.call("bill_api_logout", {}) == {}
    assert paths(server) == ["/v3/login", PATH] * 2 + ["/v3/logout"]


async def test_sign_out_that_bill_refuses_is_told(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*READ)
    server.upstream.answer = lambda _: httpx.Response(503)
    error = await failure_of(server, "bill_api_logout", {})
    assert error.outcome is Outcome.UNKNOWN


async def test_sign_out_waits_for_calls_under_way_and_later_calls_wait_for_it(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*READ)
    let_go = anyio.Event()

    async def slowly(arrival: Arrival) -> httpx.Response:
        if len(paths(server)) <= 4:
            await let_go.wait()
        return bill(arrival)

    server.upstream.answer = slowly
    async with anyio.create_task_group() as tasks:
        for call in (READ, READ, ("bill_api_logout", {}), READ):
            tasks.start_soon(server.call, *call)
            await anyio.wait_all_tasks_blocked()
        assert paths(server)[2:] == [PATH, PATH]
        let_go.set()
    assert paths(server)[4:] == ["/v3/logout", "/v3/login", PATH]


async def test_sign_outs_wait_for_each_other(server: Assembly) -> None:
    await server.call(*READ)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(server.call, "bill_api_logout", {})
    assert paths(server) == ["/v3/login", PATH, "/v3/logout"]


async def test_sign_out_that_gave_up_waiting_blocks_nobody(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*READ)
    let_go = anyio.Event()

    async def slowly(arrival: Arrival) -> httpx.Response:
        if len(paths(server)) == 3:
            await let_go.wait()
        return bill(arrival)

    server.upstream.answer = slowly
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.call, *READ)
        await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0.01):
            await server.call("bill_api_logout", {})
        with anyio.fail_after(5):
            await server.call(*READ)
        let_go.set()
    assert paths(server) == ["/v3/login", PATH, PATH, PATH]


async def test_what_an_agent_gives_along_is_a_secret_like_any_other(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call("bill_api_login", INLINE)
    bill.reply = lambda _: {"memo": f"the key is {INLINE['devKey']}!"}
    assert await server.call(*READ) == {"memo": f"the key is {HELD}!"}


async def test_account_without_a_developer_key_cannot_use_a_session(
    bill: BillSessions,
) -> None:
    account = replace(ACCOUNT, dev_key=None, password=None)
    server = assemble(Upstream(bill), account=account)
    who = {"organizationId": "00801", "userId": "00601"}
    await server.call("bill_api_login_as_user", who)
    error = await failure_of(server, *READ)
    assert "BILL_DEV_KEY" in error.advice
    assert isinstance(ACCOUNT.dev_key, Secret)
