"""What is decided once it is known what is paid to whom."""

from dataclasses import replace
from typing import Any

import pytest
from support.assembly import agent, catalogue
from support.payments import TABLE, evidence, part, payee, rules

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import Outcome, RefusedError
from bill_mcp.guard import policy
from bill_mcp.guard.evidence import NOTHING, Cause, Evidence, Reason
from bill_mcp.guard.rules import Rules
from bill_mcp.spec_check import samples
from bill_mcp.specs.models import Effect

LOCAL, SANDBOX, PRODUCTION = Environment
AUTO, ALWAYS, NEVER = Confirm
PAY = "bill_create_a_payment"
FROM_BANK = {"fundingAccount": {"type": "BANK_ACCOUNT", "id": "bacA"}}
LIMITED = {"USD": {"payment": 500, "day": 2000}}

BANK = Reason(cause=Cause.BANK_DETAILS, text="The bank details are new.")
RESEND = Reason(cause=Cause.RESEND, text="An earlier sending was lost.")
TWICE = Reason(cause=Cause.DUPLICATE_PAYMENT, text="It was paid.", object_id="stp1")
COPY = Reason(cause=Cause.DUPLICATE_BILL, text="The bill is there.", object_id="00n1")


def decided(
    read: Evidence,
    given: Rules | None = None,
    *,
    name: str = PAY,
    arguments: dict[str, Any] | None = None,
    environment: Environment = SANDBOX,
    confirm: Confirm = AUTO,
    history: frozenset[str] = frozenset(),
) -> policy.Decision:
    asker = agent(rules=given, confirm=confirm)
    sent = FROM_BANK if arguments is None else arguments
    verdict = policy.judge(catalogue().find(name), sent, asker, environment)
    return policy.decide(verdict, read, sent, asker, environment, history)


