"""No secret in play is ever seen outside the server and its encrypted file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp import Client
from support.person import CODE, Person
from support.process import ERAS, client_of
from support.simulator_process import simulator_process
from support.tap import tapped

pytestmark = pytest.mark.anyio

OPERATOR_KEY = "canary-operator-key-1b9f"
SECRET_VARIABLES = {"BILL_PASSWORD", "BILL_DEV_KEY", "BILL_APP_KEY", "BILL_API_TOKEN"}


@pytest.mark.parametrize("era", ERAS)
async def test_no_secret_is_in_any_result_log_line_or_file(
    era: str, tmp_path: Path
) -> None:
    home, log = tmp_path / "home", tmp_path / "stderr"
    person = Person(home)
    heard: list[str] = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        heard.append(params.model_dump_json())
        page = await person.complete_mfa(params.url.rsplit("/", 1)[1], device="desk")
        heard.append(page)
        return types.ElicitResult(action="accept")

    with simulator_process() as simulator, tapped(simulator.base_url) as tap:
        variables = {
            **simulator.credentials(mfa="registered"),
            **simulator.credentials(kind="spend"),
            "BILL_MCP_ENVIRONMENT": "local",
            "BILL_MCP_BASE_URL": tap.base_url,
            "BILL_MCP_HOME": str(home),
            "BILL_MCP_KEY": OPERATOR_KEY,
            "BILL_MCP_LOG_LEVEL": "debug",
        }
        with log.open("w") as stderr:
            async with client_of(
                era=era,
                variables=variables,
                stderr=stderr,
                elicitation_callback=answer,
            ) as client:
                heard += await _everything(client, simulator)
        secrets = {variables[n] for n in SECRET_VARIABLES if n in variables}
        secrets |= tap.secrets | {OPERATOR_KEY}
    assert person.phrase  # the page was used
    assert len(secrets) > 6  # among them sessions, a remembered MFA and a card's token
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    seen = "\n".join(heard) + log.read_text(encoding="utf-8")
    seen += "\n".join(path.read_bytes().decode("latin-1") for path in files)
    assert not [secret for secret in secrets if secret in seen]


async def _everything(client: Client, simulator: Any) -> list[str]:
    """Calls of every kind, good and bad; answers all that came back."""
    heard = []
    cards = await client.call_tool("bill_get_list_of_cards", {"max": 1})
    card = (cards.structured_content or {})["results"][0]
    bills = await client.call_tool(
        "bill_get_list_of_bills",
        {"filters": "paymentStatus:eq:UNPAID,archived:eq:false"},
    )
    bill = (bills.structured_content or {})["results"][0]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("bill_api_login", {}),
        ("bill_api_login", {"password": "hunter22", "devKey": "x"}),
        ("bill_get_api_session_details", {}),
        ("bill_get_pan_jwt", {"cardId": card["uuid"]}),
        ("bill_get_list_of_transactions", {"includeReceipts": True, "max": 5}),
        ("bill_get_vendor_details", {"vendorId": "00901NOSUCHVENDORab1"}),
        ("bill_create_a_vendor", {"name": 7}),
        (
            "bill_create_a_payment",
            {
                "billId": bill["id"],
                "amount": bill["dueAmount"],
                "fundingAccount": {"type": "WALLET"},
            },
        ),
        ("bill_generate_mfa_challenge", {}),
        ("bill_validate_mfa_challenge", {"token": "000000"}),
        ("bill_validate_mfa_challenge", {"token": CODE}),
        ("bill_mfa_step_up_for_api_session", {}),
        ("bill_api_logout", {"preview": True}),
        ("bill_api_logout", {}),
        ("bill_get_list_of_vendors", {"max": 1}),
    ]
    for tool, arguments in calls:
        answer = await client.call_tool(tool, arguments)
        heard.append(answer.model_dump_json())
    simulator.control("DELETE", "sessions")
    answer = await client.call_tool("bill_get_list_of_vendors", {"max": 1})
    heard.append(answer.model_dump_json())
    heard.append((await client.read_resource("bill://session")).model_dump_json())
    return heard
