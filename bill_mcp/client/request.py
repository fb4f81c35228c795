"""From an action and its arguments to the one canonical request. Nothing is sent.

The request is built once: its bytes are what is shown, recorded and sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote, urlencode

from bill_mcp.client.encoding import encode
from bill_mcp.errors import ArgumentsError
from bill_mcp.specs.catalogue import Action
from bill_mcp.transaction_numbers import bare

TRANSACTION_NUMBER_CHARACTERS = 20
"""As long as the numbers that BILL makes itself; a field takes up to 50."""

NewId = Callable[[int], str]
"""Makes an unpredictable id of so many capital letters and digits."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request to BILL, without credentials.

    Attributes:
        path: Starts with ``/v3``; every id is quoted into its own segment.
        query: Encoded, without the question mark; empty where there is none.
        body: The exact bytes, or None.
        body_fields: The body as JSON values, for showing; None for a file.
    """

    action: Action
    method: str
    path: str
    query: str
    body: bytes | None = field(repr=False)
    body_fields: Any = field(repr=False)
    content_type: str | None

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


def build(
    action: Action,
    arguments: Mapping[str, Any],
    *,
    new_id: NewId,
    file: bytes | None = None,
) -> Request:
    """Put each argument where the spec says BILL wants it.

    Args:
        action: What is asked for.
        arguments: Checked against the action's schema.
        new_id: Source of the numbers that we give to payments.
        file: The bytes of an upload.

    Raises:
        ArgumentsError: An id would leave its path segment, or a list can't be written.
    """
    spec = action.spec
    path = spec.path_template
    for name in spec.path:
        path = path.replace(f"{{{name}}}", _segment(name, arguments[name]))
    query = [
        (name, _query_value(name, action, arguments[name]))
        for name in spec.query
        if name in arguments and arguments[name] != []
    ]
    body_fields = _body_fields(action, arguments, new_id)
    if spec.body_form == "bytes":
        body, content_type = file, "application/octet-stream"
    elif body_fields is None:
        body, content_type = None, None
    else:
        body, content_type = _json_bytes(body_fields), "application/json"
    return Request(
        action=action,
        method=spec.method,
        path=path,
        query=urlencode(query, quote_via=quote, safe=""),
        body=body,
        body_fields=body_fields,
        content_type=content_type,
    )


def _body_fields(
    action: Action, arguments: Mapping[str, Any], new_id: NewId
) -> Any | None:
    spec = action.spec
    if not spec.body:
        return None
    if spec.body_form == "items":
        return arguments["items"]
    fields = {name: arguments[name] for name in spec.body if name in arguments}
    for name, kind in spec.fill.items():
        is_blank = kind == "transaction_number" and not bare(fields.get(name, ""))
        if name in fields and not is_blank:
            continue
        if kind == "empty_object":
            fields[name] = {}
        elif kind == "always_true":
            fields[name] = True
        elif kind == "transaction_number":
            fields[name] = new_id(TRANSACTION_NUMBER_CHARACTERS)
    return fields


def completed(request: Request, **values: Any) -> Request:
    """*request* with body fields that could be known only after reading at BILL.

    What an agent or `build` has put there stays, but for a transaction number that an
    approval was given for.
    """
    if not values or not isinstance(request.body_fields, dict):
        return request
    body_fields = {**request.body_fields, **values}
    return replace(request, body_fields=body_fields, body=_json_bytes(body_fields))


def _json_bytes(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def _query_value(name: str, action: Action, value: Any) -> str:
    kind = action.fields[name].encode
    if kind is not None:
        text = encode(name, kind, value)
    else:
        text = value if isinstance(value, str) else json.dumps(value)
    if any(character < " " for character in text):
        raise _no_segment(name, "has a control character")
    return text


def _segment(name: str, value: Any) -> str:
    """Quote one id into its segment.

    Quoting alone is not enough: ``..`` survives it, and a proxy may decode twice.
    """
    text = str(value)
    plain = text
    for _ in range(3):
        plain = unquote(plain, errors="replace")
    if plain.strip() in {"", ".", ".."} or set(plain) & set("/\\?#;"):
        raise _no_segment(name, "is no single path segment")
    if not plain.isprintable() or plain != plain.strip() or "\ufffd" in plain:
        raise _no_segment(name, "has a space at an end or a control character")
    return quote(text, safe="")


def _no_segment(name: str, why: str) -> ArgumentsError:
    return ArgumentsError(
        f"{name} {why}",
        advice="Use the id exactly as BILL gave it.",
        faults=[{"path": name, "message": why}],
    )
