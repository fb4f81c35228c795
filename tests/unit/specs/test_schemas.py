from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bill_mcp.errors import SpecError
from bill_mcp.specs.models import FieldSpec
from bill_mcp.specs.schemas import OPERATORS, SchemaBuilder

TYPES: dict[str, Any] = {
    "Id": {"type": "string", "min_length": 1, "about": "Id as BILL gave it."},
    "Country": {"type": "string", "pattern": "^[A-Z]{2}$"},
    "Price": {"type": "number", "minimum": 0, "decimals": 2},
    "Address": {
        "type": "object",
        "about": "Postal address.",
        "fields": {
            "line1": {"type": "string", "required": True},
            "country": {"type": "Country", "required": True},
            "price": {"type": "Price"},
        },
    },
    "Filters": {"type": ["string"], "encode": "filters"},
}


def builder() -> SchemaBuilder:
    return SchemaBuilder(
        {name: FieldSpec.model_validate(said) for name, said in TYPES.items()}
    )


def schema(**field: Any) -> dict[str, Any]:
    made = builder().schema(FieldSpec.model_validate(field))
    Draft202012Validator.check_schema(made)
    return made


def fits(made: dict[str, Any], value: Any) -> bool:
    return bool(Draft202012Validator(made).is_valid(value))


def test_field_overrides_what_its_named_type_says_and_keeps_the_rest() -> None:
    assert schema(type="Id", max_length=5, about="Another id.") == {
        "type": "string",
        "minLength": 1,
        "maxLength": 5,
        "description": "Another id.",
    }


def test_limits_become_json_schemas_own_words() -> None:
    made = schema(type="number", minimum=0, maximum=5)
    assert made == {"type": "number", "minimum": 0, "maximum": 5, "description": ""}


def test_members_of_a_named_object_are_required_and_others_refused() -> None:
    address = schema(type="Address")
    assert fits(address, {"line1": "1 Main St", "country": "US"})
    assert not fits(address, {"line1": "1 Main St"})
    assert not fits(address, {"line1": "1 Main St", "country": "US", "moon": 1})


def test_partial_object_requires_none_of_its_members() -> None:
    address = schema(type="Address", partial=True)
    assert fits(address, {})
    assert not fits(address, {"country": "USA"})


def test_partial_reaches_the_members_of_members_and_of_items() -> None:
    inner = {"type": "Address", "required": True}
    nested = schema(type="object", partial=True, fields={"home": inner})
    assert fits(nested, {"home": {}})
    rows = schema(type=["Address"], partial=True)
    assert fits(rows, [{"line1": "1 Main St"}])


def test_list_has_items_of_its_kind_and_limits_of_its_own() -> None:
    made = schema(type=["Id"], min_items=1, max_items=2, about="Ids.")
    assert made == {
        "type": "array",
        "items": {
            "type": "string",
            "minLength": 1,
            "description": TYPES["Id"]["about"],
        },
        "minItems": 1,
        "maxItems": 2,
        "description": "Ids.",
    }


def test_list_of_objects_in_place_takes_its_members_from_the_field() -> None:
    made = schema(type=["object"], fields={"id": {"type": "Id", "required": True}})
    assert fits(made, [{"id": "x"}])
    assert not fits(made, [{}])
    assert not fits(made, [{"id": "x", "more": 1}])


def test_enum_of_a_list_is_one_of_its_items() -> None:
    made = schema(type=["string"], enum=["A", "B"])
    assert fits(made, ["A", "B", "A"])
    assert not fits(made, ["C"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "enum": ["A"]}, "A"),
        ({"type": "Country"}, "US"),
        ({"type": "Address", "partial": True}, {}),
        ({"type": ["Id"]}, ["x"]),
    ],
)
def test_nullable_field_takes_null_beside_its_values(
    field: dict[str, Any], value: Any
) -> None:
    assert not fits(schema(**field), None)
    nullable = schema(**field, nullable=True)
    assert fits(nullable, None)
    assert fits(nullable, value)


def test_one_of_several_groups_of_members_must_be_given() -> None:
    fields = {name: {"type": "string"} for name in ("id", "name", "email")}
    groups = [["id"], ["name", "email"]]
    made = schema(type="object", fields=fields, one_of_required=groups)
    assert fits(made, {"id": "x"})
    assert fits(made, {"name": "x", "email": "y"})
    assert not fits(made, {"name": "x"})


def test_values_seen_are_told_and_bind_nothing() -> None:
    made = schema(type="string", about="How it travels.", seen=["SEA", "AIR"])
    assert made["description"] == "How it travels. Values seen: SEA, AIR."
    assert fits(made, "RAIL")


@pytest.mark.parametrize("operator", OPERATORS)
def test_filter_is_a_list_of_tests(operator: str) -> None:
    value = ["a", 1, True] if operator in {"in", "nin"} else "a"
    test = {"field": "createdTime", "op": operator, "value": value}
    assert fits(schema(type="Filters"), [test])


@pytest.mark.parametrize(
    "value",
    [
        [{"field": "id", "op": "like", "value": "x"}],
        [{"field": "id", "op": "eq"}],
        [{"field": "id:ne", "op": "eq", "value": "x"}],
        [{"field": "id", "op": "eq", "value": {"a": 1}}],
        [{"field": "id", "op": "eq", "value": "x", "or": []}],
        [{"field": "id", "op": "in", "value": [["x"]]}],
        {"field": "id", "op": "eq", "value": "x"},
        "",
        ["id:eq:x"],
    ],
)
def test_what_is_no_filter_is_refused(value: Any) -> None:
    assert not fits(schema(type="Filters"), value)


def test_filters_and_sort_may_be_bills_own_text() -> None:
    assert fits(schema(type="Filters"), "id:eq:x")
    sort = schema(type=["string"], encode="sort")
    assert fits(sort, "createdTime:desc")
    assert fits(sort, [{"field": "createdTime", "order": "desc"}])
    assert not fits(sort, [{"field": "createdTime", "order": "down"}])


def test_list_that_becomes_one_text_has_texts_and_a_length() -> None:
    ids = schema(type=["string"], encode="comma", max_items=2)
    assert fits(ids, ["a", "b"])
    wrong: list[Any] = [[], ["a", "b", "c"], [""], [1], ""]
    assert [value for value in wrong if fits(ids, value)] == []


def test_named_types_are_merged_into_members_and_items() -> None:
    rows = FieldSpec.model_validate(
        {"type": ["object"], "fields": {"price": {"type": "Price"}}}
    )
    found = builder().whole(rows).fields
    assert found is not None
    assert found["price"].decimals == 2
    listed = builder().whole(FieldSpec.model_validate({"type": ["Address"]})).fields
    assert listed is not None
    assert listed["price"].decimals == 2
    assert builder().whole(FieldSpec.model_validate({"type": ["Price"]})).decimals == 2


def test_type_that_nobody_defined_is_named_with_its_place() -> None:
    with pytest.raises(SpecError, match="unknown type 'Money'"):
        schema(type="Money")
    with pytest.raises(SpecError, match="price: unknown type 'Money'"):
        schema(type="object", fields={"price": {"type": "Money"}})
    with pytest.raises(SpecError, match="unknown type 'Money'"):
        schema(type=["Money"])
