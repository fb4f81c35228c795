"""Replies made from the facts about BILL's operations, never from the specs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parents[1] / "facts"


@cache
def operations() -> dict[str, dict[str, Any]]:
    """What is known of each operation, by the canonical name of its action."""
    text = (FACTS / "operations.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def reply_to(name: str) -> Any:
    """A reply with every member that the facts know, each value occurring once."""
    return _sample(operations()[name]["response"] or {}, name, count(1))


def _sample(  # noqa: PLR0911 -- one return a kind
    schema: Mapping[str, Any], path: str, numbers: Iterator[int]
) -> Any:
    number = next(numbers)
    kind = schema.get("type", "object")
    if kind == "object":
        members = schema.get("properties", {})
        return {name: _sample(part, name, numbers) for name, part in members.items()}
    if kind == "array":
        return [_sample(schema["items"], path, numbers) for _ in range(2)]
    if kind == "boolean":
        return number % 2 == 0
    if kind == "integer":
        return number
    if kind == "number":
        return number + 0.25
    if path.endswith("Id"):
        return f"{path}{number:017}"
    formats = {
        "date": f"2026-12-{number % 28 + 1:02}",
        "date-time": f"2026-12-01T09:00:00.{number:03}+00:00",
    }
    return formats.get(schema.get("format", ""), f"{path} Ünï¢ødé \u202e {number}")
