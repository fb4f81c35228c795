"""Compares the spec files with facts about BILL's operations that came from elsewhere.

The facts are ``tests/facts/operations.json``; differences that are meant stand in
``tests/facts/departures.yaml`` with their reasons, and one that is no longer needed is
a fault too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bill_mcp.specs import strict_yaml
from bill_mcp.specs.catalogue import Action, Catalogue
from bill_mcp.specs.models import Effect


def faults(catalogue: Catalogue, facts_folder: Path) -> Iterator[str]:
    """Every difference between the specs and the facts, but for the named ones."""
    facts = json.loads((facts_folder / "operations.json").read_text(encoding="utf-8"))
    departures = strict_yaml.read(facts_folder / "departures.yaml") or {}
    used: set[tuple[str, str]] = set()
    for name in sorted(set(facts) ^ set(catalogue.actions)):
        yield f"{name}: in the {'facts' if name in facts else 'specs'} only"
    for action in catalogue:
        named = departures.get(action.name, {})
        for what, fault in _differences(action, facts.get(action.name)):
            if what in named:
                used.add((action.name, what))
            else:
                yield f"{action.name}: {what}: {fault}"
    for name, entries in departures.items():
        for what in entries:
            if (name, what) not in used:
                yield f"{name}: {what}: named as a departure, but there is none"


def _differences(
    action: Action, fact: Mapping[str, Any] | None
) -> Iterator[tuple[str, str]]:
    if fact is None:
        return
    spec = action.spec
    flags = fact["flags"]
    for what, ours, theirs in (
        ("title", spec.title, fact["title"]),
        ("method", spec.method, fact["method"]),
        ("path", spec.path_template, fact["path"]),
        ("auth", spec.auth, fact["auth"]),
        ("idempotent", action.is_idempotent, flags["idempotent"]),
        ("read", action.is_read, flags["read_only"]),
        ("needs_trust", spec.needs_trust, flags["needs_mfa_trust"]),
        ("confidence", spec.confidence, fact["confidence"]),
        ("withheld", bool(spec.withheld), flags["returns_secret"]),
    ):
        if ours != theirs:
            yield what, f"{ours!r} here, {theirs!r} in the facts"
    for flag, effect in (
        ("destructive", Effect.DELETE),
        ("moves_money", Effect.MONEY),
        ("sends_message", Effect.MESSAGE),
    ):
        if flags[flag] and effect not in spec.effects:
            yield flag, f"a fact, but {effect} is no effect here"
    for condition in fact.get("conditional_flags", {}):
        if not spec.escalations and "money" not in spec.effects:
            yield condition, "a fact, but nothing escalates here"
    yield from _parameters(action, fact)
    yield from _body(action, fact)


def _parameters(action: Action, fact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    theirs = {entry["name"]: entry for entry in fact["query_params"]}
    for name in sorted(set(theirs) ^ set(action.spec.query)):
        yield name, f"a query parameter in the {_side(name in theirs)} only"
    for name, entry in theirs.items():
        field = action.spec.query.get(name)
        if field is not None and field.required != entry["required"]:
            yield name, f"required: {field.required} here"


def _side(in_facts: bool) -> str:
    return "facts" if in_facts else "specs"


def _body(action: Action, fact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if (fact["body_kind"] == "binary") != (action.spec.body_form == "bytes"):
        yield "body_form", "bytes on one side only"
        return
    body = fact["body"] if fact["body_kind"] == "json" else None
    ours = dict(_ours(action))
    theirs = dict(_theirs(body or {}, ""))
    optional = set(fact.get("body_evidence", {}).get("reply_only", ()))
    for path in sorted(set(theirs) - set(ours) - optional):
        yield path, "a body field that is missing here"
    for path in sorted(set(ours) - set(theirs)):
        yield path, "a body field that the facts do not have"
    for path in sorted(set(ours) & set(theirs)):
        our_part, their_part = ours[path], theirs[path]
        if our_part["required"] != their_part["required"]:
            yield path, f"required: {our_part['required']} here"
        if our_part["enum"] and not their_part["enum"]:
            yield path, "an enum here, where the facts have none"
        if their_part["nullable"] != our_part["nullable"]:
            yield path, f"nullable: {our_part['nullable']} here"
        if their_part["enum"] and not our_part["enum"]:
            yield path, "no enum here, where the facts have one"
        if not set(their_part["enum"]) <= set(our_part["enum"] or their_part["enum"]):
            yield path, "an enum value is missing here"


def _ours(action: Action) -> Iterator[tuple[str, dict[str, Any]]]:
    properties = action.schema["properties"]
    body = {name: properties[name] for name in action.spec.body}
    required = [name for name in action.schema.get("required", ()) if name in body]
    fill = action.spec.fill
    constant = {"empty_object", "always_true"}
    filled = [name for name in body if fill.get(name) in constant]
    yield from _walk({"properties": body, "required": required}, "", filled)


def _theirs(body: Mapping[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from _walk(body, path, [])


def _walk(
    schema: Mapping[str, Any], path: str, filled: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        required = name in schema.get("required", ()) or (not path and name in filled)
        values = part.get("enum", part.get("items", {}).get("enum", ()))
        if "x-enum-ref" in part or part.get("pattern", "").startswith("^[A-Z]{"):
            values = ()
        yield (
            here,
            {
                "required": required,
                "enum": tuple(values),
                "nullable": "null" in part.get("type", ()),
            },
        )
        yield from _walk(part, here, [])
        yield from _walk(part.get("items", {}), f"{here}[]", [])
