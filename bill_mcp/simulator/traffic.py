"""Who is asking how much: requests in flight, and BILL's limits by hour and minute.

Counts are no part of the state: a restored snapshot does not give requests back.
"""

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from bill_mcp.simulator import assumed
from bill_mcp.simulator.errors import refusal

REQUESTS_IN_FLIGHT = 3
REQUESTS_PER_HOUR = 20_000
SIGN_INS_PER_HOUR = 200
SPEND_REQUESTS_PER_MINUTE = 60
MINUTE = timedelta(minutes=1)


class Traffic:
    """The counts of one world. Times are the world's; only in-flight is real."""

    def __init__(self) -> None:
        self.in_flight: Counter[str] = Counter()
        self._by_hour: Counter[tuple[str, str, str]] = Counter()
        self._by_minute: defaultdict[tuple[str, str], list[datetime]]
        self._by_minute = defaultdict(list)

    def forget(self) -> None:
        """Start the hours and minutes anew; what is in flight still is."""
        self._by_hour.clear()
        self._by_minute.clear()

    def enter(self, slot: str) -> int:
        """Take a place in *slot*; return how many are in it, this one included."""
        self.in_flight[slot] += 1
        return self.in_flight[slot]

    def leave(self, slot: str) -> None:
        self.in_flight[slot] -= 1
        if not self.in_flight[slot]:
            del self.in_flight[slot]

    def request(self, developer_key: str, now: datetime) -> None:
        self._hourly("requests", developer_key, REQUESTS_PER_HOUR, now)

    def sign_in(self, developer_key: str, now: datetime) -> None:
        self._hourly("sign-ins", developer_key, SIGN_INS_PER_HOUR, now)

    def text_message(self, user_id: str, now: datetime) -> None:
        limit = assumed.TEXT_MESSAGES_PER_MINUTE
        self._within_a_minute("texts", user_id, limit, now)

    def spend_request(self, token: str, now: datetime) -> None:
        self._within_a_minute("spend", token, SPEND_REQUESTS_PER_MINUTE, now)

    def _hourly(self, what: str, key: str, limit: int, now: datetime) -> None:
        # The clock hour counts, not a sliding one: the next full hour starts at zero.
        hour = now.strftime("%Y-%m-%dT%H")
        self._by_hour[what, key, hour] += 1
        if self._by_hour[what, key, hour] > limit:
            raise refusal("BDC_1144", limit=limit)

    def _within_a_minute(self, what: str, key: str, limit: int, now: datetime) -> None:
        earlier = self._by_minute[what, key]
        # A clock that went back leaves times in the future; those count no more either.
        times = [each for each in earlier if abs(now - each) < MINUTE]
        self._by_minute[what, key] = times
        if len(times) >= limit:
            raise refusal("BDC_9429")
        times.append(now)
