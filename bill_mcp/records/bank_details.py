"""Where each vendor's money went, as far as this server ever saw: fingerprints only.

Kept so that a change shows even where BILL's audit trail does not. A fingerprint
tells that details are the same, and nothing else of them; the last four characters of
the account, which BILL shows too, are kept for people to compare.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bill_mcp.records.store import RecordFile
from bill_mcp.records.vendor_accounts import (
    Account,
    fingerprint,
    last4_of,
    shown_in,
)

Key = Callable[[], bytes]

SCHEMA = """
CREATE TABLE IF NOT EXISTS bank_details (
    organization TEXT NOT NULL,
    vendor_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    last4 TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    changed_at TEXT,
    replaced_at TEXT,
    PRIMARY KEY (organization, vendor_id, fingerprint)
)
"""
"""One row for each account that a vendor was ever seen with; times in UTC, ISO 8601.

``changed_at``: when it was found in the place of other details; NULL for the first that
this server saw. ``replaced_at``: when others were found in its place; NULL while it is
the vendor's. The fingerprint of having no account is empty.
"""

SEEN_AGAIN_AFTER = timedelta(days=1)
"""Seeing the same details again is written down once a day: reads are many."""


@dataclass(frozen=True, kw_only=True)
class Details:
    """Bank details as they were seen; none of the account itself but its end.

    Attributes:
        last4: Empty where there was no account.
        changed_at: When they were found in the place of others; None for the first.
    """

    fingerprint: str
    last4: str
    first_seen: datetime
    last_seen: datetime
    changed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class History:
    """What was seen of one vendor.

    Attributes:
        current: As last seen; None where this server never saw any.
        old_account: The account before that, where one was ever seen.
    """

    current: Details | None
    old_account: Details | None


class KnownDetails:
    """The table, for those who have no transaction of their own.

    Args:
        file: Where the table is.
        key: Of the fingerprints; with another key everything looks changed.
    """

    def __init__(self, file: RecordFile, key: Key) -> None:
        self._file, self._key = file, key

    def fingerprint(self, account: Account | None) -> str:
        return fingerprint(account, self._key())

    async def history(self, organization: str, vendor_id: str) -> History:
        return await self._file.look(lambda c: history(c, organization, vendor_id))

    async def note(
        self,
        organization: str,
        action: str,
        reply: Mapping[str, Any],
        now: datetime,
        *,
        vendor_id: str | None = None,
    ) -> None:
        """As `note_read`; opens no transaction where the reply shows no details."""
        if any(shown_in(action, reply, vendor_id)):
            await self._file.transact(
                lambda connection: note_read(
                    connection,
                    organization,
                    action,
                    reply,
                    self._key(),
                    now,
                    vendor_id=vendor_id,
                )
            )


def note_read(
    connection: sqlite3.Connection,
    organization: str,
    action: str,
    reply: Mapping[str, Any],
    key: bytes,
    now: datetime,
    *,
    vendor_id: str | None = None,
) -> None:
    """Keep what a reply of BILL shows of bank details, if it shows any.

    Writes where they changed, or were last seen over a day ago; otherwise reads one
    row for each vendor.

    Args:
        connection: In a transaction.
        organization: Whose vendors they are.
        action: What BILL replied to; anything but the vendors' actions is ignored.
        reply: As BILL gave it.
        key: Of the fingerprints.
        now: In UTC.
        vendor_id: The call's argument; some replies don't name the vendor.
    """
    for vendor, account in shown_in(action, reply, vendor_id):
        found = fingerprint(account, key)
        current = _current(connection, organization, vendor)
        if current is None or current.fingerprint != found:
            last4 = last4_of(account)
            _replace(connection, (organization, vendor), found, last4, now)
        elif now - current.last_seen > SEEN_AGAIN_AFTER:
            connection.execute(
                "UPDATE bank_details SET last_seen = ? "
                "WHERE organization = ? AND vendor_id = ? AND fingerprint = ?",
                (now.isoformat(), organization, vendor, found),
            )


def history(
    connection: sqlite3.Connection, organization: str, vendor_id: str
) -> History:
    """What was ever seen of the vendor's bank details."""
    row = connection.execute(
        "SELECT * FROM bank_details WHERE organization = ? AND vendor_id = ? "
        "AND replaced_at IS NOT NULL AND last4 != '' "
        "ORDER BY replaced_at DESC, rowid DESC LIMIT 1",
        (organization, vendor_id),
    ).fetchone()
    return History(
        current=_current(connection, organization, vendor_id),
        old_account=_details(row) if row else None,
    )


def _current(
    connection: sqlite3.Connection, organization: str, vendor_id: str
) -> Details | None:
    row = connection.execute(
        "SELECT * FROM bank_details "
        "WHERE organization = ? AND vendor_id = ? AND replaced_at IS NULL",
        (organization, vendor_id),
    ).fetchone()
    return _details(row) if row else None


def _replace(
    connection: sqlite3.Connection,
    vendor: tuple[str, str],
    found: str,
    last4: str,
    now: datetime,
) -> None:
    """Make *found* what the vendor has; *vendor* is organization and id."""
    at = now.isoformat()
    old = connection.execute(
        "UPDATE bank_details SET replaced_at = ? "
        "WHERE organization = ? AND vendor_id = ? AND replaced_at IS NULL",
        (at, *vendor),
    )
    changed_at = at if old.rowcount else None
    connection.execute(
        "INSERT INTO bank_details VALUES (?, ?, ?, ?, ?, ?, ?, NULL) "
        "ON CONFLICT (organization, vendor_id, fingerprint) DO UPDATE SET "
        "last_seen = excluded.last_seen, changed_at = excluded.changed_at, "
        "replaced_at = NULL",
        (*vendor, found, last4, at, at, changed_at),
    )


def _details(row: sqlite3.Row) -> Details:
    changed_at = row["changed_at"]
    return Details(
        fingerprint=row["fingerprint"],
        last4=row["last4"],
        first_seen=datetime.fromisoformat(row["first_seen"]),
        last_seen=datetime.fromisoformat(row["last_seen"]),
        changed_at=datetime.fromisoformat(changed_at) if changed_at else None,
    )
