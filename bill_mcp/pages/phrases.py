"""Four words that two screens show, so that a person sees that they belong together."""

from __future__ import annotations

from functools import cache
from importlib import resources

WORDS = 256
"""So that one random byte chooses one word, evenly."""

WORDS_IN_A_PHRASE = 4
"""32 bits: enough to compare two screens by, and never a key to anything."""


def phrase(randomness: bytes) -> str:
    """The words that *randomness*, one byte a word, stands for."""
    return " ".join(word_list()[byte] for byte in randomness)


@cache
def word_list() -> tuple[str, ...]:
    """Short English words, none a misspelling of another."""
    text = resources.files(__package__).joinpath("phrases.txt").read_text("utf-8")
    return tuple(text.split())
