"""A simulated BILL that is reset is another BILL: nothing of before is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from support.process import client_of, error_of, result_of
from support.simulator_process import Simulator, simulator_process

pytestmark = pytest.mark.anyio

VENDOR = {
    "name": "Twice Born Supplies",
    "address": {
        "line1": "1 Pier",
        "city": "Portland",
        "stateOrProvince": "OR",
        "zipOrPostalCode": "97201",
        "country": "US",
    },
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with simulator_process() as running:
        yield running


def variables(simulator: Simulator, home: Path) -> dict[str, str]:
    """Of a server with a trusted login of the world as it is now."""
    return {
        **simulator.credentials(mfa="trusted", organization="00801DEMOPACIFCk3Wq9"),
        "BILL_MCP_ENVIRONMENT": "local",
        "BILL_MCP_BASE_URL": simulator.base_url,
        "BILL_MCP_HOME": str(home),
        "BILL_MCP_KEY": "canary-key-of-the-vault",
    }


async def pay_first_unpaid(client: Client) -> Any:
    filters = "paymentStatus:eq:UNPAID,archived:eq:false,approvalStatus:eq:UNASSIGNED"
    listed = await client.call_tool("bill_get_list_of_bills", {"filters": filters})
    bill = result_of(listed)["results"][0]
    accounts = await client.call_tool("bill_get_list_of_bank_accounts", {})
    account = result_of(accounts)["results"][0]["id"]
    payment = {
        "billId": bill["id"],
        "amount": bill["dueAmount"],
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": account},
    }
    return await client.call_tool("bill_create_a_payment", payment)


async def test_same_calls_in_the_next_world_are_no_repeats(
    simulator: Simulator, tmp_path: Path
) -> None:
    paid = []
    for _ in range(2):
        simulator.control("POST", "reset", {"seed": "demo"})
        async with client_of(variables=variables(simulator, tmp_path)) as client:
            result_of(await client.call_tool("bill_create_a_vendor", VENDOR))
            paid.append(result_of(await pay_first_unpaid(client))["billId"])
    assert paid[0] == paid[1]


async def test_server_that_lives_on_sees_that_the_world_is_another(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.control("POST", "reset", {"seed": "demo"})
    async with client_of(variables=variables(simulator, tmp_path)) as client:
        snapshot = simulator.control("POST", "snapshot", {})["id"]
        result_of(await client.call_tool("bill_create_a_vendor", VENDOR))
        result_of(await pay_first_unpaid(client))
        simulator.control("POST", "restore", {"id": snapshot})
        result_of(await client.call_tool("bill_create_a_vendor", VENDOR))
        result_of(await pay_first_unpaid(client))


async def test_restart_in_the_same_world_knows_what_was_done(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.control("POST", "reset", {"seed": "demo"})
    same = variables(simulator, tmp_path)
    async with client_of(variables=same) as client:
        result_of(await client.call_tool("bill_create_a_vendor", VENDOR))
    async with client_of(variables=same) as client:
        again = await client.call_tool("bill_create_a_vendor", VENDOR)
        assert error_of(again)["error"] == "duplicate"
