"""What a vendor's audit trail is told: who created or edited it, when, and what."""

import json
from collections.abc import Iterator
from typing import Any

from bill_mcp.simulator.call import Call
from bill_mcp.simulator.store import Thing

UNTOLD = frozenset({"id", "createdTime", "updatedTime", "balance"})

Change = list[str | None]
"""Field, value before, value after."""


def note_creation(call: Call, vendor: Thing) -> None:
    note(call, vendor["id"], "Create", [])


def note_edit(call: Call, before: Thing, after: Thing) -> None:
    """Note what differs in the fields that clients see; nothing, if none does."""
    old, new = dict(leaves(before)), dict(leaves(after))
    names = [*old, *(name for name in new if name not in old)]
    changes: list[Change] = [
        [name, old.get(name), new.get(name)]
        for name in names
        if old.get(name) != new.get(name)
    ]
    if changes:
        note(call, after["id"], "Edit", changes)


def note(call: Call, vendor_id: str, what: str, changes: list[Change]) -> None:
    user = call.user
    number = call.world.count("vendor_audit")
    fields = {
        "_organizationId": call.organization_id,
        "_vendorId": vendor_id,
        "_changes": changes,
        "source": "API",
        "type": what,
        "user": {
            "id": call.caller.user_id,
            "name": f"{user.get('firstName', '')} {user.get('lastName', '')}".strip(),
        },
    }
    call.world.add("vendor_audit", fields, key=f"audit-{number}")


def leaves(thing: Thing, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted path and the text of every value that is shown and set."""
    for name, value in thing.items():
        if name.startswith("_") or value is None or (not path and name in UNTOLD):
            continue
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", text_of(value)


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
