"""Arguments that fit an action's schema, for property tests; none of our own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.schemas import OPERATORS

Values = st.SearchStrategy[Any]

VISIBLE = st.characters(categories=("L", "N", "S", "Pd"), exclude_characters="\ufffd")
IDS = st.text(VISIBLE, min_size=1, max_size=30)
LINES = st.characters(exclude_categories=("Cc", "Cs"))
ANY = st.characters(codec="utf-8")
_FIELDS = st.from_regex(r"[A-Za-z][A-Za-z0-9_.]{0,20}", fullmatch=True)
_IN_FILTERS = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters='"'), max_size=20
).filter(str.strip)
_SCALARS = _IN_FILTERS | st.booleans() | st.integers(-(10**9), 10**9)
_IN_LISTS = _SCALARS.filter(lambda value: "," not in str(value))


@st.composite
def _filters(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(st.sampled_from(OPERATORS))
    listed = operator in {"in", "nin"}
    value = st.lists(_IN_LISTS, min_size=1, max_size=4) if listed else _SCALARS
    return {"field": draw(_FIELDS), "op": operator, "value": draw(value)}


_ENCODED: dict[str, Values] = {
    "filters": st.lists(_filters(), max_size=4),
    "sort": st.lists(
        st.fixed_dictionaries(
            {"field": _FIELDS, "order": st.sampled_from(["asc", "desc"])}
        ),
        max_size=3,
    ),
    "comma": st.lists(IDS, min_size=1, max_size=5),
}


def valid_arguments(action: Action) -> Values:
    """What an agent may pass for BILL's own arguments of *action*."""
    if action.name not in _made:
        _made[action.name] = _arguments(action)
    return _made[action.name]


_made: dict[str, Values] = {}


def _arguments(action: Action) -> Values:
    required = set(action.schema.get("required", ()))
    members = {
        name: _argument(action, name)
        for name in action.fields
        if name in action.schema["properties"]
    }
    return _some_of(members, required)


def _argument(action: Action, name: str) -> Values:
    field, schema = action.fields[name], action.schema["properties"][name]
    if name in action.spec.path:
        return _texts(schema, LINES) if "pattern" in schema else IDS
    if field.encode is not None:
        return _ENCODED[field.encode]
    if (
        name in action.spec.query
        and schema["type"] == "string"
        and "enum" not in schema
    ):
        return _texts(schema, LINES).filter(str.isprintable)
    return _fitting(schema)


def _some_of(members: Mapping[str, Values], required: set[str]) -> Values:
    return st.fixed_dictionaries(
        {name: members[name] for name in members if name in required},
        optional={name: members[name] for name in members if name not in required},
    )


def _fitting(schema: Mapping[str, Any]) -> Values:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"]
    if isinstance(kinds, list):
        return st.one_of(*(_fitting({**schema, "type": kind}) for kind in kinds))
    low, high = schema.get("minimum", -(10**9)), schema.get("maximum", 10**9)
    made: dict[str, Any] = {
        "null": st.none,
        "boolean": st.booleans,
        "integer": lambda: st.integers(low, high),
        "number": lambda: _amounts(low, high),
        "string": lambda: _texts(schema, ANY),
        "array": lambda: st.lists(
            _fitting(schema["items"]), min_size=schema.get("minItems", 0), max_size=2
        ),
        "object": lambda: _objects(schema),
    }
    values: Values = made[kinds]()
    return values


def _amounts(low: float, high: float) -> Values:
    bounds = Decimal(str(low)), Decimal(str(high))
    return st.decimals(*bounds, places=2).map(float)


def _objects(schema: Mapping[str, Any]) -> Values:
    members = {
        name: _fitting(part) for name, part in schema.get("properties", {}).items()
    }
    required = set(schema.get("required", ()))
    groups = [set(one["required"]) for one in schema.get("anyOf", ())] or [set()]
    return st.one_of(*(_some_of(members, required | group) for group in groups))


def _texts(schema: Mapping[str, Any], characters: st.SearchStrategy[str]) -> Values:
    if schema.get("format") == "date":
        return st.dates(date(2000, 1, 1)).map(date.isoformat)
    if schema.get("format") == "date-time":
        moments = st.datetimes(timezones=st.just(UTC))
        return moments.map(lambda moment: moment.isoformat(timespec="milliseconds"))
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    low, high = schema.get("minLength", 0), schema.get("maxLength", 60)
    return st.text(characters, min_size=low, max_size=max(low, min(high, 60)))
