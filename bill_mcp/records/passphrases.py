"""Passphrases of people: which are good enough, and what is kept of them."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass

from bill_mcp.secret import Secret

SHORTEST_CHARACTERS, FEWEST_WORDS, FEWEST_DIFFERENT = 12, 4, 6
SALT_BYTES, HASH_BYTES = 16, 32
_BLOCK_BYTES = 128


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The parameters of scrypt; it takes 128 · n · r bytes of memory."""

    n: int
    r: int
    p: int


COST = Cost(n=2**17, r=8, p=1)
"""128 MiB and about half a second a try.

Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
"""


def weakness(passphrase: Secret) -> str | None:
    """Why a passphrase is too easy to guess, or None."""
    text = _normal(passphrase)
    words = {word.lower() for word in text.split()}
    if len(text.strip()) < SHORTEST_CHARACTERS and len(words) < FEWEST_WORDS:
        return (
            f"the passphrase is too short: at least {SHORTEST_CHARACTERS} characters, "
            f"or {FEWEST_WORDS} different words"
        )
    if len(set(text)) < FEWEST_DIFFERENT:
        return (
            "the passphrase repeats itself: at least "
            f"{FEWEST_DIFFERENT} different characters"
        )
    return None


def hashed(passphrase: Secret, salt: bytes, cost: Cost) -> bytes:
    """The slow hash; blocks for as long as *cost* says."""
    memory = _BLOCK_BYTES * cost.r * (cost.n + cost.p + 2)
    return hashlib.scrypt(
        _normal(passphrase).encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost.n,
        r=cost.r,
        p=cost.p,
        maxmem=2 * memory,
        dklen=HASH_BYTES,
    )


def _normal(passphrase: Secret) -> str:
    """The same text from every keyboard: composed or not, wide or not."""
    return unicodedata.normalize("NFKC", passphrase.reveal())
