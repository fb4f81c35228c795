"""What can go wrong while signing in, on the simulated BILL, as an agent sees it.

Each ends in a sentence that says what to do, without a loop and without a second text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.assembly import Assembly, assemble
from support.simulated_bill import SimulatedBill

from bill_mcp.errors import CallError, ConfigError, Outcome
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials

pytestmark = pytest.mark.anyio

READ: tuple[str, dict[str, Any]] = ("bill_get_api_session_details", {})
CHALLENGE: tuple[str, dict[str, Any]] = ("bill_generate_mfa_challenge", {})
CONFIRM = "bill_validate_mfa_challenge"
RIGHT, WRONG = {"token": "123456"}, {"token": "000000"}
LOGIN, TEXT, CODE = "/v3/login", "/v3/mfa/challenge", "/v3/mfa/challenge/validate"


@pytest.fixture
def bill() -> SimulatedBill:
    return SimulatedBill()


@pytest.fixture
def account(bill: SimulatedBill) -> Credentials:
    return bill.account(mfa="registered")


@pytest.fixture
def server(bill: SimulatedBill, account: Credentials) -> Assembly:
    return assemble(bill.upstream, account=account)


async def failure_of(
    server: Assembly, tool: str, arguments: dict[str, Any]
) -> CallError:
    with pytest.raises(CallError) as caught:
        await server.call(tool, arguments)
    error = caught.value
    assert str(error)
    assert error.advice.endswith(".")
    return error


# The account


async def test_wrong_password_is_sent_once(
    bill: SimulatedBill, account: Credentials
) -> None:
    wrong = replace(account, password=Secret("canary-wrong"))
    server = assemble(bill.upstream, account=wrong)
    for call in (READ, READ, ("bill_api_login", {}), CHALLENGE):
        error = await failure_of(server, *call)
        assert error.bill_code == "BDC_1101"
        assert "bill-mcp login" in error.advice
    assert len(bill.upstream.arrivals) == 1


async def test_key_of_the_other_environment_is_sent_once_and_named(
    bill: SimulatedBill, account: Credentials
) -> None:
    wrong = replace(account, dev_key=Secret("canary-key-of-production"))
    server = assemble(bill.upstream, account=wrong)
    for _ in range(2):
        error = await failure_of(server, *READ)
        assert error.bill_code == "BDC_1102"
        assert "other environment" in str(error)
    assert len(bill.upstream.arrivals) == 1


async def test_organization_without_api_access_is_asked_once(
    bill: SimulatedBill, account: Credentials, server: Assembly
) -> None:
    found = bill.world.get("organization", account.organization_id or "")
    assert found is not None
    bill.world.put("organization", found["id"], found | {"_apiDisabled": True})
    for _ in range(2):
        error = await failure_of(server, *READ)
        assert error.bill_code == "BDC_1105"
        assert "does not allow access through the API" in str(error)
    assert len(bill.upstream.arrivals) == 1


async def test_organization_that_others_locked_is_left_alone_and_then_opens(
    bill: SimulatedBill, account: Credentials, server: Assembly
) -> None:
    wrong = [replace(account, password=Secret(f"canary-{n}")) for n in range(5)]
    for each in wrong:
        await failure_of(assemble(bill.upstream, account=each), *READ)
    asked = bill.asked(LOGIN)
    for _ in range(2):
        error = await failure_of(server, *READ)
        assert (error.code, error.bill_code) == ("organization_locked", "BDC_1107")
        assert "until 15:25 UTC" in error.advice
    assert bill.asked(LOGIN) == asked + 1
    bill.advance(15)
    server.clock.advance(15 * 60)
    await server.call(*READ)


async def test_sign_ins_that_are_used_up_are_waited_for_until_the_hour_is_over(
    bill: SimulatedBill, server: Assembly
) -> None:
    bill.fault(LOGIN, answer={"code": "BDC_1144"})
    for _ in range(3):
        error = await failure_of(server, *READ)
        assert error.code == "hourly_limit"
        assert "until 16:00 UTC" in error.advice
    assert bill.asked(LOGIN) == 1
    server.clock.advance(50 * 60 - 1)
    await failure_of(server, *READ)
    server.clock.advance(1)
    await server.call(*READ)
    assert bill.asked(LOGIN) == 2


async def test_vault_that_is_locked_is_told_and_asked_again_at_the_next_call(
    bill: SimulatedBill, account: Credentials
) -> None:
    locked = True

    def look(_: str) -> Credentials:
        if locked:
            raise ConfigError("the keyring is locked or absent; unlock it")
        return account

    server = assemble(bill.upstream, profiles=look)
    for call in (READ, ("bill_api_login", {}), CHALLENGE):
        error = await failure_of(server, *call)
        assert error.code == "not_signed_in"
        assert "the keyring is locked or absent; unlock it" in str(error)
    assert bill.upstream.arrivals == []
    locked = False
    await server.call(*READ)


# The code


async def test_second_text_within_a_minute_is_not_asked_of_bill(
    bill: SimulatedBill, server: Assembly
) -> None:
    await server.call(*CHALLENGE)
    error = await failure_of(server, *CHALLENGE)
    assert error.code == "text_limit"
    assert "Use the code of that message" in error.advice
    await server.call(CONFIRM, RIGHT)
    assert bill.asked(TEXT) == 1


async def test_wrong_code_is_answered_with_the_same_text(
    bill: SimulatedBill, server: Assembly
) -> None:
    await server.call(*CHALLENGE)
    error = await failure_of(server, CONFIRM, WRONG)
    assert error.bill_code == "BDC_1356"
    assert "read the code out once more" in error.advice
    await server.call(CONFIRM, RIGHT)
    assert bill.asked(TEXT) == 1


async def test_after_three_wrong_codes_bill_is_left_alone_for_ten_minutes(
    bill: SimulatedBill, server: Assembly
) -> None:
    await server.call(*CHALLENGE)
    for _ in range(2):
        await failure_of(server, CONFIRM, WRONG)
    for call in ((CONFIRM, WRONG), (CONFIRM, RIGHT), CHALLENGE):
        error = await failure_of(server, *call)
        assert (error.code, error.bill_code) == ("codes_paused", "BDC_1358")
        assert "until 15:20 UTC" in error.advice
    assert (bill.asked(TEXT), bill.asked(CODE)) == (1, 3)
    await server.call(*READ)
    bill.advance(10)
    server.clock.advance(10 * 60)
    await server.call(*CHALLENGE)
    await server.call(CONFIRM, RIGHT)
    assert (await server.call(*READ))["mfaStatus"] == "COMPLETE"


async def test_expired_challenge_asks_for_a_person_before_another_text(
    bill: SimulatedBill, server: Assembly
) -> None:
    await server.call(*CHALLENGE)
    bill.advance(11)
    error = await failure_of(server, CONFIRM, RIGHT)
    assert error.bill_code == "BDC_1374"
    assert "while a person is ready" in error.advice
    assert bill.asked(TEXT) == 1


async def test_device_that_is_too_long_is_refused_before_the_code_is_spent(
    bill: SimulatedBill, server: Assembly
) -> None:
    await server.call(*CHALLENGE)
    remember = {**RIGHT, "rememberMe": True, "machineName": "desk"}
    error = await failure_of(server, CONFIRM, {**remember, "device": "x" * 20})
    assert [fault["path"] for fault in error.faults] == ["device"]
    assert bill.asked(CODE) == 0
    bill.fault(CODE, answer={"code": "BDC_1143"})
    error = await failure_of(server, CONFIRM, {**remember, "device": "desk"})
    assert "device name that is too long" in str(error)
    assert error.outcome is Outcome.NOT_DONE
    await server.call(CONFIRM, {**remember, "device": "desk"})
    assert bill.asked(TEXT) == 1


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_bill_that_breaks_off_while_sending_a_text_sends_no_second_one(
    bill: SimulatedBill, server: Assembly, drop: str
) -> None:
    bill.fault(TEXT, drop=drop)
    error = await failure_of(server, *CHALLENGE)
    assert error.outcome is Outcome.UNKNOWN
    error = await failure_of(server, *CHALLENGE)
    assert error.code == "text_limit"
    assert bill.asked(TEXT) == 1
    server.clock.advance(60)
    await server.call(*CHALLENGE)
    await server.call(CONFIRM, RIGHT)


async def test_bill_that_breaks_off_while_taking_the_code_is_looked_at(
    bill: SimulatedBill, server: Assembly
) -> None:
    await server.call(*CHALLENGE)
    bill.fault(CODE, drop="before")
    error = await failure_of(server, CONFIRM, RIGHT)
    assert error.outcome is Outcome.UNKNOWN
    assert "give the same code once more" in error.advice
    bill.fault(CODE, drop="after")
    await server.call(CONFIRM, RIGHT)
    assert (await server.call(*READ))["mfaStatus"] == "COMPLETE"
    assert (bill.asked(TEXT), bill.asked(CODE)) == (1, 2)


async def test_bill_that_is_down_for_the_sign_in_is_called_again_later(
    bill: SimulatedBill, server: Assembly
) -> None:
    bill.fault(LOGIN, drop="before", times=2)
    for call in (CHALLENGE, READ):
        error = await failure_of(server, *call)
        assert (error.code, error.outcome) == ("unreachable", Outcome.NOT_DONE)
    assert (bill.asked(LOGIN), bill.asked(TEXT)) == (2, 0)
    await server.call(*CHALLENGE)
