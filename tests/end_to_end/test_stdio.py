"""What any MCP client meets when it starts the server, in both protocol eras."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import anyio
import mcp_types as types
import pytest
from mcp import Client, MCPError
from support.process import CREDENTIALS, ERAS, client_of, error_of, result_of
from support.recording_bill import recording_bill

from bill_mcp.specs import loading

pytestmark = pytest.mark.anyio

NAMES = list(loading.load().actions)


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_without_credentials_lists_209_tools_and_reads_vendors(
    era: str,
) -> None:
    async with client_of(era=era) as client:
        page = await client.list_tools()
        assert page.next_cursor is None
        assert [tool.name for tool in page.tools] == NAMES
        assert all(tool.title and tool.description for tool in page.tools)
        assert all(tool.output_schema for tool in page.tools)
        vendors = result_of(await client.call_tool("bill_get_list_of_vendors", {}))
        assert len(vendors["results"]) == 20
        assert vendors["bill_mcp"]["environment"] == "local"
        assert vendors["bill_mcp"]["has_more"] is True
        cursor = vendors["bill_mcp"]["next"]
        more = result_of(await client.call_tool("bill_get_list_of_vendors", cursor))
        first = {row["id"] for row in vendors["results"]}
        assert not first & {row["id"] for row in more["results"]}


@pytest.mark.parametrize("era", ERAS)
async def test_the_server_says_that_it_is_a_simulator(era: str) -> None:
    async with client_of(era=era) as client:
        assert client.server_info is not None
        assert client.server_info.title == "bill-mcp (simulator)"
        assert "simulator" in (client.instructions or "")
        assert len(client.instructions or "") < 2048


@pytest.mark.parametrize("era", ERAS)
async def test_a_fault_of_the_agent_is_a_tool_error_with_advice(era: str) -> None:
    async with client_of(era=era) as client:
        told = error_of(await client.call_tool("bill_create_a_vendor", {"nmae": "A"}))
        assert told["error"] == "bad_arguments"
        assert told["outcome"] == "not_done"
        places = {fault["path"] for fault in told["faults"]}
        assert places == {"nmae", "name", "address"}
        assert any("did you mean name" in fault["message"] for fault in told["faults"])


@pytest.mark.parametrize("era", ERAS)
async def test_an_unknown_tool_is_a_protocol_error(era: str) -> None:
    async with client_of(era=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("bill_print_money", {})
        assert caught.value.error.code == -32602


async def test_the_documented_misspelling_and_capitals_are_accepted() -> None:
    async with client_of() as client:
        details = await client.call_tool("BILL_GET_API_SESSION_DETAILS", {})
        assert result_of(details)["mfaStatus"] == "CHALLENGE"
        told = error_of(
            await client.call_tool("bill_archive_mutliple_chart_of_accounts", {})
        )
        assert "bill_archive_multiple_chart_of_accounts" in told["message"]


async def test_only_some_tools_are_listed_but_all_are_callable() -> None:
    async with client_of("--tools", "spend") as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        assert "bill_get_list_of_budgets" in listed
        assert "bill_get_list_of_vendors" not in listed
        result_of(await client.call_tool("bill_get_list_of_vendors", {}))


async def test_the_compact_list_takes_at_most_4000_tokens() -> None:
    async with client_of("--tools", "compact") as client:
        tools = (await client.list_tools()).tools
        wire = [t.model_dump(by_alias=True, exclude_none=True) for t in tools]
        bytes_a_token = 4
        assert len(json.dumps(wire, separators=(",", ":"))) <= 4000 * bytes_a_token


@pytest.mark.parametrize("era", ERAS)
async def test_an_agent_completes_mfa_and_pays_a_bill(era: str) -> None:
    async with client_of(era=era) as client:
        filters = "paymentStatus:eq:UNPAID,archived:eq:false"
        bills = result_of(
            await client.call_tool(
                "bill_get_list_of_bills", {"filters": filters, "max": 100}
            )
        )["results"]
        bill = next(
            b for b in bills if b["approvalStatus"] in {"UNASSIGNED", "APPROVED"}
        )
        banks = result_of(
            await client.call_tool(
                "bill_get_list_of_bank_accounts", {"filters": "status:eq:VERIFIED"}
            )
        )["results"]
        payment = {
            "billId": bill["id"],
            "amount": bill["dueAmount"],
            "fundingAccount": {"type": "BANK_ACCOUNT", "id": banks[0]["id"]},
        }
        refused = error_of(await client.call_tool("bill_create_a_payment", payment))
        assert refused["error"] == "mfa_required"
        assert refused["bill_code"] == "BDC_1361"
        assert refused["outcome"] == "not_done"
        result_of(await client.call_tool("bill_generate_mfa_challenge", {}))
        result_of(
            await client.call_tool("bill_validate_mfa_challenge", {"token": "123456"})
        )
        paid = result_of(await client.call_tool("bill_create_a_payment", payment))
        assert paid["amount"] == bill["dueAmount"]
        after = result_of(
            await client.call_tool("bill_get_bill_details", {"billId": bill["id"]})
        )
        assert after["paymentStatus"] == "SCHEDULED"
        assert after["dueAmount"] == 0


async def test_no_secret_reaches_results_errors_or_the_log() -> None:
    with recording_bill() as bill, tempfile.TemporaryDirectory() as folder:
        bill.answer = {
            "id": "1",
            "echo": " ".join(CREDENTIALS.values()) + " session-number-1",
        }
        variables = {
            **CREDENTIALS,
            "BILL_MCP_ENVIRONMENT": "local",
            "BILL_MCP_BASE_URL": bill.url,
            "BILL_MCP_LOG_LEVEL": "debug",
        }
        log = Path(folder) / "stderr"
        with log.open("w") as stderr:
            async with client_of(variables=variables, stderr=stderr) as client:
                answers = [
                    await client.call_tool(
                        "bill_get_vendor_details", {"vendorId": "1"}
                    ),
                    await client.call_tool("bill_api_login", {}),
                    await client.call_tool(
                        "bill_get_budget_details", {"budgetId": "1"}
                    ),
                    await client.call_tool("bill_get_list_of_organizations", {}),
                    await client.call_tool("bill_api_login", {"password": "hunter2"}),
                ]
        told = "".join(answer.model_dump_json() for answer in answers)
        told += log.read_text(encoding="utf-8")
    assert "(held by the server)" in told
    assert "secret_refused" in told
    for secret in (*_secrets(), "session-number-1", "hunter2"):
        assert secret not in told


def _secrets() -> list[str]:
    public = {"BILL_USERNAME", "BILL_ORGANIZATION_ID"}
    return [value for name, value in CREDENTIALS.items() if name not in public]


@pytest.mark.parametrize("era", ERAS)
async def test_a_write_that_has_begun_is_finished_though_the_client_gave_up(
    era: str, tmp_path: Path
) -> None:
    log = tmp_path / "stderr"
    with recording_bill() as bill:
        variables = {
            **CREDENTIALS,
            "BILL_MCP_ENVIRONMENT": "local",
            "BILL_MCP_BASE_URL": bill.url,
        }
        with log.open("w") as stderr:
            async with client_of(era=era, variables=variables, stderr=stderr) as client:
                bill.may_answer.clear()
                with anyio.move_on_after(1.5) as waiting:
                    await client.call_tool(
                        "bill_archive_a_vendor", {"vendorId": "00901GIVENUP"}
                    )
                assert waiting.cancelled_caught
                assert bill.last().path == "/v3/vendors/00901GIVENUP/archive"
                bill.may_answer.set()
                result_of(await client.call_tool("bill_check_app_health", {}))
        ended = [
            json.loads(line)
            for line in log.read_text(encoding="utf-8").splitlines()
            if "write ended" in line
        ]
    assert [line["outcome"] for line in ended] == ["done"]
    assert [line["action"] for line in ended] == ["bill_archive_a_vendor"]


@pytest.mark.parametrize("era", ERAS)
async def test_the_session_resource_tells_who_one_is_and_never_the_session(
    era: str,
) -> None:
    async with client_of(era=era) as client:
        listed = (await client.list_resources()).resources
        assert [str(each.uri) for each in listed] == ["bill://session"]
        assert json.loads(await _text_of(client))["state"] == "signed_out"
        await client.call_tool("bill_get_api_session_details", {})
        assert json.loads(await _text_of(client))["state"] == "signed_in"
        await client.call_tool("bill_generate_mfa_challenge", {})
        await client.call_tool("bill_validate_mfa_challenge", {"token": "123456"})
        facts = json.loads(await _text_of(client))
        assert facts["state"] == "trusted"
        assert set(facts) == {
            "state",
            "environment",
            "profile",
            "organizationId",
            "userId",
        }


async def _text_of(client: Client) -> str:
    content = (await client.read_resource("bill://session")).contents[0]
    assert isinstance(content, types.TextResourceContents)
    return content.text
