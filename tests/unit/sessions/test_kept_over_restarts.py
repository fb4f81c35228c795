"""Sessions survive a restart, with all that was known of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import anyio
import pytest
from support.bill_sessions import BillSessions
from support.clock import ManualClock
from support.kept_home import (
    AS_USER,
    LIST,
    LOGOUT,
    READ,
    KeptHome,
    called_once,
    paths,
    sign_ins,
)

from bill_mcp.errors import ArgumentsError
from bill_mcp.sessions.store import SessionState

pytestmark = pytest.mark.anyio

Call = tuple[str, dict[str, str]]


async def test_restart_causes_no_new_sign_in(home: KeptHome) -> None:
    for _ in range(3):
        await called_once(home)
        home.clock.advance(35 * 60 - 1)
    assert paths(home) == ["/v3/login", *["/v3/vendors/00901"] * 3]
    sessions = {call.headers["sessionid"] for call in home.upstream.calls}
    assert sessions == {"canary-session-0001"}


async def test_restart_after_35_minutes_causes_one_sign_in(home: KeptHome) -> None:
    await called_once(home)
    home.clock.advance(35 * 60)
    async with home.server() as server:
        for _ in range(3):
            await server.call(*READ)
    assert sign_ins(home) == 2
    assert home.upstream.calls[-1].headers["sessionid"] == "canary-session-0002"


async def test_what_idled_before_the_restart_counts_after_it(home: KeptHome) -> None:
    async with home.server() as server:
        await server.call(*READ)
        server.clock.advance(20 * 60)
    home.clock.advance(14 * 60)
    async with home.server() as server:
        server.clock.advance(60)
        await server.call(*READ)
    assert sign_ins(home) == 2


async def test_session_that_expired_at_bill_meanwhile_is_renewed_once(
    home: KeptHome, bill: BillSessions
) -> None:
    await called_once(home)
    bill.forget()
    async with home.server() as server:
        for _ in range(3):
            assert await server.call(*READ) == {"id": "0001"}
    assert sign_ins(home) == 2
    await called_once(home)
    assert sign_ins(home) == 2


async def test_session_last_used_in_the_future_is_not_taken_up(home: KeptHome) -> None:
    await called_once(home)
    home.clock = ManualClock(home.clock.now() - timedelta(minutes=1))
    await called_once(home)
    assert sign_ins(home) == 2


async def test_process_that_was_killed_has_written_its_sessions(
    home: KeptHome,
) -> None:
    async with home.server() as killed:
        await killed.call(*READ)
        for lock in (home.folder / "agents").iterdir():
            lock.unlink()  # which the system does for the dead
        await called_once(home)
    assert sign_ins(home) == 1


async def test_trust_and_who_it_is_survive(home: KeptHome) -> None:
    async with home.server() as server:
        await server.call(*READ)
        before = server.dispatcher.sessions.session_of(server.agent)
    async with home.server() as server:
        sessions = server.dispatcher.sessions
        assert sessions.state_of(server.agent) is SessionState.SIGNED_OUT
        await server.call(*READ)
        assert sessions.state_of(server.agent) is SessionState.TRUSTED
        after = sessions.session_of(server.agent)
    assert before is not None
    assert after is not None
    assert replace(after, last_used=0) == replace(before, last_used=0)


async def test_partners_chain_survives_as_the_user_it_acts_for(
    home: KeptHome, bill: BillSessions
) -> None:
    async with home.server() as server:
        await server.call(*LIST)
        await server.call(*AS_USER)
    signed_in = sign_ins(home)
    async with home.server() as server:
        await server.call(*LIST)
        await server.call(*READ)
        assert sign_ins(home) == signed_in
        bill.forget()
        await server.call(*READ)
    assert paths(home)[-3:] == [
        "/v3/partner/login",
        "/v3/partner/login-as-user",
        "/v3/vendors/00901",
    ]


async def test_secrets_taken_up_are_withheld_like_any_other(
    home: KeptHome, bill: BillSessions
) -> None:
    await called_once(home)
    bill.reply = lambda arrival: {"echo": arrival.headers["sessionid"]}
    async with home.server() as server:
        assert await server.call(*READ) == {"echo": "(held by the server)"}


async def test_ten_first_calls_after_a_restart_share_the_kept_session(
    home: KeptHome, bill: BillSessions
) -> None:
    await called_once(home)
    bill.forget()
    async with home.server() as server, anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(server.call, *READ)
    assert sign_ins(home) == 2


async def test_kept_sessions_are_not_signed_out_at_the_end(home: KeptHome) -> None:
    await called_once(home)
    assert LOGOUT not in paths(home)


CHALLENGE: Call = ("bill_generate_mfa_challenge", {})
CONFIRM = ("bill_validate_mfa_challenge", {"token": "123456"})
SETUP = ("bill_add_phone_for_mfa_setup", {"phone": "2055550123", "type": "TEXT"})
CONFIRM_SETUP = (
    "bill_validate_phone_for_mfa_setup",
    {"type": "TEXT", "token": "123456"},
)


@pytest.fixture
def bill_with_codes(bill: BillSessions) -> BillSessions:
    replies = {"/challenge": {"challengeId": "ch-1"}, "/setup": {"setupId": "set-1"}}
    bill.reply = lambda arrival: replies.get(arrival.path.removeprefix("/v3/mfa"), {})
    return bill


@pytest.mark.parametrize(
    ("step", "confirm", "told"),
    [
        (CHALLENGE, CONFIRM, {"challengeId": "ch-1"}),
        (SETUP, CONFIRM_SETUP, {"setupId": "set-1"}),
    ],
)
@pytest.mark.usefixtures("bill_with_codes")
async def test_code_asked_for_by_one_process_can_be_given_in_the_next(
    home: KeptHome, step: Call, confirm: Call, told: dict[str, str]
) -> None:
    async with home.server() as server:
        await server.call(*step)
    home.clock.advance(10 * 60 - 1)
    async with home.server() as server:
        await server.call(*confirm)
    sent = home.upstream.arrivals[-1].json()
    assert told.items() <= sent.items()
    async with home.server() as server:
        with pytest.raises(ArgumentsError):
            await server.call(*confirm)
    assert sign_ins(home) == 1
    assert "ch-1" not in home.file.read_bytes().decode(errors="replace")


@pytest.mark.usefixtures("bill_with_codes")
async def test_code_that_has_expired_is_not_waited_for_by_the_next_process(
    home: KeptHome,
) -> None:
    async with home.server() as server:
        await server.call(*CHALLENGE)
    home.clock.advance(10 * 60)
    async with home.server() as server:
        with pytest.raises(ArgumentsError, match="no MFA challenge is open"):
            await server.call(*CONFIRM)
    assert sign_ins(home) == 1
