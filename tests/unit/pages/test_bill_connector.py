"""The connector against the simulator, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import httpx
import pytest
from support.clock import ManualClock

from bill_mcp.client.budgets import Budgets
from bill_mcp.client.http import BillClient
from bill_mcp.client.slots import MemorySlots
from bill_mcp.environments import EMBEDDED_URL, Environment
from bill_mcp.errors import CallError, ConfigError
from bill_mcp.pages.accounts import Bill, TriedAccount
from bill_mcp.pages.bill_connector import AgentConnector, BillConnector
from bill_mcp.pages.connecting import Account, Connected, Kind, MfaStatus
from bill_mcp.secret import LiveSecrets, Secret
from bill_mcp.sessions.closures import Closures
from bill_mcp.sessions.credentials import Credentials, read
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.vault import MemoryVault
from bill_mcp.simulator import credentials as demo
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.sign_in_data import make_credentials
from bill_mcp.simulator.world import World
from bill_mcp.specs import loading

pytestmark = pytest.mark.anyio
CATALOGUE = loading.load()


class Place:
    """A simulated BILL and a keeper, which fails when told to."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.vault = MemoryVault()
        self.world = World.create("demo", None)
        self.kept: list[tuple[str, Credentials, Environment, str | None]] = []
        self.failure: ConfigError | None = None
        self.opened: list[Environment] = []
        self.connector = BillConnector("main", open_bill=self.open, keeper=self)
        numbers = count(1)
        self._new_id = lambda length: f"{next(numbers):0{length}}"

    async def keep(
        self,
        profile: str,
        credentials: Credentials,
        environment: Environment,
        base_url: str | None,
    ) -> str:
        if self.failure is not None:
            raise self.failure
        self.kept.append((profile, credentials, environment, base_url))
        return "the keyring"

    @asynccontextmanager
    async def open(self, environment: Environment) -> AsyncIterator[Bill]:
        self.opened.append(environment)
        app = build_app(self.world)
        client = BillClient(
            EMBEDDED_URL,
            transport=lambda: httpx.ASGITransport(app=app),
            slots=MemorySlots(),
            budgets=Budgets(self.clock),
            codes=CATALOGUE.error_codes,
        )
        new_id = self._new_id
        yield Bill(
            catalogue=CATALOGUE,
            client=client,
            sign_in=SignIn(
                CATALOGUE, client, closures=Closures(self.clock), new_id=new_id
            ),
            clock=self.clock,
            new_id=new_id,
            live=LiveSecrets(),
            remembering=VaultRemembering(lambda: self.vault, self.clock.now),
            base_url="http://127.0.0.1:1/connect",
        )
        await client.aclose()

    def account(self, kind: str, **wish: str) -> Credentials:
        made, _ = self.world.attempt(
            lambda: make_credentials(self.world, {"kind": kind, **wish})
        )
        return read(made.get)

    async def sign_in(self, kind: Kind, credentials: Credentials) -> Connected:
        account = Account(
            kind=kind, environment=Environment.SANDBOX, credentials=credentials
        )
        return await self.connector.sign_in(account)

    def paths(self) -> list[str]:
        return [arrival.path for arrival in self.world.log.arrivals]


@pytest.fixture
def place() -> Place:
    return Place()


async def test_an_organization_is_connected_and_remembered(place: Place) -> None:
    account = place.account("org")
    connected = await place.sign_in(Kind.ORGANIZATION, account)
    assert connected.mfa is MfaStatus.NEEDS_CODE
    assert connected.organization_id == demo.ORGANIZATION_ID
    assert "Pacific Timber" in str(connected.organization_name)
    [phone] = await place.connector.phones()
    assert phone.last4 == "0100"
    await place.connector.challenge()
    trusted = await place.connector.confirm("123456", "desk")
    assert trusted.until == place.clock.now() + timedelta(days=30)
    assert await place.connector.keep() == "the keyring"
    [(profile, kept, environment, base_url)] = place.kept
    assert (profile, environment) == ("main", Environment.SANDBOX)
    assert base_url == "http://127.0.0.1:1/connect"
    assert kept.password == account.password
    assert kept.remember_me_id is not None
    assert kept.device == "desk"
    await place.connector.aclose()
    assert place.paths()[-1] == "/v3/logout"
    await place.connector.aclose()


async def test_what_was_remembered_signs_in_as_trusted(place: Place) -> None:
    connected = await place.sign_in(
        Kind.ORGANIZATION, place.account("org", mfa="trusted")
    )
    assert connected.mfa is MfaStatus.TRUSTED


