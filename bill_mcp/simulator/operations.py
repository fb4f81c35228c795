"""BILL's operations as facts, and which of them a method and a path mean."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.reading import Reader, reader_of
from bill_mcp.simulator.showing import Shape, shape_of

PREFIX = "/connect"


@dataclass(frozen=True, slots=True)
class Operation:
    """One of BILL's operations; its schemas are compiled once."""

    name: str
    method: str
    path: str
    auth: str
    query: tuple[Mapping[str, Any], ...]
    body_kind: str | None
    body_required: bool
    read_body: Reader | None
    response_kind: str
    shape: Shape
    success_status: int
    flags: Mapping[str, Any]


@cache
def operations() -> Mapping[str, Operation]:
    """Return every operation by its name, as ``bill_api.json`` has it."""
    text = files(__package__).joinpath("bill_api.json").read_text(encoding="utf-8")
    facts: dict[str, dict[str, Any]] = json.loads(text)
    return MappingProxyType(
        {name: operation(name, fact) for name, fact in facts.items()}
    )


def operation(name: str, fact: dict[str, Any]) -> Operation:
    return Operation(
        name=name,
        method=fact["method"],
        path=fact["path"],
        auth=fact["auth"],
        query=tuple(fact["query_params"]),
        body_kind=fact["body_kind"],
        body_required=fact["body_required"],
        read_body=reader_of(fact["body"]) if fact["body_kind"] == "json" else None,
        response_kind=fact["response_kind"],
        shape=shape_of(fact["response"]),
        success_status=fact["success_status"],
        flags=fact["flags"],
    )


@dataclass(slots=True)
class Node:
    """A place in the tree of path segments."""

    literal: dict[str, "Node"] = field(default_factory=dict)
    any_value: "Node | None" = None
    methods: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)


@cache
def tree() -> Node:
    root = Node()
    for each in operations().values():
        node, names = root, []
        for segment in each.path.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                if node.any_value is None:
                    node.any_value = Node()
                node = node.any_value
            else:
                node = node.literal.setdefault(segment, Node())
        node.methods[each.method] = (each, tuple(names))
    return root


def route(method: str, raw_path: str) -> tuple[Operation, dict[str, str]]:
    """Return the operation and its path parameters.

    *raw_path* is still percent-encoded, so an encoded slash stays inside its segment.

    Raises:
        BillError: 404 BDC_1121; BILL knows neither the path nor, for it, the method.
    """
    segments = raw_path.strip("/").split("/")
    found = descend(tree(), segments, 0, method, ())
    if found is None:
        raise refusal("BDC_1121")
    (each, names), values = found
    return each, dict(zip(names, (unquote(value) for value in values), strict=True))


def descend(
    node: Node, segments: list[str], at: int, method: str, values: tuple[str, ...]
) -> tuple[tuple[Operation, tuple[str, ...]], tuple[str, ...]] | None:
    if at == len(segments):
        here = node.methods.get(method)
        return (here, values) if here else None
    segment = segments[at]
    # A word of BILL's own wins over an id: `/payments/options` is no payment.
    if next_node := node.literal.get(segment):
        found = descend(next_node, segments, at + 1, method, values)
        if found:
            return found
    if node.any_value is None or not segment:
        return None
    return descend(node.any_value, segments, at + 1, method, (*values, segment))
