"""A kept session is for one process, one agent, one account and one BILL only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from support.assembly import ACCOUNT, agent
from support.kept_home import LOGOUT, READ, KeptHome, called_once, paths, sign_ins

from bill_mcp.secret import Secret

pytestmark = pytest.mark.anyio


async def test_two_processes_at_once_never_share_a_session(home: KeptHome) -> None:
    async with home.server() as one, home.server() as other:
        for _ in range(2):
            await one.call(*READ)
            await other.call(*READ)
    used = [call.headers["sessionid"] for call in home.upstream.calls[:4]]
    assert used == ["canary-session-0001", "canary-session-0002"] * 2
    # The second had nowhere to keep its session, and ended it.
    assert paths(home).count(LOGOUT) == 1
    await called_once(home)
    assert home.upstream.calls[-1].headers["sessionid"] == "canary-session-0001"


async def test_another_agent_signs_in_for_itself(home: KeptHome) -> None:
    await called_once(home)
    async with home.server() as server:
        await server.dispatcher.call(agent(key="another"), *READ)
    assert sign_ins(home) == 2


@pytest.mark.parametrize(
    "differing",
    [
        {"account": replace(ACCOUNT, username="other@example.test")},
        {"account": replace(ACCOUNT, organization_id="00801ANOTHERORGANIZ2")},
        {"account": replace(ACCOUNT, dev_key=Secret("canary-another-key-77"))},
        {"account": replace(ACCOUNT, partner_username="other@example.test")},
        {"place": "production"},
    ],
)
async def test_session_of_another_account_or_bill_is_not_taken_up(
    home: KeptHome, differing: dict[str, Any]
) -> None:
    await called_once(home)
    await called_once(home, **differing)
    assert sign_ins(home) == 2
    await called_once(home)
    assert sign_ins(home) == 2


async def test_rows_swapped_between_agents_do_not_open(home: KeptHome) -> None:
    agents = [agent(key="one"), agent(key="two")]
    async with home.server() as server:
        for each in agents:
            await server.dispatcher.call(each, *READ)
    with closing(sqlite3.connect(home.file)) as file, file:
        (one, first), (two, second) = file.execute("SELECT name, sealed FROM kept")
        file.execute("UPDATE kept SET sealed = ? WHERE name = ?", (second, one))
        file.execute("UPDATE kept SET sealed = ? WHERE name = ?", (first, two))
    async with home.server() as server:
        for each in agents:
            await server.dispatcher.call(each, *READ)
    used = [call.headers["sessionid"] for call in home.upstream.calls]
    assert len(set(used)) == 4


async def test_sessions_of_inline_credentials_are_ended_and_not_kept(
    home: KeptHome,
) -> None:
    guest = {"username": "guest@example.test", "password": "canary-guest-1b"}
    async with home.server(inline_credentials=True) as server:
        await server.call(*READ)
        await server.call("bill_api_login", guest)
        await server.call(*READ)
    assert paths(home)[-1] == LOGOUT
    assert home.upstream.calls[-1].headers["sessionid"] == "canary-session-0002"
    with closing(sqlite3.connect(home.file)) as file:
        assert file.execute("SELECT count(*) FROM kept").fetchone() == (0,)
