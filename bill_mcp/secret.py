"""Secret values: a type that does not show itself, and a search for leaks by value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

HELD = "(held by the server)"
"""What stands in the place of a secret in everything that leaves the server."""

SHORTEST_SEARCHED = 6
"""Shorter values occur in ordinary text by chance; searching them would spoil it."""


class Secret:
    """One secret text. Printing, logging, formatting and pickling never show it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself, for the one place that sends it to BILL."""
        return self._value

    def digest(self) -> str:
        """A name for the secret that does not give it away; equal for equal values."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def _forms(value: str) -> tuple[str, ...]:
    """How a URL, a JSON text or a Python object in a log writes *value*."""
    return (
        value,
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        repr(value.encode())[2:-1],
    )


class LiveSecrets:
    """Every secret in use now; what goes out is searched for each of them."""

    def __init__(self) -> None:
        self._forms: dict[str, None] = {}

    def add(self, secrets: Iterable[Secret | None]) -> None:
        for secret in secrets:
            if secret is None or len(secret.reveal()) < SHORTEST_SEARCHED:
                continue
            value = secret.reveal()
            for form in _forms(value):
                self._forms[form] = None
        # The longest first: one secret may be the beginning of another.
        self._forms = dict.fromkeys(sorted(self._forms, key=len, reverse=True))

    def hide_in_text(self, text: str) -> str:
        """*text* with every live secret replaced."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, HELD)
        return text

    def hide(self, value: Any) -> Any:
        """A JSON value with every live secret replaced, in keys and strings."""
        if isinstance(value, str):
            return self.hide_in_text(value)
        if isinstance(value, dict):
            return {self.hide_in_text(k): self.hide(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.hide(part) for part in value]
        return value
