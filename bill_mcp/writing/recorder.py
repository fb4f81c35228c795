"""Writes one call down in the journal around its sending."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

import structlog

from bill_mcp.errors import CallError, Outcome
from bill_mcp.records.audit import Kind
from bill_mcp.records.claims import Write
from bill_mcp.records.journal import Ending, Intent, Journal

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


class WriteRecorder:
    """Fulfils `bill_mcp.client.http.Recorder` for one write.

    A write that goes out once more within its call, as on BDC_1109, stays one write.

    Args:
        journal: Where it is written down.
        intent: What is about to go out.
        concluded: Makes the answer of BILL's reply.
        committed: Told after each row that is on disk.
        at_step: Told where the write stands; a crash test ends the process there.
    """

    def __init__(
        self,
        journal: Journal,
        intent: Intent,
        concluded: Concluded,
        committed: Callable[[], None],
        at_step: Callable[[Step], None],
    ) -> None:
        self._journal, self._intent = journal, intent
        self._concluded, self._committed = concluded, committed
        self._at_step = at_step
        self.write: Write | None = None
        self.ending: Ending | None = None

    async def begin(self) -> None:
        """Write the intent down.

        Raises:
            StaleError: Something has come between.
            RefusedError: A limit, the kill switch, the clock or the approval.
        """
        self._at_step(Step.BEFORE_INTENT)
        if self.write is None:
            self.write = await self._journal.begin(self._intent)
        else:
            await self._journal.reopen(self.write, self._intent)
        self._at_step(Step.AFTER_INTENT)
        self._committed()

    async def end(
        self,
        outcome: Outcome,
        error: CallError | None,
        reply: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the outcome down."""
        if self.write is None:
            raise AssertionError("a write ends after it has begun")
        if outcome is Outcome.DONE:
            self.ending = self._concluded(reply or {})
        else:
            self.ending = replace(self._concluded(None), outcome=outcome)
        code = error.bill_code if error else None
        self.ending = replace(self.ending, bill_code=code)
        entry = replace(self._intent.entry, kind=Kind.OUTCOME, arguments=None)
        self._at_step(Step.BEFORE_OUTCOME)
        await self._journal.end(self.write, self.ending, entry)
        self._at_step(Step.AFTER_OUTCOME)
        self._committed()
        _log.info(
            "write ended",
            agent=self._intent.entry.agent,
            action=self._intent.action,
            outcome=str(outcome),
            bill_code=code,
        )
