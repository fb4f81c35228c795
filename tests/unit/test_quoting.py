"""Text of others hides nothing, reorders nothing, and ends."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bill_mcp.quoting import LONGEST_QUOTE, quoted, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Happy Music", "Happy Music"),
        ("Müller 株式会社", "Müller 株式会社"),
        ("a\nb\tc\x1b[31m", r"a\nb\tc\u001b[31m"),
        ("pay\u202eyap\u200b", r"pay\u202eyap\u200b"),
        ('say "yes"', r"say \"yes\""),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_hides_or_reorders_shows_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert quoted(text) == f'"{shown}"'


def test_long_text_is_cut_where_no_escape_is_cut_in_two() -> None:
    assert quoted("x" * LONGEST_QUOTE) == f'"{"x" * LONGEST_QUOTE}"'
    assert quoted("x" * 81) == f'"{"x" * 79}…"'
    assert quoted("x" * 75 + "\u202e" * 9) == f'"{"x" * 75}…"'


@given(st.text())
def test_quote_is_one_short_line_of_visible_characters(text: str) -> None:
    shown = quoted(text)
    assert len(shown) <= LONGEST_QUOTE + 2
    assert not {unicodedata.category(each) for each in shown} & {"Cc", "Cf", "Zl", "Zp"}
    assert '"' not in shown[1:-1].replace(r"\\", "").replace(r"\"", "")
