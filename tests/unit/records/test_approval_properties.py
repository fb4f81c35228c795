"""Whatever people, agents, clocks and crashes do: one grant, one spending."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from support.approval_desk import RIGHT, ApprovalDesk, numbered, payment
from support.clock import ManualClock

from bill_mcp.errors import CallError, LimitError
from bill_mcp.records.approvals import State, Via
from bill_mcp.secret import Secret

BINDINGS = st.sampled_from(["b1", "b2", "b3"])
WHICH = st.integers(0, 20)
SECONDS = st.sampled_from([1, 30, 61, 200, 599, 600, 3600, -1, -30, -61, -200, -3600])
OPEN = (State.WAITING, State.GRANTED)


class Told:
    """What must be true of one approval, by what was done to it."""

    def __init__(self, key: str, binding: str, now: datetime) -> None:
        self.id, self.binding = key, binding
        self.state = State.WAITING
        self.latest, self.ends = now, now + timedelta(minutes=10)
        self.is_on_disk = True


class Approving(RuleBasedStateMachine):
    """A server, a person and a clock, all at random."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.clock, self.new_id = ManualClock(), numbered()
        self.told: list[Told] = []
        self.was_open: dict[str, State] = {}
        self.start()

    def teardown(self) -> None:
        self.desk.file.close()
        self.runner.close()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        path = self.folder / "journal.sqlite"
        self.desk = ApprovalDesk(path, clock=self.clock, new_id=self.new_id)

    @initialize()
    def an_approver_is_there(self) -> None:
        self.runner.run(self.desk.approvers.add("mia", RIGHT, self.clock.now()))

    def notice(self, *, stays: bool) -> None:
        """End what has expired by now, for good if it was written down."""
        for told in self.told:
            now = self.clock.now()
            lives = told.latest - timedelta(minutes=1) <= now < told.ends
            if told.state in OPEN and not lives:
                self.was_open[told.id], told.state = told.state, State.EXPIRED
                told.is_on_disk = False
            told.is_on_disk |= stays

    def pick(self, which: int) -> Told | None:
        return self.told[which % len(self.told)] if self.told else None

    @rule(binding=BINDINGS)
    def ask(self, binding: str) -> None:
        self.notice(stays=True)
        living = [t for t in self.told if t.binding == binding and t.state in OPEN]
        asked = self.runner.run(self.desk.approvals.ask(payment(binding=binding)))
        if living:
            assert [asked.id] == [told.id for told in living]
        else:
            assert asked.id not in {told.id for told in self.told}
            self.told.append(Told(asked.id, binding, self.clock.now()))

    @rule(which=WHICH, grant=st.booleans(), guess=st.sampled_from([RIGHT, Secret("x")]))
    def decide(self, which: int, grant: bool, guess: Secret) -> None:
        told = self.pick(which)
        if told is None:
            return
        now = self.clock.now()
        try:
            if not self.runner.run(self.desk.approvers.check("mia", guess, now)):
                assert guess != RIGHT
                return
        except LimitError:
            return
        assert guess == RIGHT
        self.notice(stays=True)
        try:
            self.runner.run(
                self.desk.approvals.decide(
                    told.id, grant=grant, by="mia", via=Via.TERMINAL
                )
            )
        except CallError:
            assert told.state is not State.WAITING
            return
        assert told.state is State.WAITING
        told.state = State.GRANTED if grant else State.DENIED
        told.latest = now

    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        told = self.pick(which)
        if told is None:
            return
        self.notice(stays=True)
        try:
            self.runner.run(self.desk.approvals.cancel(told.id, via=Via.PAGE))
        except CallError:
            assert told.state is not State.WAITING
            return
        assert told.state is State.WAITING
        told.state = State.CANCELLED

    @rule(which=WHICH, binding=BINDINGS)
    def spend(self, which: int, binding: str) -> None:
        told = self.pick(which)
        if told is None:
            return
        fits = told.binding == binding
        self.notice(stays=False)
        try:
            self.runner.run(self.desk.spend(told.id, binding))
        except CallError:
            assert told.state is not State.GRANTED or not fits
            return
        assert told.state is State.GRANTED
        assert fits
        told.state = State.SPENT
        self.notice(stays=True)

    @rule(which=WHICH)
    def spend_what_fits(self, which: int) -> None:
        told = self.pick(which)
        if told is not None:
            self.spend(which, told.binding)

    @rule(which=WHICH, seconds=SECONDS)
    def spend_while_the_clock_is_wrong(self, which: int, seconds: int) -> None:
        self.clock.advance(seconds)
        self.spend_what_fits(which)
        self.clock.advance(-seconds)
        self.spend_what_fits(which)

    @rule(seconds=SECONDS)
    def pass_time(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def restart(self) -> None:
        """What only the ended process knew to be expired is not known any more."""
        self.desk.file.close()
        self.start()
        for told in self.told:
            if not told.is_on_disk:
                told.state, told.is_on_disk = self.was_open[told.id], True

    @rule()
    def look(self) -> None:
        self.notice(stays=True)
        shown = self.runner.run(self.desk.approvals.recent(1000))
        assert {each.id: each.state for each in shown} == {
            told.id: told.state for told in self.told
        }


def test_never_spent_twice_nor_without_a_living_grant_by_the_right_passphrase() -> None:
    wish = settings(
        max_examples=40, stateful_step_count=40, deadline=None, derandomize=True
    )
    run_state_machine_as_test(Approving, settings=wish)
