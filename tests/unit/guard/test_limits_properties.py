"""No order of payments passes a limit, as a sum that the test makes for itself."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from support.payments import part, payee, rules

from bill_mcp.errors import RefusedError
from bill_mcp.guard import limits
from bill_mcp.records.payments import PaymentPart, Spent

ZONES = ["America/Chicago", "Asia/Tokyo", "Europe/Berlin", "America/Havana", "UTC"]
STARTS = [  # some days before clocks change, in one of the zones or another
    datetime(2026, 3, 6, 20, tzinfo=UTC),
    datetime(2026, 10, 23, 20, tzinfo=UTC),
    datetime(2026, 10, 30, 20, tzinfo=UTC),
]
VENDORS, CURRENCIES = ["009A", "009B", None], ["USD", "EUR", "JPY"]

amounts = st.integers(0, 300).map(lambda cents: cents / 100)
tables = st.dictionaries(
    st.sampled_from(["USD", "EUR"]),
    st.dictionaries(
        st.sampled_from(["payment", "day", "vendor_day", "first_payment"]),
        amounts,
        min_size=1,
    ),
    min_size=1,
)
parts = st.builds(
    part,
    st.integers(1, 200),
    vendor=st.sampled_from(VENDORS),
    currency=st.sampled_from(CURRENCIES),
)
calls = st.tuples(
    st.integers(0, 2 * 3600) | st.integers(0, 86_400),  # seconds since the call before
    st.lists(parts, min_size=1, max_size=3),
    st.sampled_from(["done", "unknown", "open", "not_done"]),
)


class Payments:
    """What went out, as a journal would tell it, and what nobody has been paid yet."""

    def __init__(self) -> None:
        self.counted: list[tuple[PaymentPart, datetime]] = []
        self.paid: set[str | None] = set()

    def spent_since(self, moment: datetime) -> list[Spent]:
        return [
            Spent(vendor_id=p.vendor_id, cents=p.cents, currency=p.currency, at=at)
            for p, at in self.counted
            if at >= moment
        ]


@settings(max_examples=200, deadline=None)
@given(
    tables,
    st.sampled_from(ZONES),
    st.sampled_from(STARTS),
    st.lists(calls, max_size=25),
)
def test_no_order_of_payments_passes_a_limit(
    table: dict[str, dict[str, float]],
    zone: str,
    start: datetime,
    wanted: list[tuple[int, list[PaymentPart], str]],
) -> None:
    given_rules = rules(limits=table, time_zone=zone)
    now, world = start, Payments()
    first: dict[tuple[str | None, str], int] = defaultdict(int)
    for wait_s, asked, ending in wanted:
        now += timedelta(seconds=wait_s)
        payees = {
            one: payee(one, first=one not in world.paid) for one in VENDORS if one
        }
        before = world.spent_since(limits.since(given_rules, now))
        try:
            limits.check(asked, before, payees, given_rules, now)
        except RefusedError:
            continue
        if ending == "not_done":
            continue
        for one in asked:
            if one.vendor_id not in world.paid:
                first[one.vendor_id, one.currency] += one.cents
        assert_combined_within(table, asked)
        world.counted += [(one, now) for one in asked]
        if ending == "done":
            world.paid |= {one.vendor_id for one in asked}
    assert_within(table, ZoneInfo(zone), world.counted, first)


def assert_combined_within(
    table: dict[str, dict[str, float]], asked: list[PaymentPart]
) -> None:
    """Where BILL makes one payment of all that a call pays to a vendor."""
    sums: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for one in asked:
        if one.vendor_id is not None:
            sums[one.vendor_id, one.currency] += Fraction(one.cents, 100)
    for (_, currency), amount in sums.items():
        assert amount <= most(table, currency, "payment")


def assert_within(
    table: dict[str, dict[str, float]],
    zone: ZoneInfo,
    counted: list[tuple[PaymentPart, datetime]],
    first: dict[tuple[str | None, str], int],
) -> None:
    """Sums in fractions of major units, by the calendar on the wall."""
    days: dict[Any, Fraction] = defaultdict(Fraction)
    vendor_days: dict[Any, Fraction] = defaultdict(Fraction)
    for one, at in counted:
        amount, wall = Fraction(one.cents, 100), at.astimezone(zone).strftime("%F")
        assert one.currency in table
        assert amount <= most(table, one.currency, "payment")
        days[one.currency, wall] += amount
        if one.vendor_id is not None:
            vendor_days[one.currency, wall, one.vendor_id] += amount
    for (currency, _), amount in days.items():
        assert amount <= most(table, currency, "day")
    for (currency, _, _), amount in vendor_days.items():
        assert amount <= most(table, currency, "vendor_day")
    for (vendor, currency), cents in first.items():
        if vendor is not None:
            assert Fraction(cents, 100) <= most(table, currency, "first_payment")


def most(table: dict[str, dict[str, float]], currency: str, name: str) -> Fraction:
    return Fraction(str(table[currency].get(name, 10**9)))


@settings(max_examples=100, deadline=None)
@given(tables, st.lists(parts, min_size=1, max_size=3), st.lists(parts, max_size=6))
def test_more_spent_never_allows_more(
    table: dict[str, dict[str, float]],
    asked: list[PaymentPart],
    before: list[PaymentPart],
) -> None:
    given_rules, now = rules(limits=table), STARTS[0]
    payees = {one: payee(one, first=True) for one in VENDORS if one}
    spent = [
        Spent(vendor_id=p.vendor_id, cents=p.cents, currency=p.currency, at=now)
        for p in before
    ]
    refused = False
    for count in range(len(spent) + 1):
        try:
            limits.check(asked, spent[:count], payees, given_rules, now)
        except RefusedError:
            refused = True
        else:
            assert not refused


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(STARTS),
    st.integers(0, 90 * 3600),
    st.integers(0, 86_400),
)
def test_day_ends_at_midnight_on_the_wall_of_the_policys_zone(
    zone: str, start: datetime, until_first_s: int, until_next_s: int
) -> None:
    given_rules = rules(limits={"USD": {"day": 1}}, time_zone=zone)
    first = start + timedelta(seconds=until_first_s)
    now = first + timedelta(seconds=until_next_s)
    days = {at.astimezone(ZoneInfo(zone)).strftime("%F") for at in (first, now)}
    since = limits.since(given_rules, now)
    spent = [Spent(vendor_id="009A", cents=100, currency="USD", at=first)]
    assert (first >= since) == (len(days) == 1)
    refused = False
    try:
        limits.check([part(1)], spent, {}, given_rules, now)
    except RefusedError:
        refused = True
    assert refused == (len(days) == 1)
