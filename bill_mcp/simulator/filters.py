"""Filters of lists: ``field:op:value`` joined by commas; read once, fast on a row."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bill_mcp.simulator import assumed
from bill_mcp.simulator.errors import invalid
from bill_mcp.simulator.reading import as_number, is_day
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.times import read_time, stamp

Predicate = Callable[[Thing], bool]
Keep = Callable[[Iterable[Thing]], list[Thing]]
"""The rows for which a condition holds, in their order."""
Convert = Callable[[str], Any]


class Condition(NamedTuple):
    """One filter."""

    path: str
    keep: Keep
    equals: Any
    """The value that the field must have, where an index can find its rows."""


ORDERED = ("gt", "gte", "lt", "lte")
SETS = ("in", "nin")


@dataclass(frozen=True, slots=True)
class Field:
    """How a field may be filtered: its operators, and what its values are."""

    operators: tuple[str, ...]
    convert: Convert
    is_text: bool = False
    """Free text, which may be compared without regard to case."""


def ident(*operators: str) -> Field:
    return Field(operators or ("eq", "ne", "in"), str)


def text(*operators: str) -> Field:
    return Field(operators or ("eq", "sw"), str, is_text=True)


def boolean() -> Field:
    return Field(("eq", "ne"), as_boolean)


def number(*operators: str) -> Field:
    return Field(operators or ("eq", "ne", *ORDERED), to_number)


def day(*operators: str) -> Field:
    return Field(operators or ("eq", *ORDERED), to_day)


def time(*operators: str) -> Field:
    return Field(operators or ORDERED, lambda value: stamp(read_time(value)))


def choice(values: tuple[str, ...], *operators: str) -> Field:
    """One of *values*; another is refused, as BILL refuses unknown enum values."""

    def convert(value: str) -> str:
        if value not in values:
            raise ValueError(value)
        return value

    return Field(operators or ("eq", "ne", "in", "nin"), convert)


def as_boolean(value: str) -> bool:
    return {"true": True, "false": False}[value]


def to_number(value: str) -> float:
    found = as_number(value)
    if found is None:
        raise ValueError(value)
    return found


def to_day(value: str) -> str:
    return value if is_day(value) else read_time(value).date().isoformat()


def read_filters(
    filters: str,
    fields: Mapping[str, Field],
    aliases: Mapping[str, str],
    unquoted_times: bool,
) -> list[Condition]:
    """Return the conditions of *filters*, all of which must hold.

    Raises:
        BillError: 400; a field, operator or value that BILL does not know.
    """
    out = []
    for name, operator, value in parse(filters, unquoted_times):
        path = aliases.get(name, name)
        rule = fields.get(path)
        if rule is None:
            raise invalid(("filters", f"unknown field {name!r}"))
        if operator not in rule.operators:
            raise invalid(("filters", f"unknown operator {operator!r} for {name!r}"))
        try:
            if operator in SETS:
                wanted: Any = frozenset(
                    rule.convert(each.strip()) for each in value.split(",")
                )
            else:
                wanted = rule.convert(value)
        except (KeyError, ValueError):
            raise invalid(("filters", f"invalid value for {name!r}")) from None
        folds = rule.is_text and assumed.FILTERS_IGNORE_CASE
        keep = condition(path, operator, wanted, folds=folds)
        is_plain = operator == "eq" and "." not in path and not folds
        indexed = None if isinstance(wanted, bool) or not is_plain else wanted
        out.append(Condition(path, keep, indexed))
    return out


def parse(filters: str, unquoted_times: bool) -> list[tuple[str, str, str]]:
    """Cut ``f:op:v,f:op:"v,v"`` into triples; quotes protect commas and colons."""
    out, rest = [], filters.strip()
    while rest:
        name, _, rest = rest.partition(":")
        operator, _, rest = rest.partition(":")
        if rest.startswith('"'):
            value, closed, rest = rest[1:].partition('"')
            if not closed or (rest and not rest.startswith(",")):
                raise invalid(("filters", "a quote is not closed"))
            rest = rest[1:]
        else:
            value, _, rest = rest.partition(",")
            if ":" in value and not unquoted_times:
                raise invalid(("filters", "a value with a colon needs quotes"))
        if not (name and operator and value):
            raise invalid(("filters", "must be field:op:value"))
        out.append((name.strip(), operator.strip(), value))
    return out


def value_at(path: str) -> Callable[[Thing], Any]:
    """Return a function that gets the value at a dotted *path*, or None."""
    first, *more = path.split(".")
    if not more:
        return lambda row: row.get(first)

    def get(row: Thing) -> Any:
        value = row.get(first)
        for name in more:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    return get


def condition(path: str, operator: str, wanted: Any, *, folds: bool) -> Keep:
    """Return the test of one filter; a row without the value passes only negatives."""
    if "." not in path and not folds:
        return _at_top(path, operator, wanted)
    get = value_at(path)
    if folds and isinstance(wanted, str):
        get, wanted = folded(get), wanted.lower()
    holds = _tests(get, operator, wanted)
    return lambda rows: [row for row in rows if holds(row)]


def _at_top(name: str, operator: str, wanted: Any) -> Keep:
    """The usual conditions without a call for each row: lists have 20,000 of them."""
    if isinstance(wanted, bool):
        truth = wanted if operator == "eq" else not wanted
        return lambda rows: [row for row in rows if bool(row.get(name)) is truth]
    usual: dict[str, Keep] = {
        "eq": lambda rows: [row for row in rows if row.get(name) == wanted],
        "ne": lambda rows: [row for row in rows if row.get(name) != wanted],
        "in": lambda rows: [row for row in rows if row.get(name) in wanted],
        "nin": lambda rows: [row for row in rows if row.get(name) not in wanted],
        "gte": lambda rows: [
            row
            for row in rows
            if (value := row.get(name)) is not None and value >= wanted
        ],
        "lte": lambda rows: [
            row
            for row in rows
            if (value := row.get(name)) is not None and value <= wanted
        ],
    }
    if operator in usual:
        return usual[operator]
    holds = _tests(value_at(name), operator, wanted)
    return lambda rows: [row for row in rows if holds(row)]


def _tests(get: Callable[[Thing], Any], operator: str, wanted: Any) -> Predicate:
    if isinstance(wanted, bool):
        return lambda row: (
            bool(get(row)) is (wanted if operator == "eq" else not wanted)
        )
    tests: dict[str, Predicate] = {
        "eq": lambda row: get(row) == wanted,
        "ne": lambda row: get(row) != wanted,
        "in": lambda row: get(row) in wanted,
        "nin": lambda row: get(row) not in wanted,
        "sw": lambda row: (get(row) or "").startswith(wanted),
        "gt": lambda row: (value := get(row)) is not None and value > wanted,
        "gte": lambda row: (value := get(row)) is not None and value >= wanted,
        "lt": lambda row: (value := get(row)) is not None and value < wanted,
        "lte": lambda row: (value := get(row)) is not None and value <= wanted,
    }
    return tests[operator]


def folded(get: Callable[[Thing], Any]) -> Callable[[Thing], Any]:
    return lambda row: value.lower() if isinstance(value := get(row), str) else value
