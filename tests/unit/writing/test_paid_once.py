"""What can be paid one time only, whatever the amount: by the thing itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.paying import Paying
from support.payments import rules

from bill_mcp.agents import Confirm
from bill_mcp.errors import Outcome
from bill_mcp.simulator.fixtures import make_fixture
from bill_mcp.simulator.lifecycle import move

pytestmark = pytest.mark.anyio

APPROVE = "bill_approve_or_deny_a_reimbursement"
VOID = "bill_void_a_payment"


def reimbursement(bill_mcp: Paying) -> str:
    """The id of a new one."""
    for kind in ("spend_budget", "reimbursement"):
        made = make_fixture(bill_mcp.world, {"type": kind, "fields": {}})
    return str(made["uuid"])


async def test_reimbursement_is_paid_once_however_it_is_worded() -> None:
    bill_mcp = Paying()
    arguments = {"reimbursementId": reimbursement(bill_mcp), "action": "APPROVE"}
    await bill_mcp.call(APPROVE, arguments)
    for by in ("agent", "another"):
        told = await bill_mcp.refused(APPROVE, arguments | {"note": "again"}, by)
        assert (told.code, told.outcome) == ("duplicate", Outcome.DONE)
        assert told.earlier is not None
        assert told.earlier.agent_is_you is (by == "agent")
    approvals = [a for a in bill_mcp.upstream.writes if "reimbursement" in a.path]
    assert len(approvals) == 1


@pytest.mark.parametrize("names", [(True, True), (False, False), (True, False)])
async def test_reimbursement_is_paid_once_whichever_token_approves_it(
    names: tuple[bool, bool], tmp_path: Path
) -> None:
    bill_mcp = Paying(home=tmp_path)
    first, second = (
        bill_mcp.login if named else bill_mcp.spend_login() for named in names
    )
    bill_mcp.login = first
    uuid = reimbursement(bill_mcp)
    arguments = {"reimbursementId": uuid, "action": "APPROVE"}
    bill_mcp.fault(f"/v3/spend/reimbursements/{uuid}/action", act_late_s=3000)
    lost = await bill_mcp.refused(APPROVE, arguments)
    assert lost.outcome is Outcome.UNKNOWN
    bill_mcp.login = replace(second, api_token=bill_mcp.new_token())
    bill_mcp.restart()
    told = await bill_mcp.refused(APPROVE, arguments)
    assert (told.code, told.outcome) == ("outcome_unknown", Outcome.UNKNOWN)
    assert len([a for a in bill_mcp.upstream.writes if uuid in a.path]) == 1


async def test_reimbursement_counts_in_the_day_limit_of_its_organization() -> None:
    bill_mcp = Paying(rules=rules(limits={"USD": {"payment": 1000, "day": 100}}))
    await bill_mcp.pay(await bill_mcp.bill(500), 61)
    arguments = {"reimbursementId": reimbursement(bill_mcp), "action": "APPROVE"}
    told = await bill_mcp.refused(APPROVE, arguments)
    assert (told.code, told.outcome) == ("limit_day", Outcome.NOT_DONE)
    assert "61.00 is spent or under way, 39.00 is left" in str(told)


async def test_accounts_that_name_no_organization_have_one_day_limit(
    tmp_path: Path,
) -> None:
    limits = {"USD": {"payment": 1000, "day": 79}}
    bill_mcp = Paying(home=tmp_path, rules=rules(limits=limits))
    bill_mcp.login = bill_mcp.spend_login()
    arguments = {"reimbursementId": reimbursement(bill_mcp), "action": "APPROVE"}
    await bill_mcp.call(APPROVE, arguments)
    bill_mcp.login = replace(bill_mcp.login, api_token=bill_mcp.new_token())
    bill_mcp.restart()
    arguments = {"reimbursementId": reimbursement(bill_mcp), "action": "APPROVE"}
    told = await bill_mcp.refused(APPROVE, arguments)
    assert (told.code, told.outcome) == ("limit_day", Outcome.NOT_DONE)


async def test_approval_of_a_reimbursement_serves_the_token_it_was_asked_under() -> (
    None
):
    bill_mcp = Paying(confirm=Confirm.AUTO)
    arguments = {"reimbursementId": reimbursement(bill_mcp), "action": "APPROVE"}
    agent = replace(bill_mcp.agent(), profiles=("default", "other"))
    given = await bill_mcp.grant(await bill_mcp.asked(APPROVE, arguments, agent))
    new = replace(bill_mcp.login, api_token=bill_mcp.new_token())
    bill_mcp.logins["other"] = new
    arguments |= {"approval_id": given}
    told = await bill_mcp.refused(APPROVE, arguments, replace(agent, profile="other"))
    assert (told.code, told.outcome) == ("approval_mismatch", Outcome.NOT_DONE)
    await bill_mcp.call(APPROVE, arguments, agent)


async def test_denying_a_reimbursement_pays_nothing_and_claims_nothing() -> None:
    bill_mcp = Paying()
    arguments = {"reimbursementId": reimbursement(bill_mcp), "action": "DENY"}
    await bill_mcp.call(APPROVE, arguments)
    claims = bill_mcp.server.records.file.look_now(
        lambda c: c.execute("SELECT count(*) FROM claims").fetchone()[0]
    )
    assert claims == 0


async def test_payment_that_is_voided_and_sent_anew_is_sent_anew_once() -> None:
    bill_mcp = Paying()
    bill = await bill_mcp.bill(100)
    made = await bill_mcp.pay(bill, 100)
    move(bill_mcp.world, "payment", made["id"], "PROCESSED")
    arguments = {"paymentId": made["id"], "type": "VOID_AND_REISSUE", "reason": "lost"}
    await bill_mcp.call(VOID, arguments)
    for more in ({}, {"reason": "lost again"}, {"type": "VOID_AND_REISSUE_VCARD"}):
        told = await bill_mcp.refused(VOID, arguments | more, by="another")
        assert (told.code, told.outcome) == ("duplicate", Outcome.DONE)
    voids = [a for a in bill_mcp.upstream.writes if a.path.endswith("/void")]
    assert len(voids) == 1
