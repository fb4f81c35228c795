"""The chain of authentication codes over the audit log, and what a check of it finds.

A row's code is made of its number, its content and the code of the row before. Without
the key nobody can make one, so a row can't be changed, moved, added or left out from
between two others without a trace. What is missing at the end shows only against a
head that was kept elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

KEY_BYTES = 32
BEFORE_THE_FIRST = b"0" * 64
PROBLEMS_TOLD = 20
"""A report names the first of them, and counts all."""

Number = int | float | str | bytes | None
"""A whole number, unless somebody built the table anew with other types."""

StoredRow = tuple[Number, bytes, bytes, bytes]
"""Number, name of the key, content, code: as they stand in the file."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """The end of the log at some time: how many rows, and the last one's code."""

    count: int
    hmac: str

    def as_text(self) -> str:
        """The head as it is kept."""
        return json.dumps({"count": self.count, "hmac": self.hmac})


def head_from(text: str | None) -> Head | None:
    """The head in a kept text; None where there is none, or it can't be read."""
    try:
        told: Any = json.loads(text or "")
        return Head(count=int(told["count"]), hmac=str(told["hmac"]))
    except (ValueError, TypeError, KeyError):
        return None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that is wrong at a row."""

    seq: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a check of the whole log found.

    Attributes:
        rows: How many rows were read.
        head: The end of the log as it is in the file; None where it is empty.
        kept: The head that it was compared with; None where none was kept.
        problems: The first few, in order of their rows.
        problem_count: All of them.
        other_keys: Names of the keys of rows that this key can't check.
    """

    rows: int
    head: Head | None
    kept: Head | None
    problems: tuple[Problem, ...]
    problem_count: int
    other_keys: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return self.problem_count == 0


def key_name(key: bytes) -> str:
    """Names a key without giving it away."""
    return hmac.new(key, b"bill-mcp audit key", hashlib.sha256).hexdigest()[:8]


def code_of(key: bytes, seq: int, before: bytes, content: bytes) -> bytes:
    """The authentication code of one row, in hexadecimal."""
    whole = b"\n".join((b"bill-mcp audit row", str(seq).encode(), before, content))
    return hmac.new(key, whole, hashlib.sha256).hexdigest().encode()


def request_digest(key: bytes, request: bytes) -> str:
    """A name for a request from which nobody without the key can guess what it says."""
    whole = b"bill-mcp audit request\n" + request
    return hmac.new(key, whole, hashlib.sha256).hexdigest()


def check(rows: Iterable[StoredRow], key: bytes, kept: Head | None) -> Report:
    """Check *rows*, which come in order of their numbers, one after the other."""
    checking = _Checking(key, kept)
    for row in rows:
        checking.take(row)
    return checking.report()


@dataclass
class _Checking:
    """How far a check has come; it holds one row at a time."""

    key: bytes
    kept: Head | None
    rows: int = 0
    seq: int = 0
    code: bytes = BEFORE_THE_FIRST
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    other_keys: dict[str, None] = field(default_factory=dict)

    def take(self, row: StoredRow) -> None:
        number, name, content, code = row
        seq = number if isinstance(number, int) else self.seq + 1
        if not isinstance(number, int):
            self._find(seq, "its number was changed into something else")
        elif seq != self.seq + 1:
            self._find(self.seq + 1, _missing(self.seq + 1, seq - 1))
        if not hmac.compare_digest(code, code_of(self.key, seq, self.code, content)):
            self._find(seq, self._why_not(name))
        elif name.decode(errors="replace") != key_name(self.key):
            self._find(seq, "the name of its key was changed")
        if self.kept is not None and seq == self.kept.count:
            self._compare(code)
        self.rows, self.seq, self.code = self.rows + 1, seq, code

    def report(self) -> Report:
        if self.kept is not None and self.kept.count > self.seq:
            self._find(self.seq + 1, _missing(self.seq + 1, self.kept.count))
        head = None
        if self.rows:
            head = Head(count=self.seq, hmac=self.code.decode(errors="replace"))
        return Report(
            rows=self.rows,
            head=head,
            kept=self.kept,
            problems=tuple(self.problems),
            problem_count=self.problem_count,
            other_keys=tuple(self.other_keys),
        )

    def _why_not(self, name: bytes) -> str:
        named = name.decode(errors="replace")[:8]
        if named == key_name(self.key):
            return "it, or the code of the row before, was changed"
        if len(self.other_keys) < PROBLEMS_TOLD:
            self.other_keys[named] = None
        return "it was written under another key, or changed"

    def _compare(self, code: bytes) -> None:
        if self.kept is not None and code != self.kept.hmac.encode():
            self._find(self.kept.count, "it is another row than the kept head knows")

    def _find(self, seq: int, what: str) -> None:
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_TOLD:
            self.problems.append(Problem(seq=seq, what=what))


def _missing(first: int, last: int) -> str:
    if last < first:
        return "the rows are not numbered from 1"
    if first == last:
        return "it is missing"
    return f"rows {first} to {last} are missing"
