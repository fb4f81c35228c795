"""What is held for each agent."""

from __future__ import annotations

from support.assembly import ACCOUNT

from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.store import Held, Holder, MemorySessionStore


def test_store_keeps_what_is_held_for_each_agent_and_account_apart() -> None:
    store = MemorySessionStore()
    one, two = Held(credentials=ACCOUNT), Held(credentials=Credentials())
    first, second = Holder("agent", "work"), Holder("agent", "home")
    store.put(first, one)
    store.put(second, two)
    assert (store.get(first), store.get(second)) == (one, two)
    store.delete(first)
    store.delete(first)
    assert (store.get(first), store.get(second)) == (None, two)
    assert store.get(Holder("another", "home")) is None


def test_what_is_held_shows_no_secret() -> None:
    assert "canary" not in repr(Held(credentials=ACCOUNT))
