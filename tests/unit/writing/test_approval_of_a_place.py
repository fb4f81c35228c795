"""An approval is for one organization: switching to another voids it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.paying import Paying

from bill_mcp.agents import Confirm
from bill_mcp.errors import Outcome
from bill_mcp.simulator.fixtures import make_fixture

pytestmark = pytest.mark.anyio

CREATE = ("bill_create_a_department", {"name": "North"})


async def test_approval_for_one_organization_does_not_serve_in_another() -> None:
    bill_mcp = Paying(confirm=Confirm.ALWAYS)
    wish = {"type": "organization", "fields": {"name": "Other"}}
    organization = make_fixture(bill_mcp.world, wish)["id"]
    bill_mcp.logins["second"] = bill_mcp.new_login(organization=organization)
    agent = replace(bill_mcp.agent(), profiles=("default", "second"))
    name, arguments = CREATE
    approval_id = await bill_mcp.grant(await bill_mcp.asked(name, arguments, agent))
    approved = arguments | {"approval_id": approval_id}
    second = replace(agent, profile="second")
    told = await bill_mcp.refused(name, approved, second)
    assert (told.code, told.outcome) == ("approval_mismatch", Outcome.NOT_DONE)
    assert bill_mcp.upstream.writes == []
    await bill_mcp.call(name, approved, agent)
    (sent,) = bill_mcp.upstream.writes
    assert sent.json() == arguments


async def test_same_write_in_another_organization_is_another_write() -> None:
    bill_mcp = Paying()
    wish = {"type": "organization", "fields": {"name": "Other"}}
    organization = make_fixture(bill_mcp.world, wish)["id"]
    bill_mcp.logins["second"] = bill_mcp.new_login(organization=organization)
    agent = replace(bill_mcp.agent(), profiles=("default", "second"))
    await bill_mcp.call(*CREATE, agent)
    await bill_mcp.call(*CREATE, replace(agent, profile="second"))
    assert (await bill_mcp.refused(*CREATE, agent)).code == "duplicate"
    assert len(bill_mcp.upstream.writes) == 2
