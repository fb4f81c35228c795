import importlib.resources
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.spec_folder import Files, creating_action, spec_files, written

from bill_mcp.errors import SpecError
from bill_mcp.specs import loading

Spoil = Callable[[Files], object]


def faults_of(folder: Path, files: Files) -> list[str]:
    with pytest.raises(SpecError) as caught:
        loading.load(written(folder, files))
    return str(caught.value).splitlines()


def actions(files: Files) -> dict[str, Any]:
    found: dict[str, Any] = files["widgets.yaml"]["actions"]
    return found


def test_folder_without_a_fault_becomes_a_catalogue(tmp_path: Path) -> None:
    catalogue = loading.load(written(tmp_path, spec_files()))
    assert list(catalogue.actions) == [
        "bill_create_a_widget",
        "bill_get_widget_details",
    ]
    assert catalogue.folder == tmp_path
    assert catalogue.compact == ("bill_get_widget_details",)
    assert set(catalogue.toolsets) == {"widgets"}
    assert set(catalogue.error_codes) == {"BDC_1109"}


def test_the_faults_of_all_files_are_told_together(tmp_path: Path) -> None:
    files = spec_files()
    files["_types.yaml"]["types"]["Id"]["lenght"] = 3
    files["_toolsets.yaml"] = "toolsets: [1"
    files["_names.yaml"]["aliases"] = {"a": 1}
    files["_errors.yaml"]["codes"]["1109"] = {}
    actions(files)["bill_get_widget_details"]["auth"] = "nobody"
    actions(files)["bill_create_a_widget"]["efects"] = []
    told = faults_of(tmp_path, files)
    for expected in (
        "_types.yaml: types.Id.lenght: Extra inputs are not permitted",
        "_toolsets.yaml: ",
        "_names.yaml: aliases.a: ",
        "_errors.yaml: codes.1109.[key]: ",
        "widgets.yaml: actions.bill_get_widget_details.auth: ",
        "widgets.yaml: actions.bill_create_a_widget.efects: ",
    ):
        assert any(line.startswith(expected) for line in told), expected


@pytest.mark.parametrize(
    "missing",
    [
        "_types.yaml",
        "_toolsets.yaml",
        "_names.yaml",
        "_errors.yaml",
        "_third_party_text.yaml",
    ],
)
def test_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    files = spec_files()
    del files[missing]
    assert f"{missing}: missing" in faults_of(tmp_path, files)


def test_faults_of_several_actions_are_told_together(tmp_path: Path) -> None:
    files = spec_files()
    actions(files)["bill_get_widget_details"]["reply"] = "Gadget"
    actions(files)["bill_create_a_widget"]["body"]["name"]["type"] = "Name"
    assert faults_of(tmp_path, files) == [
        "widgets.yaml: bill_get_widget_details: no shape named 'Gadget'",
        "widgets.yaml: bill_create_a_widget: name: unknown type 'Name'",
    ]


def body(**fields: Any) -> Spoil:
    """Gives the creating action another body."""
    return lambda files: actions(files)["bill_create_a_widget"].update(body=fields)


NAME = {"type": "string", "evidence": "client"}

