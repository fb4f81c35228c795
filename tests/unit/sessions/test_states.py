"""How far an agent has come: signed out, signed in, trusted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.assembly import ACCOUNT, Assembly, agent, assemble
from support.bill_sessions import BillSessions
from support.upstream import Upstream, refusal

from bill_mcp.errors import NotTrustedError
from bill_mcp.sessions.store import SessionState

pytestmark = pytest.mark.anyio

READ = ("bill_get_vendor_details", {"vendorId": "00901"})
UNTRUSTED = replace(ACCOUNT, remember_me_id=None, device=None)


def state(server: Assembly) -> SessionState:
    return server.dispatcher.sessions.state_of(server.agent)


async def test_agent_goes_from_signed_out_to_signed_in_to_trusted() -> None:
    server = assemble(Upstream(BillSessions()), account=UNTRUSTED)
    assert state(server) is SessionState.SIGNED_OUT
    await server.call(*READ)
    assert state(server) is SessionState.SIGNED_IN
    await server.call("bill_validate_mfa_challenge", _code())
    assert state(server) is SessionState.TRUSTED
    await server.call("bill_api_logout", {})
    assert state(server) is SessionState.SIGNED_OUT


def _code() -> dict[str, str]:
    return {"challengeId": "a-challenge", "token": "123456"}


async def test_remembered_device_is_trusted_at_once_until_the_session_idles() -> None:
    server = assemble(Upstream(BillSessions()))
    await server.call(*READ)
    assert state(server) is SessionState.TRUSTED
    server.clock.advance(35 * 60)
    assert state(server) is SessionState.SIGNED_OUT


async def test_bills_own_word_on_trust_counts() -> None:
    bill = BillSessions()
    server = assemble(Upstream(bill))
    await server.call(*READ)
    bill.reply = lambda _: refusal("BDC_1361", 403)
    with pytest.raises(NotTrustedError):
        await server.call(*READ)
    assert state(server) is SessionState.SIGNED_IN


async def test_partner_is_signed_in_without_an_organization() -> None:
    server = assemble(Upstream(BillSessions()))
    await server.call("bill_get_list_of_organizations", {})
    assert state(server) is SessionState.SIGNED_IN
    assert server.dispatcher.sessions.session_of(server.agent) is None


async def test_state_is_each_agents_own() -> None:
    server = assemble(Upstream(BillSessions()))
    await server.call(*READ)
    other = agent(key="another")
    assert server.dispatcher.sessions.state_of(other) is SessionState.SIGNED_OUT
