"""What is held for each agent."""

from __future__ import annotations

from support.assembly import ACCOUNT

from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.store import Held, MemorySessionStore


def test_store_keeps_what_is_held_for_each_agent_apart() -> None:
    store = MemorySessionStore()
    one, two = Held(credentials=ACCOUNT), Held(credentials=Credentials())
    store.put("one", one)
    store.put("two", two)
    assert (store.get("one"), store.get("two")) == (one, two)
    store.delete("one")
    store.delete("one")
    assert (store.get("one"), store.get("two")) == (None, two)


def test_what_is_held_shows_no_secret() -> None:
    assert "canary" not in repr(Held(credentials=ACCOUNT))
