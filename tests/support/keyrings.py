"""Keyrings of a platform: the edge behind which a person's secrets rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class OpenKeyring(KeyringBackend):
    """A person's keyring, unlocked."""

    priority = 5.0

    def __init__(self) -> None:
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.passwords.pop((service, username), None) is None:
            raise PasswordDeleteError("canary")


class LockedKeyring(OpenKeyring):
    """A keyring whose person did not unlock it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("canary")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked("canary")

    def delete_password(self, service: str, username: str) -> None:
        raise KeyringLocked("canary")


class PlaintextKeyring(OpenKeyring):
    """Named as the one that keeps what it is given in a readable file."""


class RenamedKeyring(PlaintextKeyring):
    """Keeps what it is given as readable as what it derives from, and says not so."""


class WeakKeyring(OpenKeyring):
    """A keyring that does not recommend itself."""

    priority = 0.5


class ChainedKeyring(OpenKeyring):
    """Several keyrings behind one, as keyring's own chainer is."""

    def __init__(self, *backends: KeyringBackend) -> None:
        super().__init__()
        self.backends = backends


@contextmanager
def own_keyring(backend: KeyringBackend) -> Iterator[KeyringBackend]:
    """Make *backend* the keyring of this process until the block ends."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield backend
    finally:
        keyring.set_keyring(before)
