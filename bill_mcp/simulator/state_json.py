"""The state as canonical JSON: equal states have equal bytes.

Sessions and what else comes and goes with clients is left out, so two ways to the same
books compare equal however often somebody signed in.
"""

import hashlib

from bill_mcp.simulator.storage import as_text
from bill_mcp.simulator.store import TRAFFIC_KINDS, State
from bill_mcp.simulator.times import stamp


def canonical(state: State) -> bytes:
    objects = {
        kind: table
        for kind, table in state.tables.items()
        if table and kind not in TRAFFIC_KINDS
    }
    due = [[each.at, each.event, each.about] for each in sorted(state.due, key=order)]
    told = {"now": stamp(state.now), "objects": objects, "due": due}
    return as_text(told).encode()


def order(due: tuple[object, ...]) -> tuple[object, ...]:
    return due[:2]


def digest(state: State) -> str:
    return hashlib.sha256(canonical(state)).hexdigest()
