"""PATCH: laying the given fields over what is there."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.store import Thing


def merged(old: Thing, given: Thing) -> Thing:
    """Return *old* with *given* over it; nested objects are merged, lists replaced."""
    out = dict(old)
    for name, value in given.items():
        before = old.get(name)
        nested = isinstance(value, dict) and isinstance(before, dict)
        if nested and assumed.PATCH_MERGES_NESTED_OBJECTS:
            out[name] = merged(before or {}, value)
        else:
            out[name] = value
    return out


def masked(number: str) -> str:
    """Return an account number of which only the last four characters show."""
    return "*" * max(len(number) - 4, 4) + number[-4:]
