"""Files that are generated from the specs and committed, so that reviews show them.

``tool_specs/_schema.json`` lets editors check spec files while they are written;
``tests/specs/snapshots/`` has, for each tool, the JSON that agents see.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from bill_mcp.specs import loading
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import (
    ErrorsFile,
    NamesFile,
    ResourceFile,
    ThirdPartyTextFile,
    ToolsetsFile,
    TypesFile,
)

CHECKOUT = Path(__file__).parents[2]
SNAPSHOTS = CHECKOUT / "tests" / "specs" / "snapshots"

AnyFile = (
    ResourceFile
    | TypesFile
    | ToolsetsFile
    | NamesFile
    | ErrorsFile
    | ThirdPartyTextFile
)


def faults() -> Iterator[str]:
    """Committed files that differ from what would be generated now."""
    for path, text in _files():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield f"{path.relative_to(CHECKOUT)}: run `bill-mcp specs generate`"
    made = {path.name for path, _ in _files()}
    for path in sorted(SNAPSHOTS.glob("*.json")):
        if path.name not in made:
            yield f"{path.relative_to(CHECKOUT)}: of no tool; delete it"


def write_all(*, only_check: bool, write: Callable[[str], object]) -> int:
    """Write every generated file that differs; 1 where *only_check* found one."""
    different = list(faults())
    for fault in different:
        write(fault)
    if only_check:
        return 1 if different else 0
    for path, text in _files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def _files() -> Iterator[tuple[Path, str]]:
    schema = TypeAdapter(AnyFile).json_schema()
    yield CHECKOUT / "tool_specs" / "_schema.json", _text(schema)
    for action in loading.load(inline_credentials=True):
        yield SNAPSHOTS / f"{action.name}.json", _text(snapshot(action))


def snapshot(action: Action) -> dict[str, Any]:
    """What agents see of one tool, and the effects that its hints follow from."""
    return {
        "name": action.name,
        "title": action.title,
        "description": action.description,
        "effects": sorted(action.spec.effects),
        "possible_effects": sorted(action.possible_effects),
        "input_schema": action.schema,
        "output_schema": action.output_schema,
    }


def _text(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
