"""When a person is asked, and for which reasons, once the payment is known."""

from typing import Any

import pytest
from support.assembly import catalogue
from support.decisions import (
    ALWAYS,
    AUTO,
    BANK,
    COPY,
    FROM_BANK,
    LIMITED,
    LOCAL,
    NEVER,
    PAY,
    PRODUCTION,
    RESEND,
    SANDBOX,
    TWICE,
    causes,
    decided,
)
from support.payments import evidence, part, payee, rules

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.guard import policy
from bill_mcp.guard.evidence import NOTHING, Cause
from bill_mcp.spec_check import samples

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
