"""Organizations that agents name: a wrong one is no reason to doubt the account."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.assembly import ACCOUNT, Assembly, agent, assemble
from support.bill_sessions import BillSessions
from support.upstream import Arrival, Upstream, refusal

from bill_mcp.errors import CallError, CredentialsError, LimitError, Outcome

pytestmark = pytest.mark.anyio

READ = ("bill_get_vendor_details", {"vendorId": "00901"})
OPEN = {ACCOUNT.organization_id, "00801SUBSIDIARY"}


@pytest.fixture
def server(bill: BillSessions) -> Assembly:
    """BILL takes the user in two organizations."""

    def refused(arrival: Arrival) -> httpx.Response | None:
        known = arrival.json().get("organizationId") in OPEN
        return None if known else refusal("BDC_1101", 401)

    bill.refuse_sign_in = refused
    return assemble(Upstream(bill))


async def sign_in(server: Assembly, organization: str) -> Any:
    return await server.call("bill_api_login", {"organizationId": organization})


async def failure_of(server: Assembly, organization: str) -> CallError:
    with pytest.raises(CallError) as caught:
        await sign_in(server, organization)
    assert caught.value.outcome is Outcome.NOT_DONE
    return caught.value


def sign_ins(server: Assembly) -> int:
    return sum(arrival.path == "/v3/login" for arrival in server.upstream.arrivals)


async def test_refused_organization_casts_no_doubt_on_the_credentials(
    server: Assembly,
) -> None:
    error = await failure_of(server, "00801WRONG")
    assert isinstance(error, CredentialsError)
    assert (error.code, error.bill_code) == ("organization_refused", "BDC_1101")
    assert "ask the user" in error.advice
    assert "bill-mcp login" not in error.advice


async def test_agent_that_guesses_is_stopped_after_two_and_its_account_goes_on(
    server: Assembly,
) -> None:
    for number in range(12):
        error = await failure_of(server, f"00801WRONG{number}")
        refused = "organization_refused" if number < 2 else "organization_guessed"
        assert error.code == refused
    assert isinstance(error, LimitError)
    assert "16:10 UTC" in str(error)
    assert sign_ins(server) == 2
    assert await server.call(*READ) == {"id": "0001"}
    await server.call("bill_api_logout", {})
    await server.call("bill_api_login", {})


async def test_refused_organization_is_not_asked_for_twice(server: Assembly) -> None:
    for _ in range(3):
        assert (await failure_of(server, "00801WRONG")).code == "organization_refused"
    assert sign_ins(server) == 1


async def test_agents_of_one_account_share_their_guesses(server: Assembly) -> None:
    for number in range(2):
        await failure_of(server, f"00801WRONG{number}")
    with pytest.raises(LimitError):
        await server.dispatcher.call(
            agent(key="another"), "bill_api_login", {"organizationId": "00801WRONG9"}
        )


async def test_organizations_that_took_the_user_stay_open_after_wrong_guesses(
    server: Assembly,
) -> None:
    await sign_in(server, "00801SUBSIDIARY")
    for number in range(3):
        await failure_of(server, f"00801WRONG{number}")
    for organization in (str(ACCOUNT.organization_id), "00801SUBSIDIARY"):
        assert (await sign_in(server, organization))["organizationId"] == organization


async def test_wrong_guesses_are_forgotten_after_an_hour(server: Assembly) -> None:
    for number in range(3):
        await failure_of(server, f"00801WRONG{number}")
    server.clock.advance(3600)
    await sign_in(server, "00801SUBSIDIARY")


async def test_refused_password_is_not_tried_at_another_organization(
    server: Assembly, bill: BillSessions
) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    with pytest.raises(CredentialsError):
        await server.call(*READ)
    assert (await failure_of(server, "00801SUBSIDIARY")).code == "sign_in_refused"
    assert sign_ins(server) == 1
