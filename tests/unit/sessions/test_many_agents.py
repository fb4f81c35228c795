"""A hundred agents at work on the simulated BILL, with expiries and a restart.

Each has a profile of its own, connected as a person does it: in the list of accounts,
its secrets in the vault. Whose session a call came with is the simulator's word.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from support.assembly import Assembly, agent
from support.kept_home import KeptHome
from support.upstream import SIGN_INS, Arrival, Upstream

from bill_mcp.environments import BASE_URLS, Environment
from bill_mcp.errors import SessionExpiredError
from bill_mcp.sessions.credentials import Credentials, read
from bill_mcp.sessions.holdings import Profiles
from bill_mcp.sessions.profiles import ConnectedAccounts, ProfileKeeper
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.credentials import DEVELOPER_KEY
from bill_mcp.simulator.sign_in_data import make_credentials
from bill_mcp.simulator.world import World

pytestmark = pytest.mark.anyio

AGENTS, CALLS, EXPIRIES, AT_ONCE = 100, 2_000, 120, 40
DEVELOPER_KEYS = 4
ADDRESS = {
    "line1": "1 Main Street",
    "city": "Seattle",
    "stateOrProvince": "WA",
    "zipOrPostalCode": "98101",
    "country": "US",
}

Planned = tuple[str, str, dict[str, Any]]
"""Agent, tool (or "expire"), arguments."""

calling: ContextVar[str] = ContextVar("calling")
"""The agent whose call is under way: a request belongs to the task that sends it."""


@dataclass
class Witness:
    """The simulated BILL; notes whose session each request came with.

    Attributes:
        strangers: Requests under a session or a key that is not the calling agent's.
        needless: Sign-ins of agents whose last session was still alive.
        sign_ins: By developer key.
    """

    world: World
    user_of: dict[str, str] = field(default_factory=dict)
    key_of: dict[str, str] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)
    sign_ins: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    expired: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._bill = httpx.ASGITransport(app=build_app(self.world))

    async def __call__(self, arrival: Arrival) -> httpx.Response:
        name = calling.get()
        if arrival.path in SIGN_INS:
            self.sign_ins[arrival.json()["devKey"]] += 1
            self.needless += [name for _ in self.living(name)]
        else:
            self.calls[name] += 1
            session = self.world.get("session", arrival.headers["sessionid"])
            user = session["userId"] if session else self.user_of[name]
            came_as = (user, arrival.headers["devkey"])
            if came_as != (self.user_of[name], self.key_of[name]):
                self.strangers.append(name)
        request = httpx.Request(
            arrival.method,
            f"http://simulator.localhost/connect{arrival.target}",
            headers=arrival.headers,
            content=arrival.body,
        )
        answer = await self._bill.handle_async_request(request)
        content = await answer.aread()
        return httpx.Response(answer.status_code, content=content)

    def living(self, name: str) -> Iterator[str]:
        for session in list(self.world.rows("session")):
            if session["userId"] == self.user_of[name]:
                yield session["id"]

    def expire(self, name: str) -> None:
        """End the agent's session as BILL would."""
        for session in list(self.living(name)):
            self.world.put("session", session, None)
            self.expired[name] += 1


def accounts_in(world: World, witness: Witness) -> dict[str, Credentials]:
    """A user of its own for each agent, with one of a few developer keys."""
    keys = [DEVELOPER_KEY, *(f"01DEVELOPERKEY{n:04}" for n in range(1, DEVELOPER_KEYS))]
    for key in keys[1:]:
        world.add("developer_key", {}, key=key)
    found = {}
    for number in range(AGENTS):
        made = make_credentials(world, {"mfa": "none"})
        key = keys[number % len(keys)]
        found[f"agent-{number}"] = read({**made, "BILL_DEV_KEY": key}.get)
        witness.user_of[f"agent-{number}"] = made["userId"]
        witness.key_of[f"agent-{number}"] = key
    return found


