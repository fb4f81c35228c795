"""Which objects at BILL an agent is known to have made."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from bill_mcp.records import touched


def made_by(
    connection: sqlite3.Connection,
    organization: str,
    agent: str,
    object_ids: Collection[str],
) -> frozenset[str]:
    """Those of the objects that the agent entered or changed, or that it paid."""
    paid = frozenset(
        key
        for key in object_ids
        if connection.execute(
            "SELECT 1 FROM claims c JOIN writes w ON w.id = c.write_id "
            "WHERE c.organization = ? AND c.payment_id = ? AND w.agent = ?",
            (organization, key, agent),
        ).fetchone()
    )
    return paid | touched.touched_by(connection, organization, agent, object_ids)
