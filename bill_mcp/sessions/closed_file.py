"""Closures that outlive a process, in one file that the processes of a home share.

Most homes have no such file: it is made when BILL closes something for the first time.
Names are kept as digests with a salt of the file's own; one that a password is part of
goes through scrypt, so that whoever reads the file cannot try passwords out on it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import structlog

from bill_mcp.private_files import make_private_folder, write_private
from bill_mcp.sealing import derived_key
from bill_mcp.sessions.agent_locks import FOLDER, AgentLocks

FILE_NAME = "closures.json"
_SALT_BYTES = 16

_log = structlog.get_logger("bill_mcp.sessions")

Alone = Callable[[str], AbstractContextManager[None]]
"""Waits until no other process is in a block of that name."""


@dataclass(frozen=True, kw_only=True)
class ClosedRow:
    """One closure.

    Attributes:
        name: Digest of what is closed.
        account: Digest of whose sign-in it is; of a refused account only.
        code: Our word for it.
        at: When it was closed, in seconds of the time of day.
        until: When it passes; None where a person must act.
    """

    name: str
    account: str | None = None
    code: str
    at: float
    until: float | None = None
    bill_code: str | None = None
    http_status: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Content:
    salt: bytes
    rows: tuple[ClosedRow, ...] = ()


_NOTHING = _Content(salt=b"")


class ClosedFile:
    """The file of one home, as one BILL sees it.

    A file that can't be read or written closes nothing, and is left alone.

    Args:
        path: Where it is.
        place: Which BILL; another one has closures of its own.
        alone: Keeps other processes out while it is rewritten.
    """

    def __init__(self, path: Path, *, place: str, alone: Alone) -> None:
        self._path, self._place, self._alone = path, place.rstrip("/"), alone
        self._seen: tuple[int, ...] = ()
        self._content = _NOTHING
        # Slow on purpose, so that each is made once.
        self._slowly = cache(lambda salt, name: derived_key(name, salt).hex())

    @property
    def has_rows(self) -> bool:
        """Whether anything is kept; as a rule nothing is."""
        return bool(self._read().rows)

    def find(self, name: str) -> ClosedRow | None:
        """What is kept of a name without a password in it."""
        content = self._read()
        if not content.rows:
            return None
        digest = self._digest(content.salt, name)
        return next((row for row in content.rows if row.name == digest), None)

    def put(self, name: str, code: str, at: float, until: float) -> None:
        """Keep that something is closed until then."""

        def changed(content: _Content) -> Iterable[ClosedRow]:
            digest = self._digest(content.salt, name)
            yield from _without(content, digest, at)
            yield ClosedRow(name=digest, code=code, at=at, until=until)

        self._change(changed)

    def find_account(self, account: str, name: str) -> ClosedRow | None:
        """What is kept of a refused account. Blocks: it may take a tenth of a second.

        Args:
            account: Whose sign-in, without its secrets.
            name: What it is made with.
        """
        content = self._read()
        whose = self._digest(content.salt, account)
        rows = [row for row in content.rows if row.account == whose]
        if not rows:
            return None
        digest = self._slowly(content.salt, f"{self._place}\n{name}")
        return next((row for row in rows if row.name == digest), None)

    def put_account(self, account: str, name: str, row: ClosedRow) -> bool:
        """Whether it could be kept that BILL refused the account. Blocks."""

        def changed(content: _Content) -> Iterable[ClosedRow]:
            digest = self._slowly(content.salt, f"{self._place}\n{name}")
            yield from _without(content, digest, row.at)
            whose = self._digest(content.salt, account)
            yield ClosedRow(**(asdict(row) | {"name": digest, "account": whose}))

        return self._change(changed)

    def remove_account(self, account: str) -> None:
        """Forget every refusal of that account. Blocks."""
        content = self._read()
        whose = self._digest(content.salt, account)
        if any(row.account == whose for row in content.rows):
            self._change(lambda now: [r for r in now.rows if r.account != whose])

    def _digest(self, salt: bytes, name: str) -> str:
        return hashlib.sha256(salt + f"{self._place}\n{name}".encode()).hexdigest()

    def _read(self) -> _Content:
        """What the file holds; read again only once another has taken its place."""
        try:
            stat = self._path.stat()
        except OSError:
            return _NOTHING
        seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if seen != self._seen:
            self._seen, self._content = seen, _NOTHING
            with suppress(OSError, ValueError, KeyError, TypeError):
                self._content = _from_text(self._path.read_text("utf-8"))
        return self._content

    def _change(self, changed: Callable[[_Content], Iterable[ClosedRow]]) -> bool:
        try:
            make_private_folder(self._path.parent)
            with self._alone(FILE_NAME):
                content = self._read()
                salt = content.salt or secrets.token_bytes(_SALT_BYTES)
                rows = tuple(changed(_Content(salt=salt, rows=content.rows)))
                kept = {"salt": salt.hex(), "closed": [asdict(row) for row in rows]}
                write_private(self._path, json.dumps(kept).encode())
        except OSError as error:
            _log.warning("a closure is known to this process alone", why=str(error))
            return False
        return True


def closed_file_in(home: Path, base_url: str) -> ClosedFile:
    """The file of a home, as the BILL at that address sees it."""
    locks = AgentLocks(home / FOLDER)
    return ClosedFile(home / FILE_NAME, place=base_url, alone=locks.alone)


def _without(content: _Content, name: str, now: float) -> Iterable[ClosedRow]:
    """What is kept beside *name*, and has not passed."""
    for row in content.rows:
        if row.name != name and (row.until is None or row.until > now):
            yield row


def _from_text(text: str) -> _Content:
    kept = json.loads(text)
    rows = tuple(ClosedRow(**row) for row in kept["closed"])
    return _Content(salt=bytes.fromhex(kept["salt"]), rows=rows)
