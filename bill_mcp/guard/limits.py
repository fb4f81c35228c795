"""How much may be spent: pure functions of payments, limits and the time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bill_mcp.errors import RefusedError
from bill_mcp.guard.evidence import Payee
from bill_mcp.guard.rules import Limits, Rules
from bill_mcp.records.payments import PaymentPart, Spent, amount_of

REMEMBERED = timedelta(days=31)
"""How far back a payment counts towards the first ones to its vendor."""


def since(rules: Rules | None, now: datetime) -> datetime:
    """From when `check` needs to know what was spent, in UTC."""
    if rules is None or not rules.limits:
        return now
    today = _midnight(_day(now, rules.zone), rules.zone)
    if any(one.first_payment_cents is not None for one in rules.limits.values()):
        return min(today, now - REMEMBERED)
    return today


def check(
    parts: Sequence[PaymentPart],
    spent: Sequence[Spent],
    payees: Mapping[str, Payee],
    rules: Rules | None,
    now: datetime,
) -> None:
    """Let the payments go on if all limits hold with what is spent already.

    Belongs in the transaction that writes the payments' intent: only then no other
    payment comes between.

    Args:
        parts: What the call asks for.
        spent: Every payment of the organization that counts, at least from `since`.
        payees: Who is paid, by vendor id.
        rules: Of the agent that asks.
        now: In UTC.

    Raises:
        RefusedError: A limit would be passed; says which, and what is left of it.
    """
    if rules is None or not rules.limits:
        return
    check_each(parts, rules)
    check_first(parts, spent, payees, rules)
    today = _day(now, rules.zone)
    # Later days too: a clock that went back must not give a day twice.
    of_today = [one for one in spent if _day(one.at, rules.zone) >= today]
    end = _end_in_words(today, rules)
    for currency, asked in _by_currency(parts).items():
        limit = rules.limits[currency].day_cents
        done = sum(one.cents for one in of_today if one.currency == currency)
        if limit is not None and done + asked > limit:
            raise _passed(
                "limit_day",
                f"the organization's limit of {amount_of(limit)} {currency} a day",
                rules.place(f"limits.{currency}.day"),
                done,
                limit,
                end,
            )
    for (vendor, currency), asked in _by_vendor(parts).items():
        limit = rules.limits[currency].vendor_day_cents
        done = _by_vendor(of_today)[vendor, currency]
        if limit is not None and done + asked > limit:
            raise _passed(
                "limit_vendor_day",
                f"the limit of {amount_of(limit)} {currency} a day for one vendor",
                rules.place(f"limits.{currency}.vendor_day"),
                done,
                limit,
                end,
            )


def check_each(parts: Sequence[PaymentPart], rules: Rules) -> None:
    """Let the payments go on if each is within the limit for one.

    What one call pays to one vendor counts as one payment: BILL makes one of it where
    the vendor has ``combinePayments``, which whoever may prepare can switch on.

    Raises:
        RefusedError: One is over it, or in a currency without limits.
    """
    if not rules.limits:
        return
    for part in parts:
        if part.currency not in rules.limits:
            raise RefusedError(
                f"there are limits ({rules.place('limits')}), but none for payments "
                f"in {part.currency}",
                advice=f"Pay in {', '.join(sorted(rules.limits))} only, or ask the "
                "operator for limits in that currency.",
                code="limit_currency",
            )
    for currency, payments in _as_payments(parts):
        limit = rules.limits[currency].payment_cents
        if limit is not None and sum(payments) > limit:
            several = len(payments) > 1
            together = (
                f" by the {len(payments)} to one vendor, which BILL may combine"
                if several
                else ""
            )
            raise RefusedError(
                f"the limit of {amount_of(limit)} {currency} for one payment "
                f"({rules.place(f'limits.{currency}.payment')}) would be passed"
                f"{together}",
                advice=f"Pay at most {amount_of(limit)} {currency} at once"
                f"{' to one vendor' if several else ''}, or ask the operator; do not "
                "split what is due to get round the limit.",
                code="limit_payment",
            )


def check_first(
    parts: Sequence[PaymentPart],
    spent: Sequence[Spent],
    payees: Mapping[str, Payee],
    rules: Rules,
) -> None:
    """Let the payments go on if vendors that were never paid get little.

    All together, until one payment is done: those that BILL lists, those of ours that
    it does not list, and these.

    Raises:
        RefusedError: One would get more than the first payments' limit.
    """
    sent_anew = {part.subject.removeprefix("payment/") for part in parts}
    for (vendor, currency), asked in _by_vendor(parts).items():
        limits: Limits | None = rules.limits.get(currency)
        limit = limits.first_payment_cents if limits else None
        payee = payees.get(vendor)
        # A vendor of whom nothing is known counts as new.
        if limit is None or (payee is not None and not payee.is_first_payment):
            continue
        listed = payee.listed if payee is not None else {}
        counted = sent_anew.union(listed)
        ours = [one for one in spent if one.payment_id not in counted]
        done = _by_vendor(ours)[vendor, currency]
        done += sum(cents for key, cents in listed.items() if key not in sent_anew)
        if done + asked > limit:
            raise _passed(
                "limit_first_payment",
                f"the limit of {amount_of(limit)} {currency} for a vendor that has "
                "not been paid before",
                rules.place(f"limits.{currency}.first_payment"),
                done,
                limit,
                "until one payment to it is known to be done",
            )


def _passed(
    code: str, limit_in_words: str, place: str, done: int, limit: int, end: str
) -> RefusedError:
    left = amount_of(max(0, limit - done))
    return RefusedError(
        f"{limit_in_words} ({place}) would be passed: {amount_of(done)} is spent or "
        f"under way, {left} is left {end}",
        advice=f"Pay at most {left}, wait, or ask the operator for a higher limit.",
        code=code,
    )


def _by_currency(parts: Iterable[PaymentPart]) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in parts:
        found[part.currency] += part.cents
    return found


def _as_payments(parts: Iterable[PaymentPart]) -> Iterator[tuple[str, list[int]]]:
    """Currency and cents of what BILL may make one payment of."""
    of_vendor: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for part in parts:
        if part.vendor_id is None:
            yield part.currency, [part.cents]
        else:
            of_vendor[part.vendor_id, part.currency].append(part.cents)
    for (_, currency), cents in of_vendor.items():
        yield currency, cents


def _by_vendor(
    payments: Iterable[PaymentPart] | Iterable[Spent],
) -> Counter[tuple[str, str]]:
    """Cents by vendor and currency; reimbursements have no vendor."""
    found: Counter[tuple[str, str]] = Counter()
    for one in payments:
        if one.vendor_id is not None:
            found[one.vendor_id, one.currency] += one.cents
    return found


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When *day* begins; where the clocks skip midnight, when they do."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _end_in_words(today: date, rules: Rules) -> str:
    end = _midnight(today + timedelta(days=1), rules.zone).astimezone(rules.zone)
    return f"until {end.isoformat(timespec='minutes')} ({rules.time_zone})"
