"""Objects of Spend & Expense by their ``id`` or their ``uuid``, whichever a client has.

BILL takes either in paths, bodies and filters, also where it says ``userId``.
Inside the world an object is always known by its uuid.
"""

from collections.abc import Iterable

from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.filters import Field
from bill_mcp.simulator.store import Store, Thing


def found(store: Store, kind: str, key: str) -> Thing | None:
    """Return the object with this id or uuid, of whatever organization."""
    thing = store.get(kind, key)
    if thing is None:
        same = store.where(kind, "id", key)
        thing = same[0] if same else None
    return thing


def one(call: Call, kind: str, key: str) -> Thing:
    """Return the organization's object.

    Raises:
        BillError: 404 BDC_1205; there is none, or it is another organization's.
    """
    thing = found(call.world, kind, key)
    if thing is None:
        raise refusal("BDC_1205")
    return call.one(kind, thing["uuid"])


def unretired(call: Call, kind: str, key: str) -> Thing:
    """Return the object as ``one`` does, and refuse if it is retired."""
    thing = one(call, kind, key)
    if thing.get("retired"):
        raise refusal("BDC_9101")
    return thing


def both_ids(name: str, thing: Thing | None) -> Thing:
    """Return ``{name}Id`` and ``{name}Uuid``, as what belongs to *thing* has them."""
    if thing is None:
        return {f"{name}Id": None, f"{name}Uuid": None}
    return {f"{name}Id": thing["id"], f"{name}Uuid": thing["uuid"]}


def both_lists(name: str, things: Iterable[Thing]) -> Thing:
    """Return ``{name}Ids`` and ``{name}Uuids``."""
    kept = list(things)
    return {
        f"{name}Ids": [each["id"] for each in kept],
        f"{name}Uuids": [each["uuid"] for each in kept],
    }


def either_id(store: Store, kind: str, *operators: str) -> Field:
    """Filter a field that holds uuids by ids or uuids of *kind*."""

    def convert(value: str) -> str:
        thing = found(store, kind, value)
        return thing["uuid"] if thing else value

    return Field(operators or ("eq", "ne", "in", "nin"), convert)


def full_name(user: Thing | None) -> str | None:
    if user is None:
        return None
    return f"{user.get('firstName', '')} {user.get('lastName', '')}".strip()
