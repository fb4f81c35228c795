"""A call that waits for a person in vain, or whose approval is too old, says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client
from support.assembly import Assembly, agent, assemble
from support.process import ERAS, error_of, result_of
from support.upstream import Upstream, always

from bill_mcp.agents import Confirm
from bill_mcp.clock import SystemClock
from bill_mcp.mcp_face.asking import Asking
from bill_mcp.mcp_face.page_host import PageHost
from bill_mcp.mcp_face.server import Face
from bill_mcp.pages.approval_visits import Approving
from bill_mcp.records.approvals import State, Via

pytestmark = pytest.mark.anyio

CALL: tuple[str, dict[str, Any]] = ("bill_create_a_department", {"name": "North"})


async def agreeing(_context: Any, _params: Any) -> types.ElicitResult:
    return types.ElicitResult(action="accept")


@asynccontextmanager
async def client_of(
    built: Assembly, home: Path, era: str, answer: Any
) -> AsyncIterator[Client]:
    """A client of a server whose calls wait for nobody long."""
    settings = replace(built.dispatcher.settings, home=home)
    dispatcher = replace(built.dispatcher, settings=settings)
    records = built.records
    approving = Approving(approvals=records.approvals, approvers=records.approvers)
    host = PageHost(dispatcher, SystemClock(), approving=approving)
    asking_agent = agent(confirm=Confirm.ALWAYS)
    face = Face(
        dispatcher,
        agent_of=lambda _: asking_agent,
        surface="full",
        asking=Asking(host, patience_s=0),
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(host.run)
        async with Client(face.server, mode=era, elicitation_callback=answer) as client:
            yield client
        tasks.cancel_scope.cancel()


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Assembly:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    return assemble(Upstream(always({"id": "dep01"})), confirm=Confirm.ALWAYS)


@pytest.mark.parametrize("era", ERAS)
async def test_call_that_nobody_answers_in_time_points_to_where_they_still_can(
    era: str, built: Assembly, tmp_path: Path
) -> None:
    async with client_of(built, tmp_path, era, agreeing) as client:
        told = error_of(await client.call_tool(*CALL))
        assert (told["error"], told["outcome"]) == ("approval_required", "not_done")
        (waiting,) = await built.records.approvals.waiting()
        assert f"bill-mcp approve {waiting.id}" in told["advice"]
        assert "bill-mcp open" in told["advice"]
        assert "/q/" in told["advice"]
        assert built.outcomes == []
        await built.records.approvals.decide(
            waiting.id, grant=True, by="mia", via=Via.TERMINAL
        )
        result_of(await client.call_tool(*CALL))
    assert len(built.outcomes) == 1


@pytest.mark.parametrize("is_granted", [True, False])
async def test_approval_serves_for_ten_minutes_from_the_asking(
    is_granted: bool, built: Assembly, tmp_path: Path
) -> None:
    approvals = built.records.approvals
    async with client_of(built, tmp_path, "auto", None) as client:
        error_of(await client.call_tool(*CALL))
        (waiting,) = await approvals.waiting()
        if is_granted:
            await approvals.decide(waiting.id, grant=True, by="mia", via=Via.TERMINAL)
        built.clock.advance(timedelta(minutes=10).total_seconds())
        name, arguments = CALL
        with_id = {**arguments, "approval_id": waiting.id}
        told = error_of(await client.call_tool(name, with_id))
        assert told["error"] == "approval_expired"
        assert "without approval_id" in told["advice"]
        told = error_of(await client.call_tool(*CALL))
        assert told["error"] == "approval_required"
        assert waiting.id not in told["advice"]
    found = await approvals.find(waiting.id)
    assert found is not None
    assert found.state is State.EXPIRED
    assert built.outcomes == []


async def test_declined_call_is_asked_about_again_only_after_ten_minutes(
    built: Assembly, tmp_path: Path
) -> None:
    approvals = built.records.approvals
    async with client_of(built, tmp_path, "auto", None) as client:
        error_of(await client.call_tool(*CALL))
        (waiting,) = await approvals.waiting()
        await approvals.decide(waiting.id, grant=False, by="mia", via=Via.TERMINAL)
        built.clock.advance(599)
        told = error_of(await client.call_tool(*CALL))
        assert told["error"] == "approval_declined"
        built.clock.advance(1)
        told = error_of(await client.call_tool(*CALL))
        assert told["error"] == "approval_required"
