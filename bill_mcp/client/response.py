"""From one HTTP response to a result or an error. Nothing is sent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from bill_mcp.errors import (
    ApiError,
    BusyError,
    HourlyLimitError,
    NotTrustedError,
    Outcome,
    SessionExpiredError,
)
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import ErrorEntry, ErrorKind

ROLLED_BACK = "BDC_1246"
"""Stands at the innocent items of a bulk; the cause stands at another item."""

QUOTED_CHARACTERS = 160
QUOTED_FAULTS = 6

_KINDS: dict[ErrorKind, type[ApiError]] = {
    ErrorKind.SIGN_IN: SessionExpiredError,
    ErrorKind.TRUST: NotTrustedError,
    ErrorKind.BUSY: BusyError,
    ErrorKind.HOURLY: HourlyLimitError,
}
_LOOK_UP = (
    "Look the object up at BILL before anything else; do not repeat the call as it is."
)
_TRY_AGAIN = "Call again in a moment; if it persists, ask the operator."


def read(  # noqa: RET503 -- ends in a function that always raises
    action: Action,
    status: int,
    content: bytes,
    codes: Mapping[str, ErrorEntry],
) -> dict[str, Any]:
    """BILL's JSON object; an array becomes ``{"items": [...]}``, nothing ``{}``.

    Raises:
        ApiError: BILL refused or failed, or its answer can't be read. After anything
            but a refusal in BILL's own words, the outcome of a write is unknown.
    """
    value, is_json = _parse(content)
    if 200 <= status < 300:  # noqa: PLR2004 -- the class of success statuses
        if is_json and value is None:
            return {}
        if is_json and isinstance(value, list):
            _require_no_refusal(action, status, _items(value), codes)
            return {"items": value}
        if is_json and isinstance(value, dict):
            return value
        raise doubtful(action, "an answer that cannot be read", status)
    own_words = isinstance(value, list) and 400 <= status < 500  # noqa: PLR2004 -- 4xx
    _refusal(action, status, _items(value), codes, own_words=own_words)


def doubtful(action: Action, what: str, status: int | None = None) -> ApiError:
    """The error for an answer that does not say what happened."""
    if action.is_read:
        return ApiError(f"BILL gave {what}", advice=_TRY_AGAIN, http_status=status)
    return ApiError(
        f"BILL gave {what}",
        advice=_LOOK_UP,
        http_status=status,
        outcome=Outcome.UNKNOWN,
    )


def _parse(content: bytes) -> tuple[Any, bool]:
    if not content.strip():
        return None, True
    try:
        value = json.loads(content, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        return None, False
    return value, True


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _items(value: Any) -> list[Mapping[str, Any]]:
    """BILL's error items; its own layers use an array, others an object."""
    if isinstance(value, dict):
        value = value.get("errors", [])
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]


def _refusal(
    action: Action,
    status: int,
    items: list[Mapping[str, Any]],
    codes: Mapping[str, ErrorEntry],
    *,
    own_words: bool,
) -> NoReturn:
    code = _cause(items, codes)
    entry = codes.get(code) if code else None
    faults = _quoted(items)
    if entry is None:
        raise _in_doubt(action, status, code, faults)
    believed = own_words and _all_say_no(items, codes)
    outcome = Outcome.NOT_DONE if believed or action.is_read else Outcome.UNKNOWN
    kind = _KINDS.get(entry.kind, ApiError)
    raise kind(
        f"BILL refused: {entry.meaning}",
        advice=entry.advice if outcome is Outcome.NOT_DONE else _LOOK_UP,
        outcome=outcome,
        bill_code=code,
        http_status=status,
        faults=faults,
    )


def _require_no_refusal(
    action: Action,
    status: int,
    items: list[Mapping[str, Any]],
    codes: Mapping[str, ErrorEntry],
) -> None:
    """Let a success's array pass if it is not BILL's own array of errors.

    Raises:
        ApiError: It is; which of the two is true, nobody knows.
    """
    if any(code in codes or code.startswith("BDC_") for code in _codes(items)):
        raise _in_doubt(action, status, _cause(items, codes), _quoted(items))


def _in_doubt(
    action: Action, status: int, code: str | None, faults: list[dict[str, str]]
) -> ApiError:
    error = doubtful(action, _in_words(status, code), status)
    error.bill_code, error.faults = code, tuple(faults)
    if faults and action.is_read:
        error.advice = "Correct what BILL names in faults and call again."
    return error


def _all_say_no(
    items: list[Mapping[str, Any]], codes: Mapping[str, ErrorEntry]
) -> bool:
    """Whether every code is known to come before any action; no assumption counts.

    Items of a bulk that were rolled back say nothing beside the cause.
    """
    told = set(_codes(items))
    causes = told - {ROLLED_BACK} or told
    return all(code in codes and codes[code].acted == "no" for code in causes)


def _codes(items: list[Mapping[str, Any]]) -> list[str]:
    found = [str(item["code"]) for item in items if item.get("code")]
    return [code for code in found if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", code)]


def _cause(
    items: list[Mapping[str, Any]], codes: Mapping[str, ErrorEntry]
) -> str | None:
    """The code that tells most: a listed one before others, the cause before echoes."""
    ranked = sorted(
        _codes(items), key=lambda code: (code not in codes, code == ROLLED_BACK)
    )
    causes = [code for code in ranked if code != ROLLED_BACK]
    return next(iter(causes or ranked), None)


def _in_words(status: int, code: str | None) -> str:
    return f"status {status} " + (f"with the code {code}" if code else "without a code")


def _quoted(items: list[Mapping[str, Any]]) -> list[dict[str, str]]:
    """BILL's own words on what is wrong, labelled as such, cut and made visible."""
    told: dict[tuple[str, str], dict[str, str]] = {}
    for item in items:
        text = str(item.get("message") or "")
        match = re.match(r"^([A-Za-z][\w.\[\]]{0,80}): (.+)$", text, re.DOTALL)
        path, words = match.groups() if match else ("", text)
        words = json.dumps(_cut(words))
        if words != '""':
            told[path, words] = {"path": path, "message": f"BILL says: {words}"}
    return list(told.values())[:QUOTED_FAULTS]


def _cut(text: str) -> str:
    """The beginning, without a word cut in two: it might be a part of a secret."""
    if len(text) <= QUOTED_CHARACTERS:
        return text
    return f"{text[:QUOTED_CHARACTERS].rpartition(' ')[0]} ..."


def unreachable_outcome(action: Action, *, sent: bool) -> Outcome:
    """What a broken connection leaves behind."""
    return Outcome.UNKNOWN if sent and not action.is_read else Outcome.NOT_DONE
