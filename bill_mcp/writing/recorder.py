"""Writes one call down in the journal around its sending."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from typing import Any

import structlog

from bill_mcp.clock import Clock
from bill_mcp.errors import ApiError, CallError, ConfigError, Outcome, RefusedError
from bill_mcp.records.audit import Kind
from bill_mcp.records.claims import Write
from bill_mcp.records.intents import Ending, Intent
from bill_mcp.records.journal import Journal

_log = structlog.get_logger("bill_mcp.journal")

Concluded = Callable[[Mapping[str, Any] | None], Ending]
"""What BILL's reply means: the answer to the agent, the objects, the payments."""


class Step(StrEnum):
    """Where a write stands on its way."""

    BEFORE_INTENT = "before_intent"
    AFTER_INTENT = "after_intent"
    BEFORE_OUTCOME = "before_outcome"
    AFTER_OUTCOME = "after_outcome"


def go_on(step: Step) -> None:
    """What is done at each step, outside of crash tests: nothing."""


SENT_WITHIN_S = 30.0
"""How long after it was begun a write may still leave: longer than a busy journal and
a slow connection take together, but long before anybody looks it up at BILL, which is
when its deadline is over; see `Journal`. By then nobody may count on its being late."""


@contextmanager
def unwritable(outcome: Outcome) -> Iterator[None]:
    """Tells the agent, in its own terms, that the records can't be written.

    Raises:
        RefusedError: With that outcome; the server's log says what is wrong.
    """
    try:
        yield
    except (ConfigError, sqlite3.Error, OSError) as error:
        _log.error("the journal can't be written", why=str(error))
        sent = "nothing" if outcome is Outcome.NOT_DONE else "the call"
        raise RefusedError(
            f"this server's journal can't be written; {sent} was sent",
            advice="Tell the operator: the server's log says what is wrong. Make no "
            "other write meanwhile.",
            code="journal_unavailable",
            outcome=outcome,
        ) from None


@contextmanager
def dispensable(what: str) -> Iterator[None]:
    """Lets an answer be given though *what* can't be written down; the log says so."""
    try:
        yield
    except (ConfigError, sqlite3.Error, OSError) as error:
        _log.error(
            "an answer was given, but not all was noted", what=what, why=str(error)
        )


class WriteRecorder:
    """Fulfils `bill_mcp.client.http.Recorder` for one write.

    A write that goes out once more within its call, as on BDC_1109, stays one write.

    Args:
        journal: Where it is written down.
        intent: What is about to go out.
        concluded: Makes the answer of BILL's reply.
        committed: Told after each row that is on disk.
        at_step: Told where the write stands; a crash test ends the process there.
        clock: Tells whether it leaves in time.
    """

    def __init__(
        self,
        journal: Journal,
        intent: Intent,
        concluded: Concluded,
        committed: Callable[[], None],
        at_step: Callable[[Step], None],
        clock: Clock,
    ) -> None:
        self._journal, self._intent = journal, intent
        self._concluded, self._committed = concluded, committed
        self._at_step, self._clock = at_step, clock
        self._begun = clock.now(), clock.monotonic()
        self.write: Write | None = None
        self.ending: Ending | None = None

    async def begin(self) -> None:
        """Write the intent down.

        Raises:
            StaleError: Something has come between.
            RefusedError: A limit, the kill switch, the clock or the approval; or it
                can't be written, and so nothing is sent.
        """
        # Before the intent: whoever sees it takes it for younger than it counts here.
        self._begun = self._clock.now(), self._clock.monotonic()
        self._at_step(Step.BEFORE_INTENT)
        with unwritable(Outcome.NOT_DONE):
            if self.write is None:
                self.write = await self._journal.begin(self._intent)
            else:
                await self._journal.reopen(self.write, self._intent)
        self._at_step(Step.AFTER_INTENT)
        self._committed()

    def check_prompt(self) -> None:
        """Let it leave if it was begun a moment ago, whatever clock one asks.

        A process that was stopped meanwhile, or a machine that slept, would send what
        another process has looked up, counted as not done, and sent again.

        Raises:
            CallError: ``not_done``: it was begun too long ago.
        """
        wall, monotonic = self._begun
        late_s = max(
            (self._clock.now() - wall).total_seconds(),
            self._clock.monotonic() - monotonic,
        )
        if late_s > SENT_WITHIN_S:
            raise CallError(
                "this server was held up before it could send the call, too long to "
                "send it now; nothing was sent",
                advice="Make the same call again: it looks at everything anew.",
                code="held_up",
            )

    async def end(
        self,
        outcome: Outcome,
        error: CallError | None,
        reply: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the outcome down.

        Raises:
            ApiError: ``unknown``: the reply does not show what was asked for.
            RefusedError: It can't be written.
        """
        if self.write is None:
            raise AssertionError("a write ends after it has begun")
        code = error.bill_code if error else None
        self.ending = replace(self._conclusion(outcome, reply), bill_code=code)
        entry = replace(self._intent.entry, kind=Kind.OUTCOME, arguments=None)
        self._at_step(Step.BEFORE_OUTCOME)
        with unwritable(Outcome.UNKNOWN):
            await self._journal.end(self.write, self.ending, entry)
        self._at_step(Step.AFTER_OUTCOME)
        self._committed()
        _log.info(
            "write ended",
            agent=self._intent.entry.agent,
            action=self._intent.action,
            outcome=str(self.ending.outcome),
            bill_code=code,
        )
        if self.ending.outcome is not outcome:
            raise ApiError(
                "BILL's answer does not show what the call asked for, so that it is "
                "not known whether it took effect",
                advice="Look the object up at BILL before anything else; do not "
                "repeat the call as it is.",
                outcome=self.ending.outcome,
            )

    def _conclusion(self, outcome: Outcome, reply: Mapping[str, Any] | None) -> Ending:
        """How it ended; whatever an odd reply breaks, that is unknown, and noted."""
        try:
            if outcome is Outcome.DONE:
                return self._concluded(reply or {})
            return replace(self._concluded(None), outcome=outcome)
        except Exception as fault:  # noqa: BLE001 -- without an outcome it stays open
            _log.error("BILL's answer could not be judged", fault=type(fault).__name__)
            end = Outcome.UNKNOWN if outcome is Outcome.DONE else outcome
            return Ending(outcome=end, payments={})
