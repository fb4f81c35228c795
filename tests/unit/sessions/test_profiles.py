"""The list of connected accounts, and what rests in the vault beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.clock import START, ManualClock

from bill_mcp.environments import Environment
from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials, read
from bill_mcp.sessions.profiles import (
    FILE_NAME,
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
