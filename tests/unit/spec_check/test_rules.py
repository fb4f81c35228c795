from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.spec_folder import (
    Files,
    creating_action,
    spec_files,
    widget_action,
    written,
)

from bill_mcp.spec_check import rules
from bill_mcp.specs import loading
from bill_mcp.specs.models import Evidence

COUNT = "there are 2 actions, not 209"
GET, CREATE = "bill_get_widget_details", "bill_create_a_widget"


def faults(folder: Path, files: Files) -> list[str]:
    """What the rules find, but for the number of actions, which is never right here."""
    found = list(rules.faults(loading.load(written(folder, files))))
    assert found[0].startswith("there are ")
    return found[1:]


def test_only_the_number_of_actions_is_wrong_with_the_small_folder(
    tmp_path: Path,
) -> None:
    catalogue = loading.load(written(tmp_path, spec_files()))
    assert list(rules.faults(catalogue)) == [COUNT]


def getting(**changes: Any) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        files["widgets.yaml"]["actions"][GET] = widget_action(**changes)

    return spoil


def creating(**changes: Any) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        files["widgets.yaml"]["actions"][CREATE] = creating_action(**changes)

    return spoil


def field(**said: Any) -> dict[str, Any]:
    return {"type": "string", "evidence": "client", "about": "Some words here."} | said


def when(argument: str) -> list[dict[str, Any]]:
    return [{"when": {"argument": argument, "given": True}, "adds": ["money"]}]


def renamed(files: Files) -> None:
    files["widgets.yaml"]["actions"]["bill_make_widget"] = creating_action()
    del files["widgets.yaml"]["actions"][CREATE]


def twin(files: Files) -> None:
    files["widgets.yaml"]["actions"]["bill_make_a_widget"] = creating_action(
        title="Bill Make A Widget"
    )


FAULTS: dict[str, tuple[Callable[[Files], object], str]] = {
    "name": (
        renamed,
        "bill_make_widget: the title 'Bill Create A Widget' makes bill_create_a_widget",
    ),
    "text to be written": (
        getting(guidance="?"),
        f"{GET}: a text is still to be written",
    ),
    "keyword to be written": (
        getting(keywords=["gadget", "?"]),
        f"{GET}: a text is still to be written",
    ),
    "argument without words": (
        creating(body={"name": field(about="")}),
        f"{CREATE}: name is not described",
    ),
    "argument with too few words": (
        creating(body={"name": field(about="A name")}),
        f"{CREATE}: name is not described",
    ),
    "member without words": (
        creating(body={"maker": field(type="object", fields={"id": field(about="")})}),
        f"{CREATE}: maker.id is not described",
    ),
    "member of what may be null without words": (
        creating(
            body={
                "maker": field(
                    type="object", nullable=True, fields={"id": field(about="")}
                )
            }
        ),
        f"{CREATE}: maker.id is not described",
    ),
    "member of an item without words": (
        creating(
            body={"parts": field(type=["object"], fields={"id": field(about="")})}
        ),
        f"{CREATE}: parts[].id is not described",
    ),
    "read and write": (
        getting(effects=["read", "money"]),
        f"{GET}: read stands with other effects",
    ),
    "change that is no write": (
        creating(effects=["money"]),
        f"{CREATE}: changes something but is not called write",
    ),
    "read that is a POST": (
        creating(effects=["read"], body={}),
        f"{CREATE}: a read that is not a GET",
    ),
    "escalation on nothing": (
        creating(escalations=when("price")),
        f"{CREATE}: no argument price",
    ),
    "escalation on a member of nothing": (
        creating(escalations=when("name.first")),
        f"{CREATE}: no argument name.first",
    ),
    "escalation on items of nothing": (
        creating(escalations=when("parts[].id")),
        f"{CREATE}: no argument parts[].id",
    ),
    "withheld nothing": (
        getting(withheld=["secret"]),
        f"{GET}: no reply member secret",
    ),
    "withheld member of items of nothing": (
        getting(withheld=["results[].secret"], reply="page of Widget"),
        f"{GET}: no reply member results[].secret",
    ),
    "fill of nothing": (
        creating(fill={"number": "transaction_number"}),
        f"{CREATE}: fills number, which is no body field",
    ),
    "alias of nothing": (
        lambda files: files["_names.yaml"]["aliases"].update(bill_x="bill_y"),
        "alias bill_x: no action named bill_y",
    ),
    "compact list of nothing": (
        lambda files: files["_toolsets.yaml"].update(compact=["bill_y"]),
        "compact: no action named bill_y",
    ),
    "mention of nothing": (
        getting(guidance="First call bill_get_list_of_widgets, then this."),
        f"{GET}: mentions bill_get_list_of_widgets, which does not exist",
    ),
    "text of an unknown writer": (
        creating(reply={"maker": {"motto": ["string"]}}),
        f"{CREATE}: it is not decided who writes the text motto",
    ),
    "text of nothing": (
        lambda files: files["_third_party_text.yaml"]["third_party"].append("memo"),
        "text memo: in no reply",
    ),
    "text that is none": (
        lambda files: files["_third_party_text.yaml"]["not_free_text"].append("price"),
        "text price: in no reply",
    ),
    "text of two writers": (
        lambda files: files["_third_party_text.yaml"]["not_free_text"].append("name"),
        "text name: said to be third parties' and not to be free text",
    ),
    "twin": (twin, f"{CREATE}: described almost like bill_make_a_widget"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_rule_finds_the_fault_and_no_other(tmp_path: Path, case: str) -> None:
    spoil, expected = FAULTS[case]
    files = spec_files()
    spoil(files)
    assert faults(tmp_path, files) == [expected]


ALLOWED: dict[str, Callable[[Files], object]] = {
    "escalation on a member": creating(
        body={"maker": field(type="object", fields={"id": field()})},
        escalations=when("maker.id"),
    ),
    "escalation on items": creating(
        body={"parts": field(type=["object"], fields={"id": field()})},
        escalations=when("parts[].id"),
    ),
    "withheld member of items": getting(
        withheld=["results[].name"], reply="page of Widget"
    ),
    "mention of another action and of our own key": getting(
        guidance="Made by bill_create_a_widget; bill_mcp.next says how to go on."
    ),
    "filters without words of their items": getting(
        query={
            "filters": field(type=["string"], encode="filters"),
            "ids": field(type=["string"], encode="comma"),
        }
    ),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_rule_finds_no_fault_where_there_is_none(tmp_path: Path, case: str) -> None:
    files = spec_files()
    ALLOWED[case](files)
    assert faults(tmp_path, files) == []


def test_property_without_a_type_and_top_level_choice_are_found(tmp_path: Path) -> None:
    catalogue = loading.load(written(tmp_path, spec_files()))
    schema: Any = catalogue.find(CREATE).schema
    del schema["properties"]["name"]["type"]
    schema["anyOf"] = [{"required": ["name"]}]
    assert list(rules.faults(catalogue)) == [
        COUNT,
        f"{CREATE}: name has no type",
        f"{CREATE}: some model providers refuse a top-level anyOf, oneOf or allOf",
    ]


def test_evidence_is_counted_down_to_the_members(tmp_path: Path) -> None:
    files = spec_files()
    members = {"id": field(evidence="reply"), "name": field(evidence="sample")}
    creating(body={"maker": field(type="object", fields=members)})(files)
    counts = rules.evidence_counts(loading.load(written(tmp_path, files)))
    assert counts == {Evidence.CLIENT: 1, Evidence.REPLY: 1, Evidence.SAMPLE: 1}
