"""What is judged before anything is read at BILL."""

from typing import Any

import pytest
from support.assembly import Assembly, agent, assemble, catalogue
from support.payments import TABLE, rules
from support.upstream import Upstream

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import NeedsPerson, Outcome, RefusedError
from bill_mcp.guard import policy
from bill_mcp.guard.action_rules import PREPARING
from bill_mcp.guard.rules import Rules
from bill_mcp.spec_check import samples
from bill_mcp.specs.models import Effect

pytestmark = pytest.mark.anyio

LOCAL, SANDBOX, PRODUCTION = Environment
AUTO, ALWAYS, NEVER = Confirm
ENVIRONMENTS, CONFIRMS = tuple(Environment), tuple(Confirm)

REPRESENTATIVES = {
    "read": "bill_get_list_of_vendors",
    "write": "bill_create_a_bill",
    "books": "bill_record_ar_payment",
    "message": "bill_send_an_invoice",
    "delete": "bill_archive_a_vendor",
    "access": "bill_update_a_user",
    "payee": "bill_create_a_vendor_bank_account",
    "money": "bill_create_a_payment",
}
"""An action that, beside write, has that effect and no other."""


def test_each_representative_has_one_effect_beside_write() -> None:
    for effect, name in REPRESENTATIVES.items():
        beside = catalogue().find(name).spec.effects - {Effect.WRITE}
        assert beside == ({Effect(effect)} - {Effect.WRITE})
    assert set(REPRESENTATIVES) == set(Effect)


async def refusal_of(
    assembly: Assembly, name: str, arguments: dict[str, Any]
) -> RefusedError:
    """The refusal; BILL was not even asked for a session, and no intent is written."""
    with pytest.raises(RefusedError) as caught:
        await assembly.call(name, arguments)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert caught.value.advice
    assert assembly.upstream.arrivals == []
    assert assembly.outcomes == []
    return caught.value


def judged(
    name: str,
    rules: Rules | None = None,
    *,
    environment: Environment = SANDBOX,
    arguments: dict[str, Any] | None = None,
    confirm: Confirm = NEVER,
) -> policy.Verdict:
    return policy.judge(
        catalogue().find(name),
        arguments or {},
        agent(rules=rules, confirm=confirm),
        environment,
    )


