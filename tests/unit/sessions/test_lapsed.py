"""Why a code is needed again is told, after a restart too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from support.assembly import ACCOUNT, Assembly
from support.bill_sessions import BillSessions
from support.kept_home import AS_USER, KeptHome
from support.upstream import Arrival, Upstream, refusal, shown

from bill_mcp.errors import NotTrustedError
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.remembered import VaultRemembering

pytestmark = pytest.mark.anyio

PAY = (
    "bill_create_a_payment",
    {
        "billId": "00n01",
        "amount": 10.25,
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": "bac01"},
    },
)
READ = ("bill_get_vendor_details", {"vendorId": "00901"})
FORGETFUL = replace(ACCOUNT, remember_me_id=None, device=None)
REMEMBERING = FORGETFUL.remembering(Secret("canary-remembered"), "desk")
TOLD = "The remembered MFA has ended, as it does after 30 days."


@pytest.fixture
def home(tmp_path: Path) -> KeptHome:
    """BILL takes no remembered device any more, and no untrusted payment."""
    bill = BillSessions()

    def distrusting(_: Arrival) -> httpx.Response:
        session = f"canary-session-{len(bill.living)}"
        bill.living.add(session)
        return httpx.Response(200, json={"sessionId": session, "trusted": False})

    bill.refuse_sign_in = distrusting
    bill.reply = lambda a: (
        refusal("BDC_1361", 403) if "payments" in a.path else shown(a)
    )
    return KeptHome(tmp_path / "home", Upstream(bill))


async def remember(home: KeptHome) -> None:
    remembering = VaultRemembering(lambda: home.vault, home.clock.now)
    await remembering.keep(REMEMBERING)


async def advice_of(server: Assembly) -> str:
    with pytest.raises(NotTrustedError) as caught:
        await server.call(*PAY)
    return caught.value.advice


@pytest.mark.parametrize("idle_minutes", [1, 40], ids=["session kept", "signed in"])
async def test_it_is_told_again_after_a_restart(
    home: KeptHome, idle_minutes: int
) -> None:
    await remember(home)
    for _ in range(3):
        async with home.server(account=FORGETFUL) as server:
            assert (await advice_of(server)).startswith(TOLD)
        home.clock.advance(idle_minutes * 60)


async def test_it_is_told_of_a_device_from_variables_too(home: KeptHome) -> None:
    for _ in range(2):
        async with home.server(account=REMEMBERING) as server:
            assert (await advice_of(server)).startswith(TOLD)


async def test_it_is_told_where_our_own_30_days_were_over(home: KeptHome) -> None:
    await remember(home)
    home.clock.advance(30 * 24 * 3600)
    async with home.server(account=FORGETFUL) as server:
        assert (await advice_of(server)).startswith(TOLD)


@pytest.mark.parametrize("account", [FORGETFUL])
async def test_it_is_not_told_where_nothing_was_ever_remembered(
    home: KeptHome, account: Credentials
) -> None:
    async with home.server(account=account) as server:
        assert TOLD not in await advice_of(server)


async def test_device_that_lapsed_is_not_tried_again(home: KeptHome) -> None:
    await remember(home)
    for _ in range(2):
        async with home.server(account=FORGETFUL) as server:
            await server.call(*READ)
        home.clock.advance(40 * 60)
    tried = [
        "rememberMeId" in arrival.json()
        for arrival in home.upstream.arrivals
        if arrival.path == "/v3/login"
    ]
    assert tried == [True, False]


async def test_sign_in_as_a_client_ends_no_remembered_mfa_of_the_account(
    home: KeptHome,
) -> None:
    """BILL was not shown it."""
    await remember(home)
    async with home.server(account=FORGETFUL) as server:
        await server.call(*AS_USER)
    remembering = VaultRemembering(lambda: home.vault, home.clock.now)
    assert await remembering.find(FORGETFUL) is not None


async def test_session_that_is_forgotten_and_then_not_trusted_tells_of_it_too(
    tmp_path: Path,
) -> None:
    """The device lapses at the renewal within the call."""
    bill = BillSessions()
    home = KeptHome(tmp_path / "home", Upstream(bill))
    async with home.server(account=REMEMBERING) as server:
        await server.call(*READ)
        bill.forget()
        bill.reply = lambda _: refusal("BDC_1361", 403)

        def distrusting(_: Arrival) -> httpx.Response:
            bill.living.add("canary-untrusted")
            told = {"organizationId": FORGETFUL.organization_id, "userId": "00601USER"}
            session = {"sessionId": "canary-untrusted", "trusted": False}
            return httpx.Response(200, json=told | session)

        bill.refuse_sign_in = distrusting
        with pytest.raises(NotTrustedError) as caught:
            await server.call(*READ)
        assert caught.value.advice.startswith(TOLD)
