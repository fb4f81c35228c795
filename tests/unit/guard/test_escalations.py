"""Effects that a call has only for certain arguments."""

from typing import Any

import pytest
from hypothesis import given, settings
from support.assembly import assemble, catalogue
from support.part_calls import calls
from support.payments import rules
from support.upstream import Upstream

from bill_mcp.errors import RefusedError
from bill_mcp.guard import policy
from bill_mcp.spec_check import samples
from bill_mcp.specs.models import Condition, Effect

MONEY_AND_PAYEE = {"money", "payee"}

CASES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("accept_network_invitation", {"type": "VENDOR"}, {"payee"}),
    ("accept_network_invitation", {"type": "CUSTOMER"}, set()),
    ("approve_or_deny_a_reimbursement", {"action": "APPROVE"}, {"money"}),
    ("approve_or_deny_a_reimbursement", {"action": "DENY"}, set()),
    ("approve_or_deny_a_reimbursement", {}, {"money"}),
    ("create_a_bank_account", {"accessToAdmins": True}, {"access"}),
    ("create_a_bank_account", {"accessToAdmins": False}, set()),
    ("create_a_vendor", {"name": "ACME"}, set()),
    ("create_a_vendor", {"paymentInformation": {"payeeName": "ACME"}}, set()),
    ("create_a_vendor", {"paymentInformation": {"bankAccount": {}}}, {"payee"}),
    ("create_a_vendor", {"autoPay": {"enabled": True}}, MONEY_AND_PAYEE),
    ("create_a_vendor", {"autoPay": {"enabled": False}}, set()),
    ("create_a_recurring_bill", {}, set()),
    (
        "create_a_recurring_bill",
        {"processingOptions": {"autoPayment": True}},
        MONEY_AND_PAYEE,
    ),
    ("replace_a_recurring_bill", {}, MONEY_AND_PAYEE),
    ("replace_a_recurring_bill", {"processingOptions": {}}, MONEY_AND_PAYEE),
    (
        "replace_a_recurring_bill",
        {"processingOptions": {"autoPayment": False}},
        set(),
    ),
    ("create_an_invoice", {}, {"message"}),
    ("create_an_invoice", {"processingOptions": {}}, {"message"}),
    ("create_an_invoice", {"processingOptions": {"sendEmail": True}}, {"message"}),
    ("create_an_invoice", {"processingOptions": {"sendEmail": False}}, set()),
    ("update_an_invoice", {"dueDate": "2026-12-01"}, {"message"}),
    ("replace_an_invoice", {"processingOptions": {"sendEmail": False}}, set()),
    ("update_a_bank_account", {"default": {"payables": False}}, {"payee"}),
    ("update_a_bank_account", {"accessToAdmins": False}, {"access"}),
    ("update_a_bill", {"dueDate": "2026-12-01"}, set()),
    ("update_a_bill", {"vendorId": "009"}, {"payee"}),
    ("replace_a_bill", {"vendorId": "009"}, {"payee"}),
    ("update_a_budget", {"name": "Travel"}, set()),
    ("update_a_budget", {"limit": 1}, {"money"}),
    ("update_a_budget", {"expirationDate": None}, {"money"}),
    ("update_a_vendor", {"phone": "1"}, set()),
    ("update_a_vendor", {"email": "a@example.test"}, {"payee"}),
    ("update_a_vendor", {"address": {}}, {"payee"}),
    ("update_a_vendor", {"autoPay": {"maxAmount": 5}}, {"money"}),
    ("update_a_vendor_card", {"limit": None}, {"money"}),
    (
        "update_a_list_of_budget_members_in_a_budget",
        {"members": [{"userId": "a"}, {"userId": "b", "role": "OWNER"}]},
        {"access"},
    ),
    (
        "update_a_list_of_budget_members_in_a_budget",
        {"members": [{"userId": "a"}]},
        set(),
    ),
    ("upload_invoice_attachment", {"replaceInvoicePdf": True}, {"delete"}),
    ("upload_invoice_attachment", {"replaceInvoicePdf": False}, set()),
]


