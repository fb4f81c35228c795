"""A payment goes out once a person has agreed to it in another process, and once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp import Client
from support.approved_payments import (
    APPROVER,
    PASSPHRASE,
    Office,
    id_in,
    office,
    pay,
    payments_of,
    pointer_in,
    refused,
)
from support.person import CODE
from support.process import ERAS, error_of, result_of
from support.receiver import receiving

from bill_mcp.announcing.webhook import SIGNATURE, TIMESTAMP, signature
from bill_mcp.records.approvals import State
from bill_mcp.secret import Secret

pytestmark = pytest.mark.anyio


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path / "home") as desk:
        yield desk


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("names_it", [True, False], ids=["with its id", "without id"])
async def test_what_an_approver_releases_at_a_terminal_is_paid_once(
    era: str, names_it: bool, desk: Office
) -> None:
    with desk.person("approver", "add", APPROVER) as terminal:
        terminal.type(PASSPHRASE, after="New passphrase (hidden)")
        terminal.type(PASSPHRASE, after="Once more (hidden)")
        assert await anyio.to_thread.run_sync(terminal.end) == 0
    async with desk.server(era=era) as client:
        payment = (await payments_of(client))[0]
        asked = await refused(client, payment)
        assert (asked["error"], asked["outcome"]) == ("approval_required", "not_done")
        assert "ten minutes" in asked["advice"]
        named = id_in(asked)
        with_id = {**payment, "approval_id": named}
        assert id_in(await refused(client, payment)) == named
        waiting = await refused(client, with_id)
        assert waiting["error"] == "approval_waiting"
        assert "same approval_id" in waiting["advice"]
        assert desk.payments_sent() == 0
        with desk.person("approve", named) as terminal:
            terminal.type(APPROVER, after=f"Approver [{APPROVER}]")
            terminal.type(PASSPHRASE, after="(hidden)")
            terminal.type("yes", after="Let this go out, once? (yes/no)")
            assert await anyio.to_thread.run_sync(terminal.end) == 0
        call = with_id if names_it else payment
        assert (await pay(client, call))["amount"] == payment["amount"]
        assert desk.payments_sent() == 1
        for again in (payment, with_id):
            told = await refused(client, again)
            assert (told["error"], told["outcome"]) == ("duplicate", "done")
    assert (await desk.approval(named)).state is State.SPENT
    assert desk.payments_sent() == 1


async def test_used_approval_serves_no_call_that_is_wanted_once_more(
    desk: Office,
) -> None:
    # A department is no payment: nothing but its approval keeps it from a second time.
    async with desk.server("--confirm", "always") as client:
        tool, wanted = "bill_create_a_department", {"name": "North"}
        named = id_in(error_of(await client.call_tool(tool, wanted)))
        await desk.decide(named, grant=True)
        with_id = {**wanted, "approval_id": named}
        result_of(await client.call_tool(tool, with_id))
        other = {**with_id, "name": "South"}
        codes = [
            error_of(await client.call_tool(tool, call))["error"]
            for call in (with_id, other)
        ]
        assert codes == ["duplicate", "approval_mismatch"]


async def test_call_that_a_person_declined_is_refused_with_and_without_its_id(
    desk: Office,
) -> None:
    async with desk.server() as client:
        payment = (await payments_of(client))[0]
        named = id_in(await refused(client, payment))
        with desk.person("deny", named) as terminal:
            terminal.type("yes", after="Decline this call? (yes/no)")
            assert await anyio.to_thread.run_sync(terminal.end) == 0
        for call in (payment, {**payment, "approval_id": named}):
            told = await refused(client, call)
            assert told["error"] == "approval_declined"
            assert "tell the user" in told["advice"].lower()
    assert desk.payments_sent() == 0


@pytest.mark.parametrize("era", ERAS)
async def test_approval_serves_no_other_call_agent_process_or_invented_id(
    era: str, desk: Office
) -> None:
    async with desk.server(era=era) as client, desk.server(era=era) as other:
        first, second = (await payments_of(client))[:2]
        named = id_in(await refused(client, first))
        await desk.decide(named, grant=True)
        for changed in (
            {**second, "approval_id": named},
            {**first, "amount": first["amount"] - 1, "approval_id": named},
            {**first, "description": "Thank you", "approval_id": named},
        ):
            told = await refused(client, changed)
            assert told["error"] == "approval_mismatch"
            assert "without approval_id" in told["advice"]
        told = await refused(other, {**first, "approval_id": named})
        assert told["error"] == "approval_mismatch"
        told = await refused(client, {**first, "approval_id": "ABCDEFGH"})
        assert told["error"] == "approval_unknown"
        assert id_in(await refused(other, first)) != named
        assert desk.payments_sent() == 0
        await pay(client, {**first, "approval_id": named})
    assert desk.payments_sent() == 1


async def test_approval_outlives_no_restart_and_the_agent_is_told_what_to_do(
    desk: Office,
) -> None:
    async with desk.server() as client:
        payment = (await payments_of(client))[0]
        named = id_in(await refused(client, payment))
        await desk.decide(named, grant=True)
    async with desk.server() as client:
        told = await refused(client, {**payment, "approval_id": named})
        assert told["error"] == "approval_mismatch"
        assert "server process" in told["message"]
        assert "Make the call again without approval_id" in told["advice"]
        again = id_in(await refused(client, payment))
        assert again != named
        await desk.decide(again, grant=True)
        await pay(client, payment)
    assert desk.payments_sent() == 1


async def test_code_is_asked_before_the_approval_and_uses_none_up(
    tmp_path: Path,
) -> None:
    with office(tmp_path / "home", mfa="registered") as desk:
        async with desk.server() as client:
            first, second = (await payments_of(client))[:2]
            told = await refused(client, first)
            assert told["error"] == "mfa_required"
            assert await desk.approvals.recent() == []
            await trust(client)
            named = id_in(await refused(client, first))
            await desk.decide(named, grant=True)
            await pay(client, first)
            assert (await desk.approval(named)).state is State.SPENT
            named = id_in(await refused(client, second))
            await desk.decide(named, grant=True)
            # The trusted session is lost between the person's word and the sending.
            desk.simulator.control("DELETE", "sessions")
            told = await refused(client, second)
            assert told["error"] == "mfa_required"
        assert (await desk.approval(named)).state is State.GRANTED
        assert desk.payments_sent() == 1


async def trust(client: Client) -> None:
    """Complete MFA by BILL's own actions, remembering nothing."""
    result_of(await client.call_tool("bill_generate_mfa_challenge", {}))
    result_of(await client.call_tool("bill_validate_mfa_challenge", {"token": CODE}))


