"""YAML restricted to what JSON can say.

Plain YAML 1.1 reads ``NO`` as false, ``01234`` as 668 and ``2026-01-31`` as a date.
Spec files are about country codes, postal codes and dates, so only JSON's own
literals are converted here; everything else stays text. An amount such as ``1.50``
is a number, as in JSON.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from bill_mcp.errors import SpecError

_JSON_LITERALS = (
    ("tag:yaml.org,2002:null", re.compile(r"^null$"), ["n"]),
    ("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"]),
    ("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9]\d*)$"), list("-0123456789")),
    (
        "tag:yaml.org,2002:float",
        re.compile(r"^-?(?:0|[1-9]\d*)\.\d+$"),
        list("-0123456789"),
    ),
)


class _JsonLoader(yaml.SafeLoader):
    """A safe loader without YAML's implicit types, aliases or duplicate keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 -- yaml's own protocol

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
            raise SpecError(f"{event.start_mark}: aliases are not allowed; use a type")
        return super().compose_node(parent, index)

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise SpecError(f"{node.start_mark}: key written twice: {sorted(twice)}")
        return super().construct_mapping(node, deep=deep)


for _tag, _pattern, _first in _JSON_LITERALS:
    _JsonLoader.add_implicit_resolver(_tag, _pattern, _first)


def read(path: Path) -> Any:
    """Read one spec file.

    Raises:
        SpecError: The file is not YAML, or uses more of YAML than JSON can say.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _JsonLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise SpecError(f"{path.name}: {error}") from error
