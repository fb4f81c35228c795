"""What is left alone at BILL: locked organizations, and accounts that were refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import anyio
import httpx
import pytest
from support.assembly import ACCOUNT, Assembly, agent, assemble
from support.bill_sessions import BillSessions
from support.upstream import SIGN_INS, Arrival, Upstream, refusal

from bill_mcp.agents import Agent
from bill_mcp.errors import CallError, CredentialsError, LimitError, Outcome
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials

pytestmark = pytest.mark.anyio

READ = ("bill_get_vendor_details", {"vendorId": "00901"})
WRITE = ("bill_archive_a_vendor", {"vendorId": "00901"})
AS_USER = ("bill_api_login_as_user", {"organizationId": "00801C", "userId": "00601C"})
PARTNERS: tuple[str, dict[str, Any]] = ("bill_get_list_of_organizations", {})
COLLEAGUE = replace(
    ACCOUNT, username="colleague@example.test", password=Secret("canary-colleague")
)
ELSEWHERE = replace(ACCOUNT, organization_id="00801ANOTHERORGANIZ2")
ACCOUNTS = {"default": ACCOUNT, "colleague": COLLEAGUE, "elsewhere": ELSEWHERE}
LOCKED = refusal("BDC_1107", 423)


def one_at(profile: str) -> Agent:
    """An agent of its own at that account."""
    return replace(agent(key=f"at-{profile}"), profiles=(profile,))


@pytest.fixture
def server(bill: BillSessions) -> Assembly:
    return assemble(Upstream(bill), profiles=ACCOUNTS.__getitem__)


async def failure_of(server: Assembly, who: Agent, *call: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        await server.dispatcher.call(who, *call)
    return caught.value


def locks(bill: BillSessions, path: str) -> None:
    """BILL answers that address with a lock-out."""
    bill.refuse_sign_in = lambda a: LOCKED if a.path == path else None
    bill.reply = lambda a: LOCKED if a.path == path else {"id": "0001"}


# A lock-out


async def test_lock_out_closes_the_organization_for_every_agent_and_account(
    server: Assembly, bill: BillSessions
) -> None:
    locks(bill, "/v3/login")
    first = await failure_of(server, one_at("default"), *READ)
    bill.refuse_sign_in = lambda _: None
    for profile in ("default", "colleague"):
        for call in (READ, WRITE, ("bill_api_login", {})):
            error = await failure_of(server, one_at(profile), *call)
            assert isinstance(error, LimitError)
            assert error.code == "organization_locked"
            assert error.outcome is Outcome.NOT_DONE
    assert len(server.upstream.arrivals) == 1
    assert first.bill_code == "BDC_1107"
    assert await server.dispatcher.call(one_at("elsewhere"), *READ) == {"id": "0001"}


async def test_lock_out_of_a_session_that_lives_closes_the_organization_too(
    server: Assembly, bill: BillSessions
) -> None:
    await server.dispatcher.call(one_at("colleague"), *READ)
    await server.dispatcher.call(one_at("default"), *READ)
    locks(bill, "/v3/vendors/00901")
    error = await failure_of(server, one_at("default"), *READ)
    assert (error.code, error.outcome) == ("organization_locked", Outcome.NOT_DONE)
    arrived = len(server.upstream.arrivals)
    for call in (READ, WRITE, ("bill_api_logout", {})):
        error = await failure_of(server, one_at("colleague"), *call)
        assert error.code == "organization_locked"
    assert len(server.upstream.arrivals) == arrived


async def test_it_is_told_when_the_lock_out_passes_and_then_it_has_passed(
    server: Assembly, bill: BillSessions
) -> None:
    locks(bill, "/v3/login")
    first = await failure_of(server, one_at("default"), *READ)
    assert "15:25 UTC" in str(first)
    assert "until 15:25 UTC (about 15 minutes)" in first.advice
    server.clock.advance(15 * 60 - 1)
    later = await failure_of(server, one_at("colleague"), *READ)
    assert "until 15:25 UTC (about a minute)" in later.advice
    bill.refuse_sign_in = lambda _: None
    server.clock.advance(1)
    assert await server.dispatcher.call(one_at("colleague"), *READ) == {"id": "0001"}


async def test_lock_out_of_a_client_found_by_its_partner_closes_the_client_only(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*PARTNERS)
    locks(bill, "/v3/partner/login-as-user")
    for _ in range(2):
        error = await failure_of(server, server.agent, *AS_USER)
        assert error.code == "organization_locked"
    tried = [a for a in server.upstream.arrivals if a.path.endswith("as-user")]
    assert len(tried) == 1
    await server.call(*PARTNERS)


async def test_renewal_as_a_locked_clients_user_is_not_tried_twice(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*AS_USER)
    bill.forget()
    locks(bill, "/v3/partner/login-as-user")
    for _ in range(2):
        error = await failure_of(server, server.agent, *READ)
        assert error.code == "organization_locked"
    tried = [a for a in server.upstream.arrivals if a.path.endswith("as-user")]
    assert len(tried) == 2


async def test_lock_out_in_other_words_leaves_a_write_unknown(
    server: Assembly, bill: BillSessions
) -> None:
    bill.reply = lambda _: refusal("BDC_1107", 500)
    error = await failure_of(server, server.agent, *WRITE)
    assert error.outcome is Outcome.UNKNOWN
    assert "Look the object up" in error.advice


async def test_end_of_a_server_leaves_a_locked_organization_alone(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*READ)
    locks(bill, "/v3/vendors/00901")
    await failure_of(server, server.agent, *READ)
    await server.dispatcher.sessions.close()
    assert "/v3/logout" not in [a.path for a in server.upstream.arrivals]


# A refused account


@pytest.mark.parametrize("code", ["BDC_1101", "BDC_1102", "BDC_1105"])
async def test_refused_account_is_tried_once_by_agents_that_come_together(
    server: Assembly, bill: BillSessions, code: str
) -> None:
    let_go, errors = anyio.Event(), []

    async def slowly(arrival: Arrival) -> httpx.Response:
        await let_go.wait()
        return refusal(code, 401)

    server.upstream.answer = slowly

    async def call(number: int) -> None:
        who = agent(key=f"agent-{number}")
        errors.append(await failure_of(server, who, *READ))

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(call, number)
        await anyio.wait_all_tasks_blocked()
        let_go.set()
    assert len(server.upstream.arrivals) == 1
    assert [(type(e), e.bill_code) for e in errors] == [(CredentialsError, code)] * 5
    assert all("bill-mcp login" in error.advice for error in errors)


async def test_name_and_password_for_both_ways_are_not_tried_the_other_way(
    bill: BillSessions,
) -> None:
    account = replace(
        ACCOUNT,
        partner_username=ACCOUNT.username,
        partner_password=ACCOUNT.password,
    )
    server = assemble(Upstream(bill), account=account)
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    for call in (READ, PARTNERS):
        assert (await failure_of(server, server.agent, *call)).bill_code == "BDC_1101"
    assert len(server.upstream.arrivals) == 1


async def test_organization_without_access_through_the_api_is_no_fault_of_credentials(
    server: Assembly, bill: BillSessions
) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1105", 401)
    for _ in range(2):
        error = await failure_of(server, server.agent, *READ)
        assert "have API access switched on at BILL" in error.advice
        assert "credentials" not in error.advice


def connected(at: datetime) -> Credentials:
    return replace(ACCOUNT, connected_at=at)


async def test_account_that_a_person_connected_again_is_tried_again(
    bill: BillSessions,
) -> None:
    """With the same password, as when API access was switched on meanwhile."""
    accounts: dict[str, Credentials] = {}
    server = assemble(Upstream(bill), profiles=accounts.__getitem__)
    accounts["default"] = connected(server.clock.now() - timedelta(days=3))
    bill.refuse_sign_in = lambda _: refusal("BDC_1105", 401)
    for _ in range(2):
        error = await failure_of(server, server.agent, *READ)
        assert error.bill_code == "BDC_1105"
    server.clock.advance(90)
    bill.refuse_sign_in = lambda _: None
    assert (await failure_of(server, server.agent, *READ)).bill_code == "BDC_1105"
    accounts["default"] = connected(server.clock.now() - timedelta(seconds=1))
    assert await server.call(*READ) == {"id": "0001"}
    assert len([a for a in server.upstream.arrivals if a.path in SIGN_INS]) == 2


async def test_two_names_of_one_refused_account_are_tried_once(
    bill: BillSessions,
) -> None:
    server = assemble(Upstream(bill))
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    for profile in ("work", "home"):
        error = await failure_of(server, one_at(profile), *READ)
        assert error.bill_code == "BDC_1101"
    assert len(server.upstream.arrivals) == 1
