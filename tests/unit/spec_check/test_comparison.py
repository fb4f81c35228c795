import json
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

from bill_mcp.spec_check import comparison
from bill_mcp.specs import loading

GET, CREATE = "bill_get_widget_details", "bill_create_a_widget"
Facts = dict[str, Any]
FLAGS = {
    "read_only": False,
    "destructive": False,
    "idempotent": False,
    "moves_money": False,
    "needs_mfa_trust": False,
    "sends_message": False,
    "returns_secret": False,
}


def small_facts() -> Facts:
    """What somebody else knows of the two widget operations; the specs agree."""
    return {
        GET: {
            "title": "Bill Get Widget Details",
            "method": "GET",
            "path": "/v3/widgets/{widgetId}",
            "auth": "session",
            "query_params": [],
            "body": None,
            "body_kind": None,
            "flags": FLAGS | {"read_only": True, "idempotent": True},
            "confidence": "high",
        },
        CREATE: {
            "title": "Bill Create A Widget",
            "method": "POST",
            "path": "/v3/widgets",
            "auth": "session",
            "query_params": [],
            "body": {
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "required": ["name"],
            },
            "body_kind": "json",
            "flags": dict(FLAGS),
            "confidence": "high",
        },
    }


def faults(
    folder: Path, files: Files, facts: Facts, departures: Any = None
) -> list[str]:
    for name in ("specs", "facts"):
        (folder / name).mkdir()
    known = {"operations.json": facts, "departures.yaml": departures or {}}
    catalogue = loading.load(written(folder / "specs", files))
    return list(comparison.faults(catalogue, written(folder / "facts", known)))


def test_specs_that_agree_with_the_facts_have_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, spec_files(), small_facts()) == []


def action(**changes: Any) -> Callable[[Files, Facts], object]:
    made = creating_action(**changes)
    return lambda files, _: files["widgets.yaml"]["actions"].update({CREATE: made})


def reading(**changes: Any) -> Callable[[Files, Facts], object]:
    made = widget_action(**changes)
    return lambda files, _: files["widgets.yaml"]["actions"].update({GET: made})


def fact(**changes: Any) -> Callable[[Files, Facts], object]:
    return lambda _, facts: facts[CREATE].update(changes)


def flag(**changes: Any) -> Callable[[Files, Facts], object]:
    return lambda _, facts: facts[CREATE]["flags"].update(changes)


def body(**members: Any) -> Callable[[Files, Facts], object]:
    """The facts' body with other members beside the required name."""
    properties = {"name": {"type": "string"}, **members}
    return fact(body={"type": "object", "properties": properties, "required": ["name"]})


def field(**said: Any) -> dict[str, Any]:
    return {"type": "string", "evidence": "client", "about": "Some words."} | said


NAME = field(required=True)

DIFFERENCES: dict[str, tuple[Callable[[Files, Facts], object], str]] = {
    "title": (
        action(title="Bill Make A Widget"),
        "title: 'Bill Make A Widget' here, 'Bill Create A Widget' in the facts",
    ),
    "method": (
        action(http="PUT /v3/widgets"),
        "method: 'PUT' here, 'POST' in the facts",
    ),
    "path": (
        action(http="POST /v3/gadgets"),
        "path: '/v3/gadgets' here, '/v3/widgets' in the facts",
    ),
    "auth": (
        action(auth="api_token"),
        "auth: <Auth.API_TOKEN: 'api_token'> here, 'session' in the facts",
    ),
    "idempotent": (
        action(idempotent=True),
        "idempotent: True here, False in the facts",
    ),
    "trust": (
        action(needs_trust=True),
        "needs_trust: True here, False in the facts",
    ),
    "confidence": (
        fact(confidence="low"),
        "confidence: 'high' here, 'low' in the facts",
    ),
    "secret": (
        flag(returns_secret=True),
        "withheld: False here, True in the facts",
    ),
    "destroys": (
        flag(destructive=True),
        "destructive: a fact, but delete is no effect here",
    ),
    "pays": (
        flag(moves_money=True),
        "moves_money: a fact, but money is no effect here",
    ),
    "sends": (
        flag(sends_message=True),
        "sends_message: a fact, but message is no effect here",
    ),
    "pays under a condition": (
        fact(conditional_flags={"moves_money": "if it is due"}),
        "moves_money: a fact, but nothing escalates here",
    ),
    "query of the facts": (
        fact(query_params=[{"name": "max", "required": False}]),
        "max: a query parameter in the facts only",
    ),
    "query of the specs": (
        action(query={"max": field(type="integer")}),
        "max: a query parameter in the specs only",
    ),
    "required query parameter": (
        lambda files, facts: (
            action(query={"max": field()})(files, facts),
            fact(query_params=[{"name": "max", "required": True}])(files, facts),
        ),
        "max: required: False here",
    ),
    "required field": (
        action(body={"name": field()}),
        "name: required: False here",
    ),
    "field of the facts": (
        body(size={"type": "number"}),
        "size: a body field that is missing here",
    ),
    "field of the specs": (
        action(body={"name": NAME, "size": field()}),
        "size: a body field that the facts do not have",
    ),
    "enum of the specs": (
        action(body={"name": NAME | {"enum": ["A"]}}),
        "name: an enum here, where the facts have none",
    ),
    "null in the specs": (
        action(body={"name": NAME | {"nullable": True}}),
        "name: nullable: True here",
    ),
    "upload": (
        fact(body_kind="binary", body=None),
        "body_form: bytes on one side only",
    ),
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_difference_is_found(tmp_path: Path, case: str) -> None:
    spoil, expected = DIFFERENCES[case]
    files, facts = spec_files(), small_facts()
    spoil(files, facts)
    assert f"{CREATE}: {expected}" in faults(tmp_path, files, facts)


def test_read_that_is_none_in_the_facts_is_found(tmp_path: Path) -> None:
    files, facts = spec_files(), small_facts()
    facts[GET]["flags"]["read_only"] = False
    assert faults(tmp_path, files, facts) == [
        f"{GET}: read: True here, False in the facts"
    ]


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ({"enum": ["A"]}, {}, ["size: no enum here, where the facts have one"]),
        (
            {"enum": ["A", "B"]},
            {"enum": ["A"]},
            ["size: an enum value is missing here"],
        ),
        ({"enum": ["A"]}, {"enum": ["A", "B"]}, []),
        ({"x-observed-values": ["A"]}, {"seen": ["A"]}, []),
    ],
)
def test_enum_is_as_wide_as_that_of_the_facts(
    tmp_path: Path, theirs: dict[str, Any], ours: dict[str, Any], expected: list[str]
) -> None:
    files, facts = spec_files(), small_facts()
    body(size={"type": "string", **theirs})(files, facts)
    action(body={"name": NAME, "size": field(**ours)})(files, facts)
    assert faults(tmp_path, files, facts) == [f"{CREATE}: {one}" for one in expected]


