"""How much may be spent on a day, on a vendor, and on one never paid before."""

from datetime import UTC, datetime, timedelta

import pytest
from support.payments import TABLE, part, payee, rules

from bill_mcp.errors import Outcome, RefusedError
from bill_mcp.guard import limits
from bill_mcp.guard.rules import Rules
from bill_mcp.records.payments import PaymentPart, Spent

NOON = datetime(2026, 11, 23, 18, tzinfo=UTC)
"""Noon in Chicago; the day began at 06:00 UTC."""


def spent(
    cents: int,
    at: datetime = NOON,
    *,
    vendor: str | None = "009A",
    currency: str = "USD",
) -> Spent:
    return Spent(vendor_id=vendor, cents=cents, currency=currency, at=at)


def check(
    given: Rules | None,
    *parts: PaymentPart,
    before: list[Spent] | None = None,
    first: bool = False,
    now: datetime = NOON,
) -> None:
    payees = {one: payee(one, first=first) for one in ("009A", "009B")}
    limits.check(parts, before or [], payees, given, now)


def refusal(
    given: Rules,
    *parts: PaymentPart,
    before: list[Spent] | None = None,
    first: bool = False,
    now: datetime = NOON,
) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        check(given, *parts, before=before, first=first, now=now)
    assert caught.value.outcome is Outcome.NOT_DONE
    return caught.value


A_DAY = rules(limits={"USD": {"day": 200}})


def test_day_is_of_the_whole_organization() -> None:
    others = [spent(9_000, vendor="009B"), spent(1_000, vendor=None)]
    check(A_DAY, part(10_000), before=others)
    told = refusal(A_DAY, part(10_001), before=others)
    assert told.code == "limit_day"
    assert str(told) == (
        f"the organization's limit of 200.00 USD a day ({TABLE}.limits.USD.day) would "
        "be passed: 100.00 is spent or under way, 100.00 is left until "
        "2026-11-24T00:00-06:00 (America/Chicago)"
    )
    assert told.advice.startswith("Pay at most 100.00, wait,")


def test_parts_of_one_call_add_up() -> None:
    check(A_DAY, part(10_000), part(10_000, vendor="009B"))
    assert refusal(A_DAY, part(10_000), part(10_001, vendor="009B")).code == "limit_day"


def test_other_currencies_do_not_count_and_need_limits_of_their_own() -> None:
    both = rules(limits={"USD": {"day": 200}, "EUR": {"day": 10}})
    check(both, part(20_000), before=[spent(1_000, currency="EUR")])
    euros = part(1, currency="EUR")
    assert refusal(both, euros, before=[spent(1_000, currency="EUR")]).code == (
        "limit_day"
    )
    assert refusal(A_DAY, euros).code == "limit_currency"


def test_limit_of_one_payment_holds_here_too() -> None:
    assert refusal(rules(limits={"USD": {"payment": 1}}), part(101)).code == (
        "limit_payment"
    )


def test_day_begins_at_midnight_where_the_policy_says() -> None:
    evening = datetime(2026, 11, 24, 5, 59, tzinfo=UTC)  # 23:59 in Chicago
    full = [spent(20_000)]
    assert refusal(A_DAY, part(1), before=full, now=evening).code == "limit_day"
    check(A_DAY, part(20_000), before=full, now=evening + timedelta(minutes=1))
    elsewhere = rules(limits={"USD": {"day": 200}}, time_zone="Asia/Tokyo")
    check(elsewhere, part(20_000), before=[spent(20_000, NOON - timedelta(hours=4))])
    told = refusal(elsewhere, part(1), before=full)
    assert "until 2026-11-25T00:00+09:00 (Asia/Tokyo)" in str(told)


