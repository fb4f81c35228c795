"""What a spec folder must satisfy beyond its grammar.

Every rule is a generator of faults, one sentence each, that starts with the action's
name. ``bill-mcp specs check`` prints them all; a test runs the same rules.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from bill_mcp.specs.catalogue import Action, Catalogue
from bill_mcp.specs.models import Effect, Evidence, FieldSpec

DOCUMENTED_ACTIONS = 209
SHORTEST_ABOUT = 8
TOO_ALIKE = 0.85
"""Share of words that two descriptions of one method may have in common."""


def faults(catalogue: Catalogue) -> Iterator[str]:
    """Every fault of the whole folder, in a stable order."""
    if len(catalogue) != DOCUMENTED_ACTIONS:
        yield f"there are {len(catalogue)} actions, not {DOCUMENTED_ACTIONS}"
    for action in catalogue:
        yield from _name(action)
        yield from _words(action)
        yield from _effects(action)
        yield from _paths_exist(action)
        yield from _money(action)
        yield from _every_property_is_typed(action.name, action.schema)
    yield from _references(catalogue)
    yield from _texts(catalogue)
    yield from _near_duplicates(catalogue)


def evidence_counts(catalogue: Catalogue) -> Counter[Evidence]:
    """How many body fields are known from where."""
    counts: Counter[Evidence] = Counter()
    for action in catalogue:
        for field in action.spec.body.values():
            _count(field, counts)
    return counts


def _count(field: FieldSpec, counts: Counter[Evidence]) -> None:
    if field.evidence is not None:
        counts[field.evidence] += 1
    for member in (field.fields or {}).values():
        _count(member, counts)


def _name(action: Action) -> Iterator[str]:
    made = re.sub(r"[^a-z0-9]+", "_", action.title.lower()).strip("_")
    spelled = made.replace("mutliple", "multiple")
    if action.name != spelled:
        yield f"{action.name}: the title {action.title!r} makes {spelled}"


def _words(action: Action) -> Iterator[str]:
    texts = [action.spec.summary, action.spec.guidance, *action.spec.keywords]
    if any(text.strip() == "?" for text in texts):
        yield f"{action.name}: a text is still to be written"
    for path, field in _described(action.schema):
        text = field.get("description", "")
        if len(text) < SHORTEST_ABOUT or text.startswith("?"):
            yield f"{action.name}: {path} is not described"


def _described(
    schema: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, part in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield here, part
        if not _is_encoded(part):
            yield from _described(part, here)
            yield from _described(part.get("items", {}), f"{here}[]")


def _is_encoded(part: Mapping[str, Any]) -> bool:
    """Whether it becomes one text of BILL's, and its description says it all."""
    kinds = part.get("type")
    return isinstance(kinds, list) and {"array", "string"} <= set(kinds)


def _effects(action: Action) -> Iterator[str]:
    effects = action.spec.effects
    if "read" in effects and len(effects) > 1:
        yield f"{action.name}: read stands with other effects"
    if "read" not in effects and "write" not in effects:
        yield f"{action.name}: changes something but is not called write"
    if action.is_read and action.spec.method != "GET":
        yield f"{action.name}: a read that is not a GET"


def _paths_exist(action: Action) -> Iterator[str]:
    for escalation in action.spec.escalations:
        if not _has(action.schema, escalation.when.argument.split(".")):
            yield f"{action.name}: no argument {escalation.when.argument}"
    for path in action.spec.withheld:
        if not _has(action.output_schema, path.split(".")):
            yield f"{action.name}: no reply member {path}"
    for name in action.spec.fill:
        if name not in action.spec.body:
            yield f"{action.name}: fills {name}, which is no body field"


def _money(action: Action) -> Iterator[str]:
    for watched in action.spec.object_escalations:
        for name in (watched.by, *watched.given):
            if name not in action.fields:
                yield f"{action.name}: no argument {name}"
    if action.spec.pays and Effect.MONEY not in action.possible_effects:
        yield f"{action.name}: pays, but moves no money"


def _has(schema: Mapping[str, Any], steps: list[str]) -> bool:
    if not steps:
        return True
    name = steps[0].removesuffix("[]")
    part = schema.get("properties", {}).get(name)
    if part is None:
        return False
    return _has(part.get("items", part) if steps[0].endswith("[]") else part, steps[1:])


def _every_property_is_typed(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    for path, part in _described(schema):
        if "type" not in part:
            yield f"{name}: {path} has no type"
    if {"anyOf", "oneOf", "allOf"} & set(schema):
        yield f"{name}: some model providers refuse a top-level anyOf, oneOf or allOf"


def _references(catalogue: Catalogue) -> Iterator[str]:
    for alias, name in catalogue.aliases.items():
        if name not in catalogue.actions:
            yield f"alias {alias}: no action named {name}"
    for name in catalogue.compact:
        if name not in catalogue.actions:
            yield f"compact: no action named {name}"
    for action in catalogue:
        for mentioned in set(re.findall(r"\bbill_[a-z0-9_]+", action.description)):
            if mentioned not in catalogue.actions and mentioned != "bill_mcp":
                yield f"{action.name}: mentions {mentioned}, which does not exist"


def _texts(catalogue: Catalogue) -> Iterator[str]:
    """Who writes each text of the replies is decided, once, and of nothing else."""
    third_party = catalogue.texts.third_party
    others = catalogue.texts.not_free_text
    for name in sorted(third_party & others):
        yield f"text {name}: said to be third parties' and not to be free text"
    decided, found = third_party | others, set[str]()
    for action in catalogue:
        found |= action.text_members
        for name in sorted(action.text_members - decided):
            yield f"{action.name}: it is not decided who writes the text {name}"
    for name in sorted(decided - found):
        yield f"text {name}: in no reply"


def _near_duplicates(catalogue: Catalogue) -> Iterator[str]:
    bags = {
        action.name: frozenset(re.findall(r"[a-z0-9&]+", action.description.lower()))
        for action in catalogue
    }
    for one, other in combinations(catalogue, 2):
        a, b = bags[one.name], bags[other.name]
        if one.spec.method != other.spec.method or not a or not b:
            continue
        if len(a & b) / len(a | b) > TOO_ALIKE:
            yield f"{one.name}: described almost like {other.name}"
