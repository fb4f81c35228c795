from __future__ import annotations

from bill_mcp.errors import CallError
from bill_mcp.pages.explaining import for_person
from bill_mcp.pages.markup import foreign, join, tag


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = tag("b", "<i>", title='"&')
    assert inner == '<b title="&quot;&amp;">&lt;i&gt;</b>'
    assert join(inner, "<br>") == f"{inner}&lt;br&gt;"
    assert tag("p", inner) == f"<p>{inner}</p>"


def test_attributes_are_told_as_html_has_them() -> None:
    told = tag(
        "input", class_="a", aria_label="b", required=True, hidden=False, id=None
    )
    assert told == '<input class="a" aria-label="b" required>'


def test_texts_of_others_are_one_short_line() -> None:
    assert foreign("a\u202eb\n\n c\x00\u200b") == "ab c"
    assert foreign("x" * 200) == "x" * 79 + "…"


def test_an_error_without_words_of_its_own_says_its_message_and_advice() -> None:
    error = CallError("it broke", advice="Mend it.")
    assert for_person(error) == "It broke. Mend it."
