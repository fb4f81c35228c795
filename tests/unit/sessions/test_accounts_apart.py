"""A session serves one agent and one account, whatever agents do, and over restarts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.assembly import ACCOUNT, Assembly, agent
from support.bill_sessions import BillSessions
from support.kept_home import KeptHome
from support.several_accounts import (
    ACCOUNTS,
    LOGIN,
    NAMES,
    READ,
    call,
    serving,
    sign_ins,
    switch,
    whose,
)
from support.upstream import SIGN_INS

pytestmark = pytest.mark.anyio

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


# Kept over a restart


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
