"""``bill://session`` says what is so: of idle, kept, partner and removed sessions."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp import Client
from support.assembly import ACCOUNT, Assembly, assemble
from support.bill_sessions import BillSessions
from support.kept_home import LIST, READ, KeptHome
from support.upstream import Upstream

from bill_mcp.errors import ConfigError, NotConnectedError
from bill_mcp.mcp_face.server import Face
from bill_mcp.sessions.credentials import Credentials

pytestmark = pytest.mark.anyio

DETAILS: tuple[str, dict[str, Any]] = ("bill_get_api_session_details", {})
UNTRUSTED = replace(ACCOUNT, remember_me_id=None, device=None)


@asynccontextmanager
async def client_of(server: Assembly) -> AsyncIterator[Client]:
    face = Face(server.dispatcher, agent_of=lambda _: server.agent, surface="full")
    async with Client(face.server) as client:
        yield client


async def facts(client: Client) -> dict[str, Any]:
    content = (await client.read_resource("bill://session")).contents[0]
    assert isinstance(content, types.TextResourceContents)
    told: dict[str, Any] = json.loads(content.text)
    return told


async def test_session_that_idled_too_long_is_no_session(bill: BillSessions) -> None:
    server = assemble(Upstream(bill))
    async with client_of(server) as client:
        await client.call_tool(*READ)
        told = await facts(client)
        assert (told["state"], told["userId"]) == ("trusted", "00601USER")
        server.clock.advance(40 * 60)
        told = await facts(client)
        assert told["state"] == "signed_out"
        assert "userId" not in told


async def test_session_that_was_kept_counts_before_the_first_call(
    bill: BillSessions, tmp_path: Path
) -> None:
    home = KeptHome(tmp_path / "home", Upstream(bill))
    async with home.server() as server:
        await server.call(*READ)
    arrived = len(home.upstream.arrivals)
    async with home.server() as server, client_of(server) as client:
        assert (await facts(client))["state"] == "trusted"
    assert len(home.upstream.arrivals) == arrived


@pytest.mark.parametrize(
    ("status", "state"),
    [("COMPLETE", "trusted"), ("CHALLENGE", "signed_in"), ("DISABLED", "signed_in")],
)
async def test_bills_own_look_at_the_session_counts(
    bill: BillSessions, status: str, state: str
) -> None:
    bill.reply = lambda _: {"mfaStatus": status}
    async with client_of(assemble(Upstream(bill), account=UNTRUSTED)) as client:
        await client.call_tool(*DETAILS)
        assert (await facts(client))["state"] == state


async def test_partner_is_signed_in_without_an_organization(bill: BillSessions) -> None:
    async with client_of(assemble(Upstream(bill))) as client:
        await client.call_tool(*LIST)
        told = await facts(client)
        assert told["state"] == "signed_in"
        assert "organizationId" not in told


async def test_account_that_was_removed_elsewhere_has_no_session(
    bill: BillSessions,
) -> None:
    """A keyring that is locked meanwhile is no reason to doubt a live one."""
    trouble: list[ConfigError] = []

    def profiles(_: str) -> Credentials:
        if trouble:
            raise trouble[-1]
        return ACCOUNT

    async with client_of(assemble(Upstream(bill), profiles=profiles)) as client:
        await client.call_tool(*READ)
        trouble.append(ConfigError("the keyring is locked"))
        assert (await facts(client))["state"] == "trusted"
        trouble.append(NotConnectedError("no profile named 'default'"))
        assert (await facts(client))["state"] == "signed_out"
