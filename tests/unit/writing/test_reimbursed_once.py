"""A reimbursement has two ids at BILL, and is one thing all the same."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from support.paying import DEADLINE_S, SETTLES_S, Paying, StillClock

from bill_mcp.errors import CallError, Outcome
from bill_mcp.simulator.fixtures import make_fixture

pytestmark = pytest.mark.anyio

ACT = "bill_approve_or_deny_a_reimbursement"
IDS = [("uuid", "id"), ("id", "uuid")]


def reimbursement(bill_mcp: Paying) -> dict[str, Any]:
    """One that waits for approval, with both of its ids."""
    make_fixture(bill_mcp.world, {"type": "spend_budget", "fields": {}})
    made = make_fixture(bill_mcp.world, {"type": "reimbursement", "fields": {}})
    return bill_mcp.world.get("spend_reimbursement", str(made["uuid"])) or {}


def approval(key: Any) -> dict[str, Any]:
    return {"reimbursementId": key, "action": "APPROVE"}


def path(key: Any) -> str:
    return f"/v3/spend/reimbursements/{key}/action"


@pytest.mark.parametrize(("first", "second"), IDS)
async def test_while_one_id_is_unknown_the_other_id_is_refused(
    first: str, second: str
) -> None:
    bill_mcp = Paying()
    row = reimbursement(bill_mcp)
    bill_mcp.fault(path(row[first]), act_late_s=3000)
    told = await bill_mcp.refused(ACT, approval(row[first]))
    assert told.outcome is Outcome.UNKNOWN
    for by in ("agent", "another"):
        told = await bill_mcp.refused(ACT, approval(row[second]), by)
        assert told.code == "outcome_unknown"
    for _ in range(3):
        bill_mcp.pass_time(DEADLINE_S + SETTLES_S)
        await bill_mcp.settle()
    assert (await bill_mcp.refused(ACT, approval(row[second]))).code == "not_done"
    assert len(bill_mcp.upstream.writes) == 1


@pytest.mark.parametrize(("first", "second"), IDS)
async def test_what_was_approved_by_one_id_is_a_duplicate_by_the_other(
    first: str, second: str
) -> None:
    bill_mcp = Paying()
    row = reimbursement(bill_mcp)
    await bill_mcp.call(ACT, approval(row[first]))
    told = await bill_mcp.refused(ACT, approval(row[second]))
    assert told.code == "duplicate"
    assert told.earlier is not None
    assert told.earlier.id == row["uuid"]
    assert len(bill_mcp.upstream.writes) == 1


@pytest.mark.parametrize(("first", "second"), IDS)
async def test_call_by_the_other_id_waits_for_the_one_that_is_under_way(
    first: str, second: str
) -> None:
    bill_mcp = Paying(clock=StillClock())
    row = reimbursement(bill_mcp)
    bill_mcp.hold_back(path(row[first]))
    how: dict[str, Any] = {}

    async def act(key: str, by: str) -> None:
        try:
            how[by] = await bill_mcp.call(ACT, approval(row[key]), by)
        except CallError as error:
            how[by] = error

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(act, first, "agent")
        await bill_mcp.has_acted.wait()
        tasks.start_soon(act, second, "another")
        await anyio.wait_all_tasks_blocked()
        assert how == {}
        bill_mcp.let_go.set()
    assert how["agent"]["uuid"] == row["uuid"]
    assert how["another"].code == "duplicate"
    assert len(bill_mcp.upstream.writes) == 1
