"""When two invoice numbers, written by two people, may be one."""

from __future__ import annotations

import re
import unicodedata

_LABEL = re.compile(r"(?:invoice|inv|bill|number|num|nr|no)+")
"""What people put before a number, or leave out, without meaning another one."""

_RUNS = re.compile(r"[0-9]+|[^0-9 ]+")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")


def same_number(one: str, other: str) -> bool:
    """Whether two invoice numbers may be one.

    Case, punctuation and zeros before a number make no difference: ``INV-001``,
    ``inv 1`` and ``Inv#0001`` are the same. Nor does a label that only says that a
    number follows (invoice, inv, bill, number, no and the like), since one person
    types it and the next does not: ``001`` is ``INV-001``. Other letters do: ``CR-1``
    may be a credit note, and ``A-1`` another series.
    """
    return not _forms(one).isdisjoint(_forms(other))


def _forms(number: str) -> frozenset[str]:
    """The forms of which two same numbers share one.

    Two, since ``2026-01`` is ``202601`` without the dash, and ``2026-1`` without the
    zero: which zeros stand before a number can only be told while the dash is there.
    """
    folded = unicodedata.normalize("NFKC", number).casefold()
    plain = "".join(_plain(letter) for letter in unicodedata.normalize("NFKC", folded))
    runs: list[str] = _RUNS.findall(plain)
    together: list[str] = _RUNS.findall("".join(runs))
    return frozenset({_form(runs), _form(together)})


def _plain(letter: str) -> str:
    """A digit of any script as 0 to 9, a letter as it is, a space for all else."""
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    return letter if letter.isalnum() else " "


def _form(runs: list[str]) -> str:
    letters = 0
    while letters < len(runs) and not runs[letters].isdigit():
        letters += 1
    is_labelled = letters < len(runs) and _LABEL.fullmatch("".join(runs[:letters]))
    kept = runs[letters:] if is_labelled else runs
    return " ".join(_ZEROS.sub("", run) for run in kept)
