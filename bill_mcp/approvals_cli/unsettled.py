"""The payments whose end nobody knows yet, for a person: open and unknown ones."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bill_mcp.quoting import visible
from bill_mcp.records.claims import State, Write
from bill_mcp.records.intents import asker_of
from bill_mcp.records.payments import PaymentPart, amount_of

NOTHING = "no payment is open or unknown"
HEADS = (
    "state",
    "payment",
    "payee",
    "sent (UTC)",
    "agent",
    "organization",
    "next look-up (UTC)",
)
_WORDS = {State.OPEN: "on its way", State.UNKNOWN: "unknown"}


def show_unsettled(writes: Sequence[Write]) -> None:
    """Show them, one line a payment; nothing of it can be decided here."""
    if not writes:
        sys.stdout.write(f"{NOTHING}\n")
        return
    rows = [row for write in writes for row in _rows(write)]
    if not sys.stdout.isatty():  # one line a payment, for grep
        for row in rows:
            sys.stdout.write("\t".join(row) + "\n")
        return
    table = Table(title="Payments that are not settled", box=None, pad_edge=False)
    for head in HEADS:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)


def _rows(write: Write) -> list[tuple[str, ...]]:
    due, asker = _time(write.look_at or write.deadline), asker_of(write)
    return [
        (
            _WORDS.get(write.state, str(write.state)),
            _payment(claim.part),
            visible(claim.part.payee[:80]),
            _time(write.begun),
            visible(asker.agent),
            visible(asker.organization),
            due,
        )
        for claim in write.claims
    ]


def _payment(part: PaymentPart) -> str:
    return f"{amount_of(part.cents)} {part.currency} {visible(part.subject)}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
