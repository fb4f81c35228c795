"""Who may do what: pure functions of spec, arguments, agent, environment and evidence.

Twice in a call: `judge` before anything is read at BILL, `decide` once it is known
what is paid to whom. What a policy refuses, nobody's approval allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from bill_mcp.agents import Agent, AgentPolicy, Confirm
from bill_mcp.environments import Environment
from bill_mcp.guard import (
    action_rules,
    limits,
    payment_rules,
    self_paying_rules,
)
from bill_mcp.guard.action_rules import listed
from bill_mcp.guard.evidence import Cause, Evidence, Reason
from bill_mcp.guard.rules import Resend, Rules
from bill_mcp.records.payments import PaymentPart
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Condition, Effect

ASKED_BY_AUTO = frozenset(
    {Effect.MONEY, Effect.PAYEE, Effect.ACCESS, Effect.MESSAGE, Effect.DELETE}
)
"""What ``--confirm auto`` asks a person about."""

_DUPLICATES = frozenset(
    {Cause.DUPLICATE_PAYMENT, Cause.DUPLICATE_BILL, Cause.SIMILAR_BILL}
)
# A tuple: the argument may be of any type, also one that has no hash.
_VOIDS_THAT_SEND_NOTHING = (None, "VOID_ONLY", "VOID_AND_CREDIT")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a call may do, given its arguments.

    Attributes:
        action: Canonical name.
        effects: The action's own, with those that the arguments add.
        needs_trust: BILL wants an MFA-trusted session for it.
        takes_back: It only stops or reverses a payment.
    """

    action: str
    effects: frozenset[Effect]
    needs_trust: bool
    takes_back: bool


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a call may do, given what was read at BILL.

    Attributes:
        effects: With those that the objects at BILL add.
        needs_trust: BILL wants an MFA-trusted session for it.
        reasons: Why a person must agree; empty where nobody needs to.
    """

    effects: frozenset[Effect]
    needs_trust: bool
    reasons: tuple[Reason, ...]


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
    action_rules.check_effects(
        verdict.action, verdict.effects, agent.policy, environment
    )
    if agent.policy.rules is not None:
        action_rules.check_action(action, agent.policy.rules)
        action_rules.check_toolset(action, agent.policy.rules)
    return verdict


def decide(
    verdict: Verdict,
    evidence: Evidence,
    arguments: Mapping[str, Any],
    agent: Agent,
    environment: Environment,
    history: AbstractSet[str],
) -> Decision:
    """What the call may do and who must agree, now that BILL's side is known.

    The limits that depend on what was spent before are `limits.check`, in the journal's
    transaction.

    Args:
        verdict: What `judge` answered.
        evidence: What was read at BILL for this call.
        arguments: What BILL will receive.
        agent: Who asks.
        environment: Which BILL it is.
        history: What this agent made or changed, or may have.

    Raises:
        RefusedError: A rule refuses it; says which, and what would be allowed.
    """
    effects = verdict.effects | evidence.effects
    action_rules.check_effects(
        verdict.action, effects, agent.policy, environment, evidence.why_effects
    )
    rules = agent.policy.rules
    if rules is not None:
        payment_rules.check_vendors(evidence.parts, rules)
        payment_rules.check_funding(evidence, arguments, rules)
        self_paying_rules.check_lists(evidence.paid_by_itself, rules)
        limits.check_each(evidence.parts, rules)
        limits.check_first(evidence.parts, (), evidence.payees, rules)
        if Effect.MONEY in effects and not verdict.takes_back:
            payment_rules.check_duties(evidence, arguments, history, rules)
        self_paying_rules.check_duties(evidence.paid_by_itself, rules)
    unmeasured = (
        Effect.MONEY in effects and not evidence.parts and not verdict.takes_back
    )
    return Decision(
        effects=effects,
        needs_trust=verdict.needs_trust,
        reasons=_reasons(effects, unmeasured, evidence, agent.policy, environment),
    )


def client_may_approve(
    decision: Decision, parts: Sequence[PaymentPart], rules: Rules | None
) -> bool:
    """Whether the answer to a client's own form is enough; a client can forge it.

    Only for payments that nothing speaks against but that they are payments, and only
    while the parts together are within the amount for their currency.
    """
    if rules is None or not parts:
        return False
    if any(reason.cause is not Cause.EFFECT for reason in decision.reasons):
        return False
    if decision.effects & {Effect.PAYEE, Effect.ACCESS}:
        return False
    asked: dict[str, int] = {}
    for part in parts:
        asked[part.currency] = asked.get(part.currency, 0) + part.cents
    allowed = rules.approval_by.client
    return all(
        currency in allowed and cents <= allowed[currency]
        for currency, cents in asked.items()
    )


def effects_of(action: Action, arguments: Mapping[str, Any]) -> Verdict:
    """The effects of an action for certain arguments."""
    effects, needs_trust = action.spec.effects, action.spec.needs_trust
    for escalation in action.spec.escalations:
        if holds(escalation.when, arguments):
            effects = effects | escalation.adds
            needs_trust = needs_trust or escalation.needs_trust
    # By nature both, so not what merely replaces something that pays by itself.
    undoes_payments = {Effect.DELETE, Effect.MONEY} <= action.spec.effects
    return Verdict(
        action=action.name,
        effects=effects,
        needs_trust=needs_trust,
        takes_back=undoes_payments
        and arguments.get("type") in _VOIDS_THAT_SEND_NOTHING,
    )


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


def _reasons(
    effects: frozenset[Effect],
    unmeasured: bool,
    evidence: Evidence,
    policy: AgentPolicy,
    environment: Environment,
) -> tuple[Reason, ...]:
    """Why a person must agree, each reason once, in a stable order."""
    rules, production = policy.rules, environment is Environment.PRODUCTION
    seen = [
        *evidence.reasons,
        *(p.bank_reason for p in evidence.payees.values() if p.bank_reason),
    ]
    if rules is not None and rules.resend is Resend.AFTER_NOT_DONE:
        seen = [one for one in seen if one.cause is not Cause.RESEND]
    if policy.confirm is Confirm.NEVER and not production:
        return tuple(dict.fromkeys(one for one in seen if one.cause in _DUPLICATES))
    asked = _asked(effects, policy.confirm)
    if asked:
        text = f"--confirm {policy.confirm} asks a person about {listed(asked)}"
        if evidence.why_effects:
            text += f", and {' and '.join(evidence.why_effects)}"
        seen.insert(0, Reason(cause=Cause.EFFECT, text=f"{text}."))
    if unmeasured and (production or (rules is not None and rules.limits)):
        text = "It lets money move in an amount that no limit can hold."
        seen.append(Reason(cause=Cause.UNMEASURED, text=text))
    return tuple(dict.fromkeys(seen))


def _asked(effects: frozenset[Effect], confirm: Confirm) -> frozenset[Effect]:
    """The effects for which a person has to be asked."""
    if confirm is Confirm.ALWAYS:
        return effects - {Effect.READ}
    if confirm is Confirm.AUTO:
        return effects & ASKED_BY_AUTO
    return frozenset()
