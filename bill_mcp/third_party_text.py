"""Finds the text in a reply that third parties, or other people, wrote.

An agent cannot tell a vendor's name from an instruction by looking at it. So each
result says where such text stands, and leaves the text itself unchanged.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

MOST_PATHS = 60
AND_MORE = "…"
"""Stands last where there are more paths than are told."""


def paths(reply: Any, names: Collection[str]) -> list[str]:
    """Where *reply* has text under one of *names*: ``results[].address.line1``.

    Sorted, each path once, whatever the number of rows; empty text does not count.
    """
    found: set[str] = set()
    _find(reply, "", names, found, text_counts=False)
    told = sorted(found)
    return told if len(told) <= MOST_PATHS else [*told[:MOST_PATHS], AND_MORE]


def _find(
    value: Any, path: str, names: Collection[str], found: set[str], *, text_counts: bool
) -> None:
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        for name, part in value.items():
            # Most members are single values that are nobody's text.
            if name in names or isinstance(part, dict | list):
                here = prefix + name
                _find(part, here, names, found, text_counts=name in names)
    elif isinstance(value, list):
        here = f"{path}[]"
        for part in value:
            _find(part, here, names, found, text_counts=text_counts)
    elif text_counts and isinstance(value, str) and value:
        found.add(path)
