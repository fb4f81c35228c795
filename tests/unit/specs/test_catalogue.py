from pathlib import Path
from typing import Any

import pytest
from support.spec_folder import creating_action, spec_files, written

from bill_mcp.errors import UnknownActionError
from bill_mcp.specs import loading
from bill_mcp.specs.catalogue import Action, Catalogue
from bill_mcp.specs.models import Effect


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return loading.load(written(tmp_path, spec_files()))


def action_with(folder: Path, **changes: Any) -> Action:
    files = spec_files()
    action = creating_action(**changes)
    files["widgets.yaml"]["actions"]["bill_create_a_widget"] = action
    return loading.load(written(folder, files)).find("bill_create_a_widget")


@pytest.mark.parametrize(
    "name",
    [
        "bill_get_widget_details",
        "BILL_GET_WIDGET_DETAILS",
        "bill_get_wigdet_details",
        "BILL_GET_WIGDET_DETAILS",
    ],
)
def test_action_is_found_by_name_alias_and_capitals(
    catalogue: Catalogue, name: str
) -> None:
    assert catalogue.find(name).name == "bill_get_widget_details"


@pytest.mark.parametrize(
    "name",
    [
        *("", "bill", "bill_get_widget", "bill_get_widget_details "),
        *("Bill_Get_Widget_Details", "bill-get-widget-details", "b\u0131ll_x"),
        *("bill_get_widget_details\n", "../bill_get_widget_details", "A" * 100_000),
    ],
)
def test_other_name_is_unknown_and_is_not_repeated(
    catalogue: Catalogue, name: str
) -> None:
    with pytest.raises(UnknownActionError) as caught:
        catalogue.find(name)
    assert str(caught.value) == "no tool has that name"


def test_schema_is_compiled_at_the_first_call_only(catalogue: Catalogue) -> None:
    made: list[Any] = []

    def compiled(schema: Any) -> int:
        made.append(schema)
        return len(made)

    action = catalogue.find("bill_get_widget_details")
    assert [action.compiled(compiled), action.compiled(compiled)] == [1, 1]
    assert made == [action.schema]


def test_read_is_idempotent_whatever_the_spec_says(tmp_path: Path) -> None:
    get = {"http": "GET /v3/widgets", "effects": ["read"], "body": {}}
    assert action_with(tmp_path, **get, idempotent=False).is_idempotent


@pytest.mark.parametrize("idempotent", [True, False])
def test_write_is_idempotent_as_its_spec_says(tmp_path: Path, idempotent: bool) -> None:
    action = action_with(tmp_path, idempotent=idempotent)
    assert not action.is_read
    assert action.is_idempotent is idempotent


@pytest.mark.parametrize("effect", ["delete", "money", "payee"])
def test_action_may_destroy_through_an_escalation_too(
    tmp_path: Path, effect: str
) -> None:
    assert not action_with(tmp_path).may_destroy
    assert action_with(tmp_path, effects=["write", effect]).may_destroy
    when = {"argument": "name", "given": True}
    action = action_with(tmp_path, escalations=[{"when": when, "adds": [effect]}])
    assert action.possible_effects == {Effect.WRITE, Effect(effect)}
    assert action.may_destroy


def test_description_is_summary_and_guidance(catalogue: Catalogue) -> None:
    assert catalogue.find("bill_create_a_widget").description == (
        "Create a widget under a name that may occur twice. "
        "Look first whether there is one; a second try makes another one."
    )
