"""What one simulated BILL remembers: objects, clock, and what is due.

Objects are dicts that are replaced and never changed in place, so a snapshot is a
shallow copy and the state before a request is at hand. A field whose name starts with
``_`` is the world's own note and is never shown.
"""

import copy
import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from bill_mcp.simulator import assumed, ids
from bill_mcp.simulator.times import read_time, stamp

Thing = dict[str, Any]

TRAFFIC_KINDS = frozenset(
    {
        "session",
        "mfa_setup",
        "mfa_challenge",
        "remembered_device",
        "failed_sign_ins",
        "mfa_attempts",
    }
)
"""Kinds that come and go with clients; no part of the state that is compared."""


class Due(NamedTuple):
    """Something that happens when the clock gets there. Ordered by time, then entry."""

    at: str
    number: int
    event: str
    about: Thing


class Hidden(NamedTuple):
    """Until when reads see an object as it was; None: they do not see it."""

    until: str
    kind: str
    id: str
    before: Thing | None


@dataclass(slots=True)
class State:
    """Everything a world remembers; two equal states behave alike."""

    seed: str
    now: datetime
    tables: dict[str, dict[str, Thing]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    due: list[Due] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)

    def copy(self) -> "State":
        return State(
            self.seed,
            self.now,
            {kind: dict(table) for kind, table in self.tables.items()},
            dict(self.counters),
            list(self.due),
            list(self.hidden),
        )


