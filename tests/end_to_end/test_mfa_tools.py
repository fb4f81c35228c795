"""An agent completes MFA with no more than the code that a person reads out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.person import CODE
from support.process import client_of, error_of, result_of
from support.simulator_process import Simulator, simulator_process

pytestmark = pytest.mark.anyio

CHALLENGE, CONFIRM = "bill_generate_mfa_challenge", "bill_validate_mfa_challenge"
SETUP, CONFIRM_SETUP = (
    "bill_add_phone_for_mfa_setup",
    "bill_validate_phone_for_mfa_setup",
)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulator_process() as simulator:
        yield simulator


def variables(simulator: Simulator, home: Path, mfa: str) -> dict[str, str]:
    return {
        **simulator.credentials(mfa=mfa),
        "BILL_MCP_ENVIRONMENT": "local",
        "BILL_MCP_BASE_URL": simulator.base_url,
        "BILL_MCP_HOME": str(home),
    }


async def test_phone_is_registered_with_no_more_than_its_number_and_its_code(
    simulator: Simulator, tmp_path: Path
) -> None:
    told = variables(simulator, tmp_path, "none")
    async with client_of(variables=told) as client:
        phone = {"phone": "2065550142", "type": "TEXT"}
        result_of(await client.call_tool(SETUP, phone))
        code = {"type": "TEXT", "token": CODE}
        result_of(await client.call_tool(CONFIRM_SETUP, code))
        phones = await client.call_tool("bill_get_list_of_mfa_phone_numbers", {})
        assert result_of(phones)["results"][0]["last4digits"] == "0142"


async def test_code_alone_is_enough_for_trust_that_outlasts_the_session(
    simulator: Simulator, tmp_path: Path
) -> None:
    told = variables(simulator, tmp_path, "registered")
    told["BILL_MCP_KEY"] = "canary-operator-key"
    async with client_of(variables=told) as client:
        result_of(await client.call_tool(CHALLENGE, {}))
        code = {"token": CODE, "rememberMe": True}
        result_of(await client.call_tool(CONFIRM, code))
        result_of(await client.call_tool("bill_api_logout", {}))
        signed_in = result_of(await client.call_tool("bill_api_login", {}))
    assert signed_in["trusted"] is True


async def test_what_is_no_code_costs_none_of_the_attempts_that_bill_counts(
    simulator: Simulator, tmp_path: Path
) -> None:
    told = variables(simulator, tmp_path, "registered")
    async with client_of(variables=told) as client:
        for token in ("12345", "1234567", "123 456", "12345a"):
            for tool, more in ((CONFIRM, {}), (CONFIRM_SETUP, {"type": "TEXT"})):
                call = await client.call_tool(tool, {"token": token, **more})
                refused = error_of(call)
                assert refused["outcome"] == "not_done"
                assert [fault["path"] for fault in refused["faults"]] == ["token"]
    assert not simulator.control("GET", "requests")
