"""What one agent's rules come to, in words for the operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from bill_mcp.agents import AgentPolicy, Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import RefusedError
from bill_mcp.guard import action_rules
from bill_mcp.guard.gathering import ENTERING
from bill_mcp.guard.policy import ASKED_BY_AUTO
from bill_mcp.guard.rules import LOST_ANSWER_SETTLES_S, Limits, Mode, Resend, Rules
from bill_mcp.records.payments import amount_of
from bill_mcp.specs.catalogue import Action, Catalogue
from bill_mcp.specs.models import Effect

_SHOWN_IDS = 20


class Fact(NamedTuple):
    """One row of what is shown.

    Attributes:
        about: What the row is about, in a few words.
        text: What the rules say of it.
    """

    about: str
    text: str


def facts(rules: Rules, catalogue: Catalogue) -> list[Fact]:
    """What is allowed, what is asked, what is refused: in this order."""
    told = [Fact("mode", rules.mode), *_actions(rules, catalogue)]
    effects = _possible_effects(rules, catalogue)
    told.append(Fact("a person is asked", _asked(effects, rules, catalogue)))
    if Effect.MONEY in effects:
        told += _payments(rules)
    denied = _denied(rules)
    if denied:
        told.append(Fact("denied by name", denied))
    return told


def _actions(rules: Rules, catalogue: Catalogue) -> list[Fact]:
    count: Counter[str] = Counter()
    for action in catalogue:
        if not _allowed(action, action.spec.effects, rules):
            count["refused"] += 1
        elif not _allowed(action, action.possible_effects, rules):
            count["partly"] += 1
        else:
            count["reads" if action.is_read else "allowed"] += 1
    whole = count["reads"] + count["allowed"]
    told = [
        Fact("allowed", f"{whole} of {len(catalogue)} actions, {count['reads']} read")
    ]
    if count["partly"]:
        told.append(
            Fact("allowed in part", f"{count['partly']}: refused for some arguments")
        )
    if count["refused"]:
        told.append(Fact("refused", f"{count['refused']} actions"))
    return told


def _allowed(action: Action, effects: frozenset[Effect], rules: Rules) -> bool:
    policy = AgentPolicy(read_only=False, confirm=Confirm.AUTO, rules=rules)
    checks: tuple[Callable[[], None], ...] = (
        lambda: action_rules.check_effects(
            action.name, effects, policy, Environment.PRODUCTION
        ),
        lambda: action_rules.check_action(action, rules),
        lambda: action_rules.check_toolset(action, rules),
    )
    try:
        for check in checks:
            check()
    except RefusedError:
        return False
    return True


def _possible_effects(rules: Rules, catalogue: Catalogue) -> AbstractSet[Effect]:
    """Effects that some allowed action can have."""
    return {
        effect
        for action in catalogue
        for effect in action.possible_effects
        if _allowed(action, action.spec.effects | {effect}, rules)
    }


def _asked(effects: AbstractSet[Effect], rules: Rules, catalogue: Catalogue) -> str:
    if effects <= {Effect.READ}:
        return "never: whatever changes something is refused"
    asked: list[str] = sorted(effects & ASKED_BY_AUTO)
    entering = [catalogue.actions[name] for name in ENTERING]
    if any(_allowed(action, action.spec.effects, rules) for action in entering):
        asked.append("a bill like an earlier one")
    always = "with --confirm always for whatever changes something"
    if not asked:
        return f"with --confirm auto for nothing, {always}"
    return f"with --confirm auto for {', '.join(asked)}; {always}"


def _payments(rules: Rules) -> list[Fact]:
    return [
        Fact("may be paid", _ids(rules.vendors, "everybody")),
        Fact("may pay", _ids(rules.funding_accounts, "every account")),
        *_limits(rules),
        Fact("a client's own answer", _client(rules)),
        Fact("separate duties", _duties(rules)),
        Fact("new bank details", _bank_details(rules)),
        Fact("lost answers", _lost_answers(rules)),
        *_warnings(rules),
        Fact("--confirm never in production", _without_person(rules)),
    ]


def _ids(listed: frozenset[str] | None, no_rule: str) -> str:
    if listed is None:
        return no_rule
    more = len(listed) - _SHOWN_IDS
    shown = ", ".join(sorted(listed)[:_SHOWN_IDS]) or "none"
    return f"only {shown}{f' and {more} more' if more > 0 else ''}"


def _limits(rules: Rules) -> list[Fact]:
    if not rules.limits:
        return [Fact("limits", "none: any amount")]
    told = [
        Fact(f"limits in {currency}", _one_currency(limits))
        for currency, limits in sorted(rules.limits.items())
    ]
    known = ", ".join(sorted(rules.limits))
    told.append(Fact("other currencies", f"refused; there are limits in {known} only"))
    told.append(Fact("a day", f"from midnight to midnight in {rules.time_zone}"))
    return told


def _one_currency(limits: Limits) -> str:
    named = (
        ("a payment", limits.payment_cents),
        ("a day for the organization", limits.day_cents),
        ("a day for one vendor", limits.vendor_day_cents),
        ("for a vendor never paid before", limits.first_payment_cents),
    )
    return "; ".join(
        f"{amount_of(cents)} {what}" for what, cents in named if cents is not None
    )


def _client(rules: Rules) -> str:
    amounts = sorted(rules.approval_by.client.items())
    if not amounts:
        return "releases nothing; a person must approve"
    told = " or ".join(f"{amount_of(cents)} {currency}" for currency, cents in amounts)
    return f"releases payments up to {told}; a client can forge it"


def _duties(rules: Rules) -> str:
    if rules.separate_duties:
        return (
            "who made or changed a bill, a recurring bill of its vendor, or bank "
            "details, may not pay it"
        )
    return "not separated: one agent may make a bill and pay it"


def _bank_details(rules: Rules) -> str:
    days = rules.bank_details_days
    if not days:
        return "need nobody"
    return f"need a person for {days} business day{'s' if days > 1 else ''}"


def _lost_answers(rules: Rules) -> str:
    then = (
        "it goes out again without asking about that"
        if rules.resend is Resend.AFTER_NOT_DONE
        else "a person decides on sending again"
    )
    return (
        f"a payment not found after {rules.lost_answer_settles_s} s is not done; {then}"
    )


def _warnings(rules: Rules) -> Iterator[Fact]:
    """That money may go out twice: no fault, since the operator may know better."""
    seconds, usual = rules.lost_answer_settles_s, LOST_ANSWER_SETTLES_S
    if rules.resend is Resend.AFTER_NOT_DONE and seconds < usual:
        yield Fact(
            "warning",
            f"BILL may act later than {seconds} s after an answer was lost; the "
            "payment is then made twice, because nobody is asked before it goes out "
            f"again. Set lost_answer_settles_s to {usual} or more, or resend to "
            f'"{Resend.NEVER}"',
        )


def _without_person(rules: Rules) -> str:
    if rules.mode is Mode.PAY and not rules.holds_amounts:
        return "refused at the start: no payment or day limit in every currency"
    return "possible: amounts are limited"


def _denied(rules: Rules) -> str:
    lists: tuple[tuple[str, Iterable[str]], ...] = (
        ("actions", rules.deny_actions),
        ("toolsets", rules.deny_toolsets),
        ("effects", sorted(rules.deny_effects)),
    )
    return "; ".join(f"{what} {', '.join(names)}" for what, names in lists if names)
