from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from support.spec_folder import creating_action, spec_files, widget_action

from bill_mcp.specs.models import (
    ActionSpec,
    Condition,
    ErrorsFile,
    FieldSpec,
    NamesFile,
    ResourceFile,
    ThirdPartyTextFile,
    ToolsetsFile,
    TypesFile,
)

MODELS: dict[str, type[BaseModel]] = {
    "_types.yaml": TypesFile,
    "_toolsets.yaml": ToolsetsFile,
    "_names.yaml": NamesFile,
    "_errors.yaml": ErrorsFile,
    "_third_party_text.yaml": ThirdPartyTextFile,
    "widgets.yaml": ResourceFile,
}


def at(content: dict[str, Any], path: str) -> dict[str, Any]:
    for step in filter(None, path.split("/")):
        content = content[step]
    return content


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("_types.yaml", ""),
        ("_types.yaml", "types/Id"),
        ("_toolsets.yaml", ""),
        ("_toolsets.yaml", "toolsets/widgets"),
        ("_names.yaml", ""),
        ("_errors.yaml", ""),
        ("_third_party_text.yaml", ""),
        ("_errors.yaml", "codes/BDC_1109"),
        ("widgets.yaml", ""),
        ("widgets.yaml", "source"),
        ("widgets.yaml", "actions/bill_get_widget_details"),
        ("widgets.yaml", "actions/bill_get_widget_details/path/widgetId"),
        ("widgets.yaml", "actions/bill_create_a_widget/body/name"),
    ],
)
def test_unknown_key_is_refused_wherever_it_stands(file: str, path: str) -> None:
    content = spec_files()[file]
    MODELS[file].model_validate(content)
    at(content, path)["efect"] = "read"
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        MODELS[file].model_validate(content)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", None),
        ("http", "FETCH /v3/widgets"),
        ("http", "GET /v2/widgets"),
        ("http", "GET /v3/widgets?max=1"),
        ("http", "GET https://elsewhere.example/v3/widgets"),
        ("auth", "password"),
        ("effects", []),
        ("effects", ["reading"]),
        ("idempotent", None),
        ("summary", "Too short."),
        ("summary", "A summary that has no full stop at its end"),
        ("summary", f"{'A summary that is too long ' * 6}."),
        ("guidance", "x" * 901),
        ("keywords", ["one"]),
        ("confidence", "certain"),
        ("session", "sign_up"),
        ("body_form", "xml"),
        ("fill", {"name": "a_guess"}),
    ],
)
def test_action_with_an_impossible_value_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        ActionSpec.model_validate(widget_action(**{key: value}))


@pytest.mark.parametrize(
    "key", ["title", "http", "auth", "effects", "idempotent", "summary", "reply"]
)
def test_action_says_everything_explicitly(key: str) -> None:
    whole = creating_action()
    del whole[key]
    with pytest.raises(ValidationError, match="Field required"):
        ActionSpec.model_validate(whole)


@pytest.mark.parametrize(
    "tests",
    [
        {},
        {"equals": True, "given": True},
        {"equals": "A", "not_equals": "B"},
        {"one_of": ["A"], "not_equals": False},
    ],
)
def test_condition_has_exactly_one_test(tests: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly one of"):
        Condition.model_validate({"argument": "type", **tests})


@pytest.mark.parametrize(
    "test", [{"equals": False}, {"not_equals": False}, {"one_of": ["A"]}, {"given": 1}]
)
def test_condition_may_test_for_false(test: dict[str, Any]) -> None:
    assert Condition.model_validate({"argument": "type", **test}).argument == "type"


def test_models_cannot_be_changed_once_read() -> None:
    action = ActionSpec.model_validate(widget_action())
    with pytest.raises(ValidationError, match="frozen"):
        action.idempotent = False


def test_method_and_path_come_from_one_line() -> None:
    action = ActionSpec.model_validate(widget_action())
    assert (action.method, action.path_template) == ("GET", "/v3/widgets/{widgetId}")


def test_list_type_names_exactly_one_kind() -> None:
    assert FieldSpec.model_validate({"type": ["Id"]}).type == ("Id",)
    with pytest.raises(ValidationError):
        FieldSpec.model_validate({"type": ["Id", "string"]})
