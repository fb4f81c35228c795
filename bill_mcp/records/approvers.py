"""Approvers: people with the right to release money, and their passphrases.

Only a slow hash of a passphrase is kept, in a row that is sealed, so that whoever can
only write the file can't put another hash in its place. Every try is counted before
the hash is computed: guessing in parallel, or killing the process, gains nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio

from bill_mcp.errors import ConfigError, LimitError, RefusedError
from bill_mcp.records.passphrases import (
    COST,
    HASH_BYTES,
    SALT_BYTES,
    Cost,
    hashed,
    weakness,
)
from bill_mcp.records.store import RecordFile
from bill_mcp.secret import Secret

SCHEMA = """
CREATE TABLE IF NOT EXISTS approvers (
  name TEXT PRIMARY KEY,
  salt BLOB NOT NULL,
  hash BLOB NOT NULL,
  n INTEGER NOT NULL,
  r INTEGER NOT NULL,
  p INTEGER NOT NULL,
  wrong INTEGER NOT NULL,
  closed_until TEXT,
  added_at TEXT NOT NULL,
  seal TEXT NOT NULL
);
"""
TRIES = 5
"""Until there is a wait, and again after each wait."""
FIRST_WAIT = timedelta(minutes=15)
LONGEST_WAIT = timedelta(days=1)
"""Waits double until then; five tries a day guess no passphrase that `add` takes."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,59}")
_PURPOSE = b"bill-mcp approver 1\n"

_NAMES = "SELECT name FROM approvers ORDER BY name"

Key = Callable[[], bytes]
Note = Callable[[sqlite3.Connection, str, str], None]
"""Writes down, in the same transaction, that the approver of that name was ``added``,
``changed``, ``removed``, or ``closed``: that its last try before a wait was begun."""


