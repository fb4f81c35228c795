"""One client and several connected accounts, against the simulator over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client
from support.process import ERAS, client_of, error_of, result_of
from support.simulator_process import Simulator, simulator_process

from bill_mcp.environments import Environment
from bill_mcp.sessions.credentials import read
from bill_mcp.sessions.profiles import ProfileKeeper
from bill_mcp.sessions.vault import FileVault

pytestmark = pytest.mark.anyio

KEY = "canary-key-of-the-vault"
DETAILS: tuple[str, dict[str, Any]] = ("bill_get_api_session_details", {})


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with simulator_process() as running:
        yield running


@pytest.fixture
def users(simulator: Simulator, tmp_path: Path) -> dict[str, str]:
    """Two connected accounts of this machine, and one of another BILL: their users."""
    simulator.control("POST", "reset", {"seed": "demo"})
    vault = FileVault(tmp_path / "secrets.enc", KEY)
    keeper = ProfileKeeper(tmp_path, lambda: vault, lambda: datetime.now(UTC))
    found = {}
    for name in ("work", "home.2", "elsewhere"):
        made = simulator.control("POST", "credentials", {"kind": "org"})
        url = simulator.base_url if name != "elsewhere" else "http://[::1]:9/connect"
        anyio.run(keeper.keep, name, read(made.get), Environment.LOCAL, url)
        found[name] = made["userId"]
    return found


def variables(home: Path) -> dict[str, str]:
    return {"BILL_MCP_HOME": str(home), "BILL_MCP_KEY": KEY}


async def facts(client: Client) -> dict[str, Any]:
    """What ``bill://session`` tells."""
    content = (await client.read_resource("bill://session")).contents[0]
    assert isinstance(content, types.TextResourceContents)
    told: dict[str, Any] = json.loads(content.text)
    return told


async def user(client: Client) -> tuple[str, str]:
    """Who BILL says it is, and the account that the server says it is."""
    told = result_of(await client.call_tool(*DETAILS))
    return told["userId"], told["bill_mcp"]["profile"]


def sign_ins(simulator: Simulator) -> int:
    arrived = simulator.control("GET", "requests")
    return sum(each["path"].endswith("/v3/login") for each in arrived)


@pytest.mark.parametrize("era", ERAS)
async def test_agent_goes_from_account_to_account_and_back(
    era: str, simulator: Simulator, users: dict[str, str], tmp_path: Path
) -> None:
    async with client_of(era=era, variables=variables(tmp_path)) as client:
        assert await user(client) == (users["work"], "work")
        told = await facts(client)
        assert (told["profile"], told["profiles"]) == ("work", ["work", "home.2"])
        switched = {"profile": "home.2"}
        told = result_of(await client.call_tool("bill_api_login", switched))
        assert told["userId"] == users["home.2"]
        assert await user(client) == (users["home.2"], "home.2")
        assert (await facts(client))["profile"] == "home.2"
        assert (await facts(client))["userId"] == users["home.2"]
        result_of(await client.call_tool("bill_api_login", {"profile": "work"}))
        assert await user(client) == (users["work"], "work")
        refused = error_of(
            await client.call_tool("bill_api_login", {"profile": "elsewhere"})
        )
        assert refused["error"] == "unknown_profile"
        assert "work, home.2" in refused["advice"]
    assert sign_ins(simulator) == 2
    async with client_of(era=era, variables=variables(tmp_path)) as client:
        assert await user(client) == (users["work"], "work")
        result_of(await client.call_tool("bill_api_login", switched))
        assert await user(client) == (users["home.2"], "home.2")
    assert sign_ins(simulator) == 2


async def test_server_for_a_named_account_serves_that_one_only(
    simulator: Simulator, users: dict[str, str], tmp_path: Path
) -> None:
    options = ("--profile", "home.2")
    async with client_of(*options, variables=variables(tmp_path)) as client:
        assert await user(client) == (users["home.2"], "home.2")
        assert "profiles" not in await facts(client)
        refused = error_of(
            await client.call_tool("bill_api_login", {"profile": "work"})
        )
        assert "there is one account here: home.2." in refused["advice"]
    assert sign_ins(simulator) == 1


UNTRUSTED = {
    "nameOnAccount": "Pacific Timber",
    "accountNumber": "111222333",
    "routingNumber": "074000010",
    "type": "CHECKING",
    "ownerType": "BUSINESS",
    "bankName": "Chase",
}
"""A bank account: what BILL refuses without a code."""


async def advice_without_trust(client: Client) -> str:
    """What an agent is advised whose session needs a code."""
    answer = await client.call_tool("bill_create_a_bank_account", UNTRUSTED)
    told = error_of(answer)
    assert told["error"] == "mfa_required"
    return str(told["advice"])


async def test_told_command_is_about_the_account_that_needs_the_code(
    simulator: Simulator, users: dict[str, str], tmp_path: Path
) -> None:
    async with client_of("--profile", "home.2", variables=variables(tmp_path)) as named:
        told = await advice_without_trust(named)
        assert "`bill-mcp login --mfa --profile home.2`" in told
    async with client_of(variables=variables(tmp_path)) as client:
        assert "`bill-mcp login --mfa`" in await advice_without_trust(client)
        result_of(await client.call_tool("bill_api_login", {"profile": "home.2"}))
        told = await advice_without_trust(client)
        assert "`bill-mcp login --mfa --profile home.2`" in told
    # A default of the operator's own is what the bare command would be about.
    (tmp_path / "settings.toml").write_text('profile = "home.2"\n', encoding="utf-8")
    async with client_of("--profile", "work", variables=variables(tmp_path)) as named:
        told = await advice_without_trust(named)
        assert "`bill-mcp login --mfa --profile work`" in told
