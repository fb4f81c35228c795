"""Reply shapes: a terse notation in the spec files, a permissive JSON Schema out.

A shape is a primitive (``string``, ``number``, ``integer``, ``boolean``, ``day``,
``time``, ``any``), the name of another shape, a list of one shape, or a mapping of
members. ``page of X`` has cursors, ``results of X`` has none, ``array of X`` is a bare
array, which agents receive under ``items``.

The schemas state types only. Nothing is required and everything may be null, because
BILL leaves unset fields out and adds fields without notice; a strict schema would make
clients fail on good answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bill_mcp.errors import SpecError

_PRIMITIVES: dict[str, dict[str, Any]] = {
    "string": {"type": ["string", "null"]},
    "number": {"type": ["number", "null"]},
    "integer": {"type": ["integer", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "day": {"type": ["string", "null"]},
    "time": {"type": ["string", "null"]},
    "any": {"type": ["object", "array", "string", "number", "boolean", "null"]},
}
_CURSORS = {"nextPage": "string", "prevPage": "string"}


def is_page(shape: Any) -> bool:
    """Whether the reply has cursors to further pages."""
    return isinstance(shape, str) and shape.startswith("page of ")


def expand(shape: Any, shapes: Mapping[str, Any]) -> Any:
    """Replace every name in *shape*, leaving primitives, lists and mappings.

    Raises:
        SpecError: A name is not defined, or a shape contains itself.
    """
    return _expand(shape, shapes, ())


def _expand(shape: Any, shapes: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(shape, Mapping):
        return {name: _expand(part, shapes, inside) for name, part in shape.items()}
    if isinstance(shape, list):
        if len(shape) != 1:
            raise SpecError(f"a list shape has exactly one member: {shape}")
        return [_expand(shape[0], shapes, inside)]
    if not isinstance(shape, str):
        raise SpecError(f"not a shape: {shape!r}")
    for prefix, wrap in _WRAPPERS.items():
        if shape.startswith(prefix):
            return wrap(_expand(shape.removeprefix(prefix), shapes, inside))
    if shape in _PRIMITIVES:
        return shape
    if shape not in shapes:
        raise SpecError(f"no shape named {shape!r}")
    if shape in inside:
        raise SpecError(f"shape {shape!r} contains itself")
    return _expand(shapes[shape], shapes, (*inside, shape))


_WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "page of ": lambda part: {"results": [part], **_CURSORS},
    "results of ": lambda part: {"results": [part]},
    "array of ": lambda part: {"items": [part]},
}


def schema_of(expanded: Any) -> dict[str, Any]:
    """The output schema of a reply: an open object whose members may all be absent.

    Raises:
        SpecError: The reply is a single value, or a bare list.
    """
    if not isinstance(expanded, Mapping):
        raise SpecError(f"a reply that is not an object: {expanded}; see `array of`")
    properties = {name: _schema(part) for name, part in expanded.items()}
    return {"type": "object", "properties": properties}


def text_members(expanded: Any) -> frozenset[str]:
    """The names of all members that may hold text, or a list of texts, but cursors."""
    return frozenset(_texts(expanded, "")) - set(_CURSORS)


def _texts(shape: Any, name: str) -> Iterator[str]:
    if isinstance(shape, Mapping):
        for member, part in shape.items():
            yield from _texts(part, member)
    elif isinstance(shape, list):
        yield from _texts(shape[0], name)
    elif shape in {"string", "any"}:
        yield name


def _schema(shape: Any) -> dict[str, Any]:
    if isinstance(shape, str):
        return dict(_PRIMITIVES[shape])
    if isinstance(shape, list):
        return {"type": ["array", "null"], "items": _schema(shape[0])}
    members = {name: _schema(part) for name, part in shape.items()}
    return {"type": ["object", "null"], "properties": members}