def refused(read: Evidence, given: Rules, **more: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        decided(read, given, **more)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert caught.value.advice
    return caught.value


def causes(decision: policy.Decision) -> list[Cause]:
    return [reason.cause for reason in decision.reasons]


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
    assert str(refused(evidence(part()), rules(vendors=[]))).startswith("this pays ")


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
    told = refused(evidence(part(5_000), part(10_001)), limited)
    assert told.code == "limit_payment"
    assert str(told) == (
        f"the limit of 100.00 USD for one payment ({TABLE}.limits.USD.payment) would "
        "be passed"
    )


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


# Who is asked


REPRESENTATIVES = {
    "read": "bill_get_list_of_vendors",
    "write": "bill_create_a_bill",
    "books": "bill_record_ar_payment",
    "message": "bill_send_an_invoice",
    "delete": "bill_archive_a_vendor",
    "access": "bill_update_a_user",
    "payee": "bill_create_a_vendor_bank_account",
    "money": PAY,
}
ASKED: dict[Confirm, set[str]] = {
    NEVER: set(),
    AUTO: {"money", "payee", "access", "message", "delete"},
    ALWAYS: set(REPRESENTATIVES) - {"read"},
}


@pytest.mark.parametrize("environment", tuple(Environment))
@pytest.mark.parametrize("confirm", tuple(Confirm))
def test_confirm_decides_for_which_effects_a_person_is_asked(
    environment: Environment, confirm: Confirm
) -> None:
    for effect, name in REPRESENTATIVES.items():
        read = evidence(part(100)) if effect == "money" else NOTHING
        decision = decided(
            read,
            rules(limits=LIMITED),
            name=name,
            environment=environment,
            confirm=confirm,
        )
        asked = [Cause.EFFECT] if effect in ASKED[confirm] else []
        assert causes(decision) == asked, name


def test_reason_names_the_effects_and_the_option() -> None:
    decision = decided(
        evidence(part()), name="bill_create_a_bank_account", arguments={}
    )
    (reason,) = decision.reasons
    assert reason.text == "--confirm auto asks a person about message, money, payee."
    (reason,) = decided(NOTHING, name="bill_create_a_bill", confirm=ALWAYS).reasons
    assert reason.text == "--confirm always asks a person about write."


def test_reasons_at_bill_add_to_those_of_the_call() -> None:
    read = evidence(part(), reasons=(RESEND, TWICE, RESEND))
    assert causes(decided(read)) == [
        Cause.EFFECT,
        Cause.RESEND,
        Cause.DUPLICATE_PAYMENT,
    ]


def test_new_bank_details_of_a_payee_are_a_reason_once() -> None:
    new = {"009A": payee(bank_reason=BANK)}
    for reasons in ((), (BANK,)):
        read = evidence(part(), payees=new, reasons=reasons)
        assert causes(decided(read)) == [Cause.EFFECT, Cause.BANK_DETAILS]


@pytest.mark.parametrize("environment", [LOCAL, SANDBOX])
def test_never_outside_production_leaves_only_duplicates(
    environment: Environment,
) -> None:
    read = evidence(
        part(),
        payees={"009A": payee(bank_reason=BANK)},
        reasons=(BANK, RESEND, TWICE, COPY),
    )
    for given in (None, rules(limits=LIMITED)):
        decision = decided(read, given, environment=environment, confirm=NEVER)
        assert decision.reasons == (TWICE, COPY)
    card: dict[str, Any] = {"name": "bill_create_a_vendor_card", "confirm": NEVER}
    assert decided(NOTHING, rules(limits=LIMITED), **card).reasons == ()


def test_never_in_production_still_asks_what_speaks_against_a_payment() -> None:
    read = evidence(part(), reasons=(BANK, RESEND, TWICE))
    asking: dict[str, Any] = {"environment": PRODUCTION, "confirm": NEVER}
    limited = rules(limits=LIMITED)
    assert decided(evidence(part()), limited, **asking).reasons == ()
    assert decided(read, limited, **asking).reasons == (BANK, RESEND, TWICE)


def test_operator_may_have_lost_payments_sent_again_without_asking() -> None:
    read = evidence(part(), reasons=(RESEND, BANK))
    asking: dict[str, Any] = {"environment": PRODUCTION, "confirm": NEVER}
    again = rules(limits=LIMITED, resend="after_not_done")
    assert decided(read, again, **asking).reasons == (BANK,)


# Money without an amount


def unmeasured(name: str, arguments: dict[str, Any], **more: Any) -> bool:
    decision = decided(NOTHING, name=name, arguments=arguments, **more)
    return Cause.UNMEASURED in causes(decision)


UNMEASURED: list[tuple[str, dict[str, Any]]] = [
    ("bill_create_a_vendor_card", {}),
    ("bill_create_a_budget", {}),
    ("bill_update_a_budget", {"limit": 1}),
    ("bill_create_a_bank_account", {}),
    ("bill_create_a_vendor", {"autoPay": {"enabled": True}}),
    ("bill_replace_a_recurring_bill", {}),
    ("bill_void_a_payment", {"type": "VOID_AND_REISSUE"}),
    ("bill_void_a_payment", {"type": "VOID_IN_SOME_NEW_WAY"}),
    ("bill_void_a_payment", {"type": ["VOID_ONLY"]}),
    (PAY, FROM_BANK),
]
MEASURED: list[tuple[str, dict[str, Any]]] = [
    ("bill_create_a_vendor", {}),
    ("bill_update_a_budget", {"name": "Travel"}),
    ("bill_cancel_a_payment", {}),
    ("bill_void_a_payment", {"type": "VOID_ONLY"}),
    ("bill_void_a_payment", {"type": "VOID_AND_CREDIT"}),
]


@pytest.mark.parametrize(("name", "arguments"), UNMEASURED)
def test_money_in_no_amount_needs_a_person_in_production_and_under_limits(
    name: str, arguments: dict[str, Any]
) -> None:
    for confirm in Confirm:
        asking: dict[str, Any] = {
            "given": rules(),
            "environment": PRODUCTION,
            "confirm": confirm,
        }
        assert unmeasured(name, arguments, **asking)
    assert unmeasured(name, arguments, given=rules(limits=LIMITED))
    assert not unmeasured(name, arguments, given=rules())
    assert not unmeasured(name, arguments, given=None)


@pytest.mark.parametrize(("name", "arguments"), MEASURED)
def test_what_moves_no_money_or_takes_it_back_is_not_unmeasured(
    name: str, arguments: dict[str, Any]
) -> None:
    asking: dict[str, Any] = {"given": rules(limits=LIMITED), "environment": PRODUCTION}
    assert not unmeasured(name, arguments, **asking)


def test_only_cancelling_and_voiding_take_money_back() -> None:
    found = set()
    for action in catalogue():
        arguments = samples.arguments(action, whole=True)
        if policy.effects_of(action, arguments | {"type": "VOID_ONLY"}).takes_back:
            found.add(action.name)
    assert found == {"bill_cancel_a_payment", "bill_void_a_payment"}


# A client's own answer


CLIENT: dict[str, Any] = {"approval_by": {"client": {"USD": 250, "EUR": 10}}}


def by_client(read: Evidence, given: Rules | None) -> bool:
    return policy.client_may_approve(decided(read, given), read.parts, given)


@pytest.mark.parametrize(
    ("cents", "enough"),
    [
        ([25_000], True),
        ([25_001], False),
        ([20_000, 5_000], True),
        ([1, 25_000], False),
    ],
)
def test_clients_answer_counts_up_to_the_sum_of_the_parts(
    cents: list[int], enough: bool
) -> None:
    read = evidence(*(part(one, bill=f"00n{n}") for n, one in enumerate(cents)))
    assert by_client(read, rules(**CLIENT)) is enough


def test_clients_answer_counts_by_currency() -> None:
    given = rules(**CLIENT)
    assert by_client(evidence(part(25_000), part(1_000, currency="EUR")), given)
    assert not by_client(evidence(part(25_000), part(1_001, currency="EUR")), given)
    assert not by_client(evidence(part(1, currency="CAD")), given)


def test_clients_answer_counts_for_nothing_unless_the_policy_says_so() -> None:
    for given in (None, rules(), rules(approval_by="person")):
        assert not by_client(evidence(part(1)), given)


@pytest.mark.parametrize("reason", [BANK, RESEND, TWICE, COPY])
def test_clients_answer_is_not_enough_where_something_speaks_against(
    reason: Reason,
) -> None:
    assert not by_client(evidence(part(1), reasons=(reason,)), rules(**CLIENT))


def test_clients_answer_releases_payments_and_nothing_else() -> None:
    given = rules(**CLIENT)
    read = replace(NOTHING, effects=frozenset({Effect.MONEY}))
    assert not by_client(read, given)
    for effect in (Effect.PAYEE, Effect.ACCESS):
        read = evidence(part(1), effects=frozenset({effect}))
        assert not by_client(read, given)
