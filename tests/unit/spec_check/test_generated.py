import json
from pathlib import Path

import pytest
from support.assembly import catalogue

from bill_mcp.spec_check import generated, report


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place to generate into."""
    monkeypatch.setattr(generated, "CHECKOUT", tmp_path)
    monkeypatch.setattr(generated, "SNAPSHOTS", tmp_path / "snapshots")
    return tmp_path


def test_snapshot_is_what_agents_see_and_the_effects_behind_the_hints() -> None:
    action = catalogue().find("bill_create_a_vendor")
    seen = generated.snapshot(action)
    assert seen["effects"] == ["write"]
    assert seen["possible_effects"] == ["money", "payee", "write"]
    assert seen["input_schema"] == action.schema
    assert seen["output_schema"] == action.output_schema
    assert seen["description"] == action.description
    assert (seen["name"], seen["title"]) == (action.name, action.title)


def test_everything_missing_is_named_and_nothing_written_where_only_checked(
    checkout: Path,
) -> None:
    told: list[str] = []
    assert generated.write_all(only_check=True, write=told.append) == 1
    assert len(told) == 210
    assert told[0] == "tool_specs/_schema.json: run `bill-mcp specs generate`"
    assert not list(checkout.iterdir())


def test_generating_writes_what_is_missing_stale_and_then_nothing_more(
    checkout: Path,
) -> None:
    generated.write_all(only_check=False, write=lambda _: None)
    snapshots = checkout / "snapshots"
    assert len(list(snapshots.iterdir())) == 209
    (snapshots / "bill_api_logout.json").write_text("{}\n", encoding="utf-8")
    (snapshots / "bill_gone.json").write_text("{}\n", encoding="utf-8")
    told: list[str] = []
    assert generated.write_all(only_check=False, write=told.append) == 0
    assert told == [
        "snapshots/bill_api_logout.json: run `bill-mcp specs generate`",
        "snapshots/bill_gone.json: of no tool; delete it",
    ]
    assert list(generated.faults()) == told[1:]


def test_editor_schema_knows_every_kind_of_spec_file() -> None:
    text = (generated.CHECKOUT / "tool_specs" / "_schema.json").read_text("utf-8")
    kinds = {ref["$ref"].rsplit("/", 1)[-1] for ref in json.loads(text)["anyOf"]}
    assert kinds == {
        "ResourceFile",
        "TypesFile",
        "ToolsetsFile",
        "NamesFile",
        "ErrorsFile",
        "ThirdPartyTextFile",
    }


def test_without_a_checkout_the_facts_are_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "FACTS", tmp_path / "nowhere")
    told: list[str] = []
    assert report.check(None, write=told.append) == 0
    assert told[0] == ("the facts of the checkout are not here: not compared with them")
