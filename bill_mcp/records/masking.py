"""The arguments of a call as they may be recorded: no secrets, no bank data.

What a record is for stays: ids, amounts, names, dates. Of account, routing, card and
tax numbers the last four characters stay, of files the size, of long texts a beginning.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bill_mcp.present import visible
from bill_mcp.secret import HELD, SHORTEST_SEARCHED, LiveSecrets
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import FieldSpec

LONGEST_TEXT = 200
LONGEST_ARGUMENTS = 32_000
"""Characters of the whole; beyond them stands a beginning."""
DEEPEST = 20

Clean = Callable[[str], str]

_LAST = 4
_MASK = "****"

_BANK_DATA = re.compile(
    r"(account|routing|card|transit|institution)(number|no|num)$"
    r"|^(iban|swift|swiftcode|bic|bban|clabe|sortcode|bsb|ifsc|ifsccode|aba|pan)$"
    r"|(taxid|taxnumber|taxpayerid|tin|ein|ssn|socialsecuritynumber|nationalid"
    r"|passportnumber)$"
)
"""Names, in small letters only, of numbers that identify an account or a taxpayer."""

_NUMBER = frozenset({"number", "no", "num"})
_WITH_NUMBER = re.compile(r"(bankaccount|card|routing)$")

_NEVER_RECORDED = re.compile(
    r"(password|passcode|secret|token|jwt|apikey|devkey|appkey|securitycode|cvv|cvv2"
    r"|cvc|pin|otp|onetimecode|dateofbirth|birthdate|sessionid|remembermeid)$"
)
"""Names of what is not even recorded by its last characters."""

_FILES = frozenset({"file_base64"})
_BASE64_BYTES, _BASE64_CHARACTERS = 3, 4

_URL_QUERY = re.compile(r"(https?://[^\s?#]*)[?#]\S*", re.IGNORECASE)
_TAX_ID = re.compile(r"(?<![\w-])(?:\d{3}-\d{2}|\d{2}-\d{3})-?(\d{4})(?![\w-])")
_CARD = re.compile(r"(?<![\w])\d(?:[ -]?\d){12,18}(?![\w])")
_IBAN = re.compile(r"(?<![\w])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![\w])")


def masked(
    action: Action, arguments: Mapping[str, Any], live: LiveSecrets
) -> dict[str, Any]:
    """*arguments* as they may be recorded, in JSON values.

    Args:
        action: Its spec says which arguments are secret.
        arguments: BILL's and our own.
        live: Searched for in every text.
    """
    numbers = sorted(set(_bank_data("", arguments)), key=len, reverse=True)

    def clean(text: str) -> str:
        text = live.hide_in_text(text)
        for number in numbers:
            text = text.replace(number, last_four(number))
        return _cut(visible(_without_numbers(text)), LONGEST_TEXT)

    told = {
        clean(name): HELD
        if _is_secret(action.fields.get(name)) or name in action.hidden_secrets
        else _recorded(name, value, action.fields.get(name), clean, 1)
        for name, value in arguments.items()
    }
    text = json.dumps(told, ensure_ascii=False)
    if len(text) > LONGEST_ARGUMENTS:
        return {"cut": _cut(text, LONGEST_ARGUMENTS)}
    return told


def last_four(value: str) -> str:
    """*value* with at most its last four characters, and never more than half."""
    shown = min(_LAST, len(value) // 2)
    return f"{_MASK}{value[-shown:]}" if shown else _MASK


def names_account(name: str) -> bool:
    """Whether a field of that name holds the number of an account or a taxpayer."""
    return _BANK_DATA.search(_plain(name)) is not None


def names_secret(name: str) -> bool:
    """Whether a field of that name is not even recorded by its last characters."""
    return _NEVER_RECORDED.search(_plain(name)) is not None


def _recorded(
    name: str,
    value: Any,
    spec: FieldSpec | None,
    clean: Clean,
    depth: int,
) -> Any:
    """One value, by its *name*; that of a list is the name of its items."""
    if _is_secret(spec) or names_secret(name):
        return HELD
    if name in _FILES:
        return f"({_size(value)} bytes)"
    if not isinstance(value, Mapping | list | tuple):
        return _recorded_leaf(name, value, clean)
    if depth > DEEPEST:
        return "(nested too deeply)"
    if not isinstance(value, Mapping):
        return [_recorded(name, part, spec, clean, depth + 1) for part in value]
    inner = (spec.fields if spec else None) or {}
    return {
        clean(str(key)): _recorded(
            name_in(name, str(key)), part, inner.get(str(key)), clean, depth + 1
        )
        for key, part in value.items()
    }


def _recorded_leaf(name: str, value: Any, clean: Clean) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if _BANK_DATA.search(_plain(name)):
        return visible(last_four(str(value).strip()))
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    return clean(str(value))


def _is_secret(spec: FieldSpec | None) -> bool:
    return spec is not None and spec.secret


def name_in(name: str, key: str) -> str:
    """The name of a member: ``{bankAccount: {number: …}}`` is a bankAccountNumber."""
    if _plain(key) in _NUMBER and _WITH_NUMBER.search(_plain(name)):
        return f"{name}{key}"
    return key


def _bank_data(name: str, value: Any, depth: int = 0) -> Iterator[str]:
    """Every number of an account, that it may be found in other texts too."""
    if depth > DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _bank_data(name_in(name, str(key)), part, depth + 1)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _bank_data(name, part, depth + 1)
    elif isinstance(value, str | int) and _BANK_DATA.search(_plain(name)):
        text = str(value).strip()
        if len(text) >= SHORTEST_SEARCHED:
            yield text


def _without_numbers(text: str) -> str:
    text = _URL_QUERY.sub(r"\1?(withheld)", text)
    text = _TAX_ID.sub(rf"{_MASK}\1", text)
    text = _IBAN.sub(
        lambda m: last_four(_joined(m[0])) if _is_iban(m[0]) else m[0], text
    )
    return _CARD.sub(
        lambda m: last_four(_joined(m[0])) if _is_card(m[0]) else m[0], text
    )


def _is_card(text: str) -> bool:
    """Whether the check digit fits, as in every card number (ISO/IEC 7812)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """Whether the check digits fit (ISO 13616)."""
    plain = _joined(text)
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _size(value: Any) -> int:
    """The bytes that a base64 text stands for."""
    text = "".join(str(value).split()).rstrip("=")
    return len(text) * _BASE64_BYTES // _BASE64_CHARACTERS


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _joined(text: str) -> str:
    """Letters and digits alone."""
    return "".join(character for character in text if character.isalnum())


def _plain(name: str) -> str:
    return _joined(name.lower())
