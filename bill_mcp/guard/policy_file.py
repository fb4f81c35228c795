"""The policy file: what the operator allows each agent, and how people are told."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    ValidationError,
    model_validator,
)

from bill_mcp.environments import LOOPBACK_HOSTS
from bill_mcp.errors import ConfigError
from bill_mcp.guard.rules import Frozen, Rules
from bill_mcp.specs.catalogue import Catalogue

Place = tuple[str | int, ...]
"""The keys that lead to a value of the file."""

_NAMING = ("allow_actions", "deny_actions", "allow_toolsets", "deny_toolsets")
"""The rules that name actions and toolsets."""

EVERY_OTHER = "*"
"""The table of every agent that has none of its own."""

_NOBODY_ELSE = f'the table [agents."{EVERY_OTHER}"], for every other agent, is missing'


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise ValueError("is no URL") from None
    if not host or not url.isprintable() or " " in url:
        raise ValueError("is no URL")
    if parts.scheme != "https" and not (
        parts.scheme == "http" and host in LOOPBACK_HOSTS
    ):
        raise ValueError("is neither https nor an address of this machine")
    return url


class Notify(Frozen):
    """How people learn that something waits for them."""

    url: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None, repr=False
    )
    """Gets a POST; such addresses often hold a secret."""
    desktop: StrictBool = True


class PolicyFile(Frozen):
    """The whole file."""

    format: Literal[1]
    agents: dict[str, Rules]
    notify: Notify = Notify()

    @model_validator(mode="after")
    def _somebody_else(self) -> PolicyFile:
        if EVERY_OTHER not in self.agents:
            raise ValueError(_NOBODY_ELSE)
        return self

    def rules_for(self, agent_name: str) -> Rules:
        """The table of that agent, or else of every other; they don't add up."""
        return self.agents.get(agent_name, self.agents[EVERY_OTHER])

    def check_names(self, catalogue: Catalogue) -> None:
        """See to it that every action and toolset that is named exists.

        Raises:
            ConfigError: Names those that don't, one a line.
        """
        faults = [
            f"{rules.place(rule)}: {fault}"
            for rules in self.agents.values()
            for rule in _NAMING
            for name in getattr(rules, rule) or ()
            if (fault := _unknown(rule, name, catalogue)) is not None
        ]
        if faults:
            raise ConfigError("\n".join(faults))


def read_policy(path: Path) -> PolicyFile:
    """The policy in *path*; `PolicyFile.check_names` is left to who has a catalogue.

    Raises:
        ConfigError: Names the file and every fault with its place, one a line.
    """
    found = _parsed(path)
    try:
        return _placed(path, PolicyFile.model_validate(found))
    except ValidationError as error:
        raise ConfigError("\n".join(_in_words(path, error))) from None


def check_policy(path: Path, catalogue: Catalogue) -> PolicyFile:
    """The policy in *path*, all names of which exist.

    Raises:
        ConfigError: Names every fault at once, of keys, values and names alike.
    """
    found = _parsed(path)
    try:
        file = _placed(path, PolicyFile.model_validate(found))
    except ValidationError as error:
        # A text that is no name at all is told already.
        told = {fault["loc"] for fault in error.errors(include_url=False)}
        others = [
            _at(path, dotted(place[:-1]), fault)
            for place, fault in _others_in(found, catalogue)
            if place not in told
        ]
        raise ConfigError("\n".join([*_in_words(path, error), *others])) from None
    file.check_names(catalogue)
    return file


def _parsed(path: Path) -> dict[str, Any]:
    try:
        # As decimals: a limit of 0.29 is 29 cents, not 28.999999999999996.
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise ConfigError(f"policy file {path}: {error}") from None


def _placed(path: Path, file: PolicyFile) -> PolicyFile:
    """The same policy, whose rules know where they stand."""
    agents = {
        name: rules.placed(f"{path.name}: {dotted(('agents', name))}")
        for name, rules in file.agents.items()
    }
    return file.model_copy(update={"agents": agents})


def dotted(keys: Sequence[str | int]) -> str:
    """A place in a TOML file: keys that need quotes get them, items their number."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key + 1}]"
        elif re.fullmatch(r"[A-Za-z0-9_-]+", key):
            text += f".{key}"
        else:
            text += f'."{key}"'
    return text.removeprefix(".")


_OUR_WORDS = {
    "extra_forbidden": "no such key",
    "missing": "is missing",
    "tuple_type": "is no list",
    "frozen_set_type": "is no list",
    "model_type": "is no table",
    "dict_type": "is no table",
    "literal_error": "is not 1, the only format that this version reads",
}


def _in_words(path: Path, error: ValidationError) -> Iterator[str]:
    """Pydantic's faults, each with its place as the operator wrote it."""
    for fault in error.errors(include_input=False, include_url=False):
        place = dotted([key for key in fault["loc"] if key != "[key]"])
        message = _OUR_WORDS.get(fault["type"]) or fault["msg"].removeprefix(
            "Value error, "
        )
        yield _at(path, place, message)


def _at(path: Path, place: str, message: str) -> str:
    return f"{path}: {place}: {message}" if place else f"{path}: {message}"


def _others_in(
    found: dict[str, Any], catalogue: Catalogue
) -> Iterator[tuple[Place, str]]:
    """What else is wrong with a file whose keys or values have faults, with places."""
    agents = found.get("agents")
    if not isinstance(agents, dict):
        return
    if EVERY_OTHER not in agents:
        yield (), _NOBODY_ELSE
    for agent, table in agents.items():
        for rule in _NAMING if isinstance(table, dict) else ():
            listed = table.get(rule)
            for number, name in enumerate(listed if isinstance(listed, list) else ()):
                fault = isinstance(name, str) and _unknown(rule, name, catalogue)
                if fault:
                    yield ("agents", agent, rule, number), fault


def _unknown(rule: str, name: str, catalogue: Catalogue) -> str | None:
    """What is wrong with a name in that rule; None where it exists."""
    if rule.endswith("_toolsets"):
        known = ", ".join(catalogue.toolsets)
        return (
            None
            if name in catalogue.toolsets
            else f"no toolset is named {name!r}; {known}"
        )
    if any(fnmatchcase(each, name) for each in catalogue.actions):
        return None
    return f"no action is named {name!r}"