def test_members_of_members_and_items_are_compared_too(tmp_path: Path) -> None:
    files, facts = spec_files(), small_facts()
    part = {"type": "object", "properties": {"id": {"type": "string"}}}
    body(maker=part, parts={"type": "array", "items": part})(files, facts)
    maker = field(type="object", fields={"no": field()})
    parts = field(type=["object"], fields={"no": field()})
    action(body={"name": NAME, "maker": maker, "parts": parts})(files, facts)
    assert faults(tmp_path, files, facts) == [
        f"{CREATE}: maker.id: a body field that is missing here",
        f"{CREATE}: parts[].id: a body field that is missing here",
        f"{CREATE}: maker.no: a body field that the facts do not have",
        f"{CREATE}: parts[].no: a body field that the facts do not have",
    ]


def test_field_seen_only_in_replies_may_be_left_out(tmp_path: Path) -> None:
    files, facts = spec_files(), small_facts()
    body(size={"type": "number"})(files, facts)
    fact(body_evidence={"reply_only": ["size"], "elsewhere": []})(files, facts)
    assert faults(tmp_path, files, facts) == []


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("empty_object", []),
        ("transaction_number", [f"{CREATE}: name: required: False here"]),
    ],
)
def test_object_that_the_server_fills_counts_as_required_by_bill(
    tmp_path: Path, fill: str, expected: list[str]
) -> None:
    files, facts = spec_files(), small_facts()
    action(body={"name": field()}, fill={"name": fill})(files, facts)
    assert faults(tmp_path, files, facts) == expected


def test_action_on_one_side_only_is_found(tmp_path: Path) -> None:
    files, facts = spec_files(), small_facts()
    facts["bill_break_a_widget"] = facts.pop(GET)
    assert faults(tmp_path, files, facts) == [
        "bill_break_a_widget: in the facts only",
        f"{GET}: in the specs only",
    ]


def test_escalation_answers_a_condition_of_the_facts(tmp_path: Path) -> None:
    files, facts = spec_files(), small_facts()
    fact(conditional_flags={"moves_money": "if it is due"})(files, facts)
    when = {"argument": "name", "given": True}
    action(escalations=[{"when": when, "adds": ["money"]}])(files, facts)
    assert faults(tmp_path, files, facts) == []


def test_named_departure_is_no_fault(tmp_path: Path) -> None:
    files, facts = spec_files(), small_facts()
    reading(title="Bill Show Widget Details")(files, facts)
    departures = {GET: {"title": "Says better what it does."}}
    assert faults(tmp_path, files, facts, departures) == []


def test_departure_that_is_no_longer_one_is_a_fault(tmp_path: Path) -> None:
    departures = {GET: {"title": "Once it was different."}}
    assert faults(tmp_path, spec_files(), small_facts(), departures) == [
        f"{GET}: title: named as a departure, but there is none"
    ]


def test_departures_may_be_an_empty_file(tmp_path: Path) -> None:
    facts = json.loads(json.dumps(small_facts()))
    assert faults(tmp_path, spec_files(), facts, "# none\n") == []
