"""Which writes enter a bill of which vendor.

A bill is compared with the vendor's bills at BILL before it is entered. Two that are
compared at the same moment, by whichever processes, would not see each other.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from bill_mcp.records import claims
from bill_mcp.records.claims import State, Write

SCHEMA = """
CREATE TABLE IF NOT EXISTS entering (
  write_id INTEGER PRIMARY KEY REFERENCES writes (id),
  organization TEXT NOT NULL,
  vendor_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entering_by_vendor ON entering (organization, vendor_id);
"""


class Compared(NamedTuple):
    """With what a bill was compared: the vendor's bills, after all writes up to one."""

    vendor_id: str
    newest: int


class Entering(NamedTuple):
    """The writes of one organization that enter bills at one moment.

    Attributes:
        newest: The number of the last write of all.
        open_ones: Those whose outcome is not written down, each after its vendor.
    """

    newest: int
    open_ones: tuple[tuple[str, Write], ...]

    def of(self, vendor_id: str) -> tuple[Write, ...]:
        """Those that enter a bill of the vendor."""
        key = vendor_id.casefold()
        return tuple(write for vendor, write in self.open_ones if vendor == key)


def enter(
    connection: sqlite3.Connection, write_id: int, organization: str, vendor_id: str
) -> None:
    """Note that a write that begins enters a bill of the vendor."""
    connection.execute(
        "INSERT INTO entering VALUES (?, ?, ?)",
        (write_id, organization, vendor_id.casefold()),
    )


def is_outdated(
    connection: sqlite3.Connection, organization: str, compared: Compared
) -> bool:
    """Whether a write that began since the comparing enters a bill of the vendor."""
    row = connection.execute(
        "SELECT 1 FROM entering WHERE organization = ? AND vendor_id = ? "
        "AND write_id > ?",
        (organization, compared.vendor_id.casefold(), compared.newest),
    ).fetchone()
    return row is not None


def under_way(connection: sqlite3.Connection, organization: str) -> Entering:
    """What is known of the writes that enter bills at this moment."""
    rows = connection.execute(
        "SELECT entering.vendor_id, writes.id FROM entering "
        "JOIN writes ON writes.id = entering.write_id "
        "WHERE writes.state = ? AND entering.organization = ?",
        (State.OPEN, organization),
    ).fetchall()
    return Entering(
        claims.newest(connection),
        tuple((row[0], claims.find(connection, row[1])) for row in rows),
    )
