"""How lists of filters, sort keys and ids become BILL's one string in a query."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bill_mcp.errors import ArgumentsError

_LIST_OPERATORS = ("in", "nin")


def encode(name: str, kind: str, value: Any) -> str:
    """BILL's string for *value*, which is that string already, or a list.

    Raises:
        ArgumentsError: A value can't be written in BILL's notation.
    """
    if isinstance(value, str):
        return value
    encoders: dict[str, Callable[[str, Any], str]] = {
        "filters": _filter,
        "sort": _sort_key,
        "comma": _id,
    }
    return ",".join(encoders[kind](name, part) for part in value)


def _filter(name: str, part: Mapping[str, Any]) -> str:
    operator, value = part["op"], part["value"]
    if isinstance(value, list) != (operator in _LIST_OPERATORS):
        raise _unwritable(
            name,
            "in and nin take a list of values, every other operator a single value",
        )
    if isinstance(value, list):
        text = ",".join(_plain_in_list(name, one) for one in value)
    else:
        text = _plain(name, value)
    if not text:
        raise _unwritable(name, "the list of values is empty")
    if operator in _LIST_OPERATORS or set(text) & {":", ","}:
        text = f'"{text}"'
    return f"{part['field']}:{operator}:{text}"


def _plain_in_list(name: str, value: Any) -> str:
    text = _plain(name, value)
    if "," in text:
        raise _unwritable(name, "a value in a list has a comma, which would split it")
    return text


def _plain(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if '"' in text or not text.strip():
        raise _unwritable(name, "a value is empty or has a double quote in it")
    return text


def _sort_key(name: str, part: Mapping[str, Any]) -> str:
    return f"{part['field']}:{part['order']}"


def _id(name: str, part: str) -> str:
    if "," in part or part != part.strip() or not part.isprintable():
        raise _unwritable(name, "an id has a comma, a space or a control character")
    return part


def _unwritable(name: str, why: str) -> ArgumentsError:
    return ArgumentsError(
        f"{name} cannot be written in BILL's notation: {why}",
        advice=f"Change {name} and call again.",
        faults=[{"path": name, "message": why}],
    )
