"""BILL's limits an hour and a minute, counted on our side so that none is exceeded."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bill_mcp.clock import Clock
from bill_mcp.errors import CallError, LimitError, Outcome

REQUESTS_AN_HOUR = 20_000
SIGN_INS_AN_HOUR = 200
TEXTS_A_MINUTE = 5
SPEND_REQUESTS_A_MINUTE = 60
"""These four are BILL's. Source: BILL's page on API rate limits."""

RESERVED_SHARE = 0.05
"""Kept for sign-in, for looking up what happened to a payment, and for cancelling."""

SIGN_INS_AN_HOUR_PER_AGENT = 10
SIGN_INS_FOR_RENEWAL = 20
SECONDS_BETWEEN_TEXTS = 60


@dataclass
class _Hour:
    """The counts of one clock hour, which is how BILL counts."""

    start: datetime
    requests: int = 0
    by_agent: Counter[str] = field(default_factory=Counter)
    sign_ins: int = 0
    sign_ins_by_agent: Counter[str] = field(default_factory=Counter)


class Budgets:
    """Counts for the agents of one process. Fails fast, and says when it passes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hours: dict[str, _Hour] = {}
        self._texts: dict[str, deque[float]] = {}
        self._last_text: dict[tuple[str, str], float | None] = {}
        self._spend: dict[str, deque[float]] = {}

    def _hour(self, key: str) -> _Hour:
        start = self._clock.now().replace(minute=0, second=0, microsecond=0)
        hour = self._hours.get(key)
        if hour is None or hour.start != start:
            hour = self._hours[key] = _Hour(start)
        return hour

    def take_request(self, key: str, agent: str, *, urgent: bool) -> None:
        """Count one request of *agent* under the developer key *key*.

        Raises:
            LimitError: The hour is used up for this kind of request.
        """
        hour = self._hour(key)
        open_to_all = int(REQUESTS_AN_HOUR * (1 - RESERVED_SHARE))
        others = sum(hour.by_agent.values()) > hour.by_agent[agent]
        if hour.requests >= REQUESTS_AN_HOUR or (
            not urgent and hour.requests >= open_to_all
        ):
            raise _used_up("The requests of this hour are used up", hour.start)
        if others and not urgent and hour.by_agent[agent] >= REQUESTS_AN_HOUR // 2:
            raise _used_up(
                "This agent used its half of the hour's requests", hour.start
            )
        hour.requests += 1
        hour.by_agent[agent] += 1

    def take_sign_in(self, key: str, agent: str, *, renewal: bool) -> None:
        """Count one sign-in; renewals of expired sessions have some of their own.

        Raises:
            LimitError: The hour is used up for this agent or this kind of sign-in.
        """
        hour = self._hour(key)
        allowed = SIGN_INS_AN_HOUR - (0 if renewal else SIGN_INS_FOR_RENEWAL)
        if hour.sign_ins >= allowed:
            raise _used_up("The sign-ins of this hour are used up", hour.start)
        if hour.sign_ins_by_agent[agent] >= SIGN_INS_AN_HOUR_PER_AGENT:
            raise _used_up("This agent used its sign-ins of this hour", hour.start)
        hour.sign_ins += 1
        hour.sign_ins_by_agent[agent] += 1

    @contextmanager
    def text(self, key: str, agent: str, kind: str) -> Iterator[None]:
        """Count one text message of a *kind*, of which an agent may ask one a minute.

        An error that shows that none was sent takes the count back.

        Raises:
            LimitError: The last text is too recent.
        """
        last = self._last_text.get((agent, kind))
        taken = self._take_text(key, agent, kind)
        try:
            yield
        except CallError as error:
            if error.outcome is Outcome.NOT_DONE:
                with suppress(ValueError):  # gone already if it is over a minute old
                    self._texts[key].remove(taken)
                self._last_text[agent, kind] = last
            raise

    def _take_text(self, key: str, agent: str, kind: str) -> float:
        now = self._clock.monotonic()
        last = self._last_text.get((agent, kind))
        if last is not None and now - last < SECONDS_BETWEEN_TEXTS:
            wait = int(SECONDS_BETWEEN_TEXTS - (now - last)) + 1
            raise LimitError(
                "a text message was sent less than a minute ago",
                advice=f"Use the code of that message, or wait {wait} seconds.",
                code="text_limit",
            )
        recent = self._recent(self._texts, key, now)
        if len(recent) >= TEXTS_A_MINUTE:
            raise LimitError(
                "five text messages were sent within a minute",
                advice="Wait a minute before asking for another code.",
                code="text_limit",
            )
        recent.append(now)
        self._last_text[agent, kind] = now
        return now

    async def take_spend_request(self, token: str, patience_s: float) -> None:
        """Count one Spend & Expense request, waiting for its minute if that is near.

        Raises:
            LimitError: The wait would be longer than *patience_s*.
        """
        waited = 0.0
        while True:
            now = self._clock.monotonic()
            recent = self._recent(self._spend, token, now)
            if len(recent) < SPEND_REQUESTS_A_MINUTE:
                recent.append(now)
                return
            wait = 60 - (now - recent[0]) + 0.05
            if waited + wait > patience_s:
                raise LimitError(
                    "60 Spend & Expense requests were sent within a minute",
                    advice=f"Call again in {int(wait) + 1} seconds; nothing was sent.",
                    code="minute_limit",
                )
            waited += wait
            await self._clock.sleep(wait)

    @staticmethod
    def _recent(kept: dict[str, deque[float]], key: str, now: float) -> deque[float]:
        recent = kept.setdefault(key, deque())
        while recent and now - recent[0] >= 60:  # noqa: PLR2004 -- a minute
            recent.popleft()
        return recent


def _used_up(what: str, hour: datetime) -> LimitError:
    reset = (hour + timedelta(hours=1)).strftime("%H:%M UTC")
    return LimitError(
        f"{what}; the next hour starts at {reset}",
        advice=f"Stop calling BILL until {reset}; nothing was sent.",
        code="hourly_limit",
    )