@pytest.mark.parametrize(
    ("first", "last", "end"),
    [  # days of 23 and of 25 hours
        ("2026-03-08T06:00", "2026-03-09T04:59", "2026-03-09T00:00-05:00"),
        ("2026-11-01T05:00", "2026-11-02T05:59", "2026-11-02T00:00-06:00"),
    ],
)
def test_day_on_which_the_clocks_change_is_one_day(
    first: str, last: str, end: str
) -> None:
    begin = datetime.fromisoformat(first).replace(tzinfo=UTC)
    finish = datetime.fromisoformat(last).replace(tzinfo=UTC)
    full = [spent(20_000, begin)]
    assert f"until {end} " in str(refusal(A_DAY, part(1), before=full, now=finish))
    check(A_DAY, part(1), before=full, now=finish + timedelta(minutes=1))
    before = [spent(20_000, begin - timedelta(minutes=1))]
    check(A_DAY, part(20_000), before=before, now=begin)
    assert limits.since(A_DAY, finish) == begin


def test_clock_that_went_back_gives_no_day_twice() -> None:
    tomorrow = NOON + timedelta(days=1)
    told = refusal(A_DAY, part(1), before=[spent(20_000, tomorrow)])
    assert told.code == "limit_day"


def test_limit_lowered_below_what_is_spent_leaves_nothing_and_not_less() -> None:
    told = refusal(A_DAY, part(1), before=[spent(90_000)])
    assert "900.00 is spent or under way, 0.00 is left" in str(told)


def test_vendor_has_a_day_of_its_own() -> None:
    given = rules(limits={"USD": {"vendor_day": 80}})
    before = [spent(5_000), spent(8_000, vendor="009B"), spent(9_000, vendor=None)]
    check(given, part(3_000), before=before)
    told = refusal(given, part(3_001), before=before)
    assert told.code == "limit_vendor_day"
    assert str(told) == (
        "the limit of 80.00 USD a day for one vendor "
        f"({TABLE}.limits.USD.vendor_day) would be passed: 50.00 is spent or under "
        "way, 30.00 is left until 2026-11-24T00:00-06:00 (America/Chicago)"
    )
    assert refusal(given, part(1_500), part(1_501), before=before).code == told.code
    check(given, part(90_000, vendor=None), before=before)


def test_first_payments_to_a_vendor_add_up_over_the_days() -> None:
    given = rules(limits={"USD": {"first_payment": 500}})
    before = [spent(40_000, NOON - timedelta(days=20)), spent(9_000, vendor="009B")]
    check(given, part(10_000), before=before, first=True)
    check(given, part(90_000), before=before, first=False)
    told = refusal(given, part(10_001), before=before, first=True)
    assert told.code == "limit_first_payment"
    assert "400.00 is spent or under way, 100.00 is left until one payment" in str(told)
    check(given, part(90_000, vendor=None), before=before, first=True)


def test_without_limits_everything_goes() -> None:
    for given in (None, rules()):
        check(given, part(10**12, currency="EUR"), before=[spent(10**12)], first=True)
        assert limits.since(given, NOON) == NOON


def test_spent_rows_are_needed_since_midnight_or_for_first_payments_31_days() -> None:
    assert limits.since(A_DAY, NOON) == datetime(2026, 11, 23, 6, tzinfo=UTC)
    first = rules(limits={"USD": {"first_payment": 500}})
    assert limits.since(first, NOON) == NOON - timedelta(days=31)


def test_day_begins_when_the_clocks_skip_midnight() -> None:
    # On 2026-04-24 Cairo's clocks go from 00:00 to 01:00.
    cairo = rules(limits={"USD": {"day": 200}}, time_zone="Africa/Cairo")
    begin = datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert limits.since(cairo, begin + timedelta(hours=5)) == begin
    before = [spent(20_000, begin - timedelta(seconds=1))]
    check(cairo, part(20_000), before=before, now=begin)
    full = [spent(20_000, begin)]
    told = refusal(cairo, part(1), before=full, now=begin + timedelta(hours=22))
    assert told.code == "limit_day"
