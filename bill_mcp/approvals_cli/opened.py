"""The records of this machine's home, opened for a person."""

from __future__ import annotations

import getpass
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bill_mcp import logs
from bill_mcp.clock import Clock, SystemClock
from bill_mcp.errors import ConfigError
from bill_mcp.records import damage, store
from bill_mcp.records.approvals import Approvals
from bill_mcp.records.approvers import Approvers
from bill_mcp.records.journal import Journal
from bill_mcp.safekeeping import open_records
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions import agent_locks
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.audit_custody import AuditCustody
from bill_mcp.sessions.vault import open_vault
from bill_mcp.settings_places import resolve_home

DONE, NOT_DONE = 0, 1


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What the commands work with.

    Attributes:
        live: What must not show up in logs; passphrases are added as they are typed.
    """

    home: Path
    clock: Clock
    live: LiveSecrets
    custody: AuditCustody
    approvals: Approvals
    approvers: Approvers
    journal: Journal


@contextmanager
def opened() -> Iterator[Opened]:
    """The records of ``BILL_MCP_HOME``, closed after the block.

    Raises:
        ConfigError: The settings file or a key file can't be read; or, in the block,
            the records can't be used.
    """
    home, clock, live = resolve_home({}), SystemClock(), LiveSecrets()
    logs.configure("warning", live)
    key = home.vault_key.reveal() if home.vault_key else None
    locks = AgentLocks(home.path / agent_locks.FOLDER)
    records = open_records(
        home.path,
        lasts=True,
        moves_real_money=False,
        home_is_given=True,
        open_vault=lambda: open_vault(home.path, key),
        locks=locks,
        clock=clock,
        new_id=_random_id,
    )
    try:
        yield Opened(
            home=home.path,
            clock=clock,
            live=live,
            custody=records.custody,
            approvals=records.approvals,
            approvers=records.approvers,
            journal=records.journal,
        )
    except sqlite3.Error as error:
        raise ConfigError(damage.in_words(home.path / store.FILE_NAME, error)) from None
    finally:
        records.committed()
        records.close()
        locks.close()


def _random_id(length: int) -> str:
    """As the server's, which is slow to import and asks; here people only decide."""
    return secrets.token_hex(length)[:length].upper()


def user_name() -> str:
    """Who runs this process, as the machine knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return f"user-{os.getuid()}"