async def connect(home: KeptHome, accounts: dict[str, Credentials]) -> None:
    """Connect each account under its agent's name."""
    keeper = ProfileKeeper(home.folder, lambda: home.vault, home.clock.now)
    for name, account in accounts.items():
        await keeper.keep(name, account, Environment.SANDBOX, None)


def connected(home: KeptHome) -> Profiles:
    """What a server that starts now reads of the accounts."""
    address = BASE_URLS[Environment.SANDBOX]
    return ConnectedAccounts(
        home.folder, lambda: home.vault, Environment.SANDBOX, address
    )


def a_call(chance: random.Random, number: int) -> tuple[str, dict[str, Any]]:
    vendor = {"name": f"Vendor {number}", "address": ADDRESS}
    tools: list[tuple[str, dict[str, Any]]] = [
        ("bill_get_api_session_details", {}),
        ("bill_get_list_of_vendors", {"max": 2}),
        ("bill_get_list_of_bills", {"max": 1}),
        ("bill_create_a_vendor", vendor),
    ]
    return chance.choice(tools)


async def work(server: Assembly, witness: Witness, plan: list[Planned]) -> None:
    """Do what is planned, many things at once."""
    waiting = iter(plan)

    async def worker() -> None:
        for name, tool, arguments in waiting:
            if tool == "expire":
                witness.expire(name)
                continue
            calling.set(name)
            expired = witness.expired[name]
            try:
                reply = await call(server, name, tool, arguments)
            except SessionExpiredError:
                # Renewed once, as is promised, and the new session ended at once too.
                assert witness.expired[name] > expired
                reply = await call(server, name, tool, arguments)
            if tool == "bill_get_api_session_details":
                assert reply["userId"] == witness.user_of[name]

    async with anyio.create_task_group() as tasks:
        for _ in range(AT_ONCE):
            tasks.start_soon(worker)


async def call(
    server: Assembly, name: str, tool: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    who = replace(agent(key=name), profiles=(name,))
    return await server.dispatcher.call(who, tool, arguments)


def a_plan(chance: random.Random, names: list[str]) -> list[Planned]:
    """Every agent once and then at random, with expiries in between."""
    callers = names + chance.choices(names, k=CALLS // 2 - len(names))
    plan: list[Planned] = [(name, *a_call(chance, i)) for i, name in enumerate(callers)]
    for _ in range(EXPIRIES // 2):
        place = chance.randrange(len(names), len(plan))
        plan.insert(place, (chance.choice(names), "expire", {}))
    return plan


async def test_2000_calls_of_100_agents_stay_apart_across_expiries_and_a_restart(
    tmp_path: Path,
) -> None:
    chance = random.Random(4)  # noqa: S311 -- no secret comes of it
    witness = Witness(World.create("demo"))
    accounts = accounts_in(witness.world, witness)
    names = list(accounts)
    home = KeptHome(tmp_path / "home", Upstream(witness))
    await connect(home, accounts)
    async with home.server(profiles=connected(home)) as server:
        await work(server, witness, a_plan(chance, names))
    home.clock.advance(10 * 60)

    # Whoever had a session before the restart goes on with it.
    plan = a_plan(chance, names)
    without = [name for name in names if not list(witness.living(name))]
    before = sum(witness.sign_ins.values())
    async with home.server(profiles=connected(home)) as server:
        await work(server, witness, plan[:AGENTS])
        assert sum(witness.sign_ins.values()) - before == len(without) < AGENTS // 2
        await work(server, witness, plan[AGENTS:])

    assert sum(witness.calls.values()) >= CALLS
    assert len(witness.calls) == AGENTS
    expired = sum(witness.expired.values())
    assert expired > EXPIRIES // 2
    assert witness.strangers == []
    assert witness.needless == []
    signed_in = sum(witness.sign_ins.values())
    assert AGENTS < signed_in <= AGENTS + expired
    assert len(witness.sign_ins) == DEVELOPER_KEYS
    assert max(witness.sign_ins.values()) <= 200