async def test_vendor_whose_account_was_replaced_since_is_asked_about_anew(
    desk: Office,
) -> None:
    async with desk.server() as client:
        payment = (await payments_of(client))[0]
        named = id_in(await refused(client, payment))
        lines = (await desk.approval(named)).wanted.lines
        before = {line.label: line.value for line in lines}
        await desk.decide(named, grant=True)
        vendor = before["Vendor id"]
        account = {"nameOnAccount": "Other", "accountNumber": "9870004242"}
        async with desk.server("--confirm", "never") as other:
            result_of(
                await other.call_tool(
                    "bill_delete_a_vendor_bank_account",
                    {"vendorId": vendor},
                )
            )
            made = await other.call_tool(
                "bill_create_a_vendor_bank_account",
                {"vendorId": vendor, "routingNumber": "322271627", **account},
            )
            result_of(made)
        told = await refused(client, {**payment, "approval_id": named})
        assert told["error"] == "approval_mismatch"
        again = await refused(client, payment)
        assert again["error"] == "approval_required"
        assert id_in(again) != named
        assert "ends in 4242" in again["message"]
        assert before["To account"].strip("•") in again["message"]
        asked = await desk.approval(id_in(again))
        assert any("4242" in reason for reason in asked.wanted.reasons)
        with desk.person("approvals") as terminal:
            assert await anyio.to_thread.run_sync(terminal.end) == 0
        shown = terminal.shown.partition(id_in(again))[0]
        shown = shown[shown.rindex("SANDBOX") :]
        assert shown.index("ends in 4242") < shown.index("Payee:")
        assert desk.payments_sent() == 0


async def test_unknown_payment_stands_beside_what_waits_with_its_next_look_up(
    desk: Office,
) -> None:
    async with desk.server() as client:
        first, second = (await payments_of(client))[:2]
        named = id_in(await refused(client, first))
        await desk.decide(named, grant=True)
        fault = {
            "method": "POST",
            "path": "/v3/payments",
            "drop": "after",
            "hide_s": 3600,
        }
        desk.simulator.control("POST", "faults", [fault])
        told = await refused(client, first)
        assert told["outcome"] == "unknown"
        waiting = id_in(await refused(client, second))
        with desk.person("approvals") as terminal:
            assert await anyio.to_thread.run_sync(terminal.end) == 0
    shown = terminal.shown
    upper, lower = shown.split("Payments that are not settled")
    assert f"bill-mcp approve {waiting}" in upper
    assert named not in upper
    assert "next look-up (UTC)" in lower
    row = next(line for line in lower.splitlines() if first["billId"] in line)
    assert row.startswith("unknown")
    assert row.rstrip()[-8:].count(":") == 2


async def test_lost_payment_is_told_of_by_the_names_that_people_know(
    desk: Office,
) -> None:
    async with desk.server("--confirm", "never") as client:
        payment = (await payments_of(client))[0]
        fault = {"method": "POST", "path": "/v3/payments", "drop": "after"}
        desk.simulator.control("POST", "faults", [{**fault, "hide_s": 3600}])
        assert (await refused(client, payment))["outcome"] == "unknown"
    shown = {}
    for words in (("approvals",), ("audit", "--agent", "stdio", "--kind", "settled")):
        with desk.person(*words) as terminal:
            assert await anyio.to_thread.run_sync(terminal.end) == 0
        shown[words[0]] = terminal.shown.splitlines()
    organization = desk.variables["BILL_ORGANIZATION_ID"]
    for told in shown.values():
        *_, last = told
        assert "  stdio  " in last
        assert organization in last
        assert desk.simulator.base_url not in last


