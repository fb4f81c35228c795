"""``bill-mcp audit``: the rows of the log, the newest first."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bill_mcp.audit_cli.log_file import DamagedError, Log, reading
from bill_mcp.errors import ConfigError
from bill_mcp.pages.markup import foreign
from bill_mcp.records import audit
from bill_mcp.records.audit import AuditRow, Filters
from bill_mcp.sessions.audit_custody import FORGEABLE, NotTakenOverError

UNREADABLE = "(unreadable)"
_STYLES = {
    "done": "green",
    "not_done": "yellow",
    "unknown": "bold red",
    "refused": "yellow",
}
_HEADS = ("row", "at (UTC)", "kind", "agent", "action", "outcome", "more")


def show(log: Log, filters: Filters) -> int:
    """Show the rows that are wanted; the exit code of the command."""
    try:
        with reading(log.path) as connection:
            found = audit.rows(connection, filters) if connection else iter(())
            if sys.stdout.isatty():
                _show_table(found)
            else:
                for row in found:  # one line a row, for grep and cut
                    sys.stdout.write("\t".join(_line(row)) + "\n")
    except DamagedError as error:
        raise ConfigError(f"{error}; `bill-mcp audit verify` tells more") from None
    _warn(log)
    return 0


def _show_table(found: Iterable[AuditRow]) -> None:
    table = Table(box=None, pad_edge=False)
    for head in _HEADS:
        table.add_column(head, overflow="fold", no_wrap=head in _HEADS[:3])
    for row in found:
        seq, at, kind, agent, action, outcome, *more = _line(row)
        table.add_row(
            Text(seq, style="dim"),
            at[:19].replace("T", " "),
            kind,
            Text(agent),
            Text(action),
            Text(outcome, style=_STYLES.get(outcome, "")),
            Text(" · ".join(filter(None, more)), style="dim"),
        )
    console = Console(highlight=False)
    if table.row_count:
        console.print(table)
    else:
        console.print("no row is like that")


def _line(row: AuditRow) -> tuple[str, ...]:
    """The cells of a row; texts of others lose what changes how they read."""
    entry = row.entry
    if entry is None:
        return (str(row.seq), "", UNREADABLE, *("",) * 11)
    cells = (
        entry.at.isoformat(timespec="milliseconds"),
        entry.kind,
        entry.agent,
        entry.action,
        entry.outcome,
        entry.verdict,
        " ".join(entry.effects),
        entry.approver,
        " ".join(str(each) for each in entry.bill_ids),
        entry.bill_code,
        entry.organization,
        entry.user,
        entry.write,
    )
    return (str(row.seq), *(foreign(str(cell or "")) for cell in cells))


def _warn(log: Log) -> None:
    try:
        is_beside = log.custody.is_beside_the_log and log.path.exists()
    except NotTakenOverError as error:
        sys.stderr.write(f"bill-mcp: these rows are not checked: {error}\n")
        return
    except ConfigError:  # a locked keyring is no reason not to show the rows
        return
    if is_beside:
        sys.stderr.write(f"bill-mcp: {FORGEABLE}\n")
