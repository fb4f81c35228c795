"""Setting fields of an object from outside, as time or BILL's staff would."""

from bill_mcp.simulator import lifecycle
from bill_mcp.simulator.store import Store, Thing


def patch_object(store: Store, key: str, fields: Thing) -> Thing:
    """Set *fields* of the object and let what depends on it follow.

    A field may be a path (``paymentInformation.payByType``). Setting the state of an
    object that has a life cycle lets it go on from there.

    Raises:
        LookupError: no object has this id or uuid.
    """
    kind, key = find(store, key)
    before = store.state.tables[kind][key]
    changes: Thing = {}
    for path, value in fields.items():
        first, *more = path.split(".")
        changes[first] = set_at(changes.get(first, before.get(first)), more, value)
    state = changes.pop(lifecycle.STATE_FIELD.get(kind, ""), None)
    if state is not None:
        lifecycle.move(store, kind, key, state)
        return store.change(kind, key, changes)
    after = lifecycle.follow(store, kind, before, store.change(kind, key, changes))
    if kind in lifecycle.STATE_FIELD:
        # What was asked for counts more than what follows from the state.
        after = store.change(kind, key, changes)
    return after


def set_at(value: object, path: list[str], new: object) -> object:
    if not path:
        return new
    inner = value if isinstance(value, dict) else {}
    return {**inner, path[0]: set_at(inner.get(path[0]), path[1:], new)}


def find(store: Store, key: str) -> tuple[str, str]:
    for kind, table in store.state.tables.items():
        if key in table:
            return kind, key
    for kind, table in store.state.tables.items():
        for own, thing in table.items():
            if key == thing.get("id"):
                return kind, own
    raise LookupError(f"object {key}")
