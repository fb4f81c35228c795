"""One agent with several accounts: one is current, none is ever mixed with another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.assembly import ACCOUNT, Assembly, agent, assemble
from support.bill_sessions import BillSessions
from support.kept_home import KeptHome
from support.upstream import SIGN_INS, Arrival, Upstream, refusal

from bill_mcp.agents import Agent
from bill_mcp.errors import CallError, ConfigError, CredentialsError, RefusedError
from bill_mcp.secret import HELD, Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.store import SessionState

pytestmark = pytest.mark.anyio

READ = ("bill_get_vendor_details", {"vendorId": "00901"})
PATH = "/v3/vendors/00901"
LOGIN = "bill_api_login"


def account(name: str) -> Credentials:
    """An account of which nothing is another's."""
    return Credentials(
        username=f"{name}@example.test",
        password=Secret(f"canary-password-of-{name}"),
        organization_id=f"00801{name.upper():X<15}",
        dev_key=Secret(f"canary-key-of-{name}"),
    )


NAMES = ("work", "home", "shop")
ACCOUNTS = {name: account(name) for name in NAMES}
USER = replace(agent(), profiles=NAMES)


@pytest.fixture
def bill() -> BillSessions:
    return BillSessions()


def serving(
    bill: BillSessions, profiles: Callable[[str], Credentials] = ACCOUNTS.__getitem__
) -> Assembly:
    return assemble(Upstream(bill), profiles=profiles, inline_credentials=True)


@pytest.fixture
def server(bill: BillSessions) -> Assembly:
    return serving(bill)


async def call(
    server: Assembly, tool: str, arguments: dict[str, Any], who: Agent = USER
) -> dict[str, Any]:
    return await server.dispatcher.call(who, tool, arguments)


async def switch(server: Assembly, name: str, who: Agent = USER) -> dict[str, Any]:
    return await call(server, LOGIN, {"profile": name}, who)


def sign_ins(upstream: Upstream) -> list[str]:
    """The organizations that were signed in to, in order."""
    return [
        arrival.json()["organizationId"]
        for arrival in upstream.arrivals
        if arrival.path in SIGN_INS
    ]


def whose(upstream: Upstream) -> list[str]:
    """The developer keys of the calls, in order."""
    return [
        arrival.headers["devkey"].removeprefix("canary-key-of-")
        for arrival in upstream.arrivals
        if arrival.path == PATH
    ]


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


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["read", "switch", "logout", "forget", "idle", "together"]),
        st.sampled_from(["one", "two"]),
        st.sampled_from(NAMES),
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_whatever_agents_do_a_session_serves_one_agent_and_one_account(
    steps: list[tuple[str, str, str]],
) -> None:
    bill = BillSessions()
    server = serving(bill)
    anyio.run(take_all, server, bill, steps)
    opened = {}
    for number, arrival in enumerate(
        (a for a in server.upstream.arrivals if a.path in SIGN_INS), start=1
    ):
        body = arrival.json()
        name = body["username"].partition("@")[0]
        assert body["password"] == f"canary-password-of-{name}"
        assert body["devKey"] == f"canary-key-of-{name}"
        assert body["organizationId"] == ACCOUNTS[name].organization_id
        opened[f"canary-session-{number:04}"] = name
    users: dict[str, str] = {}
    for arrival in server.upstream.calls:
        session = arrival.headers["sessionid"]
        assert arrival.headers["devkey"] == f"canary-key-of-{opened[session]}"
        if arrival.path.startswith("/v3/vendors/"):
            assert users.setdefault(session, arrival.path) == arrival.path


async def take_all(
    server: Assembly, bill: BillSessions, steps: list[tuple[str, str, str]]
) -> None:
    for what, key, name in steps:
        who = replace(agent(key=key), profiles=NAMES)
        read = READ[0], {"vendorId": key}
        change = LOGIN, {"profile": name}
        tasks: dict[str, list[tuple[str, dict[str, Any]]]] = {
            "read": [read],
            "switch": [change],
            "logout": [("bill_api_logout", {})],
            "together": [read, change, read],
        }
        if what == "forget":
            bill.forget()
        elif what == "idle":
            server.clock.advance(35 * 60)
        async with anyio.create_task_group() as group:
            for tool, arguments in tasks.get(what, []):
                group.start_soon(call, server, tool, arguments, who)


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


