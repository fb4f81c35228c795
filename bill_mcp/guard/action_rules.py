"""Which actions with which effects: rules that need nothing from BILL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from bill_mcp.agents import AgentPolicy
from bill_mcp.environments import Environment
from bill_mcp.errors import RefusedError
from bill_mcp.guard.rules import Mode, Rules
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Effect

PREPARING = frozenset({Effect.READ, Effect.WRITE})
"""The effects of the mode ``prepare``, and of production without a policy file."""

_ALLOWED = {Mode.READ_ONLY: frozenset({Effect.READ}), Mode.PREPARE: PREPARING}
"""The effects of every mode that does not have them all."""

_SHOWN = 12

_USE_ANOTHER = "Use a tool, or arguments, without these effects, or "

_SWITCHED_OFF = (
    "Ask a person to do it in BILL's own web page, or to switch automatic payment off "
    "there first."
)
"""What is left where BILL would pay by itself, whatever the arguments are."""


def check_effects(
    name: str,
    effects: frozenset[Effect],
    policy: AgentPolicy,
    environment: Environment,
    why: Sequence[str] = (),
) -> None:
    """Let the call go on if the agent may have all of *effects*.

    Args:
        name: Of the action.
        effects: Of the call.
        policy: Of the agent.
        environment: Which BILL it is.
        why: Why objects at BILL add to the effects, which no arguments then change.

    Raises:
        RefusedError: By ``--read-only``, by the mode, or by an effect that is denied.
    """
    if effects <= {Effect.READ}:
        return
    if policy.read_only:
        raise RefusedError(
            f"this server is read-only, and {name} changes something",
            advice="Use reading tools only, or ask the operator to lift --read-only.",
            code="read_only",
        )
    rules = policy.rules
    if rules is None:
        if environment is Environment.PRODUCTION:
            because = "production without a policy file"
            _judge_mode(name, effects, Mode.PREPARE, because, why)
        return
    because = f"{rules.place('mode')} = {rules.mode}"
    _judge_mode(name, effects, rules.mode, because, why)
    denied = effects & rules.deny_effects
    if denied:
        allowed = _ALLOWED.get(rules.mode, frozenset(Effect)) - rules.deny_effects
        raise RefusedError(
            f"{name} would have the effects {listed(denied)}{_since(why)}, which "
            f"{rules.place('deny_effects')} denies; allowed are only {listed(allowed)}",
            advice=_SWITCHED_OFF if why else f"{_USE_ANOTHER}ask the operator.",
            code="effect_denied",
        )


def _judge_mode(
    name: str,
    effects: frozenset[Effect],
    mode: Mode,
    because: str,
    why: Sequence[str],
) -> None:
    beyond = effects - _ALLOWED.get(mode, effects)
    if beyond:
        raise RefusedError(
            f"{name} would have the effects {listed(beyond)}{_since(why)}; allowed are "
            f"only {listed(_ALLOWED[mode])} ({because})",
            advice=_SWITCHED_OFF
            if why
            else f"{_USE_ANOTHER}ask a person to do it in BILL's own web page.",
            code="mode",
        )


def check_action(action: Action, rules: Rules) -> None:
    """Let the call go on if its action is allowed and not denied by name.

    Raises:
        RefusedError: It is denied, or it is not in the list of those allowed.
    """
    allowed, denied = rules.allow_actions, rules.deny_actions
    if any(fnmatchcase(action.name, glob) for glob in denied):
        others = "any tool but"
        if allowed is not None:
            others = f"one of {listed(allowed)}, but none of"
        raise RefusedError(
            f"{rules.place('deny_actions')} denies {action.name}",
            advice=f"Use {others} {listed(denied)}, or ask the operator.",
            code="action_denied",
        )
    if allowed is not None and not any(fnmatchcase(action.name, g) for g in allowed):
        raise RefusedError(
            f"{action.name} is not among those that {rules.place('allow_actions')} "
            "allows",
            advice=f"Use one of these, or ask the operator: {listed(allowed)}.",
            code="action_denied",
        )


def check_toolset(action: Action, rules: Rules) -> None:
    """Let the call go on if the toolset of its action is allowed and not denied.

    Raises:
        RefusedError: It is denied, or it is not in the list of those allowed.
    """
    allowed, denied = rules.allow_toolsets, rules.deny_toolsets
    if action.toolset in denied:
        others = f"any toolset but {listed(denied)}, or ask the operator"
        if allowed is not None:
            left = listed(set(allowed).difference(denied)) or "none"
            others = f"these, or ask the operator: {left}"
        raise RefusedError(
            f"{rules.place('deny_toolsets')} denies the toolset {action.toolset}, "
            f"to which {action.name} belongs",
            advice=f"Use a tool of {others}.",
            code="toolset_denied",
        )
    if allowed is not None and action.toolset not in allowed:
        raise RefusedError(
            f"{action.name} belongs to the toolset {action.toolset}, which is not "
            f"among those that {rules.place('allow_toolsets')} allows",
            advice=f"Use a tool of these, or ask the operator: {listed(allowed)}.",
            code="toolset_denied",
        )


def listed(names: Iterable[str]) -> str:
    """Names for a sentence, sorted; of many only the first."""
    every = sorted(names)
    more = len(every) - _SHOWN
    return ", ".join(every[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _since(why: Sequence[str]) -> str:
    """What is put behind effects that objects at BILL add."""
    return f" (since {' and '.join(why)})" if why else ""
