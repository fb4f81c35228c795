"""Encryption at rest: AES-256-GCM, bound to the name of what it protects."""

from __future__ import annotations

import secrets

KEY_BYTES, NONCE_BYTES = 32, 12


class Seal:
    """Seals texts under one key.

    The cryptography package is imported where it is used: it is slow to load, and most
    runs seal nothing.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, text: str, name: str) -> bytes:
        """*text*, readable only with the key and under the same *name*."""
        from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415
            AESGCM,
        )

        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, text.encode(), name.encode())

    def open(self, sealed: bytes, name: str) -> str | None:
        """The text, or None if key or name are others, or a byte was changed."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415
            AESGCM,
        )

        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(self._key).decrypt(nonce, rest, name.encode()).decode()
        except (InvalidTag, ValueError):
            return None


def derived_key(passphrase: str, salt: bytes) -> bytes:
    """A key out of what an operator chose; slow on purpose."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415

    kdf = Scrypt(salt=salt, length=KEY_BYTES, n=2**15, r=8, p=1)
    return kdf.derive(passphrase.encode())
