"""Where the counts of `Budgets` are kept: in this process, or shared by several."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple, NoReturn, Protocol, TypeVar

from bill_mcp.client.limits_file import LimitsFile, NotSharedError
from bill_mcp.clock import Clock
from bill_mcp.errors import LimitError

MINUTE_S = 60
_DAY_S = 24 * 60 * 60

T = TypeVar("T")


class Used(NamedTuple):
    """What of one hour is used."""

    by_all: int
    by_agent: int


class Tally(Protocol):
    """The counts, as one transaction sees and changes them."""

    @property
    def now_s(self) -> float:
        """Seconds since some moment; a shared store's is the time of day."""

    def used(self, what: str, key: str, agent: str) -> Used:
        """What is used of the clock hour, which is how BILL counts."""

    def use(self, what: str, key: str, agent: str) -> None:
        """Count one in this hour."""

    def moments(self, what: str, key: str) -> list[float]:
        """When it happened in the last minute, by `now_s`; the oldest first."""

    def note(self, what: str, key: str) -> int:
        """Write down that it happens now; the number is for `strike`."""

    def strike(self, number: int) -> None:
        """Take a moment back. One that is over a minute old may be gone already."""


class Counts(Protocol):
    """Keeps counts."""

    async def change(self, work: Callable[[Tally], T]) -> T:
        """What *work* returns; nothing else is counted meanwhile.

        *work* may refuse with a `LimitError`, before it counts anything.
        """


class MemoryCounts:
    """The counts of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hour: datetime | None = None
        self._used: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._moments: defaultdict[tuple[str, str], dict[int, float]]
        self._moments = defaultdict(dict)
        self._numbers = 0

    async def change(self, work: Callable[[Tally], T]) -> T:
        return work(self)

    @property
    def now_s(self) -> float:
        return self._clock.monotonic()

    def used(self, what: str, key: str, agent: str) -> Used:
        hour = start_of_hour(self._clock.now())
        if self._hour != hour:
            self._hour = hour
            self._used.clear()
        counted = self._used[what, key]
        return Used(counted.total(), counted[agent])

    def use(self, what: str, key: str, agent: str) -> None:
        self._used[what, key][agent] += 1

    def moments(self, what: str, key: str) -> list[float]:
        kept = self._moments[what, key]
        for number, at in list(kept.items()):
            if self.now_s - at >= MINUTE_S:
                del kept[number]
        return list(kept.values())

    def note(self, what: str, key: str) -> int:
        self._numbers -= 1  # a shared file counts upwards
        self._moments[what, key][self._numbers] = self.now_s
        return self._numbers

    def strike(self, number: int) -> None:
        for kept in self._moments.values():
            kept.pop(number, None)


class SqliteCounts:
    """The counts of all processes that share a file.

    Args:
        file: Kept until a day later; in memory where it can't be used.
        place: Which BILL it is; names nothing by its secret.
    """

    def __init__(self, file: LimitsFile, place: str) -> None:
        self._file, self._place = file, place
        self._own = MemoryCounts(file.clock)

    async def change(self, work: Callable[[Tally], T]) -> T:
        def counted(opened: sqlite3.Connection) -> Callable[[], T]:
            tally = _SqliteTally(opened, self._place, self._file.clock.now())
            try:
                result = work(tally)
            except LimitError as error:
                # What the tally mended before stays, so this is no failure yet.
                return partial(_refuse, error)
            return lambda: result

        try:
            told = await self._file.change(counted)
        except NotSharedError:
            return await self._own.change(work)
        return told()


class ReadOnlyCounts:
    """What processes counted, for one who only looks; nothing where nobody counted."""

    def __init__(self, path: Path, place: str, clock: Clock) -> None:
        self._path, self._place, self._clock = path, place, clock

    async def change(self, work: Callable[[Tally], T]) -> T:
        if not self._path.exists():
            return work(MemoryCounts(self._clock))
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as file:
            return work(_SqliteTally(file, self._place, self._clock.now()))


def _refuse(error: LimitError) -> NoReturn:
    raise error


class _SqliteTally:
    """Fulfils `Tally` within a transaction. Names are digests: agents may be people."""

    def __init__(self, file: sqlite3.Connection, place: str, now: datetime) -> None:
        self._file, self._place = file, place
        self._hour = int(start_of_hour(now).timestamp())
        self.now_s = now.timestamp()

    def used(self, what: str, key: str, agent: str) -> Used:
        by_all, by_agent = self._file.execute(
            "SELECT total(used), total(used) FILTER (WHERE agent = ?) FROM hours"
            " WHERE what = ? AND key = ? AND hour = ?",
            (digest(agent), what, self._name(key), self._hour),
        ).fetchone()
        return Used(int(by_all), int(by_agent))

    def use(self, what: str, key: str, agent: str) -> None:
        row = (what, self._name(key), self._hour, digest(agent))
        again = self._file.execute(
            "UPDATE hours SET used = used + 1"
            " WHERE what = ? AND key = ? AND hour = ? AND agent = ?",
            row,
        )
        if again.rowcount:
            return
        self._file.execute("INSERT INTO hours VALUES (?, ?, ?, ?, 1)", row)
        # Not only this hour's: a clock that goes back must find what was used.
        self._file.execute(
            "DELETE FROM hours WHERE abs(hour - ?) > ?", (self._hour, _DAY_S)
        )

    def moments(self, what: str, key: str) -> list[float]:
        # After the clock went back: at the latest now, so that none lasts for hours.
        self._file.execute(
            "UPDATE moments SET at = ?1 WHERE what = ?2 AND key = ?3 AND at > ?1",
            (self.now_s, what, self._name(key)),
        )
        found = self._file.execute(
            "SELECT at FROM moments WHERE what = ? AND key = ? AND at > ? ORDER BY at",
            (what, self._name(key), self.now_s - MINUTE_S),
        )
        return [at for (at,) in found]

    def note(self, what: str, key: str) -> int:
        self._file.execute(
            "DELETE FROM moments WHERE at <= ?", (self.now_s - MINUTE_S,)
        )
        added = self._file.execute(
            "INSERT INTO moments (what, key, at) VALUES (?, ?, ?)",
            (what, self._name(key), self.now_s),
        )
        return added.lastrowid or 0

    def strike(self, number: int) -> None:
        self._file.execute("DELETE FROM moments WHERE id = ?", (number,))

    def _name(self, key: str) -> str:
        return digest(f"{self._place}\n{key}")


@lru_cache(maxsize=1024)
def digest(name: str) -> str:
    """Names the same without giving it away."""
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def start_of_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)