@pytest.mark.parametrize("era", ERAS)
async def test_halt_stops_the_next_write_of_a_running_server_and_of_the_next_one(
    era: str, desk: Office
) -> None:
    await desk.appoint()
    async with desk.server(era=era) as client:
        payment = (await payments_of(client))[0]
        named = id_in(await refused(client, payment))
        await desk.decide(named, grant=True)
        with desk.person("halt", "--reason", "odd payments") as terminal:
            assert await anyio.to_thread.run_sync(terminal.end) == 0
        told = await refused(client, payment)
        assert (told["error"], told["outcome"]) == ("halted", "not_done")
        assert "bill-mcp halt --lift" in told["advice"]
        assert await payments_of(client)
        assert (await desk.approval(named)).state is State.GRANTED
    async with desk.server("--confirm", "never", era=era) as client:
        told = await refused(client, payment)
        assert told["error"] == "halted"
        assert await payments_of(client)
        with desk.person("halt", "--lift") as terminal:
            terminal.type(APPROVER, after=f"Approver [{APPROVER}]")
            terminal.type(PASSPHRASE, after="(hidden)")
            assert await anyio.to_thread.run_sync(terminal.end) == 0
        await pay(client, payment)
    assert desk.payments_sent() == 1


async def test_simulator_inside_the_server_asks_people_of_other_processes_too(
    desk: Office,
) -> None:
    desk.variables = {**desk.own, "BILL_MCP_ENVIRONMENT": "local"}
    async with desk.server() as client:
        await trust(client)
        payment = (await payments_of(client))[0]
        asked = await refused(client, payment)
        named = id_in(asked)
        assert pointer_in(asked)
        await desk.appoint()
        with desk.person("approve", named) as terminal:
            terminal.wait_for("SIMULATOR")
            terminal.type(APPROVER, after=f"Approver [{APPROVER}]")
            terminal.type(PASSPHRASE, after="(hidden)")
            terminal.type("yes", after="Let this go out, once? (yes/no)")
            assert await anyio.to_thread.run_sync(terminal.end) == 0
        await pay(client, payment)
        assert (await refused(client, payment))["error"] == "duplicate"
    assert (await desk.approval(named)).state is State.SPENT


async def test_waiting_payment_is_announced_signed_masked_and_without_a_right(
    desk: Office, tmp_path: Path
) -> None:
    with desk.person("notify-key") as terminal:
        assert await anyio.to_thread.run_sync(terminal.end) == 0
    key = Secret(terminal.shown.split()[-1])
    with receiving() as receiver:
        policy = tmp_path / "policy.toml"
        policy.write_text(
            'format = 1\n[agents."*"]\nmode = "pay"\n[notify]\ndesktop = false\n'
            f'url = "{receiver.address}/hook"\n',
            encoding="utf-8",
        )
        async with desk.server("--policy", str(policy)) as client:
            payment = (await payments_of(client))[0]
            asked = await refused(client, payment)
            assert id_in(await refused(client, payment)) == id_in(asked)
            assert await anyio.to_thread.run_sync(receiver.arrived.wait, 20)
    (told,) = receiver.received
    assert told.headers[SIGNATURE] == signature(key, told.headers[TIMESTAMP], told.body)
    body = json.loads(told.body)
    assert (body["type"], body["approval_id"]) == ("approval_waiting", id_in(asked))
    assert (body["environment"], body["title"]) == ("sandbox", "Create a payment")
    assert body["amount"] == {"at_least": 100, "below": 1000, "currency": "USD"}
    text = told.body.decode()
    for hidden in (
        str(payment["amount"]),
        payment["billId"],
        desk.variables["BILL_ORGANIZATION_ID"],
        "http",
        pointer_in(asked).rsplit("/", 1)[1],
    ):
        assert hidden not in text


async def test_approval_serves_no_other_organization_of_the_same_agent(
    desk: Office,
) -> None:
    made = desk.simulator.control("POST", "fixtures", [{"type": "organization"}])
    await desk.connect("first")
    await desk.connect("second", organization=made[0]["id"])
    desk.variables = desk.own
    async with desk.server("--confirm", "always") as client:
        tool, wanted = "bill_create_a_department", {"name": "North"}
        asked = error_of(await client.call_tool(tool, wanted))
        named = id_in(asked)
        await desk.decide(named, grant=True)
        with_id = {**wanted, "approval_id": named}
        switch = "bill_api_login"
        result_of(await client.call_tool(switch, {"profile": "second"}))
        told = error_of(await client.call_tool(tool, with_id))
        assert told["error"] == "approval_mismatch"
        assert id_in(error_of(await client.call_tool(tool, wanted))) != named
        result_of(await client.call_tool(switch, {"profile": "first"}))
        result_of(await client.call_tool(tool, with_id))
