"""Showing an object as BILL does: the fields of the reply's schema and no others.

The last step of every answer, so what the world notes for itself (``_organizationId``)
can never leak, and unset fields are absent instead of null.
"""

from collections.abc import Mapping
from typing import Any

Shape = Mapping[str, Any] | None
"""Field -> shape of its object (or of its array's items), None for a plain value."""


def shape_of(schema: dict[str, Any] | None) -> Shape:
    """Compile a reply's schema; arrays are seen through to their items."""
    if schema is None:
        return None
    if "items" in schema:
        return shape_of(schema["items"])
    if "properties" not in schema:
        return None
    return {name: shape_of(each) for name, each in schema["properties"].items()}


def show(value: Any, shape: Shape) -> Any:
    """Return *value* with only what *shape* names; nulls are left out."""
    if shape is None or value is None:
        return value
    if isinstance(value, list):
        return [show(each, shape) for each in value]
    return {
        name: kept if inner is None else show(kept, inner)
        for name, inner in shape.items()
        if (kept := value.get(name)) is not None
    }
