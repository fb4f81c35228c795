from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bill_mcp.errors import SpecError
from bill_mcp.specs import replies

SHAPES: dict[str, Any] = {
    "Widget": {"id": "string", "parts": ["Part"], "maker": {"name": "string"}},
    "Part": {"price": "number", "count": "integer", "spare": "boolean"},
    "Made": {"on": "day", "at": "time", "extra": "any"},
}


def schema_of(shape: Any) -> dict[str, Any]:
    return replies.schema_of(replies.expand(shape, SHAPES))


def fits(shape: Any, value: Any) -> bool:
    return bool(Draft202012Validator(schema_of(shape)).is_valid(value))


def test_names_are_replaced_wherever_they_stand() -> None:
    assert replies.expand("Widget", SHAPES) == {
        "id": "string",
        "parts": [{"price": "number", "count": "integer", "spare": "boolean"}],
        "maker": {"name": "string"},
    }


@pytest.mark.parametrize(
    ("shape", "members"),
    [
        ("page of Part", {"results", "nextPage", "prevPage"}),
        ("results of Part", {"results"}),
        ("array of Part", {"items"}),
        ("array of string", {"items"}),
        ({"jobs": ["Part"]}, {"jobs"}),
        ({}, set()),
    ],
)
def test_reply_is_an_object_whatever_bill_answers(
    shape: Any, members: set[str]
) -> None:
    schema = schema_of(shape)
    assert schema["type"] == "object"
    assert set(schema["properties"]) == members


@pytest.mark.parametrize(
    ("shape", "is_page"),
    [
        ("page of Part", True),
        ("results of Part", False),
        ("array of Part", False),
        ("Part", False),
        ({"nextPage": "string"}, False),
        (["page of Part"], False),
    ],
)
def test_only_a_page_has_cursors(shape: Any, is_page: bool) -> None:
    assert replies.is_page(shape) is is_page


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"id": None, "parts": None, "maker": None},
        {"id": "x", "parts": [], "brand_new_member": {"of": ["anything"]}},
        {"parts": [{"price": 1.5, "count": 2, "spare": False, "colour": "red"}]},
        {"parts": [{"price": 2}]},
    ],
)
def test_output_schema_requires_nothing_and_takes_what_is_new(value: Any) -> None:
    assert fits("Widget", value)


@pytest.mark.parametrize(
    "value",
    [
        {"id": 7},
        {"parts": {}},
        {"parts": [{"price": "1.5"}]},
        {"parts": [{"count": 1.5}]},
        {"maker": "ACME"},
        [],
        None,
    ],
)
def test_output_schema_states_types(value: Any) -> None:
    assert not fits("Widget", value)


@pytest.mark.parametrize("value", [None, "text", 1, 1.5, True, [1], {"a": 1}])
def test_any_is_any_json_value(value: Any) -> None:
    assert fits("Made", {"extra": value})


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("Gadget", "no shape named 'Gadget'"),
        ("page of Gadget", "no shape named 'Gadget'"),
        ("Page of Part", "no shape named"),
        ([], "exactly one member"),
        (["Part", "Part"], "exactly one member"),
        ({"a": 5}, "not a shape: 5"),
        ({"a": None}, "not a shape: None"),
    ],
)
def test_shape_that_means_nothing_is_a_spec_error(shape: Any, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        replies.expand(shape, SHAPES)


def test_shape_that_contains_itself_is_a_spec_error() -> None:
    shapes = {"Job": {"parent": ["Task"]}, "Task": {"job": "Job"}}
    with pytest.raises(SpecError, match="shape 'Job' contains itself"):
        replies.expand("page of Job", shapes)


def test_one_shape_may_occur_twice_side_by_side() -> None:
    expanded = replies.expand({"first": "Made", "second": "Made"}, SHAPES)
    assert expanded["first"] == expanded["second"] == SHAPES["Made"]


@pytest.mark.parametrize("shape", ["string", "any", ["string"]])
def test_reply_that_is_no_object_is_a_spec_error(shape: Any) -> None:
    with pytest.raises(SpecError, match="not an object"):
        schema_of(shape)
