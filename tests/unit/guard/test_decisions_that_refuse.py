"""What is refused once it is known what is paid, to whom, and from which account."""

from dataclasses import replace
from typing import Any

import pytest
from support.decisions import LIMITED, PRODUCTION, causes, decided
from support.payments import TABLE, evidence, part, payee, rules

from bill_mcp.errors import Outcome, RefusedError
from bill_mcp.guard.evidence import NOTHING, Cause, Evidence
from bill_mcp.guard.rules import Rules
from bill_mcp.specs.models import Effect


def refused(read: Evidence, given: Rules, **more: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        decided(read, given, **more)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert caught.value.advice
    return caught.value


# Effects that the object at BILL adds


def test_effects_of_the_object_count_like_those_of_the_call() -> None:
    pays_by_itself = replace(NOTHING, effects=frozenset({Effect.MONEY}))
    update: dict[str, Any] = {
        "name": "bill_update_a_bill",
        "arguments": {"dueDate": "2026-12-01"},
    }
    assert decided(NOTHING, rules("prepare"), **update).reasons == ()
    decision = decided(pays_by_itself, rules(), **update)
    assert decision.effects == {Effect.WRITE, Effect.MONEY}
    assert causes(decision) == [Cause.EFFECT]
    assert refused(pays_by_itself, rules("prepare"), **update).code == "mode"
    denied = rules(deny_effects=["money"])
    assert refused(pays_by_itself, denied, **update).code == "effect_denied"
    with pytest.raises(RefusedError, match="production without a policy file"):
        decided(pays_by_itself, None, environment=PRODUCTION, **update)


def test_decision_keeps_that_the_session_must_be_trusted() -> None:
    assert decided(evidence(part())).needs_trust
    assert not decided(NOTHING, name="bill_create_a_bill").needs_trust


# Vendors and funding accounts


def test_vendor_that_is_not_listed_is_not_paid() -> None:
    listed = rules(vendors=["009A", "009B"])
    decided(evidence(part(), part(vendor="009B")), listed)
    told = refused(evidence(part(), part(vendor="009C")), listed)
    assert told.code == "vendor_denied"
    assert str(told) == (
        "payment 2 of 2 pays somebody who is not among those who may be paid "
        f"({TABLE}.vendors)"
    )
    assert "009C" not in f"{told}{told.advice}"
    assert told.advice.endswith(": 009A, 009B.")
    assert str(refused(evidence(part()), rules(vendors=[]))).startswith("this pays ")


def test_long_lists_are_told_in_whole_ids_and_the_others_counted() -> None:
    ids = [f"{number:020}" for number in range(30)]
    read = evidence(part(), funding_account="bacB")
    for told in (
        refused(read, rules(vendors=ids)),
        refused(read, rules(funding_accounts=ids)),
    ):
        assert told.advice.endswith(f"{ids[11]} and 18 more.")
    assert refused(read, rules(vendors=[])).advice.endswith(": none.")


def test_reimbursement_pays_nobody_on_a_list_of_vendors() -> None:
    told = refused(evidence(part(vendor=None)), rules(vendors=["009A"]))
    assert told.code == "vendor_denied"


def test_funding_account_that_is_not_listed_does_not_pay() -> None:
    listed = rules(funding_accounts=["bacA"])
    decided(evidence(part()), listed)
    told = refused(evidence(part(), funding_account="bacB"), listed)
    assert told.code == "funding_account_denied"
    assert str(told) == (
        "the account that would pay is not among those that may "
        f"({TABLE}.funding_accounts)"
    )
    assert told.advice.endswith(": bacA.")


@pytest.mark.parametrize("account", [None, "bacA"])
def test_wallet_pays_only_where_it_is_listed(account: str | None) -> None:
    wallet: dict[str, Any] = {"fundingAccount": {"type": "WALLET"}}
    read = evidence(part(), funding_account=account)
    decided(read, rules(funding_accounts=["wallet"]), arguments=wallet)
    told = refused(read, rules(funding_accounts=["bacA"]), arguments=wallet)
    assert told.code == "funding_account_denied"


@pytest.mark.parametrize("arguments", [{}, {"fundingAccount": {"type": "AP_CARD"}}])
def test_account_that_is_not_known_is_not_on_the_list(
    arguments: dict[str, Any],
) -> None:
    read = evidence(part(), funding_account=None)
    told = refused(read, rules(funding_accounts=["wallet"]), arguments=arguments)
    assert told.code == "funding_account_denied"


def test_lists_of_vendors_and_accounts_concern_payments_only() -> None:
    strict = rules(vendors=[], funding_accounts=[])
    for name in ("bill_create_a_bill", "bill_cancel_a_payment"):
        decided(NOTHING, strict, name=name, arguments={})


# Amounts


def test_payment_over_the_limit_for_one_is_refused() -> None:
    limited = rules(limits={"USD": {"payment": 100}})
    decided(evidence(part(10_000), part(10_000, vendor="009B")), limited)
    told = refused(evidence(part(5_000, vendor="009B"), part(10_001)), limited)
    assert told.code == "limit_payment"
    assert str(told) == (
        f"the limit of 100.00 USD for one payment ({TABLE}.limits.USD.payment) would "
        "be passed"
    )


def test_what_one_call_pays_to_one_vendor_counts_as_one_payment() -> None:
    limited = rules(limits={"USD": {"payment": 100}})
    decided(evidence(part(5_000), part(5_000)), limited)
    told = refused(
        evidence(part(5_000), part(9_000, vendor="009B"), part(5_001)), limited
    )
    assert told.code == "limit_payment"
    assert str(told) == (
        f"the limit of 100.00 USD for one payment ({TABLE}.limits.USD.payment) would "
        "be passed by the 2 to one vendor, which BILL may combine"
    )
    assert told.advice.startswith("Pay at most 100.00 USD at once to one vendor, or")
    # Reimbursements have no vendor, and nothing combines them.
    decided(evidence(part(9_000, vendor=None), part(9_000, vendor=None)), limited)


def test_currency_without_limits_is_refused_once_another_has_some() -> None:
    euros = evidence(part(1, currency="EUR"))
    decided(euros, rules())
    told = refused(euros, rules(limits=LIMITED))
    assert told.code == "limit_currency"
    assert str(told) == (
        f"there are limits ({TABLE}.limits), but none for payments in EUR"
    )
    assert told.advice.startswith("Pay in USD only")


def test_vendor_never_paid_before_gets_no_more_than_the_first_limit() -> None:
    careful = rules(limits={"USD": {"first_payment": 500}})
    new = {"009A": payee(first=True)}
    decided(evidence(part(50_000), payees=new), careful)
    decided(evidence(part(90_000)), careful)
    for parts in ([part(50_001)], [part(30_000, bill="1"), part(30_000, bill="2")]):
        told = refused(evidence(*parts, payees=new), careful)
        assert told.code == "limit_first_payment"
        assert f"({TABLE}.limits.USD.first_payment)" in str(told)
        assert "0.00 is spent or under way, 500.00 is left" in str(told)


def test_vendor_of_whom_nothing_is_known_counts_as_new() -> None:
    careful = rules(limits={"USD": {"first_payment": 500}})
    told = refused(evidence(part(50_001), payees={}), careful)
    assert told.code == "limit_first_payment"


# Separation of duties


def test_who_made_what_is_paid_may_not_pay_it() -> None:
    read = evidence(part(), object_ids=frozenset({"00nA", "vbaA"}))
    apart = rules(separate_duties=True)
    decided(read, apart, history=frozenset({"00nB"}))
    decided(read, rules(), history=frozenset({"00nA"}))
    for made in ("00nA", "vbaA"):
        told = refused(read, apart, history=frozenset({made, "00nB"}))
        assert told.code == "separate_duties"
        assert f"({TABLE}.separate_duties)" in str(told)


def test_who_made_a_bill_may_stop_its_payment_and_correct_the_bill() -> None:
    read = replace(NOTHING, object_ids=frozenset({"00nA"}))
    apart, made = rules(separate_duties=True), frozenset({"00nA"})
    for name in ("bill_cancel_a_payment", "bill_update_a_bill"):
        decided(read, apart, name=name, arguments={}, history=made)
