"""When two transaction numbers of payments are the same, whoever wrote them."""

from __future__ import annotations


def bare(number: str) -> str:
    """The number as numbers are compared: without case, spaces and what nobody sees.

    Empty for one that is blank, which counts as not given.
    """
    seen = (each for each in number if each.isprintable() and not each.isspace())
    return "".join(seen).casefold()