async def test_a_user_without_a_phone_is_told_so(place: Place) -> None:
    connected = await place.sign_in(Kind.ORGANIZATION, place.account("org", mfa="none"))
    assert connected.mfa is MfaStatus.NO_PHONE
    assert await place.connector.phones() == ()


async def test_a_code_that_is_not_remembered_gives_trust_for_the_session(
    place: Place,
) -> None:
    await place.sign_in(Kind.ORGANIZATION, place.account("org"))
    await place.connector.challenge()
    assert (await place.connector.confirm("123456", None)).until is None
    await place.connector.keep()
    assert place.kept[0][1].remember_me_id is None


async def test_a_spend_token_and_a_partner_are_checked_at_bill(place: Place) -> None:
    connected = await place.sign_in(Kind.SPEND, place.account("spend"))
    assert connected.mfa is MfaStatus.OFF
    assert connected.user
    partner = place.account("partner")
    connected = await place.sign_in(Kind.PARTNER, partner)
    assert connected.user == partner.partner_username
    assert place.paths() == ["/v3/spend/users/current", "/v3/partner/login"]
    with pytest.raises(CallError):
        await place.sign_in(Kind.SPEND, Credentials(api_token=Secret("wrong-token")))


async def test_a_refused_password_is_sent_once_and_the_right_one_after_it(
    place: Place,
) -> None:
    account = place.account("org")
    wrong = Credentials(
        username=account.username,
        password=Secret("wrong-password"),
        organization_id=account.organization_id,
        dev_key=account.dev_key,
    )
    for _ in range(2):
        with pytest.raises(CallError) as caught:
            await place.sign_in(Kind.ORGANIZATION, wrong)
        assert caught.value.bill_code == "BDC_1101"
    assert place.paths() == ["/v3/login"]
    await place.sign_in(Kind.ORGANIZATION, account)
    assert place.opened == [Environment.SANDBOX]


async def test_a_keyring_that_is_locked_is_a_sentence_for_the_person(
    place: Place,
) -> None:
    await place.sign_in(Kind.SPEND, place.account("spend"))
    place.failure = ConfigError("the keyring is locked")
    with pytest.raises(CallError, match="the keyring is locked"):
        await place.connector.keep()
    place.failure = None
    await place.connector.keep()


async def test_signing_out_never_fails(place: Place) -> None:
    await place.sign_in(Kind.ORGANIZATION, place.account("org"))
    fault = {"method": "POST", "path": "/v3/logout", "answer": {"status": 500}}
    place.world.faults.add_all([fault])
    await place.connector.aclose()


async def test_session_is_signed_out_where_the_check_after_the_sign_in_fails(
    place: Place,
) -> None:
    fault = {"method": "GET", "path": "/v3/login/session", "answer": {"status": 400}}
    place.world.faults.add_all([{**fault, "times": 1}])
    account = place.account("org")
    with pytest.raises(CallError):
        await place.sign_in(Kind.ORGANIZATION, account)
    await place.sign_in(Kind.ORGANIZATION, account)
    await place.connector.aclose()
    ours = [path for path in place.paths() if path in {"/v3/login", "/v3/logout"}]
    assert ours == ["/v3/login", "/v3/logout"] * 2


async def test_an_organization_that_hides_its_name_is_connected_too(
    place: Place,
) -> None:
    path = "/v3/organizations/{organizationId}"
    fault = {"method": "GET", "path": path, "answer": {"status": 403}}
    place.world.faults.add_all([fault])
    connected = await place.sign_in(Kind.ORGANIZATION, place.account("org"))
    assert connected.organization_name is None


async def test_an_agents_own_session_becomes_trusted(place: Place) -> None:
    async with place.open(Environment.SANDBOX) as bill:
        account = TriedAccount(bill, place.account("org"), name="agent")
        connector = AgentConnector(account.call, place.clock)
        assert await connector.phones()
        await connector.challenge()
        assert (await connector.confirm("123456", "desk")).until is not None
        session = await account.call("bill_get_api_session_details", {})
        assert session["mfaStatus"] == "COMPLETE"
        assert await connector.keep() == ""
        await connector.aclose()
        with pytest.raises(AssertionError):
            await connector.sign_in(
                Account(
                    kind=Kind.SPEND,
                    environment=Environment.SANDBOX,
                    credentials=Credentials(),
                )
            )


async def test_nothing_is_asked_of_bill_before_the_sign_in(place: Place) -> None:
    with pytest.raises(AssertionError):
        await place.connector.challenge()
