"""``bill-mcp audit verify``: is the log whole, and what could this check not find?"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator

from bill_mcp.audit_cli.log_file import DamagedError, Log, reading
from bill_mcp.clock import Clock
from bill_mcp.errors import ConfigError
from bill_mcp.records import audit, audit_chain
from bill_mcp.records.audit import Audit, AuditEntry, Kind
from bill_mcp.records.audit_chain import Head, Report
from bill_mcp.records.store import RecordFile
from bill_mcp.sessions.audit_custody import FORGEABLE

WHOLE, NOT_WHOLE = 0, 1


def verify(log: Log) -> int:
    """Check the log and say what was found; 0 whole, 1 not.

    Raises:
        ConfigError: The log or its key can't be read.
    """
    try:
        report = checked(log)
    except DamagedError as error:
        say(f"NOT WHOLE: {error}")
        return NOT_WHOLE
    for line in result_lines(report):
        say(line)
    _say_limits(log, report)
    return WHOLE if report.is_whole else NOT_WHOLE


def accept(log: Log, clock: Clock) -> int:
    """Take the log as it is: that becomes a row of it, and its end is known anew.

    Raises:
        ConfigError: There is no log, or it can't be written.
    """
    if not log.path.exists():
        raise ConfigError(f"there is no log at {log.path}: nothing to accept")
    try:
        report = checked(log)
    except DamagedError as error:
        raise ConfigError(f"{error}; move the file away first") from None
    if report.is_whole:
        raise ConfigError("the log is whole: there is nothing to accept")
    entry = AuditEntry(
        at=clock.now(), kind=Kind.ACCEPTED, arguments=as_recorded(report)
    )
    seq, head = added(log, lambda c: Audit(log.custody.key).accept(c, entry))
    if head is not None:
        log.custody.replace_head(log.path, head)
    for line in result_lines(report):
        say(line)
    say(f"accepted: row {seq} says what was found, and the end of the log is known")
    return WHOLE


def added(
    log: Log, add: Callable[[sqlite3.Connection], int]
) -> tuple[int, Head | None]:
    """The number of the row that *add* writes into the log, and the end after it."""
    records = RecordFile(log.path, (audit.SCHEMA,))
    try:
        return records.transact_now(add), records.look_now(audit.head)
    finally:
        records.close()


def checked(log: Log) -> Report:
    """What a check of every row finds.

    Raises:
        ConfigError: The log or its key can't be read.
        DamagedError: The file is broken.
    """
    # The kept head first: rows that are added meanwhile come after it.
    kept = log.custody.head(log.path)
    with reading(log.path) as connection:
        if connection is None or audit.head(connection) is None:
            return audit_chain.check((), b"", kept)
        key = log.custody.find_key()
        if key is None:
            raise ConfigError(
                f"there is no key of the audit log in {log.custody.where}, so nothing "
                "can be checked. Set BILL_MCP_KEY, or unlock the keyring, as for serve"
            )
        return Audit(lambda: key).verify(connection, kept)


def head_in_words(head: Head | None) -> str:
    return f"row {head.count}, {head.hmac}" if head else "none"


def result_lines(report: Report) -> Iterator[str]:
    """Whether the log is whole, what is wrong with it, and where it ends."""
    if report.is_whole and not report.rows:
        yield "whole: nothing has been logged yet"
    elif report.is_whole and report.kept is None:
        yield (
            f"whole as far as it goes: {report.rows} rows, none changed. No head was "
            "kept for a file at this place, as after BILL_MCP_HOME was moved or "
            "copied: compare the head with one that you know"
        )
    elif report.is_whole:
        yield f"whole: {report.rows} rows, none changed, none missing"
    else:
        first = report.problems[0].seq
        count = report.problem_count
        yield f"NOT WHOLE: {count} problems; the first bad row is {first}"
        for problem in report.problems:
            yield f"  row {problem.seq}: {problem.what}"
        if report.problem_count > len(report.problems):
            yield "  and more"
        if report.other_keys:
            yield (
                "  rows name other keys than the one that was found here "
                f"({', '.join(report.other_keys)}): check again with the keyring or "
                "BILL_MCP_KEY that the servers use"
            )
    yield f"head: {head_in_words(report.head)}"
    yield f"kept head: {head_in_words(report.kept)}"


def _say_limits(log: Log, report: Report) -> None:
    where = log.custody.where
    say("What this check can't find:")
    say(f"  - a log written anew by somebody who has the key (in {where})")
    if report.kept is None:
        say("  - rows that were removed at the end: no head was kept")
    else:
        say(f"  - rows after row {report.kept.count}, if all of them were removed")
        say(f"  - rows removed at the end together with the head kept in {where}")
    if log.custody.is_beside_the_log:
        say(f"  - {FORGEABLE}")


def as_recorded(report: Report) -> dict[str, object]:
    """What was found, for the row that says that it was accepted."""
    return {
        "rows": report.rows,
        "problem_count": report.problem_count,
        "problems": [f"row {each.seq}: {each.what}" for each in report.problems],
        "kept_head": head_in_words(report.kept),
    }


def say(text: str) -> None:
    """Write a line; what stands in a changed file can't play with the terminal."""
    sys.stdout.write(f"{printable(text)}\n")


def printable(text: str) -> str:
    """The text, with nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in text)
