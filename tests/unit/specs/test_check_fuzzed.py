"""Whatever JSON an agent sends: an answer or a `CallError`, in our words."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.assembly import catalogue

from bench.hostile_input import FLOODED, FLOODS
from bill_mcp.errors import CallError
from bill_mcp.present import as_text
from bill_mcp.spec_check import samples
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.check import check

ACTIONS = [
    action
    for inline in (False, True)
    for action in catalogue(inline_credentials=inline)
]
TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=40),
    st.sampled_from(
        [
            *("[", "{", "[[", '{"a":', '{"a":1}', "[1,2]", "null", "true", "NaN"),
            *("1e999", "-0", "1e308", "9" * 400, "0.1", "2026-02-30", "\ud800", "\0"),
            *("[1e999]", '["\\ud800"]', "[NaN]", '{"":{}}', "[" * 2000),
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([10**400, -(10**400), 1e16, -0.0])
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(TEXTS, inner, max_size=5)
    ),
    max_leaves=20,
)


@st.composite
def spoilt(draw: st.DrawFn, value: Any, schema: Any) -> Any:
    """A fitting value with something else put into one of its places."""
    if draw(st.booleans()) and isinstance(value, dict) and value:
        name = draw(st.sampled_from(sorted(value)))
        part = schema.get("properties", {}).get(name, {})
        return {**value, name: draw(spoilt(value[name], part))}
    if draw(st.booleans()) and isinstance(value, list) and value:
        return [draw(spoilt(value[0], schema.get("items", {}))), *value[1:]]
    return draw(VALUES)


@st.composite
def calls(draw: st.DrawFn) -> tuple[Action, dict[str, Any]]:
    action = draw(st.sampled_from(ACTIONS))
    arguments = samples.arguments(action, whole=draw(st.booleans()))
    for name in draw(st.lists(st.sampled_from(sorted(arguments) or ["x"]), max_size=3)):
        part = action.schema["properties"].get(name, {})
        arguments[name] = draw(spoilt(arguments.get(name), part))
    names = st.one_of(TEXTS, st.sampled_from(["x", *action.schema["properties"]]))
    extra = draw(st.dictionaries(names, VALUES, max_size=3))
    return action, arguments | extra


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(calls())
def test_any_json_is_read_or_refused_in_our_words(
    call: tuple[Action, dict[str, Any]],
) -> None:
    action, arguments = call
    try:
        read = check(action, arguments)
    except CallError as error:
        told = error.as_dict()
        assert told["advice"]
        assert told["outcome"] == "not_done"
        assert len(told.get("faults", ())) <= 12
        json.dumps(told, ensure_ascii=False).encode()
    else:
        assert check(action, read) == read
        json.dumps(read, ensure_ascii=False, allow_nan=False).encode()


# That a flood is refused at once is measured by ``bench/run``.
@pytest.mark.parametrize("name", FLOODS)
def test_flood_of_input_is_refused_in_few_words(name: str) -> None:
    action = catalogue().find(FLOODED)
    with pytest.raises(CallError) as caught:
        check(action, FLOODS[name])
    assert len(as_text(caught.value.as_dict())) < 4000


def test_upload_name_of_a_megabyte_is_refused() -> None:
    action = catalogue().find("bill_upload_bill_document")
    for name in ("." * 1_000_000, "a." * 500_000, "a.pdf" + "\n" * 1_000_000):
        with pytest.raises(CallError):
            check(action, {"billId": "00n", "name": name, "file_base64": "aGk="})
