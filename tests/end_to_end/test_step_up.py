"""A call that needs MFA goes on once a person gave the code in the right place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import mcp_types as types
import pytest
from mcp import Client
from support.person import CODE, Person
from support.process import ERAS, client_of, error_of, result_of
from support.simulator_process import Simulator, simulator_process

pytestmark = pytest.mark.anyio


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulator_process() as simulator:
        yield simulator


@pytest.fixture
def variables(simulator: Simulator, tmp_path: Path) -> dict[str, str]:
    """What a server is told: an account whose payments need an MFA not yet done."""
    return {
        **simulator.credentials(mfa="registered"),
        "BILL_MCP_ENVIRONMENT": "local",
        "BILL_MCP_BASE_URL": simulator.base_url,
        "BILL_MCP_HOME": str(tmp_path),
        "BILL_MCP_KEY": "canary-operator-key",
    }


async def payment_of(client: Client) -> dict[str, Any]:
    bills = result_of(
        await client.call_tool(
            "bill_get_list_of_bills",
            {"filters": "paymentStatus:eq:UNPAID,archived:eq:false", "max": 100},
        )
    )["results"]
    bill = next(b for b in bills if b["approvalStatus"] in {"UNASSIGNED", "APPROVED"})
    banks = result_of(
        await client.call_tool(
            "bill_get_list_of_bank_accounts", {"filters": "status:eq:VERIFIED"}
        )
    )["results"]
    return {
        "billId": bill["id"],
        "amount": bill["dueAmount"],
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": banks[0]["id"]},
    }


def texts_sent(simulator: Simulator) -> int:
    arrived = simulator.control("GET", "requests")
    arrived = arrived.get("requests", arrived) if isinstance(arrived, dict) else arrived
    return sum(each["path"].endswith("/v3/mfa/challenge") for each in arrived)


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_gives_the_code_on_our_page_and_the_same_call_pays(
    era: str, simulator: Simulator, variables: dict[str, str], tmp_path: Path
) -> None:
    person, asked = Person(tmp_path), []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params)
        question_id = params.url.rsplit("/", 1)[1]
        last_page = await person.complete_mfa(question_id, device="test desk")
        assert person.phrase in params.message
        assert "You can close this page" in last_page
        return types.ElicitResult(action="accept")

    async with client_of(
        era=era, variables=variables, elicitation_callback=answer
    ) as client:
        payment = await payment_of(client)
        paid = result_of(await client.call_tool("bill_create_a_payment", payment))
        assert paid["amount"] == payment["amount"]
    assert texts_sent(simulator) == 1
    assert len(asked) == 1
    async with client_of(era=era, variables=variables) as client:
        session = result_of(await client.call_tool("bill_get_api_session_details", {}))
        assert session["mfaStatus"] == "COMPLETE"
    assert texts_sent(simulator) == 1


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_cannot_open_links_is_told_where_a_person_does_it(
    era: str, simulator: Simulator, variables: dict[str, str], tmp_path: Path
) -> None:
    async with client_of(era=era, variables=variables) as client:
        payment = await payment_of(client)
        told = error_of(await client.call_tool("bill_create_a_payment", payment))
        assert told["error"] == "mfa_required"
        assert told["outcome"] == "not_done"
        assert "bill-mcp open" in told["advice"]
        # The person's terminal does not have the variables of this server.
        assert "bill-mcp login" not in told["advice"]
        assert texts_sent(simulator) == 0
        pointer = told["advice"].split("; ")[1].split(")")[0]
        question_id = pointer.rsplit("/", 1)[1]
        await Person(tmp_path).complete_mfa(question_id, device=None)
        result_of(await client.call_tool("bill_create_a_payment", payment))


@pytest.mark.parametrize(
    ("action", "code"), [("decline", "mfa_declined"), ("cancel", "mfa_cancelled")]
)
@pytest.mark.parametrize("era", ERAS)
async def test_a_person_who_does_not_want_to_is_not_asked_again_in_this_call(
    era: str, action: Any, code: str, simulator: Simulator, variables: dict[str, str]
) -> None:
    asked = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params.url)
        return types.ElicitResult(action=action)

    async with client_of(
        era=era, variables=variables, elicitation_callback=answer
    ) as client:
        payment = await payment_of(client)
        told = error_of(await client.call_tool("bill_create_a_payment", payment))
    assert told["error"] == code
    assert len(asked) == 1
    assert texts_sent(simulator) == 0


async def test_an_agent_that_holds_the_link_can_neither_open_nor_answer_the_form(
    simulator: Simulator, variables: dict[str, str]
) -> None:
    async with client_of(variables=variables) as client:
        payment = await payment_of(client)
        told = error_of(await client.call_tool("bill_create_a_payment", payment))
        pointer = told["advice"].split("; ")[1].split(")")[0]
        async with httpx.AsyncClient() as curl:
            seen = await curl.get(pointer)
            assert "<form" not in seen.text
            for attempt in range(4):
                tried = await curl.post(
                    pointer,
                    data={"do": "confirm", "code": CODE, "csrf": str(attempt)},
                )
                assert tried.status_code in {403, 404, 405}
            entered = await curl.post(
                pointer.split("/q/")[0] + "/enter",
                data={"question": pointer.rsplit("/", 1)[1], "ticket": "guess"},
                headers={"origin": "null"},
            )
            assert "set-cookie" not in entered.headers
        told = error_of(await client.call_tool("bill_create_a_payment", payment))
        assert told["error"] == "mfa_required"
    assert texts_sent(simulator) == 0
    ticket_text = json.dumps(told)
    assert "ticket" not in ticket_text


@pytest.mark.parametrize("era", ERAS)
async def test_link_of_an_elicitation_opens_nothing_for_whoever_holds_it(
    era: str, simulator: Simulator, variables: dict[str, str]
) -> None:
    seen = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        async with httpx.AsyncClient() as curl:
            seen.append(await curl.get(params.url))
            data = {"do": "confirm", "code": CODE}
            seen.append(await curl.post(params.url, data=data))
            question = {"question": params.url.rsplit("/", 1)[1]}
            enter = params.url.split("/q/")[0] + "/enter"
            origins = [{"origin": "null"}, {"origin": params.url.split("/q/")[0]}]
            seen.extend(
                [await curl.post(enter, data=question, headers=o) for o in origins]
            )
        return types.ElicitResult(action="cancel")

    async with client_of(
        era=era, variables=variables, elicitation_callback=answer
    ) as client:
        payment = await payment_of(client)
        told = error_of(await client.call_tool("bill_create_a_payment", payment))
        assert told["error"] == "mfa_cancelled"
    assert texts_sent(simulator) == 0
    assert len(seen) == 4
    for page in seen:
        assert "<form" not in page.text
        assert "set-cookie" not in page.headers


async def test_mfa_completed_in_another_process_is_noticed_by_a_running_server(
    variables: dict[str, str],
) -> None:
    async with client_of(variables=variables) as waiting:
        payment = await payment_of(waiting)
        told = error_of(await waiting.call_tool("bill_create_a_payment", payment))
        assert told["error"] == "mfa_required"
        remember = {"rememberMe": True, "device": "desk", "machineName": "desk"}
        async with client_of(variables=variables) as other:
            result_of(await other.call_tool("bill_generate_mfa_challenge", {}))
            result_of(
                await other.call_tool(
                    "bill_validate_mfa_challenge", {"token": CODE, **remember}
                )
            )
        result_of(await waiting.call_tool("bill_create_a_payment", payment))


LOST_VALIDATE = {
    "method": "POST",
    "path": "/v3/mfa/challenge/validate",
    "times": 1,
    "drop": "after",
}
REMEMBER = {"rememberMe": True, "device": "desk", "machineName": "desk"}


@pytest.mark.parametrize("remember", [True, False])
async def test_code_whose_answer_got_lost_is_done_if_bill_trusts_the_session(
    remember: bool, simulator: Simulator, variables: dict[str, str]
) -> None:
    async with client_of(variables=variables) as client:
        result_of(await client.call_tool("bill_generate_mfa_challenge", {}))
        simulator.control("POST", "faults", [LOST_VALIDATE])
        given = {"token": CODE, **(REMEMBER if remember else {})}
        answer = await client.call_tool("bill_validate_mfa_challenge", given)
        if remember:
            told = error_of(answer)
            assert (told["error"], told["outcome"]) == ("not_remembered", "done")
        else:
            result_of(answer)
        payment = await payment_of(client)
        result_of(await client.call_tool("bill_create_a_payment", payment))
    assert texts_sent(simulator) == 1


async def test_code_given_again_after_a_lost_answer_is_done_if_bill_trusts_the_session(
    simulator: Simulator, variables: dict[str, str]
) -> None:
    unseen = {"method": "GET", "path": "/v3/login/session", "times": 1, "drop": "after"}
    async with client_of(variables=variables) as client:
        result_of(await client.call_tool("bill_generate_mfa_challenge", {}))
        simulator.control("POST", "faults", [LOST_VALIDATE, unseen])
        given = {"token": CODE}
        told = error_of(await client.call_tool("bill_validate_mfa_challenge", given))
        assert told["outcome"] == "unknown"
        assert "give the same code once more" in told["advice"]
        result_of(await client.call_tool("bill_validate_mfa_challenge", given))
        challenge = {"challengeId": "unknown-at-bill"}
        result_of(await client.call_tool("bill_api_logout", {}))
        told = error_of(
            await client.call_tool("bill_validate_mfa_challenge", given | challenge)
        )
    assert (told["error"], told["bill_code"]) == ("challenge_gone", "BDC_1205")
    assert "no longer knows the challenge" in told["message"]
    assert "bill_generate_mfa_challenge" in told["advice"]


async def test_page_says_what_is_true_of_a_code_whose_answer_got_lost(
    simulator: Simulator, variables: dict[str, str], tmp_path: Path
) -> None:
    async with client_of(variables=variables) as client:
        payment = await payment_of(client)
        told = error_of(await client.call_tool("bill_create_a_payment", payment))
        question_id = told["advice"].split("; ")[1].split(")")[0].rsplit("/", 1)[1]
        simulator.control("POST", "faults", [LOST_VALIDATE])
        page = await Person(tmp_path).complete_mfa(question_id, device="desk")
        assert "BILL trusts this session now" in page
        assert "This device is not remembered" in page
        result_of(await client.call_tool("bill_create_a_payment", payment))
    assert texts_sent(simulator) == 1