@dataclass(frozen=True, kw_only=True)
class Voucher:
    """The approver who agrees that there be another one."""

    name: str
    passphrase: Secret


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Whether an approver may try a passphrase.

    Attributes:
        tries_left: Until the next wait.
        closed_until: In UTC; None where there is no wait.
    """

    tries_left: int
    closed_until: datetime | None


class Approvers:
    """The approvers of one file.

    Args:
        file: Opened with this module's ``SCHEMA`` among its schemas.
        key: The key that seals rows, as the audit log's; asked for at each use.
        note: Told of everything that happens to an approver.
        cost: What hashing a new passphrase costs.
    """

    def __init__(
        self,
        file: RecordFile,
        *,
        key: Key,
        note: Note | None = None,
        cost: Cost = COST,
    ) -> None:
        self._file, self._key, self._note, self._cost = file, key, note, cost

    async def names(self) -> list[str]:
        """Who may approve, sorted; also those whose rows don't fit their seals."""

        def work(connection: sqlite3.Connection) -> list[str]:
            return [row["name"] for row in connection.execute(_NAMES)]

        return await self._file.look(work)

    async def add(
        self,
        name: str,
        passphrase: Secret,
        now: datetime,
        *,
        voucher: Voucher | None = None,
    ) -> bool:
        """Let *name* approve with *passphrase*; False if the voucher's is wrong.

        The first approver needs no voucher, every other one does.

        Raises:
            ConfigError: The name is no name, is taken, the passphrase is weak, or the
                voucher is missing.
            LimitError: Too many wrong tries of the voucher's.
            RefusedError: Others have changed the voucher's row.
        """
        fresh = await self._hashed(name, passphrase, now)

        def work(connection: sqlite3.Connection) -> None:
            known = {row["name"] for row in connection.execute(_NAMES)}
            if name in known:
                raise ConfigError(f"{name} is an approver already")
            if known and voucher is None:
                raise ConfigError("an approver who is there already must agree")
            self._write(connection, fresh, "added")

        if voucher is not None:
            return await self._prove(voucher.name, voucher.passphrase, now, work)
        await self._file.transact(work)
        return True

    async def change(
        self, name: str, passphrase: Secret, fresh: Secret, now: datetime
    ) -> bool:
        """Whether *passphrase* is that of *name*, and *fresh* has taken its place.

        Raises:
            ConfigError: The fresh one is weak.
            LimitError: Too many wrong tries; the message says until when.
            RefusedError: Others have changed the row.
        """
        row = await self._hashed(name, fresh, now)
        return await self._prove(
            name, passphrase, now, lambda found: self._write(found, row, "changed")
        )

    async def remove(self, name: str, passphrase: Secret, now: datetime) -> bool:
        """Whether *passphrase* is that of *name*, who is no approver any more.

        Raises:
            LimitError: Too many wrong tries; the message says until when.
            RefusedError: Others have changed the row.
        """

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM approvers WHERE name = ?", (name,))
            self._tell(connection, name, "removed")

        return await self._prove(name, passphrase, now, work)

    async def check(self, name: str, passphrase: Secret, now: datetime) -> bool:
        """Whether *passphrase* is that of the approver *name*; slow on purpose.

        A name that nobody has takes as long as one that somebody has.

        Raises:
            LimitError: Too many wrong tries (code ``approver_closed``).
            RefusedError: Others have changed the row (code ``approver_damaged``).
        """
        return await self._prove(name, passphrase, now, lambda _: None)

    async def standing(self, name: str, now: datetime) -> Standing:
        """Whether *name* may try; a name that nobody has looks like a fresh one.

        Raises:
            RefusedError: Others have changed the row.
        """
        row = await self._file.look(lambda found: self._row(found, name))
        if row is None:
            return Standing(tries_left=TRIES, closed_until=None)
        closed = _closed_until(row, now)
        left = 0 if closed else TRIES - row["wrong"] % TRIES
        return Standing(tries_left=left, closed_until=closed)

    async def _prove(
        self,
        name: str,
        passphrase: Secret,
        now: datetime,
        then: Callable[[sqlite3.Connection], None],
    ) -> bool:
        """Whether the passphrase is right, tries are forgiven and *then* was done."""
        row = await self._file.transact(lambda found: self._count(found, name, now))
        known = row or {"salt": bytes(SALT_BYTES), "hash": bytes(HASH_BYTES)}
        cost = self._cost if row is None else Cost(n=row["n"], r=row["r"], p=row["p"])
        made = await anyio.to_thread.run_sync(hashed, passphrase, known["salt"], cost)
        if not hmac.compare_digest(made, known["hash"]) or row is None:
            return False

        def settle(connection: sqlite3.Connection) -> bool:
            found = self._row(connection, name)
            if found is None or found["hash"] != row["hash"]:
                return False  # changed or removed while it was computed
            forgiven = {**found, "wrong": 0, "closed_until": None}
            self._write(connection, forgiven)
            then(connection)
            return True

        return await self._file.transact(settle)

    async def _hashed(
        self, name: str, passphrase: Secret, now: datetime
    ) -> dict[str, Any]:
        check_name(name)
        fault = weakness(passphrase)
        if fault is not None:
            raise ConfigError(fault)
        salt = secrets.token_bytes(SALT_BYTES)
        made = await anyio.to_thread.run_sync(hashed, passphrase, salt, self._cost)
        return {
            "name": name,
            "salt": salt,
            "hash": made,
            "n": self._cost.n,
            "r": self._cost.r,
            "p": self._cost.p,
            "wrong": 0,
            "closed_until": None,
            "added_at": now.astimezone(UTC).isoformat(),
        }

    def _count(
        self, connection: sqlite3.Connection, name: str, now: datetime
    ) -> dict[str, Any] | None:
        """The row of *name*, with this try counted as if it were wrong."""
        row = self._row(connection, name)
        if row is None:
            return None
        closed = _closed_until(row, now)
        if closed is not None:
            raise LimitError(
                f"too many wrong passphrases; closed until {closed:%Y-%m-%d %H:%M} UTC",
                advice="Wait until then, and type the right passphrase.",
                code="approver_closed",
            )
        row["wrong"] += 1
        full_rounds, rest = divmod(row["wrong"], TRIES)
        if not rest:
            wait = FIRST_WAIT * 2 ** min(full_rounds - 1, 10)
            until = now + min(wait, LONGEST_WAIT)
            row["closed_until"] = until.astimezone(UTC).isoformat()
        self._write(connection, row, None if rest else "closed")
        return row

    def _row(self, connection: sqlite3.Connection, name: str) -> dict[str, Any] | None:
        found = connection.execute(
            "SELECT * FROM approvers WHERE name = ?", (name,)
        ).fetchone()
        if found is None:
            return None
        row = dict(found)
        seal = row.pop("seal")
        if not hmac.compare_digest(str(seal).encode(), self._seal(row).encode()):
            raise RefusedError(
                f"the record of the approver {name} was changed by another program",
                advice="Nobody can approve by it. The operator finds out who changed "
                "it, and removes it from the file by hand.",
                code="approver_damaged",
            )
        return row

    def _write(
        self,
        connection: sqlite3.Connection,
        row: dict[str, Any],
        event: str | None = None,
    ) -> None:
        sealed = {**row, "seal": self._seal(row)}
        marks = ", ".join(f":{name}" for name in sealed)
        connection.execute(
            f"INSERT OR REPLACE INTO approvers ({', '.join(sealed)}) VALUES ({marks})",  # noqa: S608 -- our own names
            sealed,
        )
        if event is not None:
            self._tell(connection, row["name"], event)

    def _tell(self, connection: sqlite3.Connection, name: str, event: str) -> None:
        if self._note is not None:
            self._note(connection, name, event)

    def _seal(self, row: dict[str, Any]) -> str:
        plain = {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in row.items()
        }
        content = _PURPOSE + json.dumps(plain, sort_keys=True).encode()
        return hmac.new(self._key(), content, hashlib.sha256).hexdigest()


def check_name(name: str) -> None:
    """Let a name go on that an approver may have.

    Raises:
        ConfigError: It is none.
    """
    if _NAME.fullmatch(name) is None:
        raise ConfigError("an approver's name has up to 60 letters, digits and . _ @ -")


def _closed_until(row: dict[str, Any], now: datetime) -> datetime | None:
    if row["closed_until"] is None:
        return None
    until = datetime.fromisoformat(row["closed_until"])
    return until if now < until else None
