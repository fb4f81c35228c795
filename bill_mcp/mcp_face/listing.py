"""What agents see of the catalogue: ``tools/list``, built once, in one page."""

from __future__ import annotations

from typing import Any

import mcp_types as types

from bill_mcp.errors import ConfigError
from bill_mcp.specs.catalogue import Action, Catalogue

_NOTES_SCHEMA = {
    "type": ["object", "null"],
    "description": "What this server adds: further pages, environment, omissions.",
}


def listed(catalogue: Catalogue, surface: str) -> list[Action]:
    """The actions of a surface in a stable order; all stay callable by name.

    Args:
        catalogue: All actions.
        surface: ``full``, ``compact``, or toolset names joined by commas.

    Raises:
        ConfigError: A toolset does not exist.
    """
    if surface == "full":
        return list(catalogue)
    if surface == "compact":
        return [catalogue.actions[name] for name in sorted(catalogue.compact)]
    if surface == "compact+":
        raise ConfigError("this version has no compact+; use compact or toolsets")
    wanted = [name.strip() for name in surface.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in catalogue.toolsets]
    if unknown or not wanted:
        raise ConfigError(
            f"no toolset named {', '.join(unknown) or '(nothing)'}; there are full, "
            f"compact, {', '.join(catalogue.toolsets)}"
        )
    return [action for action in catalogue if action.toolset in wanted]


def as_tool(action: Action, *, output_schemas: bool) -> types.Tool:
    """Describe *action* to a model; the hints follow from its effects alone."""
    output = None
    if output_schemas:
        properties = {**action.output_schema["properties"], "bill_mcp": _NOTES_SCHEMA}
        output = {**action.output_schema, "properties": properties}
    return types.Tool(
        name=action.name,
        title=action.title,
        description=action.description,
        input_schema=dict(action.schema),
        output_schema=output,
        annotations=types.ToolAnnotations(
            title=action.title,
            read_only_hint=action.is_read,
            destructive_hint=action.may_destroy,
            idempotent_hint=action.is_idempotent,
            open_world_hint=True,
        ),
    )


def on_the_wire(tools: list[types.Tool]) -> list[dict[str, Any]]:
    """The tools as the JSON that goes out, so that it is made only once."""
    return [
        tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in tools
    ]
