"""A remembered MFA outlives what agents ask of the sign-in, in every process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp import Client
from support.process import ERAS, client_of, error_of, result_of
from support.simulator_process import Simulator, simulator_process

pytestmark = pytest.mark.anyio

LOGIN, LOGOUT = "/v3/login", "/v3/logout"
REMEMBER = {
    "token": "123456",
    "rememberMe": True,
    "device": "desk",
    "machineName": "desk",
}
BANK_ACCOUNT = {
    "nameOnAccount": "Pacific",
    "accountNumber": "111222333",
    "routingNumber": "074000010",
    "type": "CHECKING",
    "ownerType": "BUSINESS",
    "bankName": "Chase",
}
ENDED = "The remembered MFA has ended, as it does after 30 days. "
"""Why a person is asked again."""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulator_process() as simulator:
        yield simulator


@pytest.fixture
def variables(simulator: Simulator, tmp_path: Path) -> dict[str, str]:
    """What a server is told: an account whose MFA is not yet done."""
    return {
        **simulator.credentials(mfa="registered"),
        "BILL_MCP_ENVIRONMENT": "local",
        "BILL_MCP_BASE_URL": simulator.base_url,
        "BILL_MCP_HOME": str(tmp_path),
        "BILL_MCP_KEY": "canary-operator-key",
    }


async def remember(client: Client) -> None:
    result_of(await client.call_tool("bill_generate_mfa_challenge", {}))
    result_of(await client.call_tool("bill_validate_mfa_challenge", REMEMBER))


async def mfa_status(client: Client) -> Any:
    """What BILL itself says of the agent's session."""
    told = await client.call_tool("bill_get_api_session_details", {})
    return result_of(told)["mfaStatus"]


def asked(simulator: Simulator, path: str) -> int:
    return sum(each["path"] == path for each in simulator.control("GET", "requests"))


@pytest.mark.parametrize("tool", ["bill_api_login", "bill_mfa_step_up_for_api_session"])
async def test_device_that_an_agent_makes_up_ends_no_remembered_mfa(
    simulator: Simulator, variables: dict[str, str], tool: str
) -> None:
    async with client_of(variables=variables) as client:
        await remember(client)
        result_of(await client.call_tool(tool, {"device": "foo"}))
        assert await mfa_status(client) == "COMPLETE"
        result_of(await client.call_tool("bill_api_logout", {}))
    async with client_of(variables=variables) as client:
        assert await mfa_status(client) == "COMPLETE"
    assert asked(simulator, LOGIN) == 2


async def test_sign_in_elsewhere_neither_shows_nor_ends_what_is_remembered(
    simulator: Simulator, variables: dict[str, str]
) -> None:
    async with client_of(variables=variables) as client:
        await remember(client)
        elsewhere = {"organizationId": "00801ANOTHERORGANIZ2"}
        refused = error_of(await client.call_tool("bill_api_login", elsewhere))
        assert refused["outcome"] == "not_done"
        last = [
            each
            for each in simulator.control("GET", "requests")
            if each["path"] == LOGIN
        ][-1]
        assert last["body"]["organizationId"] == elsewhere["organizationId"]
        assert "rememberMeId" not in last["body"]
        result_of(await client.call_tool("bill_api_logout", {}))
        assert await mfa_status(client) == "COMPLETE"


async def test_session_that_a_sign_in_replaces_is_signed_out(
    simulator: Simulator, variables: dict[str, str]
) -> None:
    async with client_of(variables=variables) as client:
        await remember(client)
        own = {"organizationId": variables["BILL_ORGANIZATION_ID"]}
        result_of(await client.call_tool("bill_api_login", own))
        assert (asked(simulator, LOGIN), asked(simulator, LOGOUT)) == (2, 1)
        assert await mfa_status(client) == "COMPLETE"


async def outlive(client: Client, simulator: Simulator) -> None:
    """31 days at BILL."""
    await remember(client)
    simulator.control("POST", "clock", {"advance_s": 31 * 86400})


async def test_end_of_the_30_days_is_told_to_an_agent_whose_client_opens_no_links(
    simulator: Simulator, variables: dict[str, str]
) -> None:
    async with client_of(variables=variables) as client:
        await outlive(client, simulator)
        for _ in range(2):
            answer = await client.call_tool("bill_create_a_bank_account", BANK_ACCOUNT)
            told = error_of(answer)
            assert told["error"] == "mfa_required"
            assert told["advice"].startswith(f"{ENDED}Ask the person")
            assert told["advice"].count(ENDED) == 1


@pytest.mark.parametrize("era", ERAS)
async def test_end_of_the_30_days_is_told_to_the_person_who_is_asked(
    era: str, simulator: Simulator, variables: dict[str, str]
) -> None:
    asked: list[str] = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="decline")

    async with client_of(
        era=era, variables=variables, elicitation_callback=answer
    ) as client:
        await outlive(client, simulator)
        await client.call_tool("bill_create_a_bank_account", BANK_ACCOUNT)
    [message] = asked
    assert message.startswith(ENDED)


@pytest.mark.parametrize("forgotten", [True, False], ids=["forgotten", "known"])
async def test_mfa_remembered_by_another_process_serves_the_first_call_that_needs_it(
    simulator: Simulator, variables: dict[str, str], forgotten: bool
) -> None:
    async with (
        client_of(variables=variables) as one,
        client_of(variables=variables) as another,
    ):
        assert await mfa_status(one) == "CHALLENGE"
        await remember(another)
        if forgotten:
            simulator.control("DELETE", "sessions")
        result_of(await one.call_tool("bill_create_a_bank_account", BANK_ACCOUNT))
    assert asked(simulator, LOGIN) == 3
