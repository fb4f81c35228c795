"""Compares the arguments of a call with the action's schema: every fault at once.

What is read leniently: an object or array that arrives as JSON text, and a
number that arrives as text. Everything else must fit. A fault names the place and what
was expected, never the value, which may be a bank account.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, validators
from jsonschema import ValidationError as SchemaFault

from bill_mcp.errors import ArgumentsError, RefusedError
from bill_mcp.specs import faults_in_words
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import FieldSpec

DEEPEST = 24
LARGEST_NUMBER = 1e15
TOO_LARGE = 10**16
FAULTS_TOLD = 12
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")

_Fault = tuple[str, str | SchemaFault]
"""Where, and what: in words already, or still to be put into words."""

_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return False
    date.fromisoformat(value)
    return True


@_FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", value):
        return False
    datetime.fromisoformat(value)
    return True


def _pattern(
    validator: Any, pattern: str, value: object, schema: Mapping[str, Any]
) -> Iterator[SchemaFault]:
    """As JSON Schema means it: ``$`` is the very end, not before a line break too."""
    whole = f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and not re.search(whole, value):
        yield SchemaFault("does not match")


_Validator: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"pattern": _pattern}
)


def check(action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, read leniently, if they fit the action.

    Raises:
        ArgumentsError: Lists every fault, so one more try can be enough.
        RefusedError: A secret was given where secrets come from the operator.
    """
    _refuse_secrets(action, arguments)
    try:
        read = {
            name: _read(value, action.schema["properties"].get(name, {}))
            for name, value in arguments.items()
        }
        faults = [*_unfit(read, "", 0), *_misfits(action, read)]
    except RecursionError:
        read, faults = {}, [("", "is nested too deeply")]
    if faults:
        raise _arguments_error(action, faults)
    return read


def _misfits(action: Action, read: Mapping[str, Any]) -> Iterator[_Fault]:
    for fault in faults_in_words.single(_validator(action).iter_errors(read)):
        yield faults_in_words.place(fault), fault
    for name, field in action.fields.items():
        if name in read:
            yield from _too_precise(read[name], field, name)


def _arguments_error(action: Action, faults: list[_Fault]) -> ArgumentsError:
    """The faults in words; only those that are told, since finding words takes time."""
    told = [
        {
            "path": path,
            "message": fault if isinstance(fault, str) else faults_in_words.say(fault),
        }
        for path, fault in sorted(faults, key=itemgetter(0))[:FAULTS_TOLD]
    ]
    more = len(faults) - len(told)
    count = "one fault" if len(faults) == 1 else f"{len(faults)} faults"
    return ArgumentsError(
        f"the arguments of {action.name} have {count}"
        + (f", of which {FAULTS_TOLD} are listed" if more > 0 else ""),
        advice="Correct the arguments that are listed and call again.",
        faults=told,
    )


def _refuse_secrets(action: Action, arguments: Mapping[str, Any]) -> None:
    given = sorted(set(arguments) & action.hidden_secrets)
    if given:
        raise RefusedError(
            f"{', '.join(given)}: secrets are not taken from a tool call",
            advice="Leave them out: the server signs in with the account that the "
            "operator connected. Ask the operator to run `bill-mcp login`.",
            code="secret_refused",
        )


def _read(value: Any, schema: Mapping[str, Any]) -> Any:
    """*value* with JSON text and number text read, where the schema wants that."""
    kinds = schema.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if isinstance(value, str) and "string" not in kinds:
        if {"object", "array"} & set(kinds) and value.lstrip()[:1] in {"{", "["}:
            value = _json(value)
        elif {"number", "integer"} & set(kinds) and _NUMBER.fullmatch(value.strip()):
            value = _number(value.strip())
    elif isinstance(value, str) and "array" in kinds and value.lstrip()[:1] == "[":
        value = _json(value)
    if isinstance(value, Mapping):
        members = schema.get("properties", {})
        return {
            name: _read(part, members.get(name, {})) for name, part in value.items()
        }
    if isinstance(value, list):
        return [_read(part, schema.get("items", {})) for part in value]
    if isinstance(value, float) and value.is_integer() and kinds == ("integer",):
        return int(value) if abs(value) < LARGEST_NUMBER else value
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        # Refused later on; Python refuses to write out really long ones.
        return TOO_LARGE if value > 0 else -TOO_LARGE
    return value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number(text: str) -> Any:
    """The number that *text* is, or *text* itself where a number would round it."""
    if re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    number = float(text)
    exact = math.isinf(number) or Decimal(repr(number)) == Decimal(text)
    return number if exact else text


def _unfit(value: Any, path: str, depth: int) -> Iterator[_Fault]:
    """What no JSON Schema says: depth, numbers that are none, text that is none."""
    if depth > DEEPEST:
        yield path, f"is nested more than {DEEPEST} deep"
    elif isinstance(value, dict):
        for name, part in value.items():
            if not _encodes(name):
                yield path, "has a name that is no valid text"
            else:
                step = name if faults_in_words.is_tellable(name) else "(a name)"
                yield from _unfit(part, f"{path}.{step}" if path else step, depth + 1)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _unfit(part, f"{path}[{index}]", depth + 1)
    elif isinstance(value, str) and not _encodes(value):
        yield path, "is no valid text (a lone surrogate)"
    elif isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:
        yield path, "is no number of a usable size"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _validator(action: Action) -> Any:
    return action.compiled(lambda schema: _Validator(schema, format_checker=_FORMATS))


def _too_precise(value: Any, field: FieldSpec, path: str) -> Iterator[_Fault]:
    if isinstance(value, list):
        for index, part in enumerate(value):
            yield from _too_precise(part, field, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, member in (field.fields or {}).items():
            if name in value:
                yield from _too_precise(value[name], member, f"{path}.{name}")
    elif field.decimals is not None and type(value) in {int, float}:
        exponent = Decimal(repr(value)).normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > field.decimals:
            yield path, f"has more than {field.decimals} decimals"
