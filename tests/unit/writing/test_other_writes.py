"""Writes that move no money: the very same one of an agent, for ten minutes."""

from __future__ import annotations

from typing import Any

import pytest
from support.clock import START
from support.paying import Paying

from bill_mcp.errors import Earlier, Outcome
from bill_mcp.records.claims import State

pytestmark = pytest.mark.anyio

CREATE = "bill_create_a_department"
NORTH = {"name": "North"}
DEPARTMENTS = "/v3/classifications/departments"


@pytest.fixture
def bill_mcp() -> Paying:
    return Paying()


def departments(bill_mcp: Paying) -> list[str]:
    """What arrived at BILL, in the order in which it did."""
    return [one.json()["name"] for one in bill_mcp.upstream.writes]


async def test_same_write_is_a_duplicate_for_ten_minutes(bill_mcp: Paying) -> None:
    made = await bill_mcp.call(CREATE, NORTH)
    bill_mcp.pass_time(599)
    told = await bill_mcp.refused(CREATE, NORTH)
    assert (told.code, told.outcome) == ("duplicate", Outcome.DONE)
    assert told.earlier == Earlier(at=START, id=made["id"], agent_is_you=True)
    assert "call again after 2026-11-23 15:20 UTC" in told.advice
    bill_mcp.pass_time(2)
    await bill_mcp.call(CREATE, NORTH)
    assert departments(bill_mcp) == ["North", "North"]


async def test_another_write_and_another_agent_are_not_held_up(
    bill_mcp: Paying,
) -> None:
    await bill_mcp.call(CREATE, NORTH)
    await bill_mcp.call(CREATE, {"name": "South"})
    await bill_mcp.call(CREATE, NORTH, by="another")
    assert departments(bill_mcp) == ["North", "South", "North"]


async def test_order_of_arguments_makes_no_other_write(bill_mcp: Paying) -> None:
    await bill_mcp.call(CREATE, {"name": "North", "description": "cold"})
    told = await bill_mcp.refused(CREATE, {"description": "cold", "name": "North"})
    assert told.code == "duplicate"


async def test_refused_write_may_be_made_again_at_once(bill_mcp: Paying) -> None:
    bill_mcp.fault(DEPARTMENTS, answer={"status": 422, "code": "BDC_1171"})
    told = await bill_mcp.refused(CREATE, NORTH)
    assert told.outcome is Outcome.NOT_DONE
    await bill_mcp.call(CREATE, NORTH)


LOST: list[dict[str, Any]] = [
    {"drop": "before"},
    {"drop": "after"},
    {"answer": {"status": 502, "body": "<html>"}},
    {"answer": {"status": 200, "body": "<html>"}},
]


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_write_whose_answer_was_lost_is_unknown_for_ten_minutes(
    bill_mcp: Paying, fault: dict[str, Any]
) -> None:
    bill_mcp.fault(DEPARTMENTS, **fault)
    told = await bill_mcp.refused(CREATE, NORTH)
    assert told.outcome is Outcome.UNKNOWN
    again = await bill_mcp.refused(CREATE, NORTH)
    assert (again.code, again.outcome) == ("outcome_unknown", Outcome.UNKNOWN)
    assert "Look up at BILL whether it took effect" in again.advice
    assert again.earlier == Earlier(at=START, id=None, agent_is_you=True)
    assert bill_mcp.states == [State.UNKNOWN]
    assert departments(bill_mcp) == ["North"]
    await bill_mcp.call(CREATE, NORTH, by="another")
    bill_mcp.pass_time(601)
    await bill_mcp.call(CREATE, NORTH)
    assert departments(bill_mcp) == ["North"] * 3


async def test_write_whose_repeat_changes_nothing_may_be_repeated(
    bill_mcp: Paying,
) -> None:
    name, vendor = "bill_archive_a_vendor", {"vendorId": await bill_mcp.vendor()}
    for _ in range(2):
        await bill_mcp.call(name, vendor)
    bill_mcp.fault("/v3/vendors/{vendorId}/archive", drop="after")
    assert (await bill_mcp.refused(name, vendor)).outcome is Outcome.UNKNOWN
    await bill_mcp.call(name, vendor)
    assert len(bill_mcp.upstream.writes) == 4
