"""BILL's limits an hour and a minute, counted on our side so that none is exceeded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from bill_mcp.client.counts import (
    MINUTE_S,
    Counts,
    MemoryCounts,
    Tally,
    start_of_hour,
)
from bill_mcp.clock import Clock
from bill_mcp.errors import CallError, LimitError, Outcome, TextLimitError

REQUESTS_AN_HOUR = 20_000
SIGN_INS_AN_HOUR = 200
TEXTS_A_MINUTE = 5
SPEND_REQUESTS_A_MINUTE = 60
"""These four are BILL's. Source: BILL's page on API rate limits."""

RESERVED_SHARE = 0.05
"""Kept for sign-in, for looking up what happened to a payment, and for cancelling."""

SIGN_INS_AN_HOUR_PER_AGENT = 10
SIGN_INS_FOR_RENEWAL = 20

_REQUESTS, _SIGN_INS, _TEXTS, _SPEND = "requests", "sign-ins", "texts", "spend"
_TEXTS_OF_AGENT = "texts of an agent"


class Budgets:
    """What agents may still ask of BILL. Fails fast, and says when it passes.

    Args:
        clock: For waiting, and for the time that errors name.
        counts: What was asked already; by default by this process alone.
        process: Names this process among those that share the counts.
    """

    def __init__(
        self, clock: Clock, counts: Counts | None = None, *, process: str = ""
    ) -> None:
        self._clock = clock
        self._counts = counts or MemoryCounts(clock)
        self._process = process

    async def take_request(self, key: str, agent: str, *, urgent: bool) -> None:
        """Count one request of *agent* under the developer key *key*.

        Raises:
            LimitError: The hour is used up for this kind of request.
        """
        open_to_all = int(REQUESTS_AN_HOUR * (1 - RESERVED_SHARE))

        def take(tally: Tally) -> None:
            used = tally.used(_REQUESTS, key, agent)
            if used.by_all >= (REQUESTS_AN_HOUR if urgent else open_to_all):
                raise self._used_up("The requests of this hour are used up")
            others = used.by_all > used.by_agent
            if others and not urgent and used.by_agent >= REQUESTS_AN_HOUR // 2:
                raise self._used_up("This agent used its half of the hour's requests")
            tally.use(_REQUESTS, key, agent)

        await self._counts.change(take)

    async def take_sign_in(self, key: str, agent: str, *, renewal: bool) -> None:
        """Count one sign-in; renewals of expired sessions have some of their own.

        Raises:
            LimitError: The hour is used up for this agent or this kind of sign-in.
        """
        allowed = SIGN_INS_AN_HOUR - (0 if renewal else SIGN_INS_FOR_RENEWAL)

        def take(tally: Tally) -> None:
            # An agent's share is against a loop in one process. Where no session can
            # be kept, each start signs in anew, and is no loop.
            name = f"{agent} {self._process}"
            used = tally.used(_SIGN_INS, key, name)
            if used.by_all >= allowed:
                raise self._used_up("The sign-ins of this hour are used up")
            if used.by_agent >= SIGN_INS_AN_HOUR_PER_AGENT:
                raise self._used_up("This agent used its sign-ins of this hour")
            tally.use(_SIGN_INS, key, name)

        await self._counts.change(take)

    async def sign_ins_left(self, key: str) -> int:
        """How often all agents together may still sign in within this hour."""
        used = await self._counts.change(lambda tally: tally.used(_SIGN_INS, key, ""))
        return max(SIGN_INS_AN_HOUR - used.by_all, 0)

    @asynccontextmanager
    async def text(self, key: str, agent: str, kind: str) -> AsyncIterator[None]:
        """Count one text message of a *kind*, of which an agent may ask one a minute.

        An error that shows that none was sent takes the count back.

        Raises:
            LimitError: The last text is too recent.
        """
        noted = await self._counts.change(
            lambda tally: _take_text(tally, key, f"{agent}\n{kind}")
        )
        try:
            yield
        except CallError as error:
            if error.outcome is Outcome.NOT_DONE:
                await self._counts.change(lambda tally: _strike(tally, noted))
            raise

    async def take_spend_request(self, token: str, patience_s: float) -> None:
        """Count one Spend & Expense request, waiting for its minute if that is near.

        Raises:
            LimitError: The wait would be longer than *patience_s*.
        """
        waited = 0.0
        while True:
            wait = await self._counts.change(lambda tally: _take_spend(tally, token))
            if not wait:
                return
            if waited + wait > patience_s:
                raise LimitError(
                    "60 Spend & Expense requests were sent within a minute",
                    advice=f"Call again in {int(wait) + 1} seconds; nothing was sent.",
                    code="minute_limit",
                )
            waited += wait
            await self._clock.sleep(wait)

    def _used_up(self, what: str) -> LimitError:
        next_hour = start_of_hour(self._clock.now()) + timedelta(hours=1)
        reset = next_hour.strftime("%H:%M UTC")
        return LimitError(
            f"{what}; the next hour starts at {reset}",
            advice=f"Stop calling BILL until {reset}; nothing was sent.",
            code="hourly_limit",
        )


def _take_text(tally: Tally, key: str, who: str) -> tuple[int, int]:
    """Count a text for the key and for who asked; the numbers of the two moments."""
    own = tally.moments(_TEXTS_OF_AGENT, who)
    if own:
        wait = int(MINUTE_S - (tally.now_s - own[-1])) + 1
        raise TextLimitError(wait)
    if len(tally.moments(_TEXTS, key)) >= TEXTS_A_MINUTE:
        raise LimitError(
            "five text messages were sent within a minute",
            advice="Wait a minute before asking for another code.",
            code="text_limit",
        )
    return tally.note(_TEXTS, key), tally.note(_TEXTS_OF_AGENT, who)


def _strike(tally: Tally, numbers: tuple[int, ...]) -> None:
    for number in numbers:
        tally.strike(number)


def _take_spend(tally: Tally, token: str) -> float:
    """Count one request, or say how many seconds to wait for that."""
    recent = tally.moments(_SPEND, token)
    if len(recent) >= SPEND_REQUESTS_A_MINUTE:
        return MINUTE_S - (tally.now_s - recent[0]) + 0.05
    tally.note(_SPEND, token)
    return 0.0
