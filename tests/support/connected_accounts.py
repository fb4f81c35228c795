"""Accounts as a login leaves them: listed in a home, their secrets in a keyring."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import anyio
from keyring.backend import KeyringBackend
from support.keyrings import own_keyring

from bill_mcp.environments import Environment
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.profiles import ProfileKeeper
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.vault import open_vault

CONNECTED_AT = datetime.now(UTC)
"""No fixed time: what is remembered for 30 days would be forgotten by now."""

ORGANIZATION = Credentials(
    username="ap@example.test",
    password=Secret("canary-password"),
    organization_id="00801",
    dev_key=Secret("canary-key"),
)
PARTNER = Credentials(
    partner_username="partner@example.test",
    partner_password=Secret("canary-partner-password"),
    app_key=Secret("canary-application-key"),
)
SPEND = Credentials(api_token=Secret("canary-token"))


def connect(
    home: Path,
    ring: KeyringBackend,
    name: str,
    account: Credentials = ORGANIZATION,
    environment: Environment = Environment.SANDBOX,
) -> None:
    """Connect an account under that name, as ``login`` does."""
    with own_keyring(ring):
        vault = open_vault(home, None)
        keeper = ProfileKeeper(home, lambda: vault, lambda: CONNECTED_AT)
        anyio.run(keeper.keep, name, account, environment, None)


def remember(home: Path, ring: KeyringBackend) -> None:
    """Keep what spares `ORGANIZATION` the next code, as ``login --mfa`` does."""
    with own_keyring(ring):
        vault = open_vault(home, None)
        remembering = VaultRemembering(lambda: vault, lambda: CONNECTED_AT)
        known = ORGANIZATION.remembering(Secret("canary-remembered"), "desk")
        anyio.run(remembering.keep, known)
