"""Takes secrets out of everything that leaves the server, by path and by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bill_mcp.client.request import Request
from bill_mcp.secret import HELD, LiveSecrets
from bill_mcp.specs.catalogue import Action


def from_reply(action: Action, reply: Mapping[str, Any], live: LiveSecrets) -> Any:
    """BILL's reply without the secrets that the spec names, nor any live one."""
    value: Any = dict(reply)
    for path in action.spec.withheld:
        value = _without(value, path.split("."))
    return live.hide(value)


def from_request(request: Request, live: LiveSecrets) -> Any:
    """The request's body as it may be shown."""
    value = request.body_fields
    if isinstance(value, dict):
        value = {
            name: HELD
            if name in request.action.fields and _is_secret(request, name)
            else part
            for name, part in value.items()
        }
    return live.hide(value)


def _is_secret(request: Request, name: str) -> bool:
    return request.action.fields[name].secret


def _without(value: Any, steps: Sequence[str]) -> Any:
    name = steps[0].removesuffix("[]")
    if not isinstance(value, dict) or name not in value:
        return value
    inner = value[name]
    if steps[0].endswith("[]"):
        if isinstance(inner, list):
            parts = [_without(p, steps[1:]) if steps[1:] else HELD for p in inner]
            return {**value, name: parts}
        return value
    return {**value, name: _without(inner, steps[1:]) if steps[1:] else HELD}
