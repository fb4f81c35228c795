"""The key that a home's records are sealed with, as every process finds it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bill_mcp.sessions import agent_locks
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.audit_custody import AuditCustody
from bill_mcp.sessions.vault import open_vault


def sealing_key(home: Path, vault_key: str | None = None) -> Callable[[], bytes]:
    """Called for the key; *vault_key* is the operator's ``BILL_MCP_KEY``."""
    locks = AgentLocks(home / agent_locks.FOLDER)
    return AuditCustody(home, lambda: open_vault(home, vault_key), locks).key
