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

EVERY_OTHER = "*"
"""The table of every agent that has none of its own."""


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
            raise ValueError(
                f'the table [agents."{EVERY_OTHER}"], for every other agent, is missing'
            )
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
            fault
            for rules in self.agents.values()
            for fault in (
                *_unknown_actions(rules, catalogue),
                *_unknown_toolsets(rules, catalogue),
            )
        ]
        if faults:
            raise ConfigError("\n".join(faults))


def read_policy(path: Path) -> PolicyFile:
    """The policy in *path*; `PolicyFile.check_names` is left to who has a catalogue.

    Raises:
        ConfigError: Names the file and every fault with its place, one a line.
    """
    try:
        # As decimals: a limit of 0.29 is 29 cents, not 28.999999999999996.
        found = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise ConfigError(f"policy file {path}: {error}") from None
    try:
        file = PolicyFile.model_validate(found)
    except ValidationError as error:
        told = error.errors(include_input=False, include_url=False)
        raise ConfigError(
            "\n".join(f"{path}: {_in_words(fault)}" for fault in told)
        ) from None
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


def _in_words(fault: Any) -> str:
    """One of pydantic's faults, with its place as the operator wrote it."""
    place = dotted([key for key in fault["loc"] if key != "[key]"])
    message = _OUR_WORDS.get(fault["type"]) or fault["msg"].removeprefix(
        "Value error, "
    )
    return f"{place}: {message}" if place else message


def _unknown_actions(rules: Rules, catalogue: Catalogue) -> Iterator[str]:
    for rule in ("allow_actions", "deny_actions"):
        for glob in getattr(rules, rule) or ():
            if not any(fnmatchcase(name, glob) for name in catalogue.actions):
                yield f"{rules.place(rule)}: no action is named {glob!r}"


def _unknown_toolsets(rules: Rules, catalogue: Catalogue) -> Iterator[str]:
    for rule in ("allow_toolsets", "deny_toolsets"):
        for name in getattr(rules, rule) or ():
            if name not in catalogue.toolsets:
                known = ", ".join(catalogue.toolsets)
                yield f"{rules.place(rule)}: no toolset is named {name!r}; {known}"
