"""Remembered MFA: by account, for 30 days, and for the process where no vault is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from support.clock import ManualClock

from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.remembered import VaultRemembering, entry_name
from bill_mcp.sessions.vault import MemoryVault, Vault

pytestmark = pytest.mark.anyio
ACCOUNT = Credentials(
    username="ap@example.test",
    password=Secret("canary-password"),
    organization_id="00801",
    dev_key=Secret("canary-key"),
)
REMEMBERING = ACCOUNT.remembering(Secret("canary-remembered"), "desk")
DAY_S = 24 * 3600


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault()


def opened(vault: Vault, clock: ManualClock) -> VaultRemembering:
    """What a process has that starts now."""
    return VaultRemembering(lambda: vault, clock.now)


async def test_device_is_remembered_for_30_days_by_every_process(
    vault: MemoryVault, clock: ManualClock
) -> None:
    first = opened(vault, clock)
    assert await first.find(ACCOUNT) is None
    until = await first.keep(REMEMBERING)
    clock.advance(30 * DAY_S - 1)
    for process in (first, opened(vault, clock)):
        found = await process.find(ACCOUNT)
        assert found is not None
        assert found.remember_me_id == Secret("canary-remembered")
        assert (found.device, found.until) == ("desk", until)
        assert "canary" not in repr(found)
    clock.advance(1)
    for process in (first, opened(vault, clock)):
        assert await process.find(ACCOUNT) is None


async def test_another_account_is_not_remembered(
    vault: MemoryVault, clock: ManualClock
) -> None:
    remembering = opened(vault, clock)
    await remembering.keep(REMEMBERING)
    other = replace(ACCOUNT, organization_id="00802")
    assert await remembering.find(other) is None
    changed = replace(ACCOUNT, password=Secret("canary-new"))
    assert await remembering.find(changed) is not None


async def test_forgotten_device_is_gone_for_every_process(
    vault: MemoryVault, clock: ManualClock
) -> None:
    remembering = opened(vault, clock)
    await remembering.keep(REMEMBERING)
    await remembering.forget(ACCOUNT)
    await remembering.forget(ACCOUNT)
    assert await remembering.find(ACCOUNT) is None
    assert await opened(vault, clock).find(ACCOUNT) is None


async def test_device_that_bill_no_longer_takes_has_lapsed_for_every_process(
    vault: MemoryVault, clock: ManualClock
) -> None:
    remembering = opened(vault, clock)
    assert not await remembering.has_lapsed(ACCOUNT)
    await remembering.keep(REMEMBERING)
    assert not await remembering.has_lapsed(ACCOUNT)
    await remembering.lapse(REMEMBERING)
    for process in (remembering, opened(vault, clock)):
        assert await process.find(ACCOUNT) is None
        assert await process.has_lapsed(ACCOUNT)
    assert "canary" not in (vault.get(entry_name(ACCOUNT)) or "")
    await remembering.keep(REMEMBERING)
    assert not await opened(vault, clock).has_lapsed(ACCOUNT)


async def test_device_lapses_by_itself_after_30_days(
    vault: MemoryVault, clock: ManualClock
) -> None:
    await opened(vault, clock).keep(REMEMBERING)
    clock.advance(30 * DAY_S)
    assert await opened(vault, clock).has_lapsed(ACCOUNT)


async def test_device_that_was_forgotten_has_not_lapsed(
    vault: MemoryVault, clock: ManualClock
) -> None:
    await opened(vault, clock).lapse(REMEMBERING)
    await opened(vault, clock).forget(ACCOUNT)
    assert not await opened(vault, clock).has_lapsed(ACCOUNT)


async def test_vaults_device_stays_when_one_from_variables_ends(
    vault: MemoryVault, clock: ManualClock
) -> None:
    await opened(vault, clock).keep(REMEMBERING)
    from_variables = ACCOUNT.remembering(Secret("canary-another"), "desk")
    await opened(vault, clock).lapse(from_variables)
    assert await opened(vault, clock).find(ACCOUNT) is not None


async def test_without_a_vault_it_lasts_for_the_process_and_the_log_says_so(
    clock: ManualClock,
) -> None:
    def nowhere() -> Vault:
        raise ConfigError("no keyring serves here")

    remembering = VaultRemembering(nowhere, clock.now)
    with capture_logs() as logs:
        await remembering.keep(REMEMBERING)
        assert await remembering.find(ACCOUNT) is not None
        await remembering.forget(ACCOUNT)
    assert await remembering.find(ACCOUNT) is None
    assert [line["event"] for line in logs] == [
        "MFA is remembered only until this server ends",
        "the remembered MFA could not be removed from the vault",
    ]


async def test_nothing_remembered_is_not_kept(
    vault: MemoryVault, clock: ManualClock
) -> None:
    with pytest.raises(ValueError, match="nothing is remembered"):
        await opened(vault, clock).keep(ACCOUNT)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"id": "a", "device": "b"}'])
async def test_entry_that_cannot_be_read_is_as_if_it_were_not_there(
    vault: MemoryVault, clock: ManualClock, text: str
) -> None:
    vault.put(entry_name(ACCOUNT), text)
    assert await opened(vault, clock).find(ACCOUNT) is None
