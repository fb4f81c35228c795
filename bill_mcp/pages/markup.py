"""HTML whose texts are escaped unless they are markup already.

A page is built of calls, never of joined strings, so that no text can become markup by
being forgotten.
"""

from __future__ import annotations

import unicodedata
from html import escape

_WITHOUT_END = frozenset({"input", "meta", "br", "link"})
LONGEST_FOREIGN_TEXT = 80


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | bool | int | None) -> Html:
    """One element. ``class_`` is ``class``, ``aria_label`` is ``aria-label``.

    An attribute that is True stands without a value; False and None leave it out.
    """
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _WITHOUT_END:
        return Html(f"<{name}{told}>")
    return Html(f"<{name}{told}>{join(*children)}</{name}>")


def join(*parts: str) -> Html:
    """Elements and texts one after the other."""
    return Html("".join(p if isinstance(p, Html) else escape(p) for p in parts))


def foreign(text: str) -> str:
    """Text of others on one line: cut, and without what changes how it reads."""
    words = " ".join(text.split())
    plain = "".join(c for c in words if unicodedata.category(c)[0] != "C")
    if len(plain) > LONGEST_FOREIGN_TEXT:
        plain = f"{plain[: LONGEST_FOREIGN_TEXT - 1]}…"
    return plain


def _attribute(key: str, value: str | bool | int | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
