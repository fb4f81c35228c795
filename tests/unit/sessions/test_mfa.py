"""What the MFA actions leave in the server, and take from it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.assembly import ACCOUNT, Assembly, assemble
from support.bill_sessions import BillSessions
from support.upstream import SIGN_INS, Arrival, Upstream, refusal

from bill_mcp.errors import ArgumentsError, CallError, LimitError, Outcome
from bill_mcp.secret import HELD
from bill_mcp.sessions import roles
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.store import Held
from bill_mcp.specs.models import SessionRole

pytestmark = pytest.mark.anyio

CHALLENGE: tuple[str, dict[str, str]] = ("bill_generate_mfa_challenge", {})
CONFIRM = "bill_validate_mfa_challenge"
STEP_UP: tuple[str, dict[str, str]] = ("bill_mfa_step_up_for_api_session", {})
SETUP = ("bill_add_phone_for_mfa_setup", {"phone": "2055550123", "type": "TEXT"})
CONFIRM_SETUP = (
    "bill_validate_phone_for_mfa_setup",
    {"type": "TEXT", "token": "123456"},
)
REMEMBER = {
    "token": "123456",
    "rememberMe": True,
    "device": "desk",
    "machineName": "server",
}
FORGETFUL = Credentials(
    username=ACCOUNT.username,
    password=ACCOUNT.password,
    organization_id=ACCOUNT.organization_id,
    dev_key=ACCOUNT.dev_key,
)
"""The account without a remembered MFA."""

REPLIES: dict[str, Any] = {
    "/v3/mfa/challenge": {"challengeId": "challenge-0001"},
    "/v3/mfa/challenge/validate": {"rememberMeId": "canary-remembered-new"},
    "/v3/mfa/setup": {"setupId": "setup-0001"},
    "/v3/mfa/setup/validate": {"status": "SUCCESS"},
    "/v3/mfa/step-up": {"trusted": True},
}


@pytest.fixture
def bill() -> BillSessions:
    made = BillSessions()
    made.reply = lambda arrival: REPLIES[arrival.path]
    return made


@pytest.fixture
def server(bill: BillSessions) -> Assembly:
    return assemble(Upstream(bill), account=FORGETFUL, inline_credentials=True)


def sign_ins(server: Assembly) -> list[Arrival]:
    return [one for one in server.upstream.arrivals if one.path in SIGN_INS]


async def is_trusted(server: Assembly) -> bool:
    return bool((await server.call("bill_api_login", {}))["trusted"])


async def test_code_completes_the_challenge_that_the_server_remembers(
    server: Assembly,
) -> None:
    assert await server.call(*CHALLENGE) == {"challengeId": "challenge-0001"}
    assert not await is_trusted(server)
    await server.call(CONFIRM, {"token": "123456"})
    sent = server.upstream.arrivals[-1].json()
    assert sent == {"challengeId": "challenge-0001", "token": "123456"}
    assert await is_trusted(server)


async def test_challenge_is_remembered_once(server: Assembly) -> None:
    await server.call(*CHALLENGE)
    await server.call(CONFIRM, {"token": "123456"})
    with pytest.raises(ArgumentsError, match="no MFA challenge is open") as caught:
        await server.call(CONFIRM, {"token": "123456"})
    assert "bill_generate_mfa_challenge" in caught.value.advice


async def test_challenge_named_by_the_agent_wins(server: Assembly) -> None:
    await server.call(*CHALLENGE)
    await server.call(CONFIRM, {"token": "123456", "challengeId": "another"})
    assert server.upstream.arrivals[-1].json()["challengeId"] == "another"


async def test_refused_code_leaves_the_challenge_open_and_the_session_untrusted(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*CHALLENGE)
    bill.reply = lambda _: refusal("BDC_1356")
    with pytest.raises(CallError):
        await server.call(CONFIRM, {"token": "654321"})
    assert not await is_trusted(server)
    bill.reply = lambda arrival: REPLIES[arrival.path]
    await server.call(CONFIRM, {"token": "123456"})
    assert server.upstream.arrivals[-1].json()["challengeId"] == "challenge-0001"


@pytest.mark.parametrize("reply", [{}, {"challengeId": 7}, {"challengeId": "a\u202eb"}])
async def test_challenge_without_a_usable_id_is_not_remembered(
    server: Assembly, bill: BillSessions, reply: dict[str, Any]
) -> None:
    bill.reply = lambda _: reply
    await server.call(*CHALLENGE)
    with pytest.raises(ArgumentsError, match="no MFA challenge is open"):
        await server.call(CONFIRM, {"token": "123456"})


async def test_remembered_mfa_is_held_by_the_server_and_used_at_the_next_sign_in(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*CHALLENGE)
    assert await server.call(CONFIRM, REMEMBER) == {"rememberMeId": HELD}
    bill.forget()
    await server.call(*STEP_UP)
    first, second = (arrival.json() for arrival in sign_ins(server))
    assert "rememberMeId" not in first
    assert second["rememberMeId"] == "canary-remembered-new"
    assert second["device"] == "desk"
    assert server.upstream.arrivals[-1].json() == {
        "rememberMeId": "canary-remembered-new",
        "device": "desk",
    }


@pytest.mark.parametrize(
    ("given", "reply"),
    [
        ({"token": "123456"}, {"rememberMeId": "canary-remembered-new"}),
        (REMEMBER, {}),
        (REMEMBER, {"rememberMeId": ""}),
        (REMEMBER, {"rememberMeId": None}),
    ],
)
async def test_half_of_a_remembered_mfa_is_not_held(
    server: Assembly, bill: BillSessions, given: dict[str, Any], reply: dict[str, Any]
) -> None:
    await server.call(*CHALLENGE)
    bill.reply = lambda _: reply
    await server.call(CONFIRM, given)
    assert await is_trusted(server)
    with pytest.raises(ArgumentsError, match="no remembered MFA is held"):
        await server.call(*STEP_UP)


async def test_step_up_takes_what_the_operator_connected(bill: BillSessions) -> None:
    server = assemble(Upstream(bill))
    assert await server.call(*STEP_UP) == {"trusted": True}
    assert server.upstream.arrivals[-1].json() == {
        "rememberMeId": "canary-remembered-mfa-83c5",
        "device": "test-device",
    }


@pytest.mark.parametrize("trusted", [True, False])
async def test_step_up_counts_only_where_bill_says_so(
    server: Assembly, bill: BillSessions, trusted: bool
) -> None:
    bill.reply = lambda _: {"trusted": trusted}
    given = {"rememberMeId": "canary-inline-mfa", "device": "desk"}
    assert await server.call(STEP_UP[0], given) == {"trusted": trusted}
    assert await is_trusted(server) is trusted


def test_trust_without_a_session_trusts_nothing() -> None:
    held = Held(credentials=FORGETFUL)
    told = {"trusted": True}
    assert roles.after(SessionRole.STEP_UP, {}, told, held, 0.0) == held


async def test_setup_of_a_phone_is_remembered_until_it_is_confirmed(
    server: Assembly,
) -> None:
    with pytest.raises(ArgumentsError, match="no phone is being registered"):
        await server.call(*CONFIRM_SETUP)
    await server.call(*SETUP)
    await server.call(*CONFIRM_SETUP)
    assert server.upstream.arrivals[-1].json()["setupId"] == "setup-0001"
    assert not await is_trusted(server)
    with pytest.raises(ArgumentsError, match="no phone is being registered"):
        await server.call(*CONFIRM_SETUP)


async def test_setup_named_by_the_agent_wins(server: Assembly) -> None:
    await server.call(CONFIRM_SETUP[0], CONFIRM_SETUP[1] | {"setupId": "another"})
    assert server.upstream.arrivals[-1].json()["setupId"] == "another"


async def test_sign_out_forgets_what_is_under_way(server: Assembly) -> None:
    await server.call(*CHALLENGE)
    await server.call(*SETUP)
    await server.call("bill_api_logout", {})
    for call in ((CONFIRM, {"token": "123456"}), CONFIRM_SETUP):
        with pytest.raises(ArgumentsError):
            await server.call(*call)


async def test_confirmation_whose_session_is_gone_trusts_no_other(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(CONFIRM, {"token": "123456", "challengeId": "challenge-0001"})
    await server.call("bill_api_logout", {})
    assert not await is_trusted(server)


async def test_second_text_within_a_minute_is_not_asked_for(server: Assembly) -> None:
    await server.call(*CHALLENGE)
    with pytest.raises(LimitError) as caught:
        await server.call(*CHALLENGE)
    assert caught.value.code == "text_limit"
    assert "Use the code of that message" in caught.value.advice
    assert [a.path for a in server.upstream.calls] == ["/v3/mfa/challenge"]


async def test_challenge_under_a_forgotten_session_is_asked_again_at_once(
    server: Assembly, bill: BillSessions
) -> None:
    """The refusal came before any text was sent, so the next one is no second one."""
    await server.call("bill_api_login", {})
    bill.forget()
    assert await server.call(*CHALLENGE) == {"challengeId": "challenge-0001"}
    assert [a.path for a in server.upstream.calls] == ["/v3/mfa/challenge"] * 2


async def test_text_that_may_have_gone_out_is_not_asked_for_again_at_once(
    server: Assembly, bill: BillSessions
) -> None:
    bill.reply = lambda _: httpx.Response(502)
    with pytest.raises(CallError):
        await server.call(*CHALLENGE)
    with pytest.raises(LimitError):
        await server.call(*CHALLENGE)


@pytest.mark.parametrize(
    ("step", "arguments", "confirm"),
    [(*CHALLENGE, (CONFIRM, {"token": "123456"})), (*SETUP, CONFIRM_SETUP)],
)
async def test_code_whose_id_got_lost_is_asked_for_anew_and_never_tried(
    server: Assembly, bill: BillSessions, step: str, arguments: Any, confirm: Any
) -> None:
    await server.call("bill_api_login", {})
    await server.call(step, arguments)
    server.clock.advance(61)
    bill.forget()
    bill.reply = lambda _: httpx.Response(502)
    with pytest.raises(CallError) as caught:
        await server.call(step, arguments)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert "cannot be used" in caught.value.advice
    assert "in 60 seconds" in caught.value.advice
    server.clock.advance(20)
    with pytest.raises(LimitError) as caught:
        await server.call(step, arguments)
    assert caught.value.advice == "Ask for another one in 41 seconds."
    with pytest.raises(ArgumentsError):
        await server.call(*confirm)
    bill.reply = lambda arrival: REPLIES[arrival.path]
    server.clock.advance(41)
    await server.call(step, arguments)
    await server.call(*confirm)
    assert len(sign_ins(server)) == 2