# Kept over a restart


@pytest.fixture
def home(bill: BillSessions, tmp_path: Path) -> KeptHome:
    return KeptHome(tmp_path / "home", Upstream(bill))


async def test_sessions_of_all_accounts_survive_a_restart_apart(home: KeptHome) -> None:
    for _ in range(2):
        async with home.server(profiles=ACCOUNTS.__getitem__) as server:
            for name in NAMES:
                await switch(server, name)
                await call(server, *READ)
    assert len(sign_ins(home.upstream)) == 3
    assert whose(home.upstream) == [*NAMES, *NAMES]
    used = {(a.headers["devkey"], a.headers["sessionid"]) for a in home.upstream.calls}
    assert len(used) == 3


async def test_two_names_of_one_account_have_two_sessions(home: KeptHome) -> None:
    for _ in range(2):
        async with home.server(profiles=lambda _: ACCOUNT) as server:
            for name in ("work", "home"):
                await switch(server, name)
                await call(server, *READ)
    used = [a.headers["sessionid"] for a in home.upstream.calls]
    assert used == ["canary-session-0001", "canary-session-0002"] * 2


# What a person does meanwhile


@pytest.fixture
def connected() -> dict[str, Credentials]:
    return dict(ACCOUNTS)


def looked_up(connected: dict[str, Credentials]) -> Callable[[str], Credentials]:
    def look(name: str) -> Credentials:
        if name not in connected:
            raise ConfigError(f"no profile named {name!r}")
        return connected[name]

    return look


async def test_account_that_was_removed_is_not_signed_in_again(
    bill: BillSessions, connected: dict[str, Credentials]
) -> None:
    server = serving(bill, looked_up(connected))
    await call(server, *READ)
    del connected["work"]
    bill.forget()
    for tool, arguments in (READ, (LOGIN, {})):
        with pytest.raises(CredentialsError) as caught:
            await call(server, tool, arguments)
        assert "no profile named 'work'" in str(caught.value)
    assert len(sign_ins(server.upstream)) == 1
    await switch(server, "home")
    assert server.dispatcher.sessions.state_of(USER) is SessionState.SIGNED_IN


async def test_new_password_counts_from_the_next_sign_in_on(
    bill: BillSessions, connected: dict[str, Credentials]
) -> None:
    server = serving(bill, looked_up(connected))
    await call(server, *READ)
    changed = Secret("canary-new-password")
    connected["work"] = replace(connected["work"], password=changed)
    bill.forget()
    await call(server, *READ)
    tried = [
        a.json()["password"] for a in server.upstream.arrivals if a.path in SIGN_INS
    ]
    assert tried == ["canary-password-of-work", "canary-new-password"]
    bill.reply = lambda _: {"memo": "canary-new-password"}
    assert (await call(server, *READ))["memo"] == HELD


async def test_call_is_not_sent_again_to_an_organization_connected_meanwhile(
    bill: BillSessions, connected: dict[str, Credentials]
) -> None:
    server = serving(bill, looked_up(connected))
    await call(server, *READ)
    connected["work"] = account("other")
    bill.forget()
    with pytest.raises(RefusedError) as caught:
        await call(server, *READ)
    assert caught.value.code == "account_changed"
    assert whose(server.upstream) == ["work", "work"]
    await call(server, *READ)
    assert whose(server.upstream) == ["work", "work", "other"]


async def test_kept_session_of_the_account_that_was_replaced_is_not_taken_up(
    home: KeptHome, bill: BillSessions, connected: dict[str, Credentials]
) -> None:
    async with home.server(profiles=looked_up(connected)) as server:
        await call(server, *READ)
        connected["work"] = account("other")
        bill.forget()
        with pytest.raises(RefusedError):
            await call(server, *READ)
    async with home.server(profiles=looked_up(connected)) as server:
        await call(server, *READ)
    assert whose(home.upstream)[-1] == "other"
    assert len(sign_ins(home.upstream)) == 2
