"""What can be paid one time only, whatever the amount: by the thing itself."""

from __future__ import annotations

import pytest
from support.paying import Paying

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