SPOILS: dict[str, tuple[Spoil, str]] = {
    "unknown toolset": (
        lambda files: files["widgets.yaml"].update(toolset="gadgets"),
        "widgets.yaml: no toolset named 'gadgets'",
    ),
    "path argument without a place": (
        lambda files: actions(files)["bill_get_widget_details"].update(
            http="GET /v3/widgets"
        ),
        "bill_get_widget_details: path and path arguments differ: GET /v3/widgets",
    ),
    "place without a path argument": (
        lambda files: actions(files)["bill_get_widget_details"].update(path={}),
        "path and path arguments differ: GET /v3/widgets/{widgetId}",
    ),
    "argument in two places": (
        lambda files: actions(files)["bill_create_a_widget"].update(
            query={"name": NAME}
        ),
        "bill_create_a_widget: name: stands in two places",
    ),
    "a name of our own": (
        body(preview={"type": "boolean", "evidence": "client"}),
        "bill_create_a_widget: preview: a name that we use ourselves",
    ),
    "no evidence": (
        body(name={"type": "string"}),
        "bill_create_a_widget: name: evidence is missing (client, sample",
    ),
    "no evidence of a member": (
        body(name={**NAME, "type": "object", "fields": {"first": {"type": "string"}}}),
        "bill_create_a_widget: name.first: evidence is missing",
    ),
    "unknown type of a member": (
        body(
            name={**NAME, "type": "object", "fields": {"first": {**NAME, "type": "X"}}}
        ),
        "bill_create_a_widget: name: first: unknown type 'X'",
    ),
    "a type that names another type": (
        lambda files: (
            files["_types.yaml"]["types"].update(Alias={"type": "Id"}),
            body(name={**NAME, "type": "Alias"})(files),
        ),
        "bill_create_a_widget: name: the type 'Alias' is no primitive",
    ),
    "shape that contains itself": (
        lambda files: files["widgets.yaml"]["shapes"].update(Widget={"part": "Widget"}),
        "bill_get_widget_details: shape 'Widget' contains itself",
    ),
}


@pytest.mark.parametrize("case", SPOILS)
def test_fault_inside_an_action_names_file_and_action(
    tmp_path: Path, case: str
) -> None:
    spoil, expected = SPOILS[case]
    files = spec_files()
    spoil(files)
    told = faults_of(tmp_path, files)
    assert any(line.startswith("widgets.yaml: ") and expected in line for line in told)


def test_action_and_shape_may_stand_in_one_file_only(tmp_path: Path) -> None:
    files = spec_files()
    files["another.yaml"] = spec_files()["widgets.yaml"]
    assert set(faults_of(tmp_path, files)) == {
        "widgets.yaml: shape Widget: defined twice",
        "widgets.yaml: bill_get_widget_details: also in another file",
        "widgets.yaml: bill_create_a_widget: also in another file",
    }


def test_source_of_an_action_is_its_files_unless_it_has_its_own(tmp_path: Path) -> None:
    files = spec_files()
    own = {"document": "another page", "checked": "2026-11-20", "verified": True}
    actions(files)["bill_create_a_widget"]["source"] = own
    catalogue = loading.load(written(tmp_path, files))
    sources = {action.name: action.spec.source for action in catalogue}
    assert [source.document for source in sources.values() if source] == [
        "another page",
        "a made-up page",
    ]


def with_a_secret(files: Files) -> Files:
    password = {**NAME, "secret": True}
    actions(files)["bill_create_a_widget"] = creating_action(
        body={"name": NAME, "password": password}
    )
    return files


def test_secret_arguments_are_in_no_schema_by_default(tmp_path: Path) -> None:
    folder = written(tmp_path, with_a_secret(spec_files()))
    action = loading.load(folder).find("bill_create_a_widget")
    assert "password" not in action.schema["properties"]
    assert action.hidden_secrets == {"password"}


def test_secret_arguments_are_in_the_schema_where_they_may_be_given(
    tmp_path: Path,
) -> None:
    folder = written(tmp_path, with_a_secret(spec_files()))
    action = loading.load(folder, inline_credentials=True).find("bill_create_a_widget")
    assert "password" in action.schema["properties"]
    assert action.hidden_secrets == frozenset()


def test_installed_package_has_the_spec_files_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loading.spec_folder() == Path(loading.__file__).parents[2] / "tool_specs"
    installed = tmp_path / "bill_mcp" / "specs" / "loading.py"
    monkeypatch.setattr(loading, "__file__", str(installed))
    inside = Path(str(importlib.resources.files("bill_mcp"))) / "tool_specs"
    assert loading.spec_folder() == inside
