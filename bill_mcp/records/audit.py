"""The audit log: who did what and how it ended, in rows that are only ever added.

A table in the journal's file, written in the caller's transaction: no audit row, no
write. What is stored and authenticated is the row's content as canonical JSON.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bill_mcp.errors import ConfigError
from bill_mcp.records import audit_chain
from bill_mcp.records.audit_chain import Head, Number, Report, StoredRow

FORMAT = 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    content TEXT NOT NULL,
    hmac TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'rows of the audit log are never changed');
END;
CREATE TRIGGER IF NOT EXISTS audit_is_never_shortened BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'rows of the audit log are never removed');
END;
CREATE TRIGGER IF NOT EXISTS audit_is_added_to_at_its_end BEFORE INSERT ON audit
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN
    SELECT RAISE(ABORT, 'rows of the audit log are added at its end');
END;
"""

_STORED = (
    "SELECT seq, CAST(key AS BLOB), CAST(content AS BLOB), CAST(hmac AS BLOB) "
    "FROM audit ORDER BY seq"
)
"""Bytes: what somebody changed may be no text any more."""


class Kind(StrEnum):
    """What a row tells."""

    INTENT = "intent"
    """A write is about to be sent."""
    OUTCOME = "outcome"
    """How that write ended."""
    REFUSED = "refused"
    """The guard said no; nothing was sent."""
    APPROVAL = "approval"
    """Somebody agreed, or did not."""
    APPROVER = "approver"
    """Somebody may agree from now on, or may no more."""
    SETTLED = "settled"
    """A write whose answer was lost turned out to be done, or not."""
    HALT = "halt"
    """Writes were stopped, or let go on."""
    ACCEPTED = "accepted"
    """The operator took the log as it is, after a check had found it not whole."""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One thing that happened. What is None or empty is not stored.

    Attributes:
        at: With a time zone; stored in UTC.
        kind: A `Kind`.
        write: Joins an intent with its outcome.
        organization: Names one BILL organization at one place.
        verdict: What policy said.
        approver: Who agreed.
        bill_ids: Of the objects that BILL made or changed.
        arguments: JSON, masked: see `records.masking`.
        digest: Of the request, made by `Audit.digest`.
    """

    at: datetime
    kind: str
    write: str | None = None
    agent: str | None = None
    profile: str | None = None
    environment: str | None = None
    organization: str | None = None
    user: str | None = None
    action: str | None = None
    effects: tuple[str, ...] = ()
    verdict: str | None = None
    approval: str | None = None
    approver: str | None = None
    outcome: str | None = None
    bill_ids: tuple[str, ...] = ()
    bill_code: str | None = None
    arguments: Any = None
    digest: str | None = None

    def content(self) -> str:
        """Canonical JSON, in ASCII: equal entries are equal texts."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        told: dict[str, Any] = {
            name: value
            for name in _NAMES
            if (value := getattr(self, name)) is not None and value != ()
        }
        told |= {"format": FORMAT, "at": at}
        return json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)


_NAMES = tuple(field.name for field in fields(AuditEntry))
_LISTS = ("effects", "bill_ids")


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """A row as it stands in the file, checked or not.

    Attributes:
        seq: 0 where it is no number: somebody changed it.
        entry: None where the content is no entry: somebody changed it.
    """

    seq: int
    content: str
    hmac: str
    entry: AuditEntry | None


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which rows are wanted; None for all.

    Attributes:
        since: That time and later.
        until: Before that time.
        limit: So many at most.
    """

    kind: str | None = None
    agent: str | None = None
    action: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    newest_first: bool = False

    def take(self, entry: AuditEntry | None) -> bool:
        """Whether the entry is wanted; one that can't be read always is."""
        if entry is None:
            return True
        wanted = (
            (self.kind, entry.kind),
            (self.agent, entry.agent),
            (self.action, entry.action),
            (self.outcome, entry.outcome),
        )
        if any(asked is not None and asked != found for asked, found in wanted):
            return False
        if self.since is not None and entry.at < self.since:
            return False
        return self.until is None or entry.at < self.until


EVERYTHING = Filters()


