"""The actions of one spec folder, ready to be looked up and called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bill_mcp.errors import UnknownActionError
from bill_mcp.specs.models import (
    ActionSpec,
    Effect,
    ErrorEntry,
    FieldSpec,
    ThirdPartyTextFile,
    Toolset,
)

EFFECTS_THAT_DESTROY = frozenset({Effect.DELETE, Effect.MONEY, Effect.PAYEE})


@dataclass(frozen=True, kw_only=True)
class Action:
    """A spec with its types resolved and its schemas built.

    Attributes:
        name: The canonical tool name, ``bill_create_a_vendor``.
        fields: Every argument that BILL receives, with its named type merged in.
        schema: What an agent may pass, our own arguments included.
        output_schema: What comes back; permissive.
        text_members: Names of the members of replies that hold text.
        third_party_text: Names of members whose text third parties write, in whatever
            reply; the same for every action.
    """

    name: str
    toolset: str
    resource: str
    spec: ActionSpec
    fields: Mapping[str, FieldSpec]
    schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    text_members: frozenset[str] = frozenset()
    third_party_text: frozenset[str] = frozenset()
    hidden_secrets: frozenset[str] = frozenset()
    """Secret arguments that BILL has and the schema leaves out."""
    _compiled: list[Any] = field(default_factory=list, compare=False, repr=False)

    def compiled(self, compile_schema: Callable[[Mapping[str, Any]], Any]) -> Any:
        """What *compile_schema* makes of the schema, made at the first call only."""
        if not self._compiled:
            self._compiled.append(compile_schema(self.schema))
        return self._compiled[0]

    @property
    def title(self) -> str:
        return self.spec.title

    @property
    def is_read(self) -> bool:
        return self.spec.effects == {Effect.READ}

    @property
    def is_idempotent(self) -> bool:
        return self.is_read or self.spec.idempotent

    @property
    def possible_effects(self) -> frozenset[Effect]:
        """The effects for any arguments at all, escalations included."""
        return self.spec.effects.union(*(e.adds for e in self.spec.escalations))

    @property
    def may_destroy(self) -> bool:
        """Whether a call can destroy, pay or redirect something."""
        return bool(self.possible_effects & EFFECTS_THAT_DESTROY)

    @property
    def description(self) -> str:
        return f"{self.spec.summary} {self.spec.guidance}".strip()


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All actions by name, and what the other spec files say. Immutable once loaded."""

    actions: Mapping[str, Action]
    aliases: Mapping[str, str]
    toolsets: Mapping[str, Toolset]
    compact: tuple[str, ...]
    error_codes: Mapping[str, ErrorEntry]
    texts: ThirdPartyTextFile
    folder: Path

    def __iter__(self) -> Iterator[Action]:
        return iter(self.actions.values())

    def __len__(self) -> int:
        return len(self.actions)

    def find(self, name: str) -> Action:
        """The action of that name, of its spelling in capitals, or of its alias.

        Raises:
            UnknownActionError: There is none.
        """
        plain = name.lower() if name.isupper() else name
        plain = self.aliases.get(plain, plain)
        action = self.actions.get(plain)
        if action is None:
            raise UnknownActionError(
                "no tool has that name",
                advice="Take a name from tools/list exactly as it stands there.",
            )
        return action
