"""Makes arguments out of schemas, for checking that they become valid requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bill_mcp.client.request import build
from bill_mcp.errors import CallError
from bill_mcp.specs.catalogue import Action, Catalogue
from bill_mcp.specs.check import check
from bill_mcp.specs.models import FieldSpec

_TEXT = "sample text for a field that takes any text"
_BY_PATTERN = {
    "^[A-Z]{2}$": "US",
    "^[A-Z]{3}$": "USD",
    "^[0-9]{6}$": "123456",
    "^[A-Za-z0-9_-]{1,50}$": "default",
}
_BY_FORMAT = {"date": "2026-12-01", "date-time": "2026-12-01T09:00:00.000+00:00"}
_BY_ENCODING: dict[str, Any] = {
    "filters": [{"field": "id", "op": "in", "value": ["one", "two"]}],
    "sort": [{"field": "createdTime", "order": "desc"}],
    "comma": ["one", "two"],
}


def arguments(action: Action, *, whole: bool) -> dict[str, Any]:
    """Arguments that fit *action*: all that BILL takes, or the required ones only."""
    required = set(action.schema.get("required", ()))
    return {
        name: _value(name, action.schema["properties"][name], field, whole=whole)
        for name, field in action.fields.items()
        if name in action.schema["properties"] and (whole or name in required)
    }


def _value(
    name: str, schema: Mapping[str, Any], field: FieldSpec, *, whole: bool
) -> Any:
    if field.encode is not None:
        return _BY_ENCODING[field.encode]
    return _fitting(name, schema, whole=whole)


def _fitting(  # noqa: PLR0911 -- one return a kind
    name: str, schema: Mapping[str, Any], *, whole: bool
) -> Any:
    kind = schema["type"]
    kind = kind if isinstance(kind, str) else kind[0]
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "object":
        return _object(schema, whole=whole)
    if kind == "array":
        count = max(1, schema.get("minItems", 1))
        return [_fitting(name, schema["items"], whole=whole)] * count
    if kind == "boolean":
        return True
    if kind in {"number", "integer"}:
        if kind == "integer":
            return max(schema.get("minimum", 1), 1)
        return min(schema.get("maximum", 10.25), 10.25)
    return _text(schema)


def _object(schema: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    members = schema.get("properties", {})
    required = set(schema.get("required", ()))
    for group in schema.get("anyOf", ())[:1]:
        required |= set(group["required"])
    return {
        name: _fitting(name, part, whole=whole)
        for name, part in members.items()
        if whole or name in required
    }


def _text(schema: Mapping[str, Any]) -> str:
    if "format" in schema:
        return _BY_FORMAT[schema["format"]]
    pattern = schema.get("pattern")
    if pattern in _BY_PATTERN:
        return _BY_PATTERN[pattern]
    if pattern is not None:
        return "invoice-1042.pdf" if "\\." in pattern else "2055550123"
    longest = schema.get("maxLength", len(_TEXT))
    return _TEXT[:longest].strip()


def faults(catalogue: Catalogue) -> Iterator[str]:
    """Actions whose own sample does not make a valid request."""
    for action in catalogue:
        for whole in (False, True):
            given = arguments(action, whole=whole)
            try:
                fitting = check(action, given)
                request = build(action, fitting, new_id="X".__mul__, file=b"bytes")
            except CallError as error:
                told = "; ".join(f"{f['path']} {f['message']}" for f in error.faults)
                yield f"{action.name}: its own sample is refused: {told or error}"
                continue
            if "{" in request.path or request.method != action.spec.method:
                yield f"{action.name}: its own sample makes {request.path}"
