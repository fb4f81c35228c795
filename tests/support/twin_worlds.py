"""Two simulated BILLs that are asked the same, to find out what is always true.

A state machine of hypothesis to derive from: rules say what may be done, invariants are
checked after each of them.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import httpx
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bill_mcp.simulator import credentials
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.lifecycle import STATE_FIELD, TRANSITIONS
from bill_mcp.simulator.state_json import canonical
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.world import World

ANY = st.integers(0, 5)
"""Which of the objects that there are, counted round."""
HOURS = st.sampled_from([1, 6, 24, 72, 7 * 24, 21 * 24])
LISTS = ("/vendors", "/bills?max=3", "/payments?sort=amount:desc", "/customers")
ADDRESS = {"line1": "1", "city": "S", "zipOrPostalCode": "1", "country": "US"}

Moves = frozenset[tuple[str, str]]


def state_of(kind: str, thing: Thing | None) -> Any:
    return thing.get(STATE_FIELD.get(kind, "")) if thing else None


class WatchedWorld(World):
    """A world that notes each move of each object from state to state."""

    def __init__(self, *about: Any) -> None:
        self.moves: list[tuple[str, Thing | None, Thing]] = []
        super().__init__(*about)

    def put(self, kind: str, key: str, thing: Thing | None) -> None:
        old = self.get(kind, key)
        super().put(kind, key, thing)
        if thing and state_of(kind, old) != state_of(kind, thing):
            self.moves.append((kind, old, thing))

    def attempt(self, act: Callable[[], Any]) -> Any:
        before = len(self.moves)
        try:
            return super().attempt(act)
        except BaseException:
            del self.moves[before:]
            raise


class TwinWorlds(RuleBasedStateMachine):
    """Two worlds that are asked the same, and a third that nobody asks anything."""

    actions: ClassVar[Mapping[str, Moves]] = {}
    """Kind -> moves that somebody makes; the others are the clock's."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world, self.twin = WatchedWorld.create("empty"), World.create("empty")
        self.clients = [
            httpx.AsyncClient(
                transport=httpx.ASGITransport(build_app(world)),
                base_url="http://simulator.localhost",
            )
            for world in (self.world, self.twin)
        ]
        self.bystander = World.create("empty")
        self.untouched = canonical(self.bystander.state)
        self.asked = 2
        self.headers = {
            "devKey": credentials.DEVELOPER_KEY,
            "apiToken": credentials.API_TOKEN,
        }
        self.been: dict[tuple[str, str], list[str]] = {}

    def teardown(self) -> None:
        for client in self.clients:
            self.runner.run(client.aclose())
        self.runner.close()

    # --- asking

    def both(self, method: str, url: str, body: Any = None) -> httpx.Response:
        """Send a request to both worlds, which must answer alike to the byte."""
        told = {"content": body} if isinstance(body, bytes) else {"json": body}
        answers = [
            self.runner.run(client.request(method, url, headers=self.headers, **told))
            for client in self.clients[: self.asked]
        ]
        assert len({(each.status_code, each.content) for each in answers}) == 1
        return answers[0]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.both(method, f"/simulator{path}", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return what is answered; sign in when needed.

        None where BILL refuses: then nothing has changed.
        """
        before = canonical(self.world.state)
        answer = self.both(method, f"/connect/v3{path}", body)
        if answer.status_code == 401:
            self.sign_in()
            before = canonical(self.world.state)
            answer = self.both(method, f"/connect/v3{path}", body)
        if answer.is_success:
            return answer.json() if answer.content else {}
        assert canonical(self.world.state) == before
        assert answer.status_code in {400, 404, 422, 429}, answer.text
        return None

    def sign_in(self) -> None:
        data = self.control("POST", "/credentials", {"mfa": "trusted"})
        body = {
            "username": data["BILL_USERNAME"],
            "password": data["BILL_PASSWORD"],
            "organizationId": data["BILL_ORGANIZATION_ID"],
            "devKey": data["BILL_DEV_KEY"],
            "rememberMeId": data["BILL_REMEMBER_ME_ID"],
            "device": data["BILL_DEVICE"],
        }
        session = self.both("POST", "/connect/v3/login", body).json()["sessionId"]
        self.headers = {**self.headers, "sessionId": session}

    def make(self, kind: str, **fields: Any) -> str:
        """Order a fixture and return its id."""
        made = self.control("POST", "/fixtures", {"type": kind, "fields": fields})[0]
        key: str = made.get("uuid") or made["id"]
        return key

    def patch(self, key: str, **fields: Any) -> None:
        self.control("PATCH", f"/objects/{key}", {"fields": fields})

    def vendor(self, name: str, **more: Any) -> str:
        body = {"name": name, "address": ADDRESS, **more}
        key: str = self.call("POST", "/vendors", body)["id"]
        return key

    def pick(self, kind: str, which: int, *fit: str) -> Any:
        """Return one of the objects, counted round; those in a state that fits first.

        A bill fits while something of it is due.
        """
        rows = list(self.world.rows(kind))
        rows.sort(
            key=lambda row: not (state_of(kind, row) in fit or row.get("dueAmount"))
        )
        return rows[which % len(rows)] if rows else None

    # --- what is done to any world

    @rule(hours=HOURS)
    def pass_time(self, hours: int) -> None:
        self.control("POST", "/clock", {"advance_s": hours * 3600})

    @rule()
    def lose_the_session(self) -> None:
        self.control("DELETE", "/sessions")

    @rule(path=st.sampled_from(LISTS))
    def look(self, path: str) -> None:
        self.sign_in()
        before = canonical(self.world.state)
        assert self.call("GET", path) is not None
        assert canonical(self.world.state) == before

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Let something happen in the first world only, and restore a snapshot."""
        before, headers, been = canonical(self.world.state), self.headers, self.been
        self.asked, self.been = 1, dict(been)
        kept = self.control("POST", "/snapshot")
        yield
        self.life_cycles_go_forward()
        self.control("POST", "/restore", kept)
        self.asked, self.headers, self.been = 2, headers, been
        assert canonical(self.world.state) == before

    # --- what is true afterwards

    @invariant()
    def equal_sequences_give_equal_worlds(self) -> None:
        assert canonical(self.world.state) == canonical(self.twin.state)

    @invariant()
    def worlds_never_mix(self) -> None:
        assert canonical(self.bystander.state) == self.untouched

    @invariant()
    def life_cycles_go_forward(self) -> None:
        """Each move is the table's or an action's, and to where it never was."""
        for kind, old, thing in self.world.moves:
            state, was = state_of(kind, thing), state_of(kind, old)
            been = self.been.get((kind, thing["id"]), [])
            if old and (was, state) not in self.actions.get(kind, ()):
                rows = [row for row in TRANSITIONS[kind] if row.start == was]
                by_clock = [row.end for row in rows if row.holds(old)]
                assert by_clock[:1] == [state], (kind, was, state)
            # An invitation that nobody answered is where it was before it was sent.
            assert state not in been or state == "NOT_CONNECTED"
            self.been[kind, thing["id"]] = [*been, state]
        self.world.moves.clear()


def hold(machine: type[TwinWorlds], examples: int, steps: int) -> None:
    """Try the machine's rules in random sequences, the same ones each time."""
    wish = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
    )
    run_state_machine_as_test(machine, settings=wish)
