"""Which objects an agent made or changed, as rows that outlive a crash."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime

from bill_mcp.records.claims import State, Write

PERHAPS = "perhaps"
"""In what is known of a write: what it may have made or changed."""


def touch(
    connection: sqlite3.Connection,
    write: Write,
    objects: Iterable[tuple[str, str]],
    now: datetime,
) -> None:
    """Note that the agent made or changed objects: pairs of id and what."""
    connection.executemany(
        "INSERT OR REPLACE INTO touched VALUES (?, ?, ?, ?, ?)",
        [
            (write.organization, key, write.agent, what, now.timestamp())
            for key, what in objects
        ],
    )


def touched_by(
    connection: sqlite3.Connection,
    organization: str,
    agent: str,
    object_ids: Iterable[str],
) -> frozenset[str]:
    """Those of the objects that the agent made or changed, or that it may have.

    Ids count without case: BILL may have taken one in another spelling than its own.
    """
    keys = frozenset(object_ids)
    found = frozenset(
        key
        for key in keys
        if connection.execute(
            "SELECT 1 FROM touched WHERE organization = ? "
            "AND object_id = ? COLLATE NOCASE AND agent = ?",
            (organization, key, agent),
        ).fetchone()
    )
    unknown = connection.execute(
        "SELECT known FROM writes WHERE state IN (?, ?) AND organization = ? "
        "AND agent = ?",
        (State.OPEN, State.UNKNOWN, organization, agent),
    )
    perhaps = {
        key.casefold()
        for row in unknown
        for key in json.loads(row["known"]).get(PERHAPS, ())
    }
    return found | {key for key in keys if key.casefold() in perhaps}


def touched_at(
    connection: sqlite3.Connection, organization: str, object_id: str, what: str
) -> datetime | None:
    """When anybody here last did *what* to the object."""
    row = connection.execute(
        "SELECT MAX(at) FROM touched WHERE organization = ? "
        "AND object_id = ? COLLATE NOCASE AND what = ?",
        (organization, object_id, what),
    ).fetchone()
    return datetime.fromtimestamp(row[0], UTC) if row[0] is not None else None
