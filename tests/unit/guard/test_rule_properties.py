"""Each rule of a policy by itself: what it is for passes it exactly when it may.

The other rules are left out, so that what a rule does not stop goes through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.assembly import agent, catalogue
from support.decisions import decided
from support.payments import evidence, part, payee, rules

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import CallError
from bill_mcp.guard import policy, repeats
from bill_mcp.guard.evidence import NOTHING, Cause, Evidence, PaidByItself, Reason
from bill_mcp.guard.rules import Rules
from bill_mcp.records.payments import PaymentPart
from bill_mcp.specs.models import Effect

NAMES = sorted(catalogue().actions)
TOOLSETS = sorted(catalogue().toolsets)
PAY, CANCEL = "bill_create_a_payment", "bill_cancel_a_payment"
BY_MODE = {
    "read-only": {Effect.READ},
    "prepare": {Effect.READ, Effect.WRITE},
    "pay": set(Effect),
}
VENDORS, ACCOUNTS, OBJECTS = ["009A", "009B"], ["bacA", "bacB"], ["00n1", "00n2"]
CURRENCIES = ["USD", "EUR"]
THE_SAME_EVERY_TIME = settings(max_examples=150, deadline=None, derandomize=True)

some = st.sampled_from


def passes(
    table: Mapping[str, Any],
    read: Evidence = NOTHING,
    *,
    code: str,
    **given: Any,
) -> bool:
    """Whether the call goes through; if not, for no other reason than *code*."""
    found = code_of(lambda: decided(read, rules(**table), **{"arguments": {}, **given}))
    assert found in {None, code}
    return found is None


def code_of(check: Callable[[], object]) -> str | None:
    """The code of the refusal, if there is one."""
    try:
        check()
    except CallError as error:
        return error.code
    return None


def optional(strategy: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[Any]:
    """A list that the policy may as well leave out."""
    return st.none() | strategy


def table_of(**lists: Any) -> dict[str, Any]:
    return {key: value for key, value in lists.items() if value is not None}


# Actions, toolsets and effects


@st.composite
def globs(draw: st.DrawFn) -> str:
    """The name of an action, whole or with a stretch of it left open."""
    name = draw(some(NAMES))
    begin = draw(st.integers(5, len(name)))
    end = draw(st.integers(begin, len(name)))
    return draw(some([name, f"{name[:begin]}*{name[end:]}", f"{name[:-1]}?", "bill_*"]))


def is_in(names: Sequence[str], name: str) -> bool:
    """Matched by hand, letter by letter."""
    spelled = {"*": ".*", "?": "."}
    return any(
        re.fullmatch("".join(spelled.get(c, c) for c in each), name) for each in names
    )


@THE_SAME_EVERY_TIME
@given(
    st.data(), optional(st.lists(globs(), max_size=3)), st.lists(globs(), max_size=2)
)
def test_action_passes_where_it_is_allowed_and_not_denied(
    data: st.DataObject, allowed: list[str] | None, denied: list[str]
) -> None:
    # An action that some list is about, as often as any other.
    near = [name for name in NAMES if is_in([*(allowed or ()), *denied], name)]
    name = data.draw(some(near or NAMES) | some(NAMES))
    table = table_of(allow_actions=allowed, deny_actions=denied)
    may = (allowed is None or is_in(allowed, name)) and not is_in(denied, name)
    assert passes(table, name=name, code="action_denied") == may


@THE_SAME_EVERY_TIME
@given(
    some(NAMES),
    optional(st.lists(some(TOOLSETS), max_size=6)),
    st.lists(some(TOOLSETS), max_size=4),
)
def test_action_passes_where_its_toolset_is_allowed_and_not_denied(
    name: str, allowed: list[str] | None, denied: list[str]
) -> None:
    table = table_of(allow_toolsets=allowed, deny_toolsets=denied)
    toolset = catalogue().find(name).toolset
    may = (allowed is None or toolset in allowed) and toolset not in denied
    assert passes(table, name=name, code="toolset_denied") == may


@THE_SAME_EVERY_TIME
@given(
    some(NAMES),
    st.frozensets(some(sorted(Effect)), max_size=2),
    st.lists(some(sorted(set(Effect) - {Effect.READ})), max_size=3),
)
def test_call_passes_where_none_of_its_effects_is_denied(
    name: str, added: frozenset[Effect], denied: list[Effect]
) -> None:
    effects = policy.effects_of(catalogue().find(name), {}).effects | added
    read = replace(NOTHING, effects=added)
    may = effects.isdisjoint(denied)
    table = {"deny_effects": denied}
    assert passes(table, read, name=name, code="effect_denied") == may


@THE_SAME_EVERY_TIME
@given(
    some(NAMES),
    st.frozensets(some(sorted(Effect)), max_size=1),
    some(sorted(BY_MODE)),
)
def test_call_passes_where_the_mode_has_all_its_effects(
    name: str, added: frozenset[Effect], mode: str
) -> None:
    effects = policy.effects_of(catalogue().find(name), {}).effects | added
    read = replace(NOTHING, effects=added)
    may = effects <= BY_MODE[mode]
    assert passes({"mode": mode}, read, name=name, code="mode") == may


# Who is paid, from what, by whom


def paid_by_itself() -> st.SearchStrategy[tuple[PaidByItself, ...]]:
    one = st.builds(
        PaidByItself,
        vendor_id=some([*VENDORS, None]),
        account=some([*ACCOUNTS, None]),
        why=st.just("the vendor is on auto-pay"),
        is_asked_for=st.booleans(),
    )
    return st.lists(one, max_size=2).map(tuple)


@THE_SAME_EVERY_TIME
@given(
    st.lists(some([*VENDORS, None]), max_size=3),
    paid_by_itself(),
    optional(st.lists(some(VENDORS), max_size=2)),
)
def test_payment_passes_where_everybody_who_is_paid_is_listed(
    paid: list[str | None],
    by_bill: tuple[PaidByItself, ...],
    listed: list[str] | None,
) -> None:
    read = evidence(*(part(vendor=each) for each in paid), paid_by_itself=by_bill)
    everybody = {*paid, *(each.vendor_id for each in by_bill)}
    may = listed is None or everybody <= set(listed)
    assert passes(table_of(vendors=listed), read, code="vendor_denied") == may


@THE_SAME_EVERY_TIME
@given(
    some([*ACCOUNTS, None]),
    some([{"type": "WALLET"}, {"type": "BANK_ACCOUNT"}, None]),
    st.booleans(),
    paid_by_itself(),
    optional(st.lists(some([*ACCOUNTS, "wallet"]), max_size=3)),
)
def test_payment_passes_where_every_account_that_pays_is_listed(
    account: str | None,
    funding: dict[str, str] | None,
    pays: bool,
    by_bill: tuple[PaidByItself, ...],
    listed: list[str] | None,
) -> None:
    parts = [part()] if pays else []
    read = evidence(*parts, funding_account=account, paid_by_itself=by_bill)
    used: set[str | None] = {each.account for each in by_bill}
    if pays:
        used.add("wallet" if funding == {"type": "WALLET"} else account)
    may = listed is None or used <= set(listed)
    found = passes(
        table_of(funding_accounts=listed),
        read,
        arguments={} if funding is None else {"fundingAccount": funding},
        code="funding_account_denied",
    )
    assert found == may


@THE_SAME_EVERY_TIME
@given(
    st.booleans(),
    some([PAY, PAY, CANCEL, "bill_create_a_bill"]),
    some([None, False, True]),
    st.frozensets(some(OBJECTS)),
    st.frozensets(some([*OBJECTS, "vendor named acme"]), max_size=2),
    paid_by_itself(),
)
def test_payment_passes_where_its_agent_made_nothing_of_what_it_pays(
    separate: bool,
    name: str,
    makes_bill: bool | None,
    paid_for: frozenset[str],
    touched: frozenset[str],
    by_bill: tuple[PaidByItself, ...],
) -> None:
    read = evidence(part(), object_ids=paid_for, paid_by_itself=by_bill)
    names = {*paid_for, "vendor named acme"}
    pays_own = name == PAY and bool(makes_bill or names & touched)
    options = {} if makes_bill is None else {"createBill": makes_bill}
    found = passes(
        {"separate_duties": separate},
        read,
        name=name,
        arguments={"processingOptions": options},
        history=touched,
        code="separate_duties",
    )
    assert found == (not separate or not (pays_own or by_bill))


# How much; sums over days are in test_limits_properties.py


@THE_SAME_EVERY_TIME
@given(
    st.lists(
        st.builds(
            part,
            st.integers(1, 20_000),
            vendor=some(VENDORS),
            currency=some(CURRENCIES),
        ),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 300),
    some(["payment", "first_payment"]),
    st.frozensets(some(VENDORS)),
)
def test_payment_passes_where_each_vendor_gets_no_more_than_the_limit(
    parts: list[PaymentPart], most: int, name: str, new: frozenset[str]
) -> None:
    payees = {each: payee(each, first=each in new) for each in VENDORS}
    read = evidence(*parts, payees=payees)
    sums: dict[tuple[str | None, str], int] = {}
    for each in parts:
        key = each.vendor_id, each.currency
        sums[key] = sums.get(key, 0) + each.cents
    within = all(
        cents <= most * 100
        for (vendor, _), cents in sums.items()
        if name == "payment" or vendor in new
    )
    both = {currency: {name: most} for currency in CURRENCIES}
    assert passes({"limits": both}, read, code=f"limit_{name}") == within
    dollars = {"limits": {"USD": {"day": 1_000_000}}}
    in_dollars = all(each.currency == "USD" for each in parts)
    assert passes(dollars, read, code="limit_currency") == in_dollars


# Who must agree

reasons = st.lists(
    st.builds(Reason, cause=some(sorted(Cause)), text=st.just("It is so.")), max_size=2
).map(tuple)
amounts = st.integers(0, 300)
by_client = st.fixed_dictionaries({"USD": amounts}, optional={"EUR": amounts})


def mostly(usual: st.SearchStrategy[Any], other: Any) -> st.SearchStrategy[Any]:
    """Seldom the other one, so that what it decides does not hide everything else."""
    return st.integers(0, 5).flatmap(lambda roll: usual if roll else other)


@THE_SAME_EVERY_TIME
@given(
    st.lists(
        st.builds(part, st.integers(1, 10_000), currency=some(CURRENCIES)), max_size=3
    ),
    mostly(st.just(()), reasons),
    st.frozensets(some(sorted(Effect)), max_size=1),
    mostly(by_client.map(lambda most: {"client": most}), some([None, "person"])),
)
def test_clients_answer_is_enough_up_to_its_amount_and_for_plain_payments_only(
    parts: list[PaymentPart],
    seen: tuple[Reason, ...],
    added: frozenset[Effect],
    approval_by: Any,
) -> None:
    most = approval_by["client"] if isinstance(approval_by, dict) else {}
    sums = {
        currency: sum(each.cents for each in parts if each.currency == currency)
        for currency in {each.currency for each in parts}
    }
    enough = (
        bool(parts)
        and all(each.cause is Cause.EFFECT for each in seen)
        and not added & {Effect.PAYEE, Effect.ACCESS}
        and all(
            currency in most and cents <= most[currency] * 100
            for currency, cents in sums.items()
        )
    )
    decision = policy.Decision(
        effects=added | {Effect.MONEY}, needs_trust=True, reasons=seen
    )
    given_rules = rules(**table_of(approval_by=approval_by))
    assert policy.client_may_approve(decision, parts, given_rules) == enough
    assert not policy.client_may_approve(decision, parts, None)


def is_asked(read: Evidence, given_rules: Rules, confirm: Confirm) -> set[Cause]:
    """Why a person is asked about a payment in production."""
    asker = agent(rules=given_rules, confirm=confirm)
    verdict = policy.judge(catalogue().find(PAY), {}, asker, Environment.PRODUCTION)
    decision = policy.decide(
        verdict, read, {}, asker, Environment.PRODUCTION, frozenset()
    )
    return {reason.cause for reason in decision.reasons}


@THE_SAME_EVERY_TIME
@given(some(["never", "after_not_done"]), reasons, some(list(Confirm)))
def test_person_is_asked_about_everything_but_a_resend_that_the_policy_allows(
    resend: str, seen: tuple[Reason, ...], confirm: Confirm
) -> None:
    given_rules = rules(resend=resend)
    causes = {each.cause for each in seen}
    by_itself = set() if confirm is Confirm.NEVER else {Cause.EFFECT}
    free = {Cause.RESEND} if resend == "after_not_done" else set()
    asked = is_asked(evidence(part(), reasons=seen), given_rules, confirm)
    assert asked == (causes - free) | by_itself


@THE_SAME_EVERY_TIME
@given(some(["never", "after_not_done"]), reasons, some([None, "C1"]))
def test_lost_payment_goes_out_again_where_policy_or_caller_says_so(
    resend: str, seen: tuple[Reason, ...], number: str | None
) -> None:
    lost = any(each.cause is Cause.RESEND for each in seen)
    may = not lost or resend == "after_not_done" or number is not None
    given_rules = rules(resend=resend)
    found = code_of(lambda: repeats.refuse_lost(seen, number, given_rules))
    assert found == (None if may else "not_done")
