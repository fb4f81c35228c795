"""One of an agent's accounts is current; the agent switches between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest
from support.assembly import Assembly, agent
from support.bill_sessions import BillSessions
from support.several_accounts import (
    ACCOUNTS,
    LOGIN,
    NAMES,
    PATH,
    READ,
    USER,
    call,
    serving,
    sign_ins,
    switch,
    whose,
)
from support.upstream import SIGN_INS, Arrival, refusal

from bill_mcp.errors import CallError, CredentialsError, RefusedError
from bill_mcp.secret import HELD, Secret
from bill_mcp.sessions.credentials import Credentials

pytestmark = pytest.mark.anyio


@pytest.fixture
def server(bill: BillSessions) -> Assembly:
    return serving(bill)


async def test_first_account_is_current_until_the_agent_switches(
    server: Assembly,
) -> None:
    await call(server, *READ)
    told = await switch(server, "home")
    assert told["organizationId"] == ACCOUNTS["home"].organization_id
    assert told["sessionId"] == HELD
    await call(server, *READ)
    await call(server, *READ)
    await switch(server, "work")
    await call(server, *READ)
    assert whose(server.upstream) == ["work", "home", "home", "work"]


async def test_switching_back_while_the_session_lives_costs_no_sign_in(
    server: Assembly,
) -> None:
    for _ in range(3):
        for name in NAMES:
            await switch(server, name)
            await call(server, *READ)
        server.clock.advance(35 * 60 - 1)
    assert len(sign_ins(server.upstream)) == 3
    server.clock.advance(1)
    await switch(server, "home")
    await switch(server, "work")
    assert len(sign_ins(server.upstream)) == 5


async def test_results_say_which_account_they_are_of(server: Assembly) -> None:
    assert (await call(server, *READ))["bill_mcp"] == {"profile": "work"}
    assert (await switch(server, "home"))["bill_mcp"] == {"profile": "home"}
    assert (await call(server, *READ))["bill_mcp"] == {"profile": "home"}
    told = await call(server, "bill_get_api_session_details", {})
    assert told["bill_mcp"] == {"profile": "home", "profiles": list(NAMES)}


async def test_session_details_name_the_only_account_too(server: Assembly) -> None:
    alone = replace(agent(), profiles=("shop",))
    told = await call(server, "bill_get_api_session_details", {}, alone)
    assert told["bill_mcp"] == {"profile": "shop"}
    assert "bill_mcp" not in await call(server, *READ, alone)


@pytest.mark.parametrize(
    ("profiles", "told"),
    [
        (NAMES, "Use one of the accounts that are connected here: work, home, shop."),
        (("home",), "Leave profile out: there is one account here: home."),
    ],
)
async def test_account_that_may_not_be_used_is_refused_with_those_that_may(
    server: Assembly, profiles: tuple[str, ...], told: str
) -> None:
    who = replace(agent(), profiles=profiles)
    for tool in (LOGIN, "bill_api_partner_login", "bill_api_login_as_user"):
        arguments = {"profile": "payroll"}
        if tool == "bill_api_login_as_user":
            arguments |= {"organizationId": "00801", "userId": "00601"}
        with pytest.raises(RefusedError) as caught:
            await call(server, tool, arguments, who)
        assert (caught.value.code, caught.value.advice) == ("unknown_profile", told)
    assert server.upstream.arrivals == []


async def test_preview_of_a_switch_switches_nothing(server: Assembly) -> None:
    await call(server, LOGIN, {"profile": "home", "preview": True})
    await call(server, *READ)
    assert whose(server.upstream) == ["work"]


async def test_switch_that_bill_refuses_leaves_the_agent_where_it_was(
    server: Assembly, bill: BillSessions
) -> None:
    await call(server, *READ)
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    with pytest.raises(CallError):
        await switch(server, "home")
    await call(server, *READ)
    assert whose(server.upstream) == ["work", "work"]
    assert server.dispatcher.sessions.profile_of(USER) == "work"


async def test_two_agents_are_each_at_an_account_of_their_own(
    server: Assembly,
) -> None:
    other = replace(agent(key="other"), profiles=NAMES)
    await switch(server, "home")
    await call(server, *READ, other)
    await call(server, *READ)
    assert whose(server.upstream) == ["work", "home"]
    used = {a.headers["sessionid"] for a in server.upstream.calls}
    assert len(used) == 2


async def test_switch_waits_for_the_agents_calls_in_flight(
    server: Assembly, bill: BillSessions
) -> None:
    await call(server, *READ)
    let_go = anyio.Event()

    async def slowly(arrival: Arrival) -> httpx.Response:
        if arrival.path == PATH:
            await let_go.wait()
        return bill(arrival)

    server.upstream.answer = slowly
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, server, *READ)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(switch, server, "home")
        await anyio.wait_all_tasks_blocked()
        assert len(sign_ins(server.upstream)) == 1
        assert server.dispatcher.sessions.profile_of(USER) == "work"
        let_go.set()
    assert len(sign_ins(server.upstream)) == 2
    assert server.dispatcher.sessions.profile_of(USER) == "home"


async def test_call_that_began_before_a_switch_ends_under_its_own_account(
    server: Assembly, bill: BillSessions
) -> None:
    """It waits while the switch signs in, and is about the account of its beginning."""
    await call(server, *READ)
    let_go = anyio.Event()

    async def slowly(arrival: Arrival) -> httpx.Response:
        if arrival.path in SIGN_INS:
            await let_go.wait()
        return bill(arrival)

    server.upstream.answer = slowly
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(switch, server, "home")
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(call, server, *READ)
        await anyio.wait_all_tasks_blocked()
        let_go.set()
    assert whose(server.upstream) == ["work", "work"]


async def test_challenge_of_one_account_is_not_confirmed_under_another(
    server: Assembly, bill: BillSessions
) -> None:
    bill.reply = lambda arrival: (
        {"challengeId": "canary-challenge"} if "challenge" in arrival.path else {}
    )
    await call(server, "bill_generate_mfa_challenge", {})
    await switch(server, "home")
    with pytest.raises(CallError, match="no MFA challenge is open"):
        await call(server, "bill_validate_mfa_challenge", {"token": "123456"})


async def test_sign_out_ends_the_current_accounts_session_only(
    server: Assembly, bill: BillSessions
) -> None:
    await call(server, *READ)
    await switch(server, "home")
    await call(server, "bill_api_logout", {})
    assert bill.living == {"canary-session-0001"}
    await switch(server, "work")
    await call(server, *READ)
    assert len(sign_ins(server.upstream)) == 2


async def test_end_of_a_server_signs_out_of_every_account(
    server: Assembly, bill: BillSessions
) -> None:
    for name in NAMES:
        await switch(server, name)
    assert len(bill.living) == 3
    await server.dispatcher.sessions.close()
    assert bill.living == set()


# Accounts that sign in to no organization

SPEND = Credentials(api_token=Secret("canary-token"))
PARTNER = Credentials(
    partner_username="partner@example.test",
    partner_password=Secret("canary-partner-password"),
    app_key=Secret("canary-app-key"),
)
BUDGETS: tuple[str, dict[str, Any]] = ("bill_get_list_of_budgets", {})
CLIENTS: tuple[str, dict[str, Any]] = ("bill_get_list_of_organizations", {})


@pytest.mark.parametrize(("other", "tool"), [(SPEND, BUDGETS), (PARTNER, CLIENTS)])
async def test_agent_switches_to_an_account_without_an_organization_and_back(
    bill: BillSessions, other: Credentials, tool: tuple[str, dict[str, Any]]
) -> None:
    server = serving(bill, (ACCOUNTS | {"home": other}).__getitem__)
    await call(server, *READ)
    with pytest.raises(CredentialsError):
        await call(server, *tool)
    assert await switch(server, "home") == {"bill_mcp": {"profile": "home"}}
    assert (await call(server, *tool))["bill_mcp"]["profile"] == "home"
    with pytest.raises(CredentialsError):
        await call(server, *READ)
    await switch(server, "work")
    await call(server, *READ)
    assert whose(server.upstream) == ["work", "work"]


async def test_sign_in_to_an_account_of_cards_alone_names_what_is_missing(
    bill: BillSessions,
) -> None:
    server = serving(bill, lambda _: SPEND)
    with pytest.raises(CredentialsError, match="no credentials of a BILL organization"):
        await call(server, LOGIN, {})
