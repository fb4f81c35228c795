"""``bill-mcp audit export``: every row, for spreadsheets and for other programs."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

from bill_mcp.audit_cli.log_file import DamagedError, Log, reading
from bill_mcp.audit_cli.verifying import head_in_words
from bill_mcp.errors import ConfigError
from bill_mcp.present import visible
from bill_mcp.records import audit
from bill_mcp.records.audit import AuditEntry, AuditRow
from bill_mcp.records.audit_chain import Head

FORMATS = ("csv", "jsonl")
_COLUMNS = ("seq", *(field.name for field in fields(AuditEntry)), "hmac")
_FORMULA = ("=", "+", "-", "@")
"""A spreadsheet computes a cell that starts like that; an apostrophe makes it text."""

_WriteRow = Callable[[AuditRow], object]


def export(log: Log, format_name: str, out: Path | None) -> int:
    """Write every row, unchecked, and the head to stderr; the command's exit code.

    Raises:
        ConfigError: The format is unknown, or a file can't be read or written.
    """
    if format_name not in FORMATS:
        raise ConfigError(f"--format is csv or jsonl, not {format_name[:20]!r}")
    if out is not None and out.resolve() == log.path.resolve():
        raise ConfigError(f"--out is the log itself: {out}")
    head = None
    try:
        with reading(log.path) as connection, _opened(out) as file:
            write = _writer(format_name, file)
            for row in audit.rows(connection) if connection else ():
                write(row)
                head = Head(count=row.seq, hmac=row.hmac)
    except DamagedError as error:
        raise ConfigError(f"{error}; `bill-mcp audit verify` tells more") from None
    sys.stderr.write(f"head: {visible(head_in_words(head))}\n")
    return 0


@contextmanager
def _opened(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
        return
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(out, flags, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}") from None


def _writer(format_name: str, file: IO[str]) -> _WriteRow:
    if format_name == "jsonl":
        return lambda row: file.write(f"{_json_line(row)}\n")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    return lambda row: writer.writerow(_cells(row))


def _json_line(row: AuditRow) -> str:
    """The row; its content byte by byte as it is authenticated, unless changed."""
    content: Any = row.content
    if row.entry is not None:
        content = json.loads(row.content)
    told = {"content": content, "hmac": row.hmac, "seq": row.seq}
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _cells(row: AuditRow) -> list[str]:
    values = [getattr(row.entry, name, None) for name in _COLUMNS[1:-1]]
    return [_cell(value) for value in (row.seq, *values, row.hmac)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        text = " ".join(str(part) for part in value)
    elif isinstance(value, str | int):
        text = str(value)
    elif hasattr(value, "isoformat"):
        text = value.isoformat()
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = visible(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
