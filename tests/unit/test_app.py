"""How a server is put together: what lasts, and what ends with the process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bill_mcp.app import Application, application
from bill_mcp.sessions.store import SessionState
from bill_mcp.settings import resolve

pytestmark = pytest.mark.anyio


def serving(home: Path, options: Mapping[str, Any] | None = None) -> Any:
    variables = {"BILL_MCP_HOME": str(home), "BILL_MCP_KEY": "a passphrase to seal by"}
    return application(resolve(options or {}, variables), variables={})


async def states(built: Application, key: str) -> list[SessionState]:
    """What the agent is after its first call, and after completing MFA."""
    agent, sessions = built.agent(key, key), built.dispatcher.sessions
    call = built.dispatcher.call
    await call(agent, "bill_get_api_session_details", {})
    first = sessions.state_of(agent)
    if first is SessionState.SIGNED_IN:
        await call(agent, "bill_generate_mfa_challenge", {})
        await call(agent, "bill_validate_mfa_challenge", {"token": "123456"})
    return [first, sessions.state_of(agent)]


async def test_world_that_ends_with_the_process_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with serving(home) as built:
        assert built.lasting_key("stdio") != built.lasting_key("stdio")
        await states(built, built.lasting_key("stdio"))
    assert not home.exists()


async def test_world_in_a_file_has_sessions_that_survive(tmp_path: Path) -> None:
    world = {"state_file": tmp_path / "world.sqlite"}
    another = {"state_file": tmp_path / "another.sqlite"}
    keys, seen = set(), []
    for options in (world, world, another):
        async with serving(tmp_path / "home", options) as built:
            key = built.lasting_key("stdio")
            keys.add(key)
            seen.append(await states(built, key))
    assert len(keys) == 1
    assert keys.pop().endswith(":1")
    completed = [SessionState.SIGNED_IN, SessionState.TRUSTED]
    assert seen == [completed, [SessionState.TRUSTED] * 2, completed]
