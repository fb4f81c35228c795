"""The key of the audit log, and the last row that is known of it: where they rest.

In the vault, out of reach of whoever can only write files. Where there is no vault, in
files beside the log, and then whoever can read them could forge it: that is said
wherever the log is looked at.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from bill_mcp.errors import ConfigError
from bill_mcp.private_files import write_private
from bill_mcp.records import audit
from bill_mcp.records.audit_chain import KEY_BYTES, Head, head_from
from bill_mcp.records.store import RecordFile
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.profiles import OpenVault
from bill_mcp.sessions.vault import Vault

KEY_ENTRY = "audit-key"
HEAD_ENTRY = "audit-head"

_log = structlog.get_logger("bill_mcp.audit")


class BesideTheLog:
    """A vault that is none: files that only their owner may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.where = f"files in {folder}"

    def get(self, name: str) -> str | None:
        path = self._path(name)
        try:
            return path.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            return ""
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from None

    def put(self, name: str, text: str) -> None:
        path = self._path(name)
        try:
            write_private(path, text.encode("ascii"))
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from None

    def delete(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if name == KEY_ENTRY:
            return self._folder / "audit.key"
        return self._folder / name.replace("/", ".")


class AuditCustody:
    """Keeps the key and the heads of audit logs.

    Opened at first use, which blocks: a locked keyring may ask a person. All methods
    may be called in any thread.

    Args:
        home: Where files go if there is no vault.
        open_vault: Raises `ConfigError` where there is none.
        locks: Keep other processes out; None where there can be none.
    """

    def __init__(
        self, home: Path, open_vault: OpenVault, locks: AgentLocks | None
    ) -> None:
        self._files = BesideTheLog(home)
        self._open_vault, self._locks = open_vault, locks
        self._opening = threading.Lock()
        self._vault: Vault | None = None
        self._key: bytes | None = None

    def key(self) -> bytes:
        """The key, made if there is none; at once when it was asked for before.

        Raises:
            ConfigError: The vault is locked, or what it holds is no key.
        """
        with self._opening:
            if self._key is None:
                self._key = self._found() or self._made()
                if self.is_beside_the_log:
                    _log.warning(FORGEABLE)
            return self._key

    def find_key(self) -> bytes | None:
        """The key, if there is one.

        Raises:
            ConfigError: The vault is locked, or what it holds is no key.
        """
        with self._opening:
            if self._key is None:
                self._key = self._found()
            return self._key

    @property
    def where(self) -> str:
        """For people: what keeps the key."""
        return self._opened().where

    @property
    def is_beside_the_log(self) -> bool:
        """Whether who can read the log's folder could forge it."""
        return self._opened() is self._files

    def head(self, file: Path | None) -> Head | None:
        """The last row that is known of the log in *file*."""
        return head_from(self._opened().get(head_entry(file)))

    def keep_head(self, file: Path | None, records: RecordFile) -> bool:
        """Keep the newest head; False where the log lost what was known of it.

        Then the known head stays, so that a check finds what is missing.

        Raises:
            ConfigError: The vault is locked.
            sqlite3.Error: The log can't be read.
        """
        name = head_entry(file)
        with self._alone(name):
            vault = self._opened()
            kept = head_from(vault.get(name))
            seq = kept.count if kept else 0
            newest, known = records.look_now(
                lambda connection: (
                    audit.head(connection),
                    audit.head_at(connection, seq),
                )
            )
            if known != kept:
                return False
            if newest is not None and newest != kept:
                vault.put(name, newest.as_text())
            return True

    def replace_head(self, file: Path | None, head: Head) -> None:
        """Keep *head*, whatever was known: for an operator who takes the log as is."""
        name = head_entry(file)
        with self._alone(name):
            self._opened().put(name, head.as_text())

    def _opened(self) -> Vault:
        """The vault, or the files that stand for it; always the same."""
        if self._vault is None:
            self._vault = self._first_opened()
        return self._vault

    def _first_opened(self) -> Vault:
        try:
            vault = self._open_vault()
        except ConfigError:
            return self._files
        # A log that was begun where there was no vault goes on under its key.
        if vault.get(KEY_ENTRY) is None and self._files.get(KEY_ENTRY) is not None:
            return self._files
        return vault

    def _found(self) -> bytes | None:
        text = self._opened().get(KEY_ENTRY)
        if text is None:
            return None
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:  # a new one would hide that the old one is lost
            raise ConfigError(
                f"what {self.where} holds as {KEY_ENTRY} is no key; put the one back "
                "that the audit log was written with"
            )
        return key

    def _made(self) -> bytes:
        with self._alone(KEY_ENTRY):  # or two processes would each make one
            key = self._found()
            if key is None:
                key = secrets.token_bytes(KEY_BYTES)
                self._opened().put(KEY_ENTRY, base64.b64encode(key).decode())
        return key

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        if self._locks is None:
            yield
            return
        with self._locks.alone(name):
            yield


FORGEABLE = (
    "without a keyring or BILL_MCP_KEY the key of the audit log rests in a file beside "
    "it: whoever can read that folder could forge the log"
)


def head_entry(file: Path | None) -> str:
    """The entry of one log's head; each file has its own."""
    name = str(file.absolute()) if file else "memory"
    return f"{HEAD_ENTRY}/{hashlib.sha256(name.encode()).hexdigest()[:24]}"
