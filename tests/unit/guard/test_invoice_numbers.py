"""When two invoice numbers may be one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bill_mcp.guard.invoice_numbers import same_number

ANY = st.text(max_size=12)
PLAIN = st.text("ABCdef0123-/ #.", max_size=10)
PUNCTUATION = st.sampled_from(["-", " ", "#", "/", ".", "_", "\u200b", "\u2013", ": "])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("INV-001", "inv 1"),
        ("inv 1", "Inv#0001"),
        ("001", "INV-001"),
        ("Invoice No. 42", "42"),
        ("№ 42", "#42"),
        ("2026-01", "2026-1"),
        ("2026-01", "202601"),
        ("A/0017", "a17"),
        ("\uff11\uff12", "12"),
        ("\u0661\u0662", "12"),
        ("STRASSE 1", "straße 1"),
        ("n/a", "NA"),
    ],
)
def test_numbers_that_two_people_write_differently_are_the_same(
    one: str, other: str
) -> None:
    assert same_number(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("INV-1", "INV-10"),
        ("INV-10", "INV-01"),
        ("100", "1"),
        ("CR-1", "1"),
        ("A-1", "B-1"),
        ("A-1", "1"),
        ("INVA1", "A1"),
        ("BONO5", "5"),
        ("INV", "1"),
        ("1", ""),
    ],
)
def test_other_numbers_are_not(one: str, other: str) -> None:
    assert not same_number(one, other)


@given(ANY)
def test_every_number_is_the_same_as_itself(number: str) -> None:
    assert same_number(number, number)


@given(PLAIN, PLAIN)
def test_order_makes_no_difference(one: str, other: str) -> None:
    assert same_number(one, other) == same_number(other, one)


@given(PLAIN)
def test_case_makes_no_difference(number: str) -> None:
    assert same_number(number.upper(), number.lower())


@given(PLAIN, PUNCTUATION, st.integers(0, 10))
def test_punctuation_makes_no_difference_wherever_it_stands(
    number: str, mark: str, at: int
) -> None:
    assert same_number(number, number[:at] + mark + number[at:])


@given(st.text("ABCdef-/ ", max_size=5), st.integers(0, 99999), st.integers(0, 6))
def test_zeros_before_a_number_make_no_difference(
    before: str, number: int, zeros: int
) -> None:
    assert same_number(f"{before}{number}", f"{before}{'0' * zeros}{number}")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_two_numbers_of_one_series_differ(one: int, other: int) -> None:
    assert same_number(f"INV-{one}", f"inv {other:06}") == (one == other)
