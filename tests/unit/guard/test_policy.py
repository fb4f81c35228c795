"""Until there are a journal and approvals, what would need either fails closed."""

from typing import Any

import pytest
from support.assembly import Assembly, agent, assemble, catalogue
from support.upstream import Upstream

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import Outcome, RefusedError
from bill_mcp.guard import policy
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

OK, ASK, MONEY = None, "approval_unavailable", "not_available"
MATRIX: dict[tuple[Environment, Confirm], dict[str, str | None]] = {
    # Money, payee and access: in the sandbox only where --confirm never is given.
    (LOCAL, NEVER): dict.fromkeys(REPRESENTATIVES, OK),
    (SANDBOX, NEVER): dict.fromkeys(REPRESENTATIVES, OK),
    (PRODUCTION, NEVER): {
        **dict.fromkeys(("read", "write", "books", "message", "delete"), OK),
        **dict.fromkeys(("access", "payee"), ASK),
        "money": MONEY,
    },
    # auto: money, payee, access and message, and what destroys, need a person.
    (LOCAL, AUTO): {
        **dict.fromkeys(("read", "write", "books"), OK),
        **dict.fromkeys(("message", "delete", "access", "payee", "money"), ASK),
    },
    (SANDBOX, AUTO): {
        **dict.fromkeys(("read", "write", "books"), OK),
        **dict.fromkeys(("message", "delete", "access", "payee", "money"), ASK),
    },
    (PRODUCTION, AUTO): {
        **dict.fromkeys(("read", "write", "books"), OK),
        **dict.fromkeys(("message", "delete", "access", "payee"), ASK),
        "money": MONEY,
    },
    # always: whatever changes something needs a person.
    (LOCAL, ALWAYS): {**dict.fromkeys(REPRESENTATIVES, ASK), "read": OK},
    (SANDBOX, ALWAYS): {**dict.fromkeys(REPRESENTATIVES, ASK), "read": OK},
    (PRODUCTION, ALWAYS): {
        **dict.fromkeys(REPRESENTATIVES, ASK),
        "read": OK,
        "money": MONEY,
    },
}
CELLS = [
    pytest.param(*place, effect, code, id="-".join((*place, effect)))
    for place, row in MATRIX.items()
    for effect, code in row.items()
]


def test_each_representative_has_one_effect_beside_write() -> None:
    for effect, name in REPRESENTATIVES.items():
        beside = catalogue().find(name).spec.effects - {Effect.WRITE}
        assert beside == ({Effect(effect)} - {Effect.WRITE})
    assert set(REPRESENTATIVES) == set(Effect)
    assert set(MATRIX) == {(e, c) for e in ENVIRONMENTS for c in CONFIRMS}


@pytest.mark.parametrize(("environment", "confirm", "effect", "code"), CELLS)
async def test_call_with_that_effect_goes_out_or_fails_closed(
    environment: Environment, confirm: Confirm, effect: str, code: str | None
) -> None:
    assembly = assemble(Upstream(), environment=environment, confirm=confirm)
    action = catalogue().find(REPRESENTATIVES[effect])
    arguments = samples.arguments(action, whole=False)
    if code is None:
        await assembly.call(action.name, arguments)
        assert [one.method for one in assembly.upstream.calls] == [action.spec.method]
        return
    refused = await refusal_of(assembly, action.name, arguments)
    assert refused.code == code


async def refusal_of(
    assembly: Assembly, name: str, arguments: dict[str, Any]
) -> RefusedError:
    """The refusal; BILL was not even asked for a session, and no intent is written."""
    with pytest.raises(RefusedError) as caught:
        await assembly.call(name, arguments)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert caught.value.advice
    assert assembly.upstream.arrivals == []
    assert assembly.records.rows() == []
    return caught.value


def expected(effects: frozenset[Effect], place: tuple[Environment, Confirm]) -> Any:
    """What the matrix says of a call with several effects: the strictest of them."""
    codes = {MATRIX[place][effect] for effect in effects}
    return MONEY if MONEY in codes else ASK if ASK in codes else OK


@pytest.mark.parametrize("place", MATRIX, ids="-".join)
def test_matrix_holds_for_every_one_of_the_209(
    place: tuple[Environment, Confirm],
) -> None:
    environment, confirm = place
    for action in catalogue():
        arguments = samples.arguments(action, whole=True)
        try:
            verdict = policy.judge(
                action, arguments, agent(confirm=confirm), environment
            )
            code = None
        except RefusedError as error:
            verdict, code = policy.effects_of(action, arguments), error.code
        assert code == expected(verdict.effects, place), action.name


async def test_production_refuses_every_call_that_moves_money() -> None:
    payers = [a for a in catalogue() if Effect.MONEY in a.spec.effects]
    assert len(payers) >= 9
    for confirm in CONFIRMS:
        assembly = assemble(Upstream(), environment=PRODUCTION, confirm=confirm)
        for action in payers:
            arguments = samples.arguments(action, whole=False)
            refused = await refusal_of(assembly, action.name, arguments)
            assert refused.code == "not_available"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("preview", [False, True])
async def test_read_only_lets_no_write_of_the_209_out(
    environment: Environment, preview: bool
) -> None:
    assembly = assemble(
        Upstream(), environment=environment, read_only=True, inline_credentials=True
    )
    writes = [action for action in assembly.dispatcher.catalogue if not action.is_read]
    assert len(writes) == 127
    for action in writes:
        arguments = samples.arguments(action, whole=True)
        if action.spec.body_form == "bytes":
            arguments["file_base64"] = "aGVsbG8="
        if preview:
            arguments["preview"] = True
        refused = await refusal_of(assembly, action.name, arguments)
        assert refused.code == "read_only"


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


async def test_refusal_names_the_effects_a_person_would_have_to_agree_to() -> None:
    assembly = assemble(Upstream(), confirm=AUTO)
    action = catalogue().find("bill_create_a_bank_account")
    arguments = samples.arguments(action, whole=False)
    refused = await refusal_of(assembly, action.name, arguments)
    assert str(refused) == (
        "bill_create_a_bank_account needs a person's approval (message, money, payee), "
        "and this version cannot ask for one"
    )


async def test_refused_preview_shows_nothing() -> None:
    assembly = assemble(Upstream(), confirm=AUTO)
    action = catalogue().find("bill_create_a_payment")
    arguments = samples.arguments(action, whole=False) | {"preview": True}
    assert (await refusal_of(assembly, action.name, arguments)).code == ASK


async def test_approval_that_an_agent_brings_along_opens_nothing() -> None:
    for confirm in (NEVER, AUTO):
        assembly = assemble(Upstream(), confirm=confirm)
        for name in ("bill_create_a_payment", "bill_create_a_bill"):
            arguments = samples.arguments(catalogue().find(name), whole=False)
            arguments["approval_id"] = "approval-of-somebody"
            assert (await refusal_of(assembly, name, arguments)).code == ASK
