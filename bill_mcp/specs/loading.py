"""Reads a spec folder into a catalogue, reporting all faults of all files together."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bill_mcp.errors import SpecError
from bill_mcp.specs import replies, strict_yaml
from bill_mcp.specs.catalogue import Action, Catalogue
from bill_mcp.specs.models import (
    ActionSpec,
    ErrorsFile,
    Evidence,
    FieldSpec,
    NamesFile,
    ResourceFile,
    ThirdPartyTextFile,
    ToolsetsFile,
    TypesFile,
)
from bill_mcp.specs.own_arguments import own_arguments
from bill_mcp.specs.schemas import SchemaBuilder

M = TypeVar("M", bound=BaseModel)


def spec_folder() -> Path:
    """Where the spec files are: in the checkout, or inside the installed package."""
    beside = Path(__file__).parents[2] / "tool_specs"
    if beside.is_dir():
        return beside
    return Path(str(importlib.resources.files("bill_mcp") / "tool_specs"))


def load(folder: Path | None = None, *, inline_credentials: bool = False) -> Catalogue:
    """Read every spec file in *folder*, by default the project's own.

    Args:
        folder: Where the spec files are.
        inline_credentials: Whether the sign-in tools take secrets as arguments.

    Raises:
        SpecError: Collects the faults of all files, one a line.
    """
    return _Reader(folder or spec_folder(), inline_credentials).read()


class _Reader:
    def __init__(self, folder: Path, inline_credentials: bool) -> None:
        self.folder = folder
        self.inline_credentials = inline_credentials
        self.faults: list[str] = []

    def read(self) -> Catalogue:
        types = self._file("_types.yaml", TypesFile)
        toolsets = self._file("_toolsets.yaml", ToolsetsFile)
        names = self._file("_names.yaml", NamesFile)
        errors = self._file("_errors.yaml", ErrorsFile)
        texts = self._file("_third_party_text.yaml", ThirdPartyTextFile)
        files = {
            path.name: self._file(path.name, ResourceFile)
            for path in sorted(self.folder.glob("[!_]*.yaml"))
        }
        builder = SchemaBuilder(types.types if types else {})
        shapes = self._shapes(types, files)
        actions: dict[str, Action] = {}
        for file_name, file in files.items():
            if file is None:
                continue
            if toolsets and file.toolset not in toolsets.toolsets:
                self.faults.append(f"{file_name}: no toolset named {file.toolset!r}")
            for name, spec in file.actions.items():
                if name in actions:
                    self.faults.append(f"{file_name}: {name}: also in another file")
                    continue
                self._add(actions, file_name, file, name, spec, builder, shapes)
        if self.faults or not (types and toolsets and names and errors and texts):
            raise SpecError("\n".join(self.faults))
        return Catalogue(
            actions={
                name: replace(actions[name], third_party_text=texts.third_party)
                for name in sorted(actions)
            },
            aliases=names.aliases,
            toolsets=toolsets.toolsets,
            compact=toolsets.compact,
            error_codes=errors.codes,
            texts=texts,
            folder=self.folder,
        )

    def _file(self, name: str, model: type[M]) -> M | None:
        try:
            return model.model_validate(strict_yaml.read(self.folder / name))
        except SpecError as error:
            self.faults.append(f"{name}: {error}")
        except FileNotFoundError:
            self.faults.append(f"{name}: missing")
        except ValidationError as error:
            self.faults += [
                f"{name}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
                for fault in error.errors(include_input=False, include_url=False)
            ]
        return None

    def _shapes(
        self, types: TypesFile | None, files: Mapping[str, ResourceFile | None]
    ) -> dict[str, Any]:
        shapes: dict[str, Any] = dict(types.shapes) if types else {}
        for file_name, file in files.items():
            for name, shape in (file.shapes if file else {}).items():
                if name in shapes:
                    self.faults.append(f"{file_name}: shape {name}: defined twice")
                shapes[name] = shape
        return shapes

    def _add(
        self,
        actions: dict[str, Action],
        file_name: str,
        file: ResourceFile,
        name: str,
        spec: ActionSpec,
        builder: SchemaBuilder,
        shapes: Mapping[str, Any],
    ) -> None:
        whole = spec if spec.source else spec.model_copy(update={"source": file.source})
        try:
            action = _build(name, file, whole, builder, shapes)
            actions[name] = action if self.inline_credentials else _hide(action)
        except SpecError as error:
            self.faults.append(f"{file_name}: {name}: {error}")


def _build(
    name: str,
    file: ResourceFile,
    spec: ActionSpec,
    builder: SchemaBuilder,
    shapes: Mapping[str, Any],
) -> Action:
    groups = {"path": spec.path, "query": spec.query, "body": spec.body}
    fields: dict[str, FieldSpec] = {}
    properties: dict[str, Any] = {}
    required = []
    for place, group in groups.items():
        for argument, field in group.items():
            if argument in fields:
                raise SpecError(f"{argument}: stands in two places")
            try:
                properties[argument] = builder.schema(field)
            except SpecError as error:
                raise SpecError(f"{argument}: {error}") from None
            _require_evidence(place, argument, field)
            fields[argument] = builder.whole(field)
            if field.required or place == "path":
                required.append(argument)
    if set(spec.path) != set(re.findall(r"{(\w+)}", spec.http)):
        raise SpecError(f"path and path arguments differ: {spec.http}")
    for argument, extra in own_arguments(spec).items():
        if argument in properties:
            raise SpecError(f"{argument}: a name that we use ourselves")
        properties[argument] = extra
    schema: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    reply = replies.expand(spec.reply, shapes)
    return Action(
        name=name,
        toolset=file.toolset,
        resource=file.resource,
        spec=spec,
        fields=fields,
        schema=schema,
        output_schema=replies.schema_of(reply),
        text_members=replies.text_members(reply),
    )


def _hide(action: Action) -> Action:
    """*action* without its secret arguments, which then are refused by name."""
    secrets = frozenset(n for n, field in action.fields.items() if field.secret)
    if not secrets:
        return action
    properties = action.schema["properties"]
    shown = {name: part for name, part in properties.items() if name not in secrets}
    return replace(
        action,
        schema={**action.schema, "properties": shown},
        hidden_secrets=secrets,
    )


def _require_evidence(place: str, name: str, field: FieldSpec) -> None:
    if field.evidence is None and place != "path":
        raise SpecError(f"{name}: evidence is missing ({', '.join(Evidence)})")
    for member, inner in (field.fields or {}).items():
        _require_evidence(place, f"{name}.{member}", inner)
