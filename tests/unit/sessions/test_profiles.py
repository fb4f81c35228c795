"""The list of connected accounts, and what rests in the vault beside it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from support.clock import START, ManualClock

from bill_mcp.environments import BASE_URLS, Environment
from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials, read
from bill_mcp.sessions.profiles import (
    FILE_NAME,
    ConnectedAccounts,
    Profile,
    ProfileKeeper,
    find_profile,
    read_profiles,
    stored_variables,
)
from bill_mcp.sessions.vault import MemoryVault, Vault

pytestmark = pytest.mark.anyio
ORGANIZATION = Credentials(
    username="ap@example.test",
    password=Secret("canary-password"),
    organization_id="00801",
    dev_key=Secret("canary-key"),
)
PARTNER = Credentials(
    partner_username="partner@example.test",
    partner_password=Secret("canary-password"),
    app_key=Secret("canary-app-key"),
)
SPEND = Credentials(api_token=Secret("canary-token"))
SANDBOX, PRODUCTION = Environment.SANDBOX, Environment.PRODUCTION


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault()


@pytest.fixture
def keeper(tmp_path: Path, vault: MemoryVault) -> ProfileKeeper:
    return ProfileKeeper(tmp_path, lambda: vault, ManualClock().now)


async def test_account_is_listed_without_its_secrets(
    tmp_path: Path, keeper: ProfileKeeper, vault: MemoryVault
) -> None:
    where = await keeper.keep("acme", ORGANIZATION, SANDBOX, None)
    assert where == vault.where
    assert find_profile(tmp_path, "acme") == Profile(
        name="acme",
        environment=SANDBOX,
        base_url=None,
        kind="organization",
        organization_id="00801",
        username="ap@example.test",
        connected_at=START.isoformat(timespec="seconds"),
    )
    path = tmp_path / FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    assert "canary" not in path.read_text(encoding="utf-8")
    assert read(stored_variables(vault, "acme").get) == ORGANIZATION


async def test_the_first_account_is_the_default_until_it_goes(
    tmp_path: Path, keeper: ProfileKeeper, vault: MemoryVault
) -> None:
    await keeper.keep("b", ORGANIZATION, SANDBOX, None)
    await keeper.keep("a", PARTNER, PRODUCTION, None)
    await keeper.keep("b", SPEND, SANDBOX, "http://127.0.0.1:1/connect")
    known = read_profiles(tmp_path)
    kinds = {name: each.kind for name, each in known.profiles.items()}
    assert (known.default, kinds) == ("b", {"a": "partner", "b": "spend"})
    assert known.profiles["b"].base_url == "http://127.0.0.1:1/connect"
    assert known.profiles["a"].username == "partner@example.test"
    await keeper.forget("b")
    assert read_profiles(tmp_path).default == "a"
    assert vault.get("profile/b") is None
    await keeper.forget("a")
    assert read_profiles(tmp_path) == read_profiles(tmp_path / "nowhere")


async def test_nothing_is_listed_that_could_not_be_stored(tmp_path: Path) -> None:
    def nowhere() -> Vault:
        raise ConfigError("no keyring serves here")

    keeper = ProfileKeeper(tmp_path, nowhere, ManualClock().now)
    with pytest.raises(ConfigError, match="no keyring serves here"):
        await keeper.keep("acme", ORGANIZATION, SANDBOX, None)
    assert read_profiles(tmp_path).profiles == {}


async def test_account_that_nobody_connected_is_named_with_those_that_are(
    tmp_path: Path, keeper: ProfileKeeper
) -> None:
    with pytest.raises(ConfigError, match=r"'acme' \(connected: none\); run `bill-mcp"):
        await keeper.forget("acme")
    await keeper.keep("b", ORGANIZATION, SANDBOX, None)
    await keeper.keep("a", SPEND, SANDBOX, None)
    with pytest.raises(ConfigError, match=r"\(connected: a, b\).* --profile acme`"):
        find_profile(tmp_path, "acme")


def test_secrets_that_the_vault_has_lost_are_asked_for_again() -> None:
    with pytest.raises(ConfigError, match="no secrets of the profile 'acme'; run `bil"):
        stored_variables(MemoryVault(), "acme")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"profiles": {"a": {}}}',
        '{"profiles": {"a": {"environment": "moon"}}}',
        '{"profiles": []}',
    ],
)
def test_list_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=f"{FILE_NAME}: cannot be read"):
        read_profiles(tmp_path)


# Several people, or one in two terminals


class MeetingVault(MemoryVault):
    """Lets everybody come to it before anybody goes on, if they are let in at once."""

    def __init__(self, parties: int) -> None:
        super().__init__()
        self._barrier = threading.Barrier(parties)
        self.met = False

    def put(self, name: str, text: str) -> None:
        try:
            self._barrier.wait(0.05)
            self.met = True
        except threading.BrokenBarrierError:
            pass
        super().put(name, text)


def test_accounts_connected_at_once_are_all_listed(tmp_path: Path) -> None:
    names = [f"account-{number}" for number in range(8)]
    vault = MeetingVault(2)

    def connect(name: str) -> None:
        keeper = ProfileKeeper(tmp_path, lambda: vault, ManualClock().now)
        anyio.run(keeper.keep, name, ORGANIZATION, SANDBOX, None)

    with ThreadPoolExecutor(len(names)) as people:
        list(people.map(connect, names))
    assert not vault.met
    assert set(read_profiles(tmp_path).profiles) == set(names)
    assert read_profiles(tmp_path).default in names


def test_account_removed_while_another_is_connected_is_gone_and_the_other_there(
    tmp_path: Path,
) -> None:
    vault = MemoryVault()
    anyio.run(kept_by(tmp_path, vault).keep, "old", ORGANIZATION, SANDBOX, None)
    with ThreadPoolExecutor(2) as people:
        gone = people.submit(anyio.run, kept_by(tmp_path, vault).forget, "old")
        new = people.submit(
            anyio.run, kept_by(tmp_path, vault).keep, "new", SPEND, SANDBOX, None
        )
        gone.result()
        new.result()
    assert list(read_profiles(tmp_path).profiles) == ["new"]


def kept_by(home: Path, vault: Vault) -> ProfileKeeper:
    return ProfileKeeper(home, lambda: vault, ManualClock().now)


# What signs them in, as they are now


class CountingVault(MemoryVault):
    reads = 0

    def get(self, name: str) -> str | None:
        self.reads += 1
        return super().get(name)


async def test_vault_is_asked_again_only_for_what_was_connected_anew(
    tmp_path: Path,
) -> None:
    vault, clock = CountingVault(), ManualClock()
    keeper = ProfileKeeper(tmp_path, lambda: vault, clock.now)
    await keeper.keep("acme", ORGANIZATION, SANDBOX, None)
    accounts = ConnectedAccounts(
        tmp_path, lambda: vault, SANDBOX, BASE_URLS[Environment.SANDBOX]
    )
    first = accounts("acme")
    assert accounts("acme") is first
    assert first == replace(ORGANIZATION, connected_at=START)
    assert vault.reads == 1
    clock.advance(60)
    changed = replace(ORGANIZATION, password=Secret("canary-changed"))
    await keeper.keep("acme", changed, SANDBOX, None)
    minute = timedelta(minutes=1)
    assert accounts("acme") == replace(changed, connected_at=START + minute)
    await keeper.forget("acme")
    with pytest.raises(ConfigError, match="no profile named 'acme'"):
        accounts("acme")


@pytest.mark.parametrize(
    ("environment", "base_url"),
    [(PRODUCTION, None), (SANDBOX, "http://127.0.0.1:1/connect")],
)
async def test_account_connected_elsewhere_meanwhile_is_refused_with_its_place(
    tmp_path: Path, environment: Environment, base_url: str | None
) -> None:
    vault, clock = MemoryVault(), ManualClock()
    keeper = ProfileKeeper(tmp_path, lambda: vault, clock.now)
    await keeper.keep("acme", ORGANIZATION, SANDBOX, BASE_URLS[Environment.SANDBOX])
    accounts = ConnectedAccounts(
        tmp_path, lambda: vault, SANDBOX, BASE_URLS[Environment.SANDBOX]
    )
    accounts("acme")
    clock.advance(60)
    await keeper.keep("acme", ORGANIZATION, environment, base_url)
    place = base_url or BASE_URLS[environment]
    with pytest.raises(ConfigError, match=f"connected to {environment} at {place}"):
        accounts("acme")
