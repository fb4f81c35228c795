"""Whether the place that a vendor is paid at is new, or changed a short while ago.

Whoever wants somebody else's payment changes the bank details and hopes that it goes
out before anybody notices. So a person looks while they are young.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bill_mcp.bank_days import bank_days_since, central_day
from bill_mcp.guard.evidence import Cause, Reason
from bill_mcp.guard.reading import Read
from bill_mcp.guard.vendor_trail import Change, Trail, read_trail, time_of
from bill_mcp.records.bank_details import History, KnownDetails
from bill_mcp.records.vendor_accounts import (
    NO_ACCOUNT,
    Account,
    account_of,
    last4_of,
    says_no_account,
)

_UNREADABLE = (
    "this vendor's audit trail at BILL is too long to be read to its end, so a change "
    "of its bank details in the last days cannot be ruled out"
)


@dataclass(frozen=True, kw_only=True)
class BankFinding:
    """What is known of where a vendor's money would go.

    Attributes:
        last4: Of the bank account; None where the vendor has none.
        old_last4: Of an earlier account, if one was ever seen.
        reason: Set where it is too new to be paid without a person.
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
    """The vendor's last four digits, and a reason where they are young.

    Judged from what this server saw and wrote, from BILL's audit trail, and from the
    vendor's age. Of a vendor without a bank account, who is paid by check or card, it
    is address, names and e-mail that count. A trail that BILL refuses to show is no
    reason by itself; the text of another reason says so.

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
    # The first of them that has a young change says best what happened, and when.
    for changes in (
        (*trail.changes, *_written(written_at, account)),
        _found(history, current, now),
        (*trail.creations, *_created(vendor_reply)),
    ):
        young = [change for change in changes if _age(change, now) < days]
        if young:
            latest = max(young, key=lambda change: change.at)
            text = _text(latest, _age(latest, now), last4, old_last4, trail)
            break
    else:
        text = _UNREADABLE if trail.is_cut and days > 0 else ""
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


def _age(change: Change, now: datetime) -> int:
    """In US bank days, as BILL counts them."""
    return bank_days_since(central_day(change.at), central_day(now))


def _text(
    change: Change, age: int, last4: str | None, old_last4: str | None, trail: Trail
) -> str:
    ago = f"{age or 'less than 1'} US bank day{'s' if age > 1 else ''} ago"
    if last4:
        end = f"ended in {old_last4} before" if old_last4 else ""
        where = f"its bank account ends in {last4}, and "
        where += end or "nothing is known of an earlier account"
    else:
        where = "it has no bank account"
        where += f", and had one that ended in {old_last4}" if old_last4 else ""
    told = [f"{change.what} {ago}", where, *([trail.trouble] if trail.trouble else ())]
    return "; ".join(told)
