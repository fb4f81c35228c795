"""How soon arguments that only fill memory and take time are refused."""

from __future__ import annotations

import json
import time
from typing import Any

from bill_mcp.errors import CallError
from bill_mcp.specs import loading
from bill_mcp.specs.check import check

HEADS = ("arguments", "CPU ms")
FLOODED = "bill_create_a_vendor"
_WIDE = {f"k{i}": {"a": [1, 2]} for i in range(5_000)}
FLOODS: dict[str, dict[str, Any]] = {
    "unknown names": {f"unknownArgument{i}": 1 for i in range(6_000)},
    "long names": {f"name{'x' * 4000}{i}": 1 for i in range(200)},
    "text of a megabyte": {"name": "x" * 1_000_000, "email": "9" * 1_000_000},
    "digits of a megabyte": {"autoPay": {"maxAmount": "9" * 1_000_000}},
    "digits after the point": {"autoPay": {"maxAmount": "0." + "1" * 1_000_000}},
    "brackets of a megabyte": {"address": "[" * 1_000_000},
    "pattern of a megabyte": {"address": {"country": "A" * 1_000_000}},
    "list of a megabyte": {"address": [{}] * 50_000},
    "wide object": {"address": _WIDE},
    "wide object as text": {"address": json.dumps(_WIDE)},
}
"""Arguments of `FLOODED`, by what is too much of."""


def rows() -> list[tuple[str, ...]]:
    """One refusal of each."""
    action = loading.load().find(FLOODED)
    told: list[tuple[str, ...]] = []
    for what, arguments in FLOODS.items():
        began = time.process_time()
        try:
            check(action, arguments)
        except CallError:
            took = (time.process_time() - began) * 1000
            told.append((what, f"{took:.1f}"))
        else:
            raise RuntimeError(what)
    return told
