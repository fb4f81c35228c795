"""Reading a request's JSON by BILL's schema: all faults at once, unknown fields gone.

A schema is compiled once into a ``Reader``. Numbers and booleans that arrive as strings
are accepted, as BILL does; explicit nulls count as absent unless the schema allows
them.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from bill_mcp.simulator.times import read_time

Faults = list[tuple[str, str]]
Reader = Callable[[Any, str, Faults], Any]
ABSENT = object()
ONE_OR_MANY = frozenset({"selectedValues"})
"""Arrays for which one plain value does too, as integrators found live."""
NULL = "must not be null"


def reader_of(schema: dict[str, Any]) -> Reader:
    """Return a function that reads a value of *schema* and collects what is wrong."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        kind = next(name for name in kinds if name != "null")
        inner = reader_of({**schema, "type": kind})
        return lambda value, path, faults: (
            None if value is None else inner(value, path, faults)
        )
    if kinds == "object":
        return object_reader(schema)
    if kinds == "array":
        return array_reader(schema)
    if kinds in {"number", "integer"}:
        return number_reader(schema)
    if kinds == "boolean":
        return read_boolean
    return text_reader(schema)


def object_reader(schema: dict[str, Any]) -> Reader:
    if "properties" not in schema:
        return read_any_object
    fields = {name: reader_of(each) for name, each in schema["properties"].items()}
    nullable = {
        name
        for name, each in schema["properties"].items()
        if isinstance(each.get("type"), list)
    }
    required = tuple(schema.get("required", ()))
    choices = [tuple(each["required"]) for each in schema.get("anyOf", ())]

    def read(value: Any, path: str, faults: Faults) -> Any:
        if not isinstance(value, dict):
            faults.append((path or "body", wrong_type("object", value)))
            return ABSENT
        start = f"{path}." if path else ""
        for name in required:
            if value.get(name) is None:
                faults.append((f"{start}{name}", NULL))
        if choices and not any(has_all(value, names) for names in choices):
            faults.append((f"{start}{choices[0][0]}", NULL))
        out = {}
        for name, given in value.items():
            if name in fields and (given is not None or name in nullable):
                one = name in ONE_OR_MANY and isinstance(given, str)
                value_given = [given] if one else given
                kept = fields[name](value_given, f"{start}{name}", faults)
                if kept is not ABSENT:
                    out[name] = kept
        return out

    return read


def has_all(value: dict[str, Any], names: tuple[str, ...]) -> bool:
    return all(value.get(name) is not None for name in names)


def read_any_object(value: Any, path: str, faults: Faults) -> Any:
    if isinstance(value, dict):
        return value
    faults.append((path or "body", wrong_type("object", value)))
    return ABSENT


def array_reader(schema: dict[str, Any]) -> Reader:
    item = reader_of(schema.get("items", {}))
    least, most = schema.get("minItems", 0), schema.get("maxItems")

    def read(value: Any, path: str, faults: Faults) -> Any:
        if not isinstance(value, list):
            faults.append((path or "body", wrong_type("array", value)))
            return ABSENT
        if len(value) < least or (most is not None and len(value) > most):
            bound = f"between {least} and {most or 'any number'}"
            faults.append((path or "body", f"size must be {bound}"))
        return [
            item(each, f"{path}[{number}]", faults) for number, each in enumerate(value)
        ]

    return read


def number_reader(schema: dict[str, Any]) -> Reader:
    least, most = schema.get("minimum"), schema.get("maximum")
    whole = schema["type"] == "integer"

    def read(value: Any, path: str, faults: Faults) -> Any:
        number = as_number(value)
        if number is None or (whole and number != int(number)):
            faults.append((path, wrong_type(schema["type"], value)))
            return ABSENT
        if least is not None and number < least:
            faults.append((path, f"must be greater than or equal to {least}"))
        if most is not None and number > most:
            faults.append((path, f"must be less than or equal to {most}"))
        return int(number) if whole else number

    return read


def as_number(value: Any) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, int | float) or value != value or abs(value) > 1e15:  # noqa: PLR0124, PLR2004 - NaN differs from itself; beyond this cents get lost
        return None
    return value


def read_boolean(value: Any, path: str, faults: Faults) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    faults.append((path, wrong_type("boolean", value)))
    return ABSENT


def text_reader(schema: dict[str, Any]) -> Reader:
    allowed = tuple(schema.get("enum", ()))
    pattern = re.compile(schema["pattern"]) if "pattern" in schema else None
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
    is_date, is_time = (schema.get("format") == name for name in ("date", "date-time"))

    def read(value: Any, path: str, faults: Faults) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            faults.append((path, wrong_type("string", value)))
            return ABSENT
        if allowed and value not in allowed:
            faults.append((path, f"must be one of {', '.join(allowed)}"))
        elif pattern and not pattern.fullmatch(value):
            faults.append((path, f'must match "{pattern.pattern}"'))
        elif is_date and not is_day(value):
            faults.append((path, "must be a date such as 2026-01-31"))
        elif is_time and not is_moment(value):
            faults.append((path, "must be an ISO 8601 time"))
        elif len(value) < shortest:
            faults.append((path, "must not be empty"))
        elif longest is not None and len(value) > longest:
            faults.append((path, f"size must be between {shortest} and {longest}"))
        return value

    return read


def is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_moment(text: str) -> bool:
    try:
        read_time(text)
    except ValueError:
        return False
    return True


JAVA_TYPES = {
    "string": "java.lang.String",
    "number": "java.math.BigDecimal",
    "integer": "java.lang.Integer",
    "boolean": "java.lang.Boolean",
    "array": "java.util.ArrayList",
    "object": "java.util.LinkedHashMap",
}


def wrong_type(wanted: str, value: Any) -> str:
    """Return BILL's words for a wrong type: text of its Java deserializer leaks."""
    found = type(value).__name__
    return f"Cannot deserialize value of type `{JAVA_TYPES[wanted]}` from {found}"
