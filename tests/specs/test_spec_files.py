"""The project's own spec files have no fault, and what is generated is up to date."""

import json

import pytest
from support.assembly import catalogue
from support.fact_samples import FACTS, operations

from bill_mcp.spec_check import comparison, generated, report, rules, samples


def test_no_rule_finds_a_fault() -> None:
    assert list(rules.faults(catalogue(inline_credentials=True))) == []


def test_specs_differ_from_the_facts_only_where_a_departure_says_so() -> None:
    assert list(comparison.faults(catalogue(inline_credentials=True), FACTS)) == []


@pytest.mark.parametrize("inline_credentials", [True, False])
def test_sample_of_every_action_makes_a_valid_request(inline_credentials: bool) -> None:
    specs = catalogue(inline_credentials=inline_credentials)
    assert list(samples.faults(specs)) == []


def test_generated_files_are_up_to_date() -> None:
    assert list(generated.faults()) == []


@pytest.mark.parametrize("name", sorted(operations()))
def test_what_agents_see_is_what_was_reviewed(name: str) -> None:
    text = (generated.SNAPSHOTS / f"{name}.json").read_text(encoding="utf-8")
    action = catalogue(inline_credentials=True).find(name)
    assert json.loads(text) == json.loads(json.dumps(generated.snapshot(action)))


def test_there_is_a_snapshot_for_each_tool_and_no_other() -> None:
    found = sorted(path.stem for path in generated.SNAPSHOTS.glob("*"))
    assert found == sorted(operations())


def test_whole_check_ends_without_a_fault() -> None:
    told: list[str] = []
    assert report.check(None, write=told.append) == 0
    assert told[0].startswith("209 actions, ")
    assert told[-1] == "no faults"
