"""Where each vendor's money went, as far as this server ever saw: fingerprints only.

Kept so that a change shows even where BILL's audit trail does not. A fingerprint
tells that details are the same, and nothing else of them; the last four characters of
the account, which BILL shows too, are kept for people to compare.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bill_mcp.records.store import RecordFile

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

NO_ACCOUNT = ""
SEEN_AGAIN_AFTER = timedelta(days=1)
"""Seeing the same details again is written down once a day: reads are many."""

_VENDOR = frozenset(
    {
        "bill_create_a_vendor",
        "bill_get_vendor_details",
        "bill_update_a_vendor",
        "bill_archive_a_vendor",
        "bill_restore_an_archived_vendor",
    }
)
_ACCOUNT = frozenset(
    {"bill_create_a_vendor_bank_account", "bill_get_vendor_bank_account_details"}
)
_LIST = "bill_get_list_of_vendors"
_DELETE = "bill_delete_a_vendor_bank_account"
_IDENTIFYING = ("accountNumber", "routingNumber", "nameOnAccount")
_NOT_SHOWN = re.compile(r"^[xX*•.\s-]*[xX]{2,}|[^0-9A-Za-z]")
"""Masks and separators. A single X at the start may be a letter of an IBAN."""

Key = Callable[[], bytes]

Account = Mapping[str, Any]
"""As BILL shows it: with ``accountNumber``, ``routingNumber``, ``nameOnAccount``."""


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
        if any(_seen(action, reply, vendor_id)):
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
    for vendor, account in _seen(action, reply, vendor_id):
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


def fingerprint(account: Account | None, key: bytes) -> str:
    """A name for bank details that equal details share; `NO_ACCOUNT` for none.

    It is made of what BILL shows: the visible part of the account number, the routing
    number and the holder's name. Masks are left out, as they may vary.
    """
    if account is None:
        return NO_ACCOUNT
    holder = " ".join(_text(account.get("nameOnAccount")).casefold().split())
    number, routing = account.get("accountNumber"), account.get("routingNumber")
    shown = [_visible(number), _visible(routing), holder]
    content = json.dumps(shown).encode()
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def last4_of(account: Account | None) -> str:
    """The last four visible characters of the account number; empty for no account."""
    return _visible(account.get("accountNumber"))[-4:] if account else ""


def account_of(vendor: Mapping[str, Any]) -> Account | None:
    """The bank account in a vendor as BILL shows it, if the vendor has one."""
    information = vendor.get("paymentInformation")
    account = _part(information).get("bankAccount")
    return account if _part(account).get("accountNumber") else None


def says_no_account(vendor: Mapping[str, Any]) -> bool:
    """Whether BILL says that the vendor has none; that it shows none is not enough."""
    return vendor.get("bankAccountStatus") == "NO_ACCOUNT"


def _seen(
    action: str, reply: Mapping[str, Any], vendor_id: str | None
) -> Iterator[tuple[str, Account | None]]:
    """Each vendor whose details a reply shows: its id, and its account or None."""
    if action in _VENDOR:
        yield from _seen_in(reply, account_of(reply))
    elif action == _LIST:
        for row in reply.get("results") or ():
            account = account_of(_part(row)) or {}
            # Rows can be thinner than the vendor itself: half an account looks changed.
            is_whole = all(account.get(name) for name in _IDENTIFYING)
            yield from _seen_in(_part(row), account if is_whole else None)
    elif action in _ACCOUNT and vendor_id and reply.get("accountNumber"):
        yield vendor_id, reply
    elif action == _DELETE and vendor_id:
        yield vendor_id, None


def _seen_in(
    vendor: Mapping[str, Any], account: Account | None
) -> Iterator[tuple[str, Account | None]]:
    if vendor.get("id") and (account is not None or says_no_account(vendor)):
        yield str(vendor["id"]), account


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


def _visible(value: Any) -> str:
    return _NOT_SHOWN.sub("", _text(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _part(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
