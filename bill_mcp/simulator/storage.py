"""The state in an SQLite file: every change is there before it is answered."""

import base64
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bill_mcp.simulator.store import Due, Hidden, State, Store
from bill_mcp.simulator.times import read_time, stamp

TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id)
);
CREATE TABLE IF NOT EXISTS world (name TEXT PRIMARY KEY, body TEXT NOT NULL);
"""


class StateFile:
    """One world's state on disk. Not for two processes at once."""

    def __init__(self, path: Path | str) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.executescript(TABLES)
        self._state: State | None = None
        self._about: dict[str, str] = {}

    def close(self) -> None:
        self._file.close()

    def read(self) -> State | None:
        """Return the state that was written last, or None from a new file."""
        rows = self._file.execute("SELECT name, body FROM world").fetchall()
        about = {name: from_text(body) for name, body in rows}
        if not about:
            return None
        state = State(
            about["seed"], read_time(about["now"]), counters=about["counters"]
        )
        state.due = [Due(*each) for each in about["due"]]
        state.hidden = [Hidden(*each) for each in about["hidden"]]
        things = self._file.execute("SELECT kind, id, body FROM objects").fetchall()
        loaded = sorted(
            ((kind, key, from_text(body)) for kind, key, body in things),
            key=lambda each: (each[0], each[2].get("_seq", 0), each[1]),
        )
        for kind, key, thing in loaded:
            state.tables.setdefault(kind, {})[key] = thing
        return state

    def write(self, store: Store) -> None:
        """Write what changed since the last time, in one transaction."""
        state = store.state
        whole = self._state is not state
        if whole:
            changed: Any = {
                (kind, key): thing
                for kind, table in state.tables.items()
                for key, thing in table.items()
            }
        else:
            changed = store.changed
        about = {
            "seed": state.seed,
            "now": stamp(state.now),
            "counters": state.counters,
            "due": state.due,
            "hidden": state.hidden,
        }
        texts = {name: as_text(value) for name, value in about.items()}
        if not changed and not whole and texts == self._about:
            return
        file = self._file
        file.execute("BEGIN IMMEDIATE")
        if whole:
            file.execute("DELETE FROM objects")
        for (kind, key), thing in changed.items():
            if thing is None:
                file.execute("DELETE FROM objects WHERE kind=? AND id=?", (kind, key))
            else:
                row = (kind, key, as_text(thing))
                file.execute("INSERT OR REPLACE INTO objects VALUES (?,?,?)", row)
        file.executemany(
            "INSERT OR REPLACE INTO world VALUES (?,?)",
            list(texts.items()),
        )
        file.execute("COMMIT")
        self._state, self._about = state, texts


def as_text(value: Any) -> str:
    """Return canonical JSON; bytes of an upload that acts late are marked base64."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=plain)


def plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"__base64__": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return stamp(value.astimezone(UTC))
    raise TypeError(f"{type(value).__name__} in the state")


def from_text(text: str) -> Any:
    return json.loads(text, object_hook=whole)


def whole(value: dict[str, Any]) -> Any:
    if value.keys() == {"__base64__"}:
        return base64.b64decode(value["__base64__"])
    return value
