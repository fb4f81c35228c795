"""The credentials of one BILL account, and where they are looked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret

ORG_SIGN_IN = (
    "BILL_USERNAME",
    "BILL_PASSWORD",
    "BILL_ORGANIZATION_ID",
    "BILL_DEV_KEY",
)
PARTNER_SIGN_IN = ("BILL_USERNAME", "BILL_PASSWORD", "BILL_APP_KEY")
REMEMBERED = ("BILL_REMEMBER_ME_ID", "BILL_DEVICE")
SPEND_TOKEN = "BILL_API_TOKEN"  # noqa: S105 -- the name of a variable
ALL_VARIABLES = tuple(
    dict.fromkeys((*ORG_SIGN_IN, *PARTNER_SIGN_IN, *REMEMBERED, SPEND_TOKEN))
)

DEVICE = "bill-mcp"
"""What a remembered device is called unless somebody says otherwise."""

LONGEST_DEVICE = 19
"""Longer ones were refused (BDC_1143). Seen by third parties against BILL itself."""

Lookup = Callable[[str], str | None]


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What opens BILL for one account; any part may be absent.

    Attributes:
        username: With *password*, of an organization's user.
        partner_username: With *partner_password* and *app_key*, of a partner.
        device: Belongs to *remember_me_id*; one alone gives no trust.
        connected_at: When a person connected the account, which they then know to be
            right; None where nobody did, as with variables.
    """

    username: str | None = None
    password: Secret | None = None
    organization_id: str | None = None
    dev_key: Secret | None = None
    partner_username: str | None = None
    partner_password: Secret | None = None
    app_key: Secret | None = None
    api_token: Secret | None = None
    remember_me_id: Secret | None = None
    device: str | None = None
    connected_at: datetime | None = None

    def secrets(self) -> tuple[Secret | None, ...]:
        return (
            self.password,
            self.partner_password,
            self.dev_key,
            self.app_key,
            self.api_token,
            self.remember_me_id,
        )

    @property
    def can_sign_in(self) -> bool:
        return all((self.username, self.password, self.organization_id, self.dev_key))

    @property
    def can_sign_in_as_partner(self) -> bool:
        return all((self.partner_username, self.partner_password, self.app_key))

    def as_variables(self) -> dict[str, str]:
        """The credentials as `read` reads them, secrets revealed, for the vault."""
        username = self.username or self.partner_username
        password = self.password or self.partner_password
        values: dict[str, Secret | str | None] = {
            "BILL_USERNAME": username,
            "BILL_PASSWORD": password,
            "BILL_ORGANIZATION_ID": self.organization_id,
            "BILL_DEV_KEY": self.dev_key,
            "BILL_APP_KEY": self.app_key,
            SPEND_TOKEN: self.api_token,
        }
        return {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in values.items()
            if value is not None
        }

    def account_digest(self) -> str:
        """Names the organization's user at BILL without giving the name away."""
        key = self.dev_key.digest() if self.dev_key else ""
        parts = (self.username or "", self.organization_id or "", key)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]

    def opens_the_same_as(self, other: Credentials) -> bool:
        """Whether both are one account with one set of secrets, MFA aside."""
        return self._bare() == other._bare()

    def remembers_as(self, other: Credentials) -> bool:
        """Whether both remember one MFA, of one user of one organization."""
        if self.remember_me_id is None or self.device is None:
            return False
        one, another = (
            (each.remember_me_id, each.device, each.account_digest())
            for each in (self, other)
        )
        return one == another

    def _bare(self) -> Credentials:
        return replace(self, remember_me_id=None, device=None, connected_at=None)

    def remembering(self, remember_me_id: Secret, device: str) -> Credentials:
        """The same account with a remembered MFA."""
        return replace(self, remember_me_id=remember_me_id, device=device)


def read(lookup: Lookup) -> Credentials:
    """Credentials out of the variables that *lookup* knows.

    Raises:
        ConfigError: Some but not all of a set are there; the missing ones are named.
    """
    found = {name: lookup(name) for name in ALL_VARIABLES}
    given = {name: value for name, value in found.items() if value}
    _complete(given)
    unusable = [n for n, value in given.items() if not value.isprintable()]
    if unusable:
        raise ConfigError(f"{', '.join(unusable)}: has a control character in it")
    if len(given.get("BILL_DEVICE", "")) > LONGEST_DEVICE:
        raise ConfigError(
            f"BILL_DEVICE has over {LONGEST_DEVICE} characters, which BILL refuses"
        )

    def secret(name: str) -> Secret | None:
        return Secret(given[name]) if name in given else None

    is_partner = "BILL_APP_KEY" in given
    return Credentials(
        username=given.get("BILL_USERNAME"),
        password=secret("BILL_PASSWORD"),
        organization_id=given.get("BILL_ORGANIZATION_ID"),
        dev_key=secret("BILL_DEV_KEY"),
        partner_username=given.get("BILL_USERNAME") if is_partner else None,
        partner_password=secret("BILL_PASSWORD") if is_partner else None,
        app_key=secret("BILL_APP_KEY"),
        api_token=secret(SPEND_TOKEN),
        remember_me_id=secret("BILL_REMEMBER_ME_ID"),
        device=given.get("BILL_DEVICE"),
    )


def _complete(given: Mapping[str, str]) -> None:
    wanted = PARTNER_SIGN_IN if "BILL_APP_KEY" in given else ORG_SIGN_IN
    for group in (wanted, REMEMBERED):
        missing = [name for name in group if name not in given]
        if missing and len(missing) < len(group):
            there = [name for name in group if name in given]
            raise ConfigError(
                f"{', '.join(missing)} missing, while {', '.join(there)} "
                f"{'is' if len(there) == 1 else 'are'} set; set all or none"
            )


def lookup_in(environment: Mapping[str, str]) -> Lookup:
    """Look in the environment, then in the files that ``*_FILE`` variables name."""

    def lookup(name: str) -> str | None:
        return environment.get(name) or _file(f"{name}_FILE", environment)

    return lookup


def _file(variable: str, environment: Mapping[str, str]) -> str | None:
    path = environment.get(variable)
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n") or None
    except OSError as error:
        raise ConfigError(f"{variable}: {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{variable}: {path}: is no text file in UTF-8") from None
