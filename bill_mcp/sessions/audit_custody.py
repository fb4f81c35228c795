"""The key of the audit log, and the last row that is known of it: where they rest.

In the vault, out of reach of whoever can only write files. Where there is no vault, in
files beside the log, and then whoever can read them could forge it: that is said
wherever the log is looked at. Where there is a vault, no such file is believed before a
person says so: anybody who may write the folder could have put it there.
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
from bill_mcp.records import audit, store
from bill_mcp.records.audit_chain import KEY_BYTES, Head, head_from
from bill_mcp.records.store import RecordFile
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.profiles import OpenVault
from bill_mcp.sessions.vault import Vault

KEY_ENTRY = "audit-key"
HEAD_ENTRY = "audit-head"

_log = structlog.get_logger("bill_mcp.audit")


class NotTakenOverError(ConfigError):
    """There is a vault, but the records rest on the key in the file beside them."""


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
        lasts: False where the records end with the process, and so never rest on files.
    """

    def __init__(
        self,
        home: Path,
        open_vault: OpenVault,
        locks: AgentLocks | None,
        *,
        lasts: bool = True,
    ) -> None:
        self._home, self._lasts = home, lasts
        self._files = BesideTheLog(home)
        self._open_vault, self._locks = open_vault, locks
        self._opening = threading.Lock()
        self._vault: Vault | None = None
        self._key: bytes | None = None

    def key(self) -> bytes:
        """The key, made if there is none; at once when it was asked for before.

        Raises:
            ConfigError: The vault is locked, or what it holds is no key.
            NotTakenOverError: It holds none, and there are records under another.
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
            NotTakenOverError: It holds none, and there are records under another.
        """
        with self._opening:
            if self._key is None:
                self._key = self._found()
            return self._key

    def fault(self) -> str | None:
        """Why nothing goes on here before a person has decided; None for nothing.

        A vault that is locked is no such reason. Blocks as opening it does.
        """
        try:
            if self._is_begun_beside():
                self._opened()
        except NotTakenOverError as error:
            return str(error)
        except ConfigError:
            return None
        return None

    def beside(self) -> AuditCustody:
        """The custody that a process without a vault has of the same records."""
        return AuditCustody(self._home, _no_vault, self._locks)

    def take_over(self, file: Path | None, head: Head | None) -> None:
        """Take the key in the file beside the records into the vault, with *head*.

        For a person who knows that these records were begun without a vault. The files
        are removed: from now on they would only give the key away.

        Raises:
            ConfigError: There is no vault, it is locked, or the file holds no key.
        """
        vault, beside = self._open_vault(), self.beside()
        with self._alone(KEY_ENTRY):
            key = beside.find_key()
            if key is None or vault.get(KEY_ENTRY) is not None:
                raise ConfigError("another process took the records over meanwhile")
            if head is not None:
                vault.put(head_entry(file), head.as_text())
            # Last: with it all is done, and before it all can be done again.
            vault.put(KEY_ENTRY, base64.b64encode(key).decode())
            self._files.delete(KEY_ENTRY)
            self._files.delete(head_entry(file))

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
        # Also a removed file of secrets reads as empty, and a key that lies beside the
        # records may be that of whoever removed it: so only a person can tell.
        if vault.get(KEY_ENTRY) is None and self._is_begun_beside():
            raise NotTakenOverError(
                f"the records in {self._home} were begun without a keyring and "
                "BILL_MCP_KEY, or the key of the audit log was removed: "
                f"{vault.where} holds none, and the audit.key that lies beside the "
                "records could be anybody's. Nothing is written with them, and nothing "
                "counts as checked. If you know that you began without, run "
                f"`{TAKE_OVER}` at a terminal. If not, trust no row: put back, from a "
                "copy, what held the key, and look at BILL for what was done"
            )
        return vault

    def _is_begun_beside(self) -> bool:
        """Whether there are records, and a key beside them that may be theirs."""
        return (
            self._lasts
            and self._files.get(KEY_ENTRY) is not None
            and store.holds_rows(self._home / store.FILE_NAME)
        )

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


def _no_vault() -> Vault:
    raise ConfigError("no vault is wanted")


TAKE_OVER = "bill-mcp audit verify --accept"

FORGEABLE = (
    "without a keyring or BILL_MCP_KEY the key of the audit log rests in a file beside "
    "it: whoever can read that folder could forge the log"
)


def head_entry(file: Path | None) -> str:
    """The entry of one log's head; each file has its own."""
    name = str(file.absolute()) if file else "memory"
    return f"{HEAD_ENTRY}/{hashlib.sha256(name.encode()).hexdigest()[:24]}"
