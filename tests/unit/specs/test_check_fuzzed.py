"""Whatever JSON an agent sends: an answer or a `CallError`, in our words, and soon."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.assembly import catalogue

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
    deadline=1000,
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


FLOODS: dict[str, Any] = {
    "unknown names": {f"unknownArgument{i}": 1 for i in range(6_000)},
    "long names": {f"name{'x' * 4000}{i}": 1 for i in range(200)},
    "text of a megabyte": {"name": "x" * 1_000_000, "email": "9" * 1_000_000},
    "digits of a megabyte": {"autoPay": {"maxAmount": "9" * 1_000_000}},
    "digits after the point": {"autoPay": {"maxAmount": "0." + "1" * 1_000_000}},
    "brackets of a megabyte": {"address": "[" * 1_000_000},
    "pattern of a megabyte": {"address": {"country": "A" * 1_000_000}},
    "list of a megabyte": {"address": [{}] * 50_000},
    "wide object": {"address": {f"k{i}": {"a": [1, 2]} for i in range(5_000)}},
    "wide object as text": {
        "address": json.dumps({f"k{i}": {"a": [1, 2]} for i in range(5_000)})
    },
}


SOON_S = 20.0
"""Of a busy machine that measures coverage. What is quadratic in these takes hours."""


@pytest.mark.parametrize("flood", FLOODS)
def test_flood_of_input_is_refused_soon(flood: str) -> None:
    action = catalogue().find("bill_create_a_vendor")
    started = time.process_time()
    with pytest.raises(CallError) as caught:
        check(action, FLOODS[flood])
    assert time.process_time() - started < SOON_S
    assert len(as_text(caught.value.as_dict())) < 4000


def test_upload_name_of_a_megabyte_is_refused_soon() -> None:
    action = catalogue().find("bill_upload_bill_document")
    for name in ("." * 1_000_000, "a." * 500_000, "a.pdf" + "\n" * 1_000_000):
        started = time.process_time()
        with pytest.raises(CallError):
            check(action, {"billId": "00n", "name": name, "file_base64": "aGk="})
        assert time.process_time() - started < SOON_S
