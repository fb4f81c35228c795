"""The key under which records are sealed: the audit log's, made at first use.

It rests in the vault. Where there is none, it is a file beside the records: then
whoever can read the folder could forge them.
"""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from typing import Protocol

from bill_mcp.errors import ConfigError
from bill_mcp.private_files import make_private_folder, write_private
from bill_mcp.sessions import agent_locks
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.sealing import KEY_BYTES
from bill_mcp.sessions.vault import open_vault
from bill_mcp.settings import Home

ENTRY = "audit-key"
FILE_NAME = "audit.key"


class SealingKey:
    """Called for the key; it is looked for at the first call."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._found: bytes | None = None

    def __call__(self) -> bytes:
        """The key.

        Raises:
            ConfigError: The vault is locked, or what it keeps is no key.
        """
        if self._found is None:
            self._found = _find(_place(self._home), self._home.path)
        return self._found


class _Place(Protocol):
    def get(self, name: str) -> str | None: ...

    def put(self, name: str, text: str) -> None: ...


class _KeyFile:
    """Where the key is when there is no vault."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> str | None:
        try:
            return self._path.read_text("ascii")
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise ConfigError(f"{self._path}: can't be read") from None

    def put(self, name: str, text: str) -> None:
        write_private(self._path, text.encode())


def _place(home: Home) -> _Place:
    try:
        return open_vault(
            home.path, home.vault_key.reveal() if home.vault_key else None
        )
    except ConfigError:  # there is none; a locked one says so when it is asked
        return _KeyFile(home.path / FILE_NAME)


def _find(place: _Place, home: Path) -> bytes:
    make_private_folder(home)
    with AgentLocks(home / agent_locks.FOLDER).alone(ENTRY):  # or two would make one
        kept = place.get(ENTRY)
        if kept is None:
            place.put(ENTRY, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
            kept = place.get(ENTRY) or ""
    try:
        key = base64.b64decode(kept, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError("the key of the records is damaged; they can't be read")
    return key
