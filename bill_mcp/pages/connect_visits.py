"""The visits that connect an account or take a code, with their pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bill_mcp.clock import Clock
from bill_mcp.environments import Environment
from bill_mcp.pages import login_pages, mfa_pages, plain_pages
from bill_mcp.pages.connecting import Connector
from bill_mcp.pages.questions import Question
from bill_mcp.pages.visiting import Standing, Visits
from bill_mcp.pages.visits import Step, Visit

Connectors = Callable[[Question], Connector]
"""A new connector for one question."""


@dataclass
class ConnectVisit(Visit):
    """Fulfils `FormVisit` with a `Visit` and the page of each of its steps.

    Attributes:
        left: The person has cancelled.
    """

    left: bool = False

    @property
    def standing(self) -> Standing:
        if self.step is Step.DONE:
            return Standing.ANSWERED
        over = self.left or self.step is Step.STOPPED
        return Standing.OVER if over else Standing.UNDER_WAY

    async def leave(self) -> None:
        # Without the lock: who cancels does not wait for BILL.
        self.left = self.step is not Step.DONE

    def page(self, csrf: str) -> str:
        return plain_pages.cancelled() if self.left else self._of_step(csrf)

    def _of_step(self, csrf: str) -> str:
        match self.step:
            case Step.CHOOSE:
                return login_pages.choose(self, csrf)
            case Step.SIGN_IN:
                return login_pages.sign_in(self, csrf)
            case Step.MFA:
                return mfa_pages.code(self, csrf)
            case Step.KEEP:
                return plain_pages.keep(self, csrf)
            case Step.DONE:
                return plain_pages.done(self, self.clock.now())
            case Step.STOPPED:
                return plain_pages.stopped(self)

    async def aclose(self) -> None:
        await self.connector.aclose()


def connect_visits(
    connectors: Connectors,
    *,
    offered: tuple[Environment, ...],
    clock: Clock,
    remembers: bool = False,
) -> Visits:
    """Begins visits that connect accounts or take codes.

    Args:
        connectors: Makes the way to BILL for each question.
        offered: The environments that a login may choose from.
        clock: For what the pages say about time.
        remembers: Only what is remembered makes later sessions trusted.
    """

    def begin(question: Question) -> ConnectVisit:
        return ConnectVisit(
            question=question,
            connector=connectors(question),
            offered=offered,
            clock=clock,
            remembers=remembers,
        )

    return begin
