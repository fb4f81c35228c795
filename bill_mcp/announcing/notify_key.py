"""The key that signs announcements: made once, shown once, kept in the vault."""

from __future__ import annotations

import secrets

from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret
from bill_mcp.sessions.vault import Vault

ENTRY = "notify-key"
KEY_BYTES = 32


def read_key(vault: Vault) -> Secret | None:
    """The key, or None where none was made. Blocks: a locked keyring asks a person.

    Raises:
        ConfigError: The vault can't be opened.
    """
    text = vault.get(ENTRY)
    return Secret(text) if text else None


def make_key(vault: Vault, *, replace: bool = False) -> Secret:
    """A new key, kept, for the one time that it is shown.

    Raises:
        ConfigError: There is one already, or the vault can't be opened.
    """
    if not replace and vault.get(ENTRY):
        raise ConfigError(
            "there is a key already, and it is shown only once; --replace makes "
            "another one, which the receiver must be given then"
        )
    key = secrets.token_urlsafe(KEY_BYTES)
    vault.put(ENTRY, key)
    return Secret(key)
