"""What the pages ask of the rest: an account at BILL, and a place to keep it.

The pages know these protocols only. `bill_mcp.pages.bill_connector` fulfils `Connector`
with BILL; a `Keeper` comes from whoever keeps secrets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bill_mcp.environments import Environment
from bill_mcp.sessions.credentials import Credentials

Call = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Runs one of BILL's actions by its tool name, for one account or agent."""


class Kind(StrEnum):
    """What kind of account a person connects."""

    ORGANIZATION = "organization"
    SPEND = "spend"
    PARTNER = "partner"


class MfaStatus(StrEnum):
    """Whether codes are needed before BILL lets payments through."""

    TRUSTED = "trusted"
    NEEDS_CODE = "needs_code"
    NO_PHONE = "no_phone"
    OFF = "off"
    """MFA is switched off, or this kind of account has none."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a person typed: one account of one environment."""

    kind: Kind
    environment: Environment
    credentials: Credentials


@dataclass(frozen=True, kw_only=True)
class Connected:
    """An account that BILL has accepted."""

    environment: Environment
    kind: Kind
    mfa: MfaStatus
    organization_id: str | None = None
    organization_name: str | None = None
    user: str | None = None


@dataclass(frozen=True, kw_only=True)
class Phone:
    """A phone that BILL sends codes to."""

    type: str
    last4: str
    primary: bool


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """The session is MFA-trusted: until then, or only for as long as it lasts."""

    until: datetime | None


class Connector(Protocol):
    """One person's way to one account. Every method raises `CallError` with words."""

    async def sign_in(self, account: Account) -> Connected:
        """Sign in at BILL; an account that BILL refused is not tried twice."""

    async def phones(self) -> tuple[Phone, ...]:
        """Where a code would go; empty if BILL has no phone."""

    async def challenge(self) -> None:
        """Have BILL send a code; at most one a minute."""

    async def confirm(self, code: str, remember_as: str | None) -> Trusted:
        """Make the session trusted, remembered under a device name if one is given."""

    async def keep(self) -> str:
        """Store the account for agents; says where, in words for a person."""

    async def aclose(self) -> None:
        """Forget what was typed and end what was opened. Never raises."""


class Keeper(Protocol):
    """Stores a connected account under a profile name, secrets in the vault."""

    async def keep(
        self,
        profile: str,
        credentials: Credentials,
        environment: Environment,
        base_url: str | None,
    ) -> str:
        """Store it all, in place of what that profile had; says where, in words.

        *base_url* is None for the environment's own address.

        Raises:
            ConfigError: The keyring is locked or absent; nothing was stored.
        """