@pytest.mark.parametrize(("tool", "arguments", "added"), CASES)
def test_arguments_add_effects(
    tool: str, arguments: dict[str, Any], added: set[str]
) -> None:
    action = catalogue().find(f"bill_{tool}")
    verdict = policy.effects_of(action, arguments)
    assert verdict.effects - action.spec.effects == {Effect(one) for one in added}


@pytest.mark.parametrize(
    ("tool", "arguments", "needs_trust"),
    [
        ("create_a_payment", {}, True),
        ("create_a_bank_account", {"accessToAdmins": True}, True),
        ("create_a_bill", {}, False),
        ("create_a_vendor", {"autoPay": {"enabled": True}}, True),
        ("create_a_vendor", {"autoPay": {"enabled": False}}, False),
        ("replace_a_recurring_bill", {}, False),
        (
            "replace_a_recurring_bill",
            {"processingOptions": {"autoPayment": True}},
            True,
        ),
    ],
)
def test_arguments_decide_whether_a_trusted_session_is_needed(
    tool: str, arguments: dict[str, Any], needs_trust: bool
) -> None:
    action = catalogue().find(f"bill_{tool}")
    assert policy.effects_of(action, arguments).needs_trust is needs_trust


@pytest.mark.anyio
@pytest.mark.parametrize("written", [True, '{"enabled": true}'])
async def test_escalation_sees_the_arguments_as_they_were_read(written: Any) -> None:
    assembly = assemble(Upstream(), rules=rules("prepare"))
    arguments = samples.arguments(catalogue().find("bill_create_a_vendor"), whole=False)
    auto_pay = written if isinstance(written, str) else {"enabled": written}
    with pytest.raises(RefusedError, match="the effects money, payee;"):
        await assembly.call("bill_create_a_vendor", arguments | {"autoPay": auto_pay})
    assert assembly.upstream.arrivals == []
    await assembly.call("bill_create_a_vendor", arguments)
    assert len(assembly.upstream.calls) == 1


def condition(**test: Any) -> Condition:
    return Condition.model_validate(test)


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        ({}, True),
        ({"rows": []}, True),
        ({"rows": "text"}, True),
        ({"rows": [{"send": False}]}, False),
        ({"rows": [{"send": False}, {"send": True}]}, True),
        ({"rows": [{"send": False}, {}]}, True),
        ({"rows": [{"send": False}, "text"]}, True),
    ],
)
def test_unequal_is_true_of_one_item_that_lacks_the_member(
    arguments: dict[str, Any], holds: bool
) -> None:
    unless_false = condition(argument="rows[].send", not_equals=False)
    assert policy.holds(unless_false, arguments) is holds


@pytest.mark.parametrize(
    ("test", "arguments", "holds"),
    [
        ({"given": True}, {"a": {"b": None}}, True),
        ({"given": True}, {"a": {"b": False}}, True),
        ({"given": True}, {"a": {}}, False),
        ({"given": True}, {"a": "b"}, False),
        ({"equals": "X"}, {"a": {"b": "X"}}, True),
        ({"equals": "X"}, {"a": {"b": "x"}}, False),
        ({"equals": "X"}, {}, False),
        ({"one_of": ["X", "Y"]}, {"a": {"b": "Y"}}, True),
        ({"one_of": ["X", "Y"]}, {"a": {"b": ["Y"]}}, False),
        ({"one_of": ["X", "Y"]}, {}, False),
    ],
)
def test_condition_looks_at_one_dotted_path(
    test: dict[str, Any], arguments: dict[str, Any], holds: bool
) -> None:
    assert policy.holds(condition(argument="a.b", **test), arguments) is holds


@settings(max_examples=60, deadline=None)
@given(calls())
def test_effects_only_grow_and_stay_within_what_the_hints_say(
    call: tuple[Any, dict[str, Any]],
) -> None:
    action, arguments = call
    effects = policy.effects_of(action, arguments).effects
    assert action.spec.effects <= effects <= action.possible_effects
