"""From the fields of a spec to the JSON Schema that agents see (draft 2020-12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bill_mcp.errors import SpecError
from bill_mcp.specs.models import PRIMITIVES, FieldSpec

_LIMITS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "format": "format",
}

OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "sw")
"""What a filter can test. Source: BILL's guide on list operations."""

_FILTER_ITEMS = {
    "type": "object",
    "properties": {
        "field": {"type": "string", "pattern": "^[A-Za-z][\\w.]*$"},
        "op": {"type": "string", "enum": list(OPERATORS)},
        "value": {
            "type": ["string", "number", "boolean", "array"],
            "items": {"type": ["string", "number", "boolean"]},
        },
    },
    "required": ["field", "op", "value"],
    "additionalProperties": False,
}
_SORT_ITEMS = {
    "type": "object",
    "properties": {
        "field": {"type": "string", "pattern": "^[A-Za-z][\\w.]*$"},
        "order": {"type": "string", "enum": ["asc", "desc"]},
    },
    "required": ["field", "order"],
    "additionalProperties": False,
}
_ENCODED: dict[str, dict[str, Any]] = {
    "filters": {"type": ["array", "string"], "items": _FILTER_ITEMS, "minLength": 1},
    "sort": {"type": ["array", "string"], "items": _SORT_ITEMS, "minLength": 1},
    "comma": {
        "type": ["array", "string"],
        "minLength": 1,
        "items": {"type": "string", "minLength": 1, "maxLength": 200},
        "minItems": 1,
        "maxItems": 100,
    },
}
_ENCODED_ABOUT = {
    "filters": "A list of {field, op, value}, all of which must hold, "
    "or BILL's own field:op:value string.",
    "sort": "A list of {field, order}, or BILL's own field:order string.",
    "comma": "A list of ids.",
}


class SchemaBuilder:
    """Builds schemas from field specs, with the named types of one spec folder."""

    def __init__(self, types: Mapping[str, FieldSpec]) -> None:
        self._types = types

    def merged(self, field: FieldSpec) -> FieldSpec:
        """*field* with what its named type says, where it says nothing itself.

        Raises:
            SpecError: The type is not defined, or is itself a name.
        """
        name = field.type
        if not isinstance(name, str) or name in PRIMITIVES:
            return field
        if name not in self._types:
            raise SpecError(f"unknown type {name!r}")
        named = self._types[name].type
        if isinstance(named, str) and named not in PRIMITIVES:
            raise SpecError(f"the type {name!r} is no primitive, but {named!r}")
        kept = field.model_dump(exclude_unset=True, exclude={"type"})
        return self._types[name].model_copy(
            update={key: getattr(field, key) for key in kept}
        )

    def whole(self, field: FieldSpec) -> FieldSpec:
        """*field* with every named type merged in, those of its members too.

        A list carries the members and the precision of its items.

        Raises:
            SpecError: A named type is not defined.
        """
        found = self.merged(field)
        if isinstance(found.type, tuple):
            item = self.whole(_item_of(found))
            return found.model_copy(
                update={"fields": item.fields, "decimals": item.decimals}
            )
        if found.fields is None:
            return found
        members = {name: self.whole(part) for name, part in found.fields.items()}
        return found.model_copy(update={"fields": members})

    def schema(self, field: FieldSpec) -> dict[str, Any]:
        """The schema of one value.

        Raises:
            SpecError: A named type is not defined.
        """
        whole = self.merged(field)
        if whole.encode is not None:
            made = dict(_ENCODED[whole.encode])
            if whole.max_items is not None:
                made["maxItems"] = whole.max_items
        elif isinstance(whole.type, tuple):
            made = self._array(whole)
        elif whole.fields is not None:
            made = self._object(whole)
        else:
            made = self._scalar(whole)
        if whole.nullable:
            made["type"] = [made["type"], "null"]
            if "enum" in made:
                made["enum"] = [*made["enum"], None]
        return made | {"description": _description(whole)}

    def _array(self, whole: FieldSpec) -> dict[str, Any]:
        made: dict[str, Any] = {"type": "array", "items": self.schema(_item_of(whole))}
        if not made["items"]["description"]:
            del made["items"]["description"]
        if whole.min_items is not None:
            made["minItems"] = whole.min_items
        if whole.max_items is not None:
            made["maxItems"] = whole.max_items
        return made

    def _object(self, whole: FieldSpec) -> dict[str, Any]:
        fields = whole.fields or {}
        properties = {}
        for name, member in fields.items():
            part = member
            if whole.partial:
                part = member.model_copy(update={"partial": True})
            try:
                properties[name] = self.schema(part)
            except SpecError as error:
                raise SpecError(f"{name}: {error}") from None
        made: dict[str, Any] = {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }
        required = [name for name, member in fields.items() if member.required]
        if required and not whole.partial:
            made["required"] = required
        if whole.one_of_required:
            made["anyOf"] = [
                {"required": list(group)} for group in whole.one_of_required
            ]
        return made

    @staticmethod
    def _scalar(whole: FieldSpec) -> dict[str, Any]:
        made: dict[str, Any] = {"type": whole.type}
        for key, word in _LIMITS.items():
            value = getattr(whole, key)
            if value is not None:
                made[word] = value
        if whole.enum is not None:
            made["enum"] = list(whole.enum)
        return made


def _item_of(whole: FieldSpec) -> FieldSpec:
    said = {"fields": whole.fields, "enum": whole.enum, "partial": whole.partial}
    kept = {name: value for name, value in said.items() if value}
    return FieldSpec.model_validate({"type": whole.type[0], **kept})


def _description(whole: FieldSpec) -> str:
    parts = [whole.about]
    if whole.encode is not None:
        parts.append(_ENCODED_ABOUT[whole.encode])
    if whole.seen:
        parts.append(f"Values seen: {', '.join(whole.seen)}.")
    return " ".join(part for part in parts if part).strip()
