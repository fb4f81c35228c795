"""Whether the place that a vendor is paid at is new, or changed a short while ago.

Whoever wants somebody else's payment changes the bank details and hopes that it goes
out before anybody notices. So a person looks while they are young, or may be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bill_mcp.bank_days import bank_days_since, central_day
from bill_mcp.guard.evidence import Cause, Reason
from bill_mcp.guard.reading import Read
from bill_mcp.guard.vendor_trail import Change, read_trail, time_of
from bill_mcp.records.bank_details import History, KnownDetails
from bill_mcp.records.vendor_accounts import (
    NO_ACCOUNT,
    Account,
    account_of,
    last4_of,
    says_no_account,
)


@dataclass(frozen=True, kw_only=True)
class BankFinding:
    """What is known of where a vendor's money would go.

    Attributes:
        last4: Of the bank account; None where the vendor has none.
        old_last4: Of an earlier account, if one was ever seen.
        reason: Set where it is too new to be paid without a person, or may be.
    """

    last4: str | None
    old_last4: str | None
    reason: Reason | None


async def examine(
    read: Read,
    vendor_reply: Mapping[str, Any],
    *,
    organization: str,
    known: KnownDetails,
    now: datetime,
    days: int,
    written_at: datetime | None = None,
) -> BankFinding:
    """The vendor's last four digits, and a reason where they are or may be young.

    Judged from what this server saw and wrote, from BILL's audit trail, and from the
    vendor's age. Of a vendor without a bank account, who is paid by check or card, it
    is address, names and e-mail that count. What a trail that can't be read would tell
    is made up for only by this server having seen the same account long enough.

    Args:
        read: Reads at BILL.
        vendor_reply: BILL's reply to bill_get_vendor_details, read just now.
        organization: Whose vendor it is.
        known: What this server saw before; it is not changed here.
        now: In UTC.
        days: How many US bank days are a short while; 0 for none.
        written_at: When this server itself last entered the details, in UTC.
    """
    vendor_id = str(vendor_reply.get("id") or "")
    account = account_of(vendor_reply)
    history = await known.history(organization, vendor_id)
    trail = await read_trail(read, vendor_id, has_account=account is not None)
    shown = account is not None or says_no_account(vendor_reply)
    current = known.fingerprint(account) if shown else None
    last4 = last4_of(account) or None
    old_last4 = _old_last4(history, current) or trail.old_last4
    where = _where(last4, old_last4, is_shown=shown)
    text = ""
    # The first of them that has a young change says best what happened, and when.
    for changes in (
        (*trail.changes, *_written(written_at, account)),
        _found(history, current, now),
        (*trail.creations, *_created(vendor_reply)),
    ):
        young = [change for change in changes if _age(change.at, now) < days]
        if young:
            latest = max(young, key=lambda change: change.at)
            told = [f"{latest.what} {_ago(latest.at, now)}", where, trail.trouble]
            text = "; ".join(filter(None, told))
            break
    else:
        # An account of which nothing is visible is not known again.
        seen_at = _seen_at(history, current, now) if last4 else None
        is_old = days <= 0 or (seen_at is not None and _age(seen_at, now) >= days)
        if trail.trouble and not is_old:
            text = _unknown(trail.trouble, where, seen_at, now)
    reason = Reason(cause=Cause.BANK_DETAILS, text=text, object_id=vendor_id)
    return BankFinding(
        last4=last4, old_last4=old_last4, reason=reason if text else None
    )


def _written(written_at: datetime | None, account: Account | None) -> Sequence[Change]:
    if written_at is None:
        return ()
    what = (
        "its payee details were"
        if account is None
        else "its bank account or connection was"
    )
    return (Change(what=f"{what} entered through this server", at=written_at),)


def _found(history: History, current: str | None, now: datetime) -> Sequence[Change]:
    """A change since this server first saw the vendor, as early as it was noticed."""
    last = history.current
    if last is None or current is None:
        return ()
    at = last.changed_at if last.fingerprint == current else now
    if at is None:
        return ()
    what = "its bank account was found to be another one"
    if not _old_last4(history, current):
        what = "it was found to have a bank account where it had none"
    if current == NO_ACCOUNT:
        what = "its bank account was found to be removed"
    return (Change(what=what, at=at),)


def _created(vendor: Mapping[str, Any]) -> Sequence[Change]:
    at = time_of(vendor.get("createdTime"))
    return () if at is None else (Change(what="the vendor was created", at=at),)


def _old_last4(history: History, current: str | None) -> str | None:
    last = history.current
    if last is not None and last.last4 and last.fingerprint != current:
        return last.last4
    return history.old_account.last4 if history.old_account else None


def _seen_at(history: History, current: str | None, now: datetime) -> datetime:
    """When this server first saw the present account; it saw no other one since."""
    last = history.current
    if last is None or last.fingerprint != current:
        return now
    return last.changed_at or last.first_seen


def _age(moment: datetime, now: datetime) -> int:
    """In US bank days, as BILL counts them."""
    return bank_days_since(central_day(moment), central_day(now))


def _ago(moment: datetime, now: datetime) -> str:
    age = _age(moment, now)
    return f"{age or 'less than 1'} US bank day{'s' if age > 1 else ''} ago"


def _where(last4: str | None, old_last4: str | None, *, is_shown: bool) -> str:
    if last4:
        end = f"ended in {old_last4} before" if old_last4 else ""
        where = f"its bank account ends in {last4}, and "
        return where + (end or "nothing is known of an earlier account")
    where = "it has no bank account" if is_shown else "BILL shows no bank account of it"
    return where + (f", and had one that ended in {old_last4}" if old_last4 else "")


def _unknown(trouble: str, where: str, seen_at: datetime | None, now: datetime) -> str:
    """Told of details that may be young; *seen_at* is None where none are kept."""
    told = "this server keeps nothing to see a change of where its money goes by"
    if seen_at is not None:
        told = f"this server first saw this account {_ago(seen_at, now)}"
    doubt = "so it is unknown since when its money goes where it does"
    return f"{trouble}, {doubt}; {where}; {told}"