def refused(name: str, rules: Rules | None = None, **given: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        judged(name, rules, **given)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert caught.value.advice
    return caught.value


# Without a policy file


@pytest.mark.parametrize("confirm", CONFIRMS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_without_a_file_production_reads_and_writes_and_the_rest_does_everything(
    environment: Environment, confirm: Confirm
) -> None:
    asker = agent(confirm=confirm)
    for action in catalogue():
        arguments = samples.arguments(action, whole=True)
        effects = policy.effects_of(action, arguments).effects
        if environment is PRODUCTION and not effects <= PREPARING:
            with pytest.raises(RefusedError) as caught:
                policy.judge(action, arguments, asker, environment)
            assert caught.value.code == "mode"
        else:
            verdict = policy.judge(action, arguments, asker, environment)
            assert verdict.effects == effects


async def test_without_a_file_nothing_that_moves_money_reaches_production() -> None:
    payers = [a for a in catalogue() if Effect.MONEY in a.spec.effects]
    assert len(payers) >= 9
    for confirm in CONFIRMS:
        assembly = assemble(Upstream(), environment=PRODUCTION, confirm=confirm)
        for action in payers:
            arguments = samples.arguments(action, whole=False)
            told = await refusal_of(assembly, action.name, arguments)
            assert told.code == "mode"
            assert "(production without a policy file)" in str(told)


# Modes


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(
    ("mode", "allowed"),
    [
        ("read-only", {"read"}),
        ("prepare", {"read", "write"}),
        ("pay", {str(effect) for effect in Effect}),
    ],
)
def test_mode_allows_its_effects_and_no_others(
    environment: Environment, mode: str, allowed: set[str]
) -> None:
    for effect, name in REPRESENTATIVES.items():
        if effect in allowed:
            assert (
                Effect(effect)
                in judged(name, rules(mode), environment=environment).effects
            )
        else:
            told = refused(name, rules(mode), environment=environment)
            assert told.code == "mode"
            assert f"({TABLE}.mode = {mode})" in str(told)


def test_mode_counts_the_effects_that_arguments_add() -> None:
    arguments = {"name": "ACME", "autoPay": {"enabled": True}}
    judged("bill_create_a_vendor", rules("prepare"))
    told = refused("bill_create_a_vendor", rules("prepare"), arguments=arguments)
    assert str(told) == (
        "bill_create_a_vendor would have the effects money, payee; allowed are only "
        f"read, write ({TABLE}.mode = prepare)"
    )


# Lists of actions, toolsets and effects


def test_denied_action_is_refused_though_it_is_allowed_too() -> None:
    both = rules(
        allow_actions=["bill_get_*", "bill_create_a_bill"],
        deny_actions=["bill_create_*"],
    )
    judged("bill_get_list_of_bills", both)
    told = refused("bill_create_a_bill", both)
    assert told.code == "action_denied"
    assert str(told) == f"{TABLE}.deny_actions denies bill_create_a_bill"
    assert told.advice == (
        "Use one of bill_create_a_bill, bill_get_*, but none of bill_create_*, or ask "
        "the operator."
    )
    told = refused("bill_create_a_bill", rules(deny_actions=["bill_create_*"]))
    assert told.advice == "Use any tool but bill_create_*, or ask the operator."


def test_action_outside_the_allowed_ones_is_refused_and_they_are_named() -> None:
    told = refused("bill_create_a_bill", rules(allow_actions=["bill_get_*", "bill_a?"]))
    assert told.code == "action_denied"
    assert str(told) == (
        f"bill_create_a_bill is not among those that {TABLE}.allow_actions allows"
    )
    assert "bill_a?, bill_get_*" in told.advice


def test_reading_is_denied_by_name_like_everything() -> None:
    told = refused("bill_get_list_of_users", rules(deny_actions=["bill_get_*_users"]))
    assert told.code == "action_denied"
    assert refused("bill_get_list_of_users", rules(allow_actions=[])).code == (
        "action_denied"
    )


def test_no_other_spelling_gets_round_a_denied_name() -> None:
    denied = rules(deny_actions=["bill_archive_multiple_chart_of_accounts"])
    for name in (
        "BILL_ARCHIVE_MULTIPLE_CHART_OF_ACCOUNTS",
        "bill_archive_mutliple_chart_of_accounts",
    ):
        assert refused(name, denied).code == "action_denied"


def test_toolsets_are_allowed_and_denied() -> None:
    told = refused("bill_create_a_bill", rules(deny_toolsets=["payables"]))
    assert told.code == "toolset_denied"
    assert str(told) == (
        f"{TABLE}.deny_toolsets denies the toolset payables, to which "
        "bill_create_a_bill belongs"
    )
    assert told.advice == (
        "Use a tool of any toolset but payables, or ask the operator."
    )
    both = rules(allow_toolsets=["payables", "spend"], deny_toolsets=["payables"])
    told = refused("bill_create_a_bill", both)
    assert told.advice == "Use a tool of these, or ask the operator: spend."
    told = refused("bill_create_a_bill", rules(allow_toolsets=["spend", "payments"]))
    assert told.code == "toolset_denied"
    assert str(told) == (
        "bill_create_a_bill belongs to the toolset payables, which is not among those "
        f"that {TABLE}.allow_toolsets allows"
    )
    assert "payments, spend" in told.advice
    judged("bill_create_a_payment", rules(allow_toolsets=["payments"]))


def test_both_allow_lists_must_allow_an_action() -> None:
    both = rules(allow_toolsets=["payables"], allow_actions=["bill_get_*"])
    judged("bill_get_list_of_bills", both)
    assert refused("bill_create_a_bill", both).code == "action_denied"
    assert refused("bill_get_list_of_users", both).code == "toolset_denied"


def test_denied_effect_is_refused_also_where_arguments_add_it() -> None:
    quiet = rules(deny_effects=["message", "delete"])
    judged("bill_create_a_payment", quiet)
    told = refused("bill_send_an_invoice", quiet)
    assert told.code == "effect_denied"
    assert str(told) == (
        "bill_send_an_invoice would have the effects message, which "
        f"{TABLE}.deny_effects denies; allowed are only access, books, money, payee, "
        "read, write"
    )
    told = refused("bill_create_a_bill", rules("prepare", deny_effects=["write"]))
    assert str(told).endswith("denies; allowed are only read")
    unsent = {"processingOptions": {"sendEmail": False}}
    judged("bill_create_an_invoice", quiet, arguments=unsent)
    assert refused("bill_create_an_invoice", quiet).code == "effect_denied"


def test_long_list_of_what_is_allowed_keeps_the_refusal_short() -> None:
    many = rules(allow_actions=[f"bill_get_{'x' * 60}_{n}" for n in range(300)])
    told = refused("bill_create_a_bill", many)
    assert "and 288 more" in told.advice
    assert len(str(told)) + len(told.advice) < 2000


# Read-only


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("confirm", CONFIRMS)
@pytest.mark.parametrize("preview", [True, False])
async def test_read_only_refuses_every_action_that_is_no_read(
    environment: Environment, confirm: Confirm, preview: bool
) -> None:
    assembly = assemble(
        Upstream(),
        environment=environment,
        confirm=confirm,
        read_only=True,
        rules=rules("pay"),
        inline_credentials=True,
    )
    writes = [action for action in assembly.dispatcher.catalogue if not action.is_read]
    assert len(writes) == 127
    for action in writes:
        arguments = samples.arguments(action, whole=True)
        if action.spec.body_form == "bytes":
            arguments["file_base64"] = "aGVsbG8="
        if preview:
            arguments["preview"] = True
        told = await refusal_of(assembly, action.name, arguments)
        assert told.code == "read_only"


async def test_read_only_lets_every_read_out() -> None:
    assembly = assemble(Upstream(), read_only=True)
    reads = [action for action in assembly.dispatcher.catalogue if action.is_read]
    for action in reads:
        await assembly.call(action.name, samples.arguments(action, whole=True))
    methods = {arrival.method for arrival in assembly.upstream.calls}
    assert methods == {"GET"}
    assert len(assembly.upstream.calls) == len(reads) == 82


async def test_read_only_is_loosened_by_no_name_of_a_tool() -> None:
    assembly = assemble(Upstream(), read_only=True)
    for name in ("BILL_CREATE_A_PAYMENT", "bill_archive_mutliple_chart_of_accounts"):
        action = catalogue().find(name)
        arguments = samples.arguments(action, whole=False)
        assert (await refusal_of(assembly, name, arguments)).code == "read_only"


# On the path of a call


async def test_what_a_rule_refuses_is_neither_shown_nor_sent() -> None:
    assembly = assemble(Upstream(), rules=rules("prepare"))
    action = catalogue().find("bill_create_a_payment")
    arguments = samples.arguments(action, whole=False)
    for more in ({}, {"preview": True}, {"approval_id": "approval-of-somebody"}):
        told = await refusal_of(assembly, action.name, arguments | more)
        assert told.code == "mode"


@pytest.mark.parametrize("confirm", CONFIRMS)
@pytest.mark.parametrize("name", ["bill_create_a_payment", "bill_create_a_bill"])
async def test_approval_that_an_agent_makes_up_opens_nothing(
    name: str, confirm: Confirm
) -> None:
    assembly = assemble(Upstream(), confirm=confirm)
    arguments = samples.arguments(catalogue().find(name), whole=False)
    if name == "bill_create_a_payment":
        arguments["billId"] = "00n01"
    with pytest.raises(RefusedError) as caught:
        await assembly.call(name, arguments | {"approval_id": "approval-of-somebody"})
    assert caught.value.code == "approval_unknown"
    assert caught.value.outcome is Outcome.NOT_DONE
    assert assembly.upstream.writes == []
    assert assembly.outcomes == []


ASKING = [
    (AUTO, "bill_create_a_payment", {"billId": "00n01"}),
    (AUTO, "bill_archive_a_vendor", {}),
    (AUTO, "bill_create_a_vendor_bank_account", {}),
    (AUTO, "bill_send_an_invoice", {}),
    (AUTO, "bill_update_a_user", {}),
    (ALWAYS, "bill_create_a_payment", {"billId": "00n01"}),
    (ALWAYS, "bill_create_a_department", {}),
]


@pytest.mark.parametrize(("confirm", "name", "more"), ASKING)
async def test_a_person_is_asked_and_until_then_nothing_is_written_at_bill(
    confirm: Confirm, name: str, more: dict[str, str]
) -> None:
    assembly = assemble(Upstream(), confirm=confirm)
    arguments = samples.arguments(catalogue().find(name), whole=False) | more
    with pytest.raises(NeedsPerson) as caught:
        await assembly.call(name, arguments)
    told = caught.value.refusal
    assert (told.code, told.outcome) == ("approval_required", Outcome.NOT_DONE)
    assert f"--confirm {confirm} asks a person about" in str(told)
    assert f"bill-mcp approve {caught.value.approval_id}" in told.advice
    assert not caught.value.client_may_approve
    assert assembly.upstream.writes == []
    assert assembly.outcomes == []


async def test_nobody_is_asked_about_a_plain_write_unless_always() -> None:
    assembly = assemble(Upstream(), confirm=AUTO)
    await assembly.call("bill_create_a_department", {"name": "North"})
    assert len(assembly.upstream.writes) == 1


@pytest.mark.parametrize("confirm", [AUTO, ALWAYS])
async def test_nobody_is_asked_about_reading_and_signing_in(confirm: Confirm) -> None:
    assembly = assemble(Upstream(), confirm=confirm)
    await assembly.call("bill_get_list_of_vendors", {})
    await assembly.call("bill_api_login", {})
    await assembly.call("bill_api_logout", {})
    paths = [arrival.path for arrival in assembly.upstream.arrivals]
    assert paths == ["/v3/login", "/v3/vendors", "/v3/logout"]
