"""Which payments at BILL are another write's, so that no look-up takes them twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from bill_mcp.records import claims
from bill_mcp.records.claims import SettledBy, State, Write


def of_others(
    connection: sqlite3.Connection, write: Write, payments: Mapping[str, str | None]
) -> dict[str, bool]:
    """Those of the payments that are not *write*'s, and whether that is certain.

    It is where BILL's answer named the payment, or where a number of ours is on it,
    which is random. It is not where the other write found the payment by a look-up, or
    where a caller chose the number.

    Args:
        connection: Of the journal.
        write: The one that is looked up.
        payments: Ids of payments at BILL, each with its transaction number.
    """
    found = {}
    for key, number in payments.items():
        of_another = [
            *_that_made(connection, write, key),
            *(_that_sent(connection, write, number) if number else ()),
        ]
        if of_another:
            found[key] = any(of_another)
    return found


def _that_made(
    connection: sqlite3.Connection, write: Write, payment_id: str
) -> list[bool]:
    rows = connection.execute(
        "SELECT w.settled_by FROM claims c JOIN writes w ON w.id = c.write_id "
        "WHERE c.organization = ? AND c.payment_id = ? AND c.write_id != ? "
        # A look-up may have named a payment of a write that then turned out not sent.
        "AND w.state != ?",
        (write.organization, payment_id, write.id, State.NOT_DONE),
    )
    return [row["settled_by"] == SettledBy.ANSWER for row in rows]


def _that_sent(connection: sqlite3.Connection, write: Write, number: str) -> list[bool]:
    if number in {write.transaction_number, write.known.get("number")}:
        return []
    rows = connection.execute(
        "SELECT transaction_number FROM writes WHERE organization = ? AND id != ? "
        "AND (transaction_number = ? OR json_extract(known, '$.number') = ?)",
        (write.organization, write.id, number, number),
    )
    return [row["transaction_number"] == number for row in rows]


def nobody_elses(
    connection: sqlite3.Connection, write: Write, payments: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """For each subject the likeliest payment that no other write has made."""
    found = {}
    for subject, keys in payments.items():
        taken = claims.claimed_payments(connection, write, keys)
        free = [key for key in keys if key not in taken]
        if free:
            found[subject] = free[0]
    return found


def name_payments(
    connection: sqlite3.Connection, write: Write, payments: Mapping[str, str]
) -> None:
    """Note which payment each of the write's claims made, by subject."""
    connection.executemany(
        "UPDATE claims SET payment_id = ? WHERE write_id = ? AND subject = ?",
        [(key, write.id, subject) for subject, key in payments.items()],
    )
