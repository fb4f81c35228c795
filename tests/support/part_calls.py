"""Calls of any of the actions with some of their arguments, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from support.assembly import catalogue

from bill_mcp.spec_check import samples
from bill_mcp.specs.catalogue import Action

ACTIONS = list(catalogue())

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "type", "role"]), inner)
    ),
    max_leaves=8,
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[Action, dict[str, Any]]:
    """An action with part of its sample, some of it replaced by any JSON."""
    action = draw(st.sampled_from(ACTIONS))
    whole = samples.arguments(action, whole=True)
    kept = draw(st.sets(st.sampled_from([*whole, ""])))
    arguments = {name: whole[name] for name in whole if name in kept}
    for name in draw(st.lists(st.sampled_from([*whole, ""]), max_size=2)):
        arguments[name] = draw(JSON)
    return action, arguments