class Store:
    """The state with the ways to read it, change it, and let time pass."""

    def __init__(
        self,
        state: State,
        on_due: Mapping[str, Callable[["Store", Thing], None]],
        elapsed: Callable[[], float] | None = None,
    ) -> None:
        """Take over *state*.

        Args:
            state: what the world starts with.
            on_due: event name -> what happens when it is due.
            elapsed: seconds since some start, for a clock that runs; without it time
                stands still until it is set.
        """
        self.state = state
        self.on_due = dict(on_due)
        self._elapsed = elapsed
        self._seen = elapsed() if elapsed else 0.0
        self._indexes: dict[tuple[str, str], dict[Any, dict[str, None]]] = {}
        self._before: dict[tuple[str, str], Thing | None] = {}
        self.changed: dict[tuple[str, str], Thing | None] = {}

    # --- the clock

    @property
    def now(self) -> datetime:
        return self.state.now

    @property
    def stamp(self) -> str:
        return stamp(self.state.now)

    def tick(self) -> None:
        """Let a running clock catch up; a standing one stays."""
        if self._elapsed:
            seen, self._seen = self._seen, self._elapsed()
            self.move_to(self.now + timedelta(seconds=self._seen - seen))

    def move_to(self, moment: datetime) -> None:
        """Set the clock; everything due until then happens, each at its own time.

        Moving back undoes nothing.
        """
        until = stamp(moment)
        while self.state.due and self.state.due[0].at <= until:
            due = heapq.heappop(self.state.due)
            self.state.now = max(self.state.now, read_time(due.at))
            self.on_due[due.event](self, due.about)
        self.state.now = moment.astimezone(UTC)

    def schedule(self, moment: datetime, event: str, **about: Any) -> None:
        """Let *event* happen at *moment*, or with the next move of the clock."""
        entry = Due(stamp(moment), self.count("due"), event, about)
        heapq.heappush(self.state.due, entry)

    # --- reading

    def get(self, kind: str, key: str) -> Thing | None:
        return self.state.tables.get(kind, {}).get(key)

    def rows(self, kind: str) -> Iterable[Thing]:
        """Return all objects of *kind*, mostly oldest first."""
        return self.state.tables.get(kind, {}).values()

    def where(self, kind: str, name: str, value: Any) -> list[Thing]:
        """Return the objects of *kind* whose field *name* is *value*, oldest first.

        Fast on every field: the first question builds an index, which is then kept.
        """
        table = self.state.tables.get(kind, {})
        index = self._indexes.get((kind, name))
        if index is None:
            index = self._indexes[kind, name] = {}
            for key, thing in table.items():
                index.setdefault(thing.get(name), {})[key] = None
        found = [table[key] for key in index.get(value, ())]
        found.sort(key=creation_order)
        return found

    def switch(self, name: str) -> Any:
        """Return one of ``assumed.SWITCHES`` as it is set in this world."""
        settings = self.get("settings", "settings") or {}
        return settings.get(name, assumed.SWITCHES[name])

    @property
    def environment(self) -> str:
        return "production" if self.switch("production") else "sandbox"

    def as_seen(self) -> Self:
        """Return the world that reads see: without what is still hidden."""
        hidden = [each for each in self.state.hidden if each.until > self.stamp]
        if not hidden:
            return self
        seen = copy.copy(self)
        seen.state = copy.copy(self.state)
        seen.state.tables = dict(self.state.tables)
        seen._indexes = {}  # noqa: SLF001 - the copy is one of us
        for kind in {each.kind for each in hidden}:
            seen.state.tables[kind] = dict(self.state.tables[kind])
        # The oldest entry wins: it holds the state before the first hidden change.
        for each in reversed(hidden):
            if each.before is None:
                seen.state.tables[each.kind].pop(each.id, None)
            else:
                seen.state.tables[each.kind][each.id] = each.before
        return seen

    # --- changing

    def count(self, stream: str) -> int:
        """Return the next number of *stream*, from 1."""
        number = self.state.counters.get(stream, 0) + 1
        self.state.counters[stream] = number
        return number

    def text(self, stream: str, alphabet: str, length: int) -> str:
        """Return the next unguessable-looking text of *stream*, from the seed."""
        source = ids.digest(self.state.seed, stream, self.count(stream))
        return ids.letters(source, alphabet, length)

    def new_id(self, kind: str) -> str:
        return ids.bill_id(self.state.seed, kind, self.count(kind))

    def add(self, kind: str, fields: Thing, *, key: str | None = None) -> Thing:
        """Add an object and return it, with id, times and its place in the order.

        Objects of Spend & Expense get a ``uuid`` too, and are kept under it.
        """
        thing: Thing = {"_seq": self.count(f"order of {kind}")}
        if key is not None:
            thing["id"] = key
        elif kind in ids.SPEND_PREFIXES:
            plain, key = ids.spend_ids(self.state.seed, kind, self.count(kind))
            thing |= {"id": plain, "uuid": key}
        else:
            key = thing["id"] = self.new_id(kind)
        thing |= {"createdTime": self.stamp, "updatedTime": self.stamp, **fields}
        self.put(kind, key, thing)
        return thing

    def change(self, kind: str, key: str, changes: Thing) -> Thing:
        """Replace an object by one with *changes* and a new ``updatedTime``."""
        thing = self.state.tables[kind][key] | {"updatedTime": self.stamp} | changes
        self.put(kind, key, thing)
        return thing

    def put(self, kind: str, key: str, thing: Thing | None) -> None:
        """Set an object as it is given; None removes it."""
        table = self.state.tables.setdefault(kind, {})
        old = table.get(key)
        self._before.setdefault((kind, key), old)
        self.changed[kind, key] = thing
        if thing is None:
            table.pop(key, None)
        else:
            table[key] = thing
        for (of_kind, name), index in self._indexes.items():
            if of_kind == kind:
                reindex(index, name, key, old, thing)

    # --- all or nothing

    def attempt(self, act: Callable[[], Any]) -> tuple[Any, list[Hidden]]:
        """Run *act*; if it raises, the world is as before.

        Returns:
            What *act* returned, and for every object it changed how that was before.
        """
        self._before = {}
        counters, due = dict(self.state.counters), list(self.state.due)
        try:
            result = act()
        except BaseException:
            for (kind, key), old in reversed(self._before.items()):
                self.put(kind, key, old)
            self.state.counters, self.state.due = counters, due
            raise
        return result, [Hidden("", *key, old) for key, old in self._before.items()]

    def replace_state(self, state: State) -> None:
        """Become another state, as a reset or a restore does."""
        self.state = state
        self._indexes = {}
        self._before = {}
        self.changed = {}


def creation_order(thing: Thing) -> int:
    number: int = thing["_seq"]
    return number


def reindex(
    index: dict[Any, dict[str, None]],
    name: str,
    key: str,
    old: Thing | None,
    new: Thing | None,
) -> None:
    was = old.get(name) if old else None
    becomes = new.get(name) if new else None
    if old is not None and (new is None or was != becomes):
        index[was].pop(key, None)
    if new is not None and (old is None or was != becomes):
        index.setdefault(becomes, {})[key] = None
