"""Who may do what: decided from spec, arguments, agent and environment alone.

Until payments are journalled and people can approve them, everything that would need
either is refused here, outside the local simulator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bill_mcp.agents import Agent, Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import RefusedError
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Condition, Effect

NEEDS_GUARD = frozenset({Effect.MONEY, Effect.PAYEE, Effect.ACCESS})
"""Refused outside ``local`` while there is no journal and no approval."""

ASKED_BY_AUTO = NEEDS_GUARD | {Effect.MESSAGE, Effect.DELETE}
"""What ``--confirm auto`` asks a person about."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a call may do, given its arguments.

    Attributes:
        effects: The action's own, with those that the arguments add.
        needs_trust: BILL wants an MFA-trusted session for it.
    """

    effects: frozenset[Effect]
    needs_trust: bool


def judge(
    action: Action,
    arguments: Mapping[str, Any],
    agent: Agent,
    environment: Environment,
) -> Verdict:
    """The effects of this very call, if the agent may have them.

    Raises:
        RefusedError: It may not; says which rule, and what would be allowed.
    """
    verdict = effects_of(action, arguments)
    if verdict.effects == {Effect.READ}:
        return verdict
    if agent.policy.read_only:
        raise RefusedError(
            f"this server is read-only, and {action.name} changes something",
            advice="Use reading tools only, or ask the operator to lift --read-only.",
            code="read_only",
        )
    if environment is Environment.PRODUCTION and Effect.MONEY in verdict.effects:
        raise RefusedError(
            "this version moves no money in production",
            advice="Ask a person to do it in BILL's own web page.",
            code="not_available",
        )
    asked = _asked(verdict.effects, agent.policy.confirm, environment)
    if asked:
        raise RefusedError(
            f"{action.name} needs a person's approval ({', '.join(sorted(asked))}), "
            "and this version cannot ask for one",
            advice="Ask a person to do it in BILL's own web page, or use a tool "
            "without these effects.",
            code="approval_unavailable",
        )
    return verdict


def effects_of(action: Action, arguments: Mapping[str, Any]) -> Verdict:
    """The effects of an action for certain arguments."""
    effects, needs_trust = action.spec.effects, action.spec.needs_trust
    for escalation in action.spec.escalations:
        if holds(escalation.when, arguments):
            effects = effects | escalation.adds
            needs_trust = needs_trust or escalation.needs_trust
    return Verdict(effects=effects, needs_trust=needs_trust)


def holds(condition: Condition, arguments: Mapping[str, Any]) -> bool:
    """Whether *condition* is true of *arguments*."""
    found = list(_values(arguments, condition.argument.split(".")))
    if condition.given:
        return any(value is not _ABSENT for value in found)
    if condition.one_of:
        return any(value in condition.one_of for value in found)
    if condition.not_equals is not None:
        return not found or any(value != condition.not_equals for value in found)
    return any(value == condition.equals for value in found)


_ABSENT = object()


def _values(value: Any, steps: list[str]) -> Iterator[Any]:
    """What stands at the end of *steps*, or `_ABSENT`, once for each item of a list."""
    if not steps:
        yield value
        return
    name = steps[0].removesuffix("[]")
    if not isinstance(value, Mapping) or name not in value:
        yield _ABSENT
        return
    inner = value[name]
    if steps[0].endswith("[]"):
        for part in inner if isinstance(inner, list) else ():
            yield from _values(part, steps[1:])
    else:
        yield from _values(inner, steps[1:])


def _asked(
    effects: frozenset[Effect], confirm: Confirm, environment: Environment
) -> frozenset[Effect]:
    """The effects for which a person would have to be asked."""
    if confirm is Confirm.ALWAYS:
        return effects
    if confirm is Confirm.AUTO:
        return effects & ASKED_BY_AUTO
    if environment is Environment.PRODUCTION:
        return effects & NEEDS_GUARD
    return frozenset()
