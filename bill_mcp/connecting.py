"""Puts together what connects a BILL account: BILL itself, the vault, the keeper."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

import anyio

from bill_mcp.app import random_id
from bill_mcp.client.http import BillClient
from bill_mcp.client.limits import shared_limits
from bill_mcp.clock import Clock
from bill_mcp.environments import BASE_URLS, Environment
from bill_mcp.errors import ConfigError
from bill_mcp.pages.accounts import Bill
from bill_mcp.pages.bill_connector import BillConnector
from bill_mcp.pages.connecting import Account, Keeper, Kind
from bill_mcp.private_files import make_private_folder
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions import credentials
from bill_mcp.sessions.closed_file import closed_file_in
from bill_mcp.sessions.closures import Closures
from bill_mcp.sessions.profiles import ProfileKeeper, read_profiles, stored_variables
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.vault import Vault, open_vault
from bill_mcp.settings import Settings
from bill_mcp.settings_places import NO_LOGIN, Place, variables_given
from bill_mcp.specs import loading


class Connecting:
    """Connects accounts of one place, and makes connected ones trusted.

    Args:
        place: Which environments, and where secrets rest.
        clock: For limits, and for how long MFA is remembered.
    """

    def __init__(self, place: Place, clock: Clock) -> None:
        self.place = place
        self.clock = clock
        self.live = LiveSecrets()
        self.remembering = VaultRemembering(self.open_vault, clock.now)
        self.keeper = ProfileKeeper(place.home, self.open_vault, clock.now)

    def open_vault(self) -> Vault:
        """The vault of this machine. Blocks; raises `ConfigError` if there is none."""
        key = self.place.vault_key
        return open_vault(self.place.home, key.reveal() if key else None)

    async def check_vault(self) -> str:
        """Where secrets would rest; found out before a person types any.

        Raises:
            ConfigError: The vault is locked, absent, or of another key.
        """
        return await anyio.to_thread.run_sync(self._check_vault)

    def _check_vault(self) -> str:
        make_private_folder(self.place.home)
        vault = self.open_vault()
        vault.get(f"profile/{self.place.profile}")
        return vault.where

    def connector(self, keeper: Keeper | None = None) -> BillConnector:
        """One person's way to BILL, for one question.

        Without a *keeper* of its own it is for an account that a person types, who may
        try what BILL has refused before.
        """
        return BillConnector(
            self.place.profile,
            open_bill=partial(self.open_bill, by_person=keeper is None),
            keeper=keeper or self.keeper,
        )

    @asynccontextmanager
    async def open_bill(
        self, environment: Environment, *, by_person: bool = False
    ) -> AsyncIterator[Bill]:
        """Reach an environment, within what the machine's servers know of it."""
        catalogue = loading.load()
        base_url = self.place.base_urls.get(environment)
        address = base_url or BASE_URLS[environment]
        limits = shared_limits(self.place.home, address, self.clock, new_id=random_id)
        client = BillClient(
            address,
            transport=None,
            slots=limits.slots,
            budgets=limits.budgets,
            codes=catalogue.error_codes,
        )
        file = closed_file_in(self.place.home, address)
        closures = Closures(self.clock, file, by_person=by_person)
        try:
            yield Bill(
                catalogue=catalogue,
                client=client,
                sign_in=SignIn(catalogue, client, closures=closures, new_id=random_id),
                clock=self.clock,
                new_id=random_id,
                live=self.live,
                remembering=self.remembering,
                base_url=base_url,
            )
        finally:
            await client.aclose()
            limits.close()


class NothingToKeep:
    """Fulfils `Keeper` for an account that is connected already."""

    async def keep(
        self,
        profile: str,
        credentials: credentials.Credentials,
        environment: Environment,
        base_url: str | None,
    ) -> str:
        return ""


def place_of(settings: Settings, variables: Mapping[str, str]) -> Place:
    """The place of an account that is connected already.

    Raises:
        ConfigError: Nothing is connected, or the embedded simulator was asked for.
    """
    if settings.embedded:
        asked_for = variables_given(variables)
        raise ConfigError(NO_LOGIN if asked_for else _nobody(settings))
    return Place(
        home=settings.home,
        vault_key=settings.vault_key,
        profile=settings.profile or "variables",
        offered=(settings.environment,),
        base_urls={settings.environment: settings.base_url},
    )


def account_of(
    settings: Settings, vault: Vault, variables: Mapping[str, str]
) -> Account:
    """The organization's user that is connected: by the profile, or by variables.

    Raises:
        ConfigError: Nobody is, or one of a kind that BILL asks for no codes.
    """
    if settings.profile is not None:
        stored = stored_variables(vault, settings.profile)
        found = credentials.read(stored.get)
    else:
        found = credentials.read(credentials.lookup_in(variables))
    if found == credentials.Credentials():
        raise ConfigError(_nobody(settings))
    if not found.can_sign_in:
        raise ConfigError("BILL asks for no codes with this kind of account")
    return Account(
        kind=Kind.ORGANIZATION, environment=settings.environment, credentials=found
    )


def _nobody(settings: Settings) -> str:
    """That there is no account to give a code for, and what to run instead."""
    names = ", ".join(sorted(read_profiles(settings.home).profiles))
    if names:
        return (
            f"no account of the environment {settings.environment} is connected "
            f"(connected: {names}); name the account with --profile"
        )
    return (
        "no account is connected yet, and none stands in the variables of this "
        "terminal; run `bill-mcp login` to connect one, or `bill-mcp open` where a "
        "server that has its account from variables waits for a code"
    )
