"""Says what is wrong with an argument, in our words and without its value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import ValidationError as SchemaFault

_TELLABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_FORMATS = {
    "date": "must be a real day written YYYY-MM-DD",
    "date-time": "must be a time such as 2026-11-22T09:00:00.000+00:00",
}
_LIMITS = {
    "required": "is missing",
    "pattern": "is not written as its description says",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} entries",
    "maxItems": "must have at most {} entries",
}


def is_tellable(name: str) -> bool:
    """Whether a name that an agent made up may stand in an error."""
    return _TELLABLE_NAME.fullmatch(name) is not None


def single(faults: Iterable[SchemaFault]) -> Iterator[SchemaFault]:
    """The same faults, one for each unknown argument instead of one for all."""
    for fault in faults:
        if fault.validator != "additionalProperties":
            yield fault
            continue
        given: Any = fault.instance
        for name in sorted(set(given) - set(_members(fault))):
            one = SchemaFault(
                name,
                validator="additionalProperties",
                instance=name,
                schema=fault.schema,
            )
            one.parent = fault.parent
            one.relative_path.extend(fault.relative_path)
            yield one


def place(fault: SchemaFault) -> str:
    """The path of the faulty argument: ``billLineItems[0].amount``."""
    path = ""
    for step in fault.absolute_path:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    if fault.validator == "additionalProperties":
        name = str(fault.instance)
        path += f".{name}" if is_tellable(name) else ".(a name)"
    if fault.validator == "required":
        match = re.match(r"'(\w+)' is a required property", fault.message)
        path += f".{match.group(1)}" if match else ".(a name)"
    return path.lstrip(".")


def say(fault: SchemaFault) -> str:
    """What was expected at the place of *fault*."""
    rule = str(fault.validator)
    wanted: Any = fault.validator_value
    if rule == "additionalProperties":
        near = difflib.get_close_matches(str(fault.instance)[:60], _members(fault), 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"is no argument that this action knows{hint}"
    if rule == "type":
        kinds = [wanted] if isinstance(wanted, str) else list(wanted)
        return f"must be {' or '.join(_KINDS.get(kind, kind) for kind in kinds)}"
    if rule == "enum":
        values = ("null" if value is None else str(value) for value in wanted)
        return f"must be one of: {', '.join(values)}"[:300]
    if rule == "anyOf":
        groups = [" and ".join(part.get("required", ())) for part in wanted]
        return f"needs {' or '.join(groups)}"
    if rule == "format":
        return _FORMATS[wanted]
    return _LIMITS[rule].format(wanted)


def _members(fault: SchemaFault) -> Mapping[str, Any]:
    schema: Any = fault.schema
    members: Mapping[str, Any] = schema.get("properties", {})
    return members
