"""An account that a person removes, replaces or gives another password meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from support.bill_sessions import BillSessions
from support.kept_home import KeptHome
from support.several_accounts import (
    ACCOUNTS,
    LOGIN,
    READ,
    USER,
    account,
    call,
    serving,
    sign_ins,
    switch,
    whose,
)
from support.upstream import SIGN_INS

from bill_mcp.errors import ConfigError, CredentialsError, RefusedError
from bill_mcp.secret import HELD, Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.store import SessionState

pytestmark = pytest.mark.anyio


@pytest.fixture
def connected() -> dict[str, Credentials]:
    return dict(ACCOUNTS)


def looked_up(connected: dict[str, Credentials]) -> Callable[[str], Credentials]:
    def look(name: str) -> Credentials:
        if name not in connected:
            raise ConfigError(f"no profile named {name!r}")
        return connected[name]

    return look


async def test_account_that_was_removed_is_not_signed_in_again(
    bill: BillSessions, connected: dict[str, Credentials]
) -> None:
    server = serving(bill, looked_up(connected))
    await call(server, *READ)
    del connected["work"]
    bill.forget()
    for tool, arguments in (READ, (LOGIN, {})):
        with pytest.raises(CredentialsError) as caught:
            await call(server, tool, arguments)
        assert "no profile named 'work'" in str(caught.value)
    assert len(sign_ins(server.upstream)) == 1
    await switch(server, "home")
    assert server.dispatcher.sessions.state_of(USER) is SessionState.SIGNED_IN


async def test_new_password_counts_from_the_next_sign_in_on(
    bill: BillSessions, connected: dict[str, Credentials]
) -> None:
    server = serving(bill, looked_up(connected))
    await call(server, *READ)
    changed = Secret("canary-new-password")
    connected["work"] = replace(connected["work"], password=changed)
    bill.forget()
    await call(server, *READ)
    tried = [
        a.json()["password"] for a in server.upstream.arrivals if a.path in SIGN_INS
    ]
    assert tried == ["canary-password-of-work", "canary-new-password"]
    bill.reply = lambda _: {"memo": "canary-new-password"}
    assert (await call(server, *READ))["memo"] == HELD


async def test_call_is_not_sent_again_to_an_organization_connected_meanwhile(
    bill: BillSessions, connected: dict[str, Credentials]
) -> None:
    server = serving(bill, looked_up(connected))
    await call(server, *READ)
    connected["work"] = account("other")
    bill.forget()
    with pytest.raises(RefusedError) as caught:
        await call(server, *READ)
    assert caught.value.code == "account_changed"
    assert whose(server.upstream) == ["work", "work"]
    await call(server, *READ)
    assert whose(server.upstream) == ["work", "work", "other"]


async def test_kept_session_of_the_account_that_was_replaced_is_not_taken_up(
    home: KeptHome, bill: BillSessions, connected: dict[str, Credentials]
) -> None:
    async with home.server(profiles=looked_up(connected)) as server:
        await call(server, *READ)
        connected["work"] = account("other")
        bill.forget()
        with pytest.raises(RefusedError):
            await call(server, *READ)
    async with home.server(profiles=looked_up(connected)) as server:
        await call(server, *READ)
    assert whose(home.upstream)[-1] == "other"
    assert len(sign_ins(home.upstream)) == 2
