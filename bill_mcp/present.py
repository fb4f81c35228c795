"""Shapes what an agent receives: BILL's values unchanged, our own notes beside them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from bill_mcp import third_party_text
from bill_mcp.client.request import Request
from bill_mcp.environments import Environment
from bill_mcp.errors import CallError
from bill_mcp.secret import LiveSecrets
from bill_mcp.specs import replies
from bill_mcp.specs.catalogue import Action
from bill_mcp.withhold import from_request

OUR_KEY = "bill_mcp"
ERROR_BYTES = 2000
SENTENCES_AT_MOST = 600
"""Characters of the message of an error, and of its advice."""

_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Control, format (invisible and bidirectional), surrogate, private, unassigned."""

_NEVER_SHOWN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
    r"\U000e0000-\U000e0fff]"
)
"""Letters and marks that no font shows: variation selectors, fillers, joiners."""

_PLAIN = re.compile(r"[ -~\u00a1-\u00ac\u00ae-\u024f]*")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def result(
    action: Action,
    reply: Mapping[str, Any],
    *,
    environment: Environment,
    organization: str | None,
    account: Mapping[str, Any] | None = None,
    fields: Sequence[str] | None,
) -> dict[str, Any]:
    """The structured result: BILL's object, plus ``bill_mcp`` where there is something.

    Args:
        action: What was called.
        reply: BILL's object, without secrets.
        environment: Told where it is not the real BILL.
        organization: The organization of the session, told beside it.
        account: What is told of the connected account that the call went to.
        fields: Members to keep of each row; all by default.
    """
    told = _encodable(dict(reply))
    notes: dict[str, Any] = {}
    if fields and isinstance(told.get("results"), list):
        told["results"] = [_only(row, fields) for row in told["results"]]
        notes["omitted"] = "all members but those named in fields"
    if replies.is_page(action.spec.reply):
        cursor = told.get("nextPage")
        notes["has_more"] = bool(cursor)
        if cursor:
            name = "nextPage" if "nextPage" in action.spec.query else "page"
            notes["next"] = {name: cursor}
    if written := third_party_text.paths(told, action.third_party_text):
        notes["untrusted_text"] = written
    notes |= {**place(environment, organization), **(account or {})}
    return {**told, OUR_KEY: notes} if notes else told


def place(environment: Environment, organization: str | None) -> dict[str, Any]:
    """Where a call went, told only where it is not the real BILL."""
    if environment is not Environment.LOCAL:
        return {}
    notes = {"environment": str(environment)}
    return notes | {"organization": organization} if organization else notes


def preview(
    request: Request,
    live: LiveSecrets,
    *,
    environment: Environment,
    base_url: str,
    reasons: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """The request that would be sent, and that it was not.

    Args:
        request: Complete.
        live: Taken out of what is shown.
        environment: Which BILL it is.
        base_url: Where it would go.
        reasons: Why a person would be asked first: pairs of cause and sentence.
    """
    shown: dict[str, Any] = {
        "method": request.method,
        "url": f"{base_url}{live.hide_in_text(request.target)}",
    }
    if request.body_fields is not None:
        shown["body"] = from_request(request, live)
    elif request.body is not None:
        shown["body"] = f"({len(request.body)} bytes of a file)"
    notes = {"preview": _encodable(shown), "environment": str(environment)}
    if reasons:
        notes["needs_person"] = [
            {"cause": cause, "message": _encodable(live.hide_in_text(text))}
            for cause, text in reasons
        ]
    return {OUR_KEY: notes}


def as_text(value: Any) -> str:
    """Compact JSON in which control, invisible and bidirectional characters show."""
    return visible(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def visible(text: str) -> str:
    """*text* with escapes in place of what does not show or changes how it reads."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(
        _escaped(character) if _is_hidden(character) else character
        for character in text
    )


def error(failure: CallError, live: LiveSecrets) -> dict[str, Any]:
    """The error that an agent reads: no secret, and never more than 2 kB."""
    told: dict[str, Any] = live.hide(failure.as_dict())
    for name in ("message", "advice"):
        told[name] = _cut(told[name])
    while len(as_text(told).encode()) > ERROR_BYTES and told.get("faults"):
        told["faults"] = told["faults"][:-1]
    return told


def _cut(text: str) -> str:
    """*text*, cut between two words where it is too long, which an ellipsis shows."""
    if len(text) <= SENTENCES_AT_MOST:
        return text
    kept = text[: SENTENCES_AT_MOST - 1]
    # A single word without an end has no better place to be cut at.
    return (kept.rsplit(maxsplit=1)[0] if " " in kept else kept) + "…"


def _only(row: Any, fields: Sequence[str]) -> Any:
    if not isinstance(row, dict):
        return row
    kept: dict[str, Any] = {}
    for path in fields:
        _copy(row, kept, path.split("."))
    return kept


def _copy(source: Any, target: dict[str, Any], steps: list[str]) -> None:
    name = steps[0]
    if not isinstance(source, dict) or name not in source:
        return
    if len(steps) == 1:
        target[name] = source[name]
        return
    inner = source[name]
    if isinstance(inner, list):
        empty = [{} if isinstance(part, dict) else part for part in inner]
        for part, kept in zip(inner, target.setdefault(name, empty), strict=True):
            _copy(part, kept, steps[1:])
    elif isinstance(inner, dict):
        _copy(inner, target.setdefault(name, {}), steps[1:])


def _encodable(value: Any) -> Any:
    """*value* with lone surrogates replaced, which no JSON text can carry."""
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_encodable(name): _encodable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_encodable(part) for part in value]
    return value


def _is_hidden(character: str) -> bool:
    return (
        unicodedata.category(character) in _HIDDEN_CATEGORIES
        or _NEVER_SHOWN.match(character) is not None
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:  # noqa: PLR2004 -- beyond the basic plane JSON takes two escapes
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
