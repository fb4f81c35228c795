"""Where secrets rest between runs: the platform's keyring, or an encrypted file.

One entry a profile: a JSON object of the ``BILL_*`` variables that sign it in. A
keyring that keeps plain text is refused; where no keyring serves, an encrypted file
does if the operator set ``BILL_MCP_KEY``.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from bill_mcp.errors import ConfigError
from bill_mcp.private_files import make_private_folder, write_private
from bill_mcp.sealing import Seal, derived_key
from bill_mcp.sessions import agent_locks
from bill_mcp.sessions.agent_locks import AgentLocks

SERVICE = "bill-mcp"
FILE_NAME = "secrets.enc"
WEAKEST_KEYRING = 1
"""Keyrings of lower priority keep plain text, or nothing. Source: keyring's docs."""

_SALT_BYTES = 16

PLAIN_MODULES = ("keyrings.alt.file", "keyrings.alt.pyfs")
"""Where keyrings are that write what they keep into readable files."""

ELSEWHERE = (
    "Set BILL_MCP_KEY (or BILL_MCP_KEY_FILE) to keep them in an encrypted file, or "
    "give them in the BILL_* variables or *_FILE files instead"
)
NOWHERE = (
    "no keyring serves here, and BILL_MCP_KEY is not set, so secrets cannot be kept. "
    f"{ELSEWHERE}"
)


class Vault(Protocol):
    """Keeps secret text by name."""

    where: str
    """For people: what keeps the secrets."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, text: str) -> None: ...

    def delete(self, name: str) -> None: ...


def open_vault(home: Path, key: str | None) -> Vault:
    """The vault of this machine. Blocks: a locked keyring may ask a person.

    Raises:
        ConfigError: There is nowhere to keep secrets.
    """
    if key:
        return FileVault(home / FILE_NAME, key)
    keyring = _usable_keyring()
    if keyring is None:
        raise ConfigError(NOWHERE)
    return keyring


def _usable_keyring() -> KeyringVault | None:
    import keyring  # noqa: PLC0415 -- slow to import, and rarely needed

    try:
        backend = keyring.get_keyring()
    except Exception as error:  # noqa: BLE001 -- any module may have been named
        raise _not_loaded(error) from None
    try:
        if backend.priority < WEAKEST_KEYRING or _keeps_plain_text(backend):
            return None
    except RuntimeError:  # how a keyring says that it does not work here
        return None
    return KeyringVault(type(backend).__module__)


def _not_loaded(error: Exception) -> ConfigError:
    from keyring.util.platform_ import config_root  # noqa: PLC0415 -- slow to import

    named = os.environ.get("PYTHON_KEYRING_BACKEND")
    if named is None:
        which = f"that {Path(config_root()) / 'keyringrc.cfg'} names"
    else:
        which = f"{named!r} of PYTHON_KEYRING_BACKEND"
    return ConfigError(
        f"the keyring {which} could not be loaded ({type(error).__name__}), and "
        "BILL_MCP_KEY is not set, so secrets cannot be kept. Name a keyring that is "
        f"installed, or none, so that the platform's is taken. {ELSEWHERE}"
    )


def _keeps_plain_text(backend: Any) -> bool:
    """Whether *backend*, or one that it hands secrets on to, writes readable files."""
    waiting, seen = [backend], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        # A class that derives from a plain one keeps plain text, whatever its name.
        for kind in type(each).__mro__:
            plain_name = "plaintext" in f"{kind.__module__}.{kind.__name__}".lower()
            if plain_name or kind.__module__.startswith(PLAIN_MODULES):
                return True
        waiting += getattr(each, "backends", None) or ()
    return False


class KeyringVault:
    """The platform's own keyring."""

    def __init__(self, backend: str) -> None:
        self.where = f"the keyring ({backend})"

    def get(self, name: str) -> str | None:
        import keyring  # noqa: PLC0415 -- slow to import, and rarely needed
        from keyring.errors import KeyringError  # noqa: PLC0415

        try:
            return keyring.get_password(SERVICE, name)
        except KeyringError as error:
            raise _locked(error) from None

    def put(self, name: str, text: str) -> None:
        import keyring  # noqa: PLC0415 -- slow to import, and rarely needed
        from keyring.errors import KeyringError  # noqa: PLC0415

        try:
            keyring.set_password(SERVICE, name, text)
        except KeyringError as error:
            raise _locked(error) from None

    def delete(self, name: str) -> None:
        import keyring  # noqa: PLC0415 -- slow to import, and rarely needed
        from keyring.errors import KeyringError, PasswordDeleteError  # noqa: PLC0415

        try:
            keyring.delete_password(SERVICE, name)
        except PasswordDeleteError:
            return
        except KeyringError as error:
            raise _locked(error) from None


def _locked(error: Exception) -> ConfigError:
    return ConfigError(
        f"the keyring is locked or absent ({type(error).__name__}); unlock it and "
        "start again, or set BILL_MCP_KEY to keep secrets in an encrypted file"
    )


class MemoryVault:
    """For the life of the process."""

    where = "the memory of this process"

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._kept.get(name)

    def put(self, name: str, text: str) -> None:
        self._kept[name] = text

    def delete(self, name: str) -> None:
        self._kept.pop(name, None)


class FileVault:
    """One encrypted file, AES-256-GCM under a key that scrypt makes of BILL_MCP_KEY."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._locks = AgentLocks(path.parent / agent_locks.FOLDER)
        self._last_derived = (b"", b"")
        self.where = f"the encrypted file {path}"

    def get(self, name: str) -> str | None:
        return self._read().get(name)

    def put(self, name: str, text: str) -> None:
        with self._alone():
            self._write({**self._read(), name: text})

    def delete(self, name: str) -> None:
        with self._alone():
            kept = self._read()
            if kept.pop(name, None) is not None:
                self._write(kept)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Or what another process puts at the same moment would be lost."""
        make_private_folder(self._path.parent)
        with self._locks.alone(self._path.name):
            yield

    def _read(self) -> dict[str, str]:
        try:
            content = base64.b64decode(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigError(f"{self._path}: {error.strerror}") from None
        except ValueError:
            raise self._closed() from None
        salt, sealed = content[:_SALT_BYTES], content[_SALT_BYTES:]
        opened = Seal(self._derived(salt)).open(sealed, SERVICE)
        if opened is None:
            raise self._closed()
        kept: dict[str, str] = json.loads(opened)
        return kept

    def _closed(self) -> ConfigError:
        return ConfigError(
            f"{self._path}: BILL_MCP_KEY does not open it; it was written under "
            "another key, or has been damaged"
        )

    def _write(self, kept: Mapping[str, str]) -> None:
        salt = secrets.token_bytes(_SALT_BYTES)
        sealed = Seal(self._derived(salt)).seal(json.dumps(kept), SERVICE)
        write_private(self._path, base64.b64encode(salt + sealed))

    def _derived(self, salt: bytes) -> bytes:
        """The file's key, derived once for as long as the file has that salt."""
        last_salt, key = self._last_derived
        if salt != last_salt:
            key = derived_key(self._key, salt)
            self._last_derived = salt, key
        return key
