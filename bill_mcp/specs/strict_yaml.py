"""YAML restricted to what JSON can say.

Plain YAML 1.1 reads ``NO`` as false, ``01234`` as 668 and ``2026-01-31`` as a date.
Spec files are about country codes, postal codes and dates, so only JSON's own
literals are converted here; everything else stays text. An amount such as ``1.50``
is a number, as in JSON.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bill_mcp.errors import SpecError

if TYPE_CHECKING:
    from yaml import SafeLoader
else:  # the C parser reads all spec files in a tenth of the time
    SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_DIGITS = list("-0123456789")
_JSON_LITERALS = (
    ("tag:yaml.org,2002:null", re.compile(r"^null$"), ["n"]),
    ("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"]),
    ("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9]\d*)$"), _DIGITS),
    ("tag:yaml.org,2002:float", re.compile(r"^-?(?:0|[1-9]\d*)\.\d+$"), _DIGITS),
)


class _JsonLoader(SafeLoader):
    """A safe loader without YAML's implicit types or duplicate keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 -- yaml's own protocol

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Any, Any]:
        keys = [
            self.construct_object(key, deep=True)
            if isinstance(key, yaml.ScalarNode)
            else None
            for key, _ in node.value
        ]
        if not all(isinstance(key, str) for key in keys):
            raise SpecError(f"{node.start_mark}: a key is no text; quote it")
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise SpecError(
                f"{node.start_mark}: key written twice: {sorted(map(str, twice))}"
            )
        return super().construct_mapping(node, deep=deep)


for _tag, _pattern, _first in _JSON_LITERALS:
    _JsonLoader.add_implicit_resolver(_tag, _pattern, _first)


def read(path: Path) -> Any:
    """Read one spec file.

    Raises:
        SpecError: The file is not YAML, or uses more of YAML than JSON can say.
    """
    try:
        text = path.read_text(encoding="utf-8")
        for event in yaml.parse(text, _JsonLoader):
            mark = event.start_mark
            if isinstance(event, yaml.AliasEvent):
                raise SpecError(f"{mark}: aliases are not allowed; use a type")
            if getattr(event, "tag", None) is not None:
                raise SpecError(f"{mark}: tags are not allowed; JSON has none")
        return yaml.load(text, _JsonLoader)  # noqa: S506 -- safer than safe
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SpecError(f"{path.name}: {error}") from error
