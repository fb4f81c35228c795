"""Which fields a reply has, and whether they are those of the facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

JSON_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def fields_of(schema: Any, start: str = "") -> Iterator[str]:
    """Every field that a schema knows, as a dotted path; arrays are seen through."""
    if "items" in schema:
        yield from fields_of(schema["items"], start)
    for name, inner in schema.get("properties", {}).items():
        yield f"{start}{name}"
        yield from fields_of(inner, f"{start}{name}.")


def fields_in(value: Any, start: str = "") -> Iterator[str]:
    """Every field that a reply has, in the same way."""
    if isinstance(value, list):
        for each in value:
            yield from fields_in(each, start)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{start}{name}"
            yield from fields_in(inner, f"{start}{name}.")


def misfits(schema: Any, value: Any, path: str = "") -> Iterator[str]:
    """Where a reply has a field that the schema does not know, or of another type."""
    kind = schema.get("type", "object")
    if not is_a(kind, value):
        yield f"{path or 'the reply'} is no {kind}"
    elif isinstance(value, list):
        for each in value:
            yield from misfits(schema["items"], each, f"{path}[]")
    elif isinstance(value, dict) and "properties" in schema:
        for name, inner in value.items():
            known = schema["properties"].get(name)
            where = f"{path}.{name}".lstrip(".")
            if known is None:
                yield f"{where} is unknown"
            else:
                yield from misfits(known, inner, where)


def is_a(kind: Any, value: Any) -> bool:
    """Say whether JSON Schema's type, or one of several, is the value's."""
    if isinstance(kind, list):
        return any(is_a(each, value) for each in kind)
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, JSON_TYPES[kind])
