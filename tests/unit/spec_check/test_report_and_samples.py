from pathlib import Path
from typing import Any

import pytest
from support.assembly import catalogue
from support.spec_folder import creating_action, spec_files, written

from bill_mcp.spec_check import report, samples
from bill_mcp.specs import loading
from bill_mcp.specs.check import check


def told_of(folder: Path) -> tuple[int, list[str]]:
    told: list[str] = []
    return report.check(folder, write=told.append), told


def test_folder_that_cannot_be_read_is_told_in_full(tmp_path: Path) -> None:
    files = spec_files()
    files["widgets.yaml"]["toolset"] = "gadgets"
    del files["_names.yaml"]
    code, told = told_of(written(tmp_path, files))
    assert code == 1
    assert told[0].splitlines() == [
        "_names.yaml: missing",
        "widgets.yaml: no toolset named 'gadgets'",
    ]


def test_every_fault_and_the_counts_are_told(tmp_path: Path) -> None:
    code, told = told_of(written(tmp_path, spec_files()))
    assert code == 1
    assert told[0] == "there are 2 actions, not 209"
    assert "2 actions, 0 of them verified against BILL" in told
    assert "body fields by evidence: client 1" in told
    assert told[-1] == f"{len(told) - 3} faults"


def sample_faults(folder: Path, **changes: Any) -> list[str]:
    files = spec_files()
    files["widgets.yaml"]["actions"]["bill_create_a_widget"] = creating_action(
        **changes
    )
    return list(samples.faults(loading.load(written(folder, files))))


def test_action_whose_sample_does_not_fit_its_own_schema_is_found(
    tmp_path: Path,
) -> None:
    name = {"type": "string", "evidence": "client", "pattern": "^[0-9]{3}-[a-z]$"}
    (fault,) = sample_faults(tmp_path, body={"name": name})
    assert fault == (
        "bill_create_a_widget: its own sample is refused: "
        "name is not written as its description says"
    )


def test_small_folder_makes_valid_requests(tmp_path: Path) -> None:
    assert sample_faults(tmp_path) == []


@pytest.mark.parametrize("whole", [True, False])
def test_samples_fit_and_the_short_one_has_required_arguments_only(whole: bool) -> None:
    for action in catalogue():
        made = samples.arguments(action, whole=whole)
        assert check(action, made) == made
        names = set(action.fields) & set(action.schema["properties"])
        required = set(action.schema.get("required", ()))
        assert set(made) == (names if whole else required), action.name