class Audit:
    """Adds to the log, reads it and checks it, in the caller's transactions.

    Args:
        key: Gives the key of 32 bytes. Called in the transaction, so it should answer
            at once: have it open its vault before.
    """

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    def append(self, connection: sqlite3.Connection, entry: AuditEntry) -> int:
        """Add the entry at the end; the number of its row.

        Raises:
            ConfigError: The key is not to be had, the log was written with another, or
                its last row has no number.
        """
        key = self._key()
        last = _last(connection)
        if last is not None and last[1] != audit_chain.key_name(key).encode():
            raise ConfigError(_OTHER_KEY)
        return _add(connection, key, entry, last)

    def accept(self, connection: sqlite3.Connection, entry: AuditEntry) -> int:
        """Add the entry at the end, whoever wrote the rows before.

        Raises:
            ConfigError: The key is not to be had, or the last row has no number.
        """
        return _add(connection, self._key(), entry, _last(connection))

    def digest(self, request: bytes) -> str:
        """A keyed digest: from it nobody can guess what the request says."""
        return audit_chain.request_digest(self._key(), request)

    def verify(self, connection: sqlite3.Connection, kept: Head | None) -> Report:
        """Check every row, one at a time, and the end against the *kept* head."""
        return audit_chain.check(_stored(connection), self._key(), kept)


_OTHER_KEY = (
    "the audit log was written under another key, so nothing is added to it. Start "
    "with the same keyring or BILL_MCP_KEY as before; see `bill-mcp audit verify`"
)

_NO_NUMBER = (
    "the last row of the audit log has no number any more: somebody changed the table, "
    "so nothing is added to it. See `bill-mcp audit verify`"
)


def head(connection: sqlite3.Connection) -> Head | None:
    """The end of the log now; None where it is empty."""
    return _head_of(
        connection.execute(
            "SELECT seq, CAST(hmac AS BLOB) FROM audit ORDER BY seq DESC LIMIT 1"
        )
    )


def head_at(connection: sqlite3.Connection, count: int) -> Head | None:
    """The end of the log as it was at so many rows; None where that row is missing."""
    return _head_of(
        connection.execute(
            "SELECT seq, CAST(hmac AS BLOB) FROM audit WHERE seq = ?", (count,)
        )
    )


def rows(
    connection: sqlite3.Connection, filters: Filters = EVERYTHING
) -> Iterator[AuditRow]:
    """The wanted rows, one at a time, unchecked."""
    order = f"{_STORED} DESC" if filters.newest_first else _STORED
    left = filters.limit
    for seq, _, content, code in connection.execute(order):
        if left == 0:
            return
        text = _text(content)
        entry = _entry(text)
        if not filters.take(entry):
            continue
        left = None if left is None else left - 1
        yield AuditRow(seq=_seq(seq), content=text, hmac=_text(code), entry=entry)


def _last(connection: sqlite3.Connection) -> StoredRow | None:
    found = connection.execute(f"{_STORED} DESC LIMIT 1").fetchone()
    return _row(*found) if found else None


def _add(
    connection: sqlite3.Connection,
    key: bytes,
    entry: AuditEntry,
    last: StoredRow | None,
) -> int:
    before = last[3] if last else audit_chain.BEFORE_THE_FIRST
    number = last[0] if last else 0
    if not isinstance(number, int):
        raise ConfigError(_NO_NUMBER)
    seq = number + 1
    content = entry.content()
    code = audit_chain.code_of(key, seq, before, content.encode())
    connection.execute(
        "INSERT INTO audit (seq, key, content, hmac) VALUES (?, ?, ?, ?)",
        (seq, audit_chain.key_name(key), content, code.decode()),
    )
    return seq


def _stored(connection: sqlite3.Connection) -> Iterator[StoredRow]:
    for found in connection.execute(_STORED):
        yield _row(*found)


def _row(
    seq: Number, key: bytes | None, content: bytes | None, code: bytes | None
) -> StoredRow:
    """A row; what somebody emptied is empty."""
    return seq, key or b"", content or b"", code or b""


def _head_of(found: sqlite3.Cursor) -> Head | None:
    row = found.fetchone()
    return Head(count=_seq(row[0]), hmac=_text(row[1])) if row else None


def _seq(stored: Number) -> int:
    return stored if isinstance(stored, int) else 0


def _text(stored: bytes | None) -> str:
    return (stored or b"").decode(errors="replace")


def _entry(content: str) -> AuditEntry | None:
    try:
        told = json.loads(content)
        known = {name: told[name] for name in _NAMES if name in told}
        lists = {name: tuple(told[name]) for name in _LISTS if name in told}
        at = datetime.fromisoformat(told["at"]).astimezone(UTC)
        return AuditEntry(**{**known, **lists, "at": at})
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
