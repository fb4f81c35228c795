"""Which transaction numbers the journal has seen."""

from __future__ import annotations

import sqlite3

from bill_mcp.transaction_numbers import bare


def is_used(connection: sqlite3.Connection, organization: str, number: str) -> bool:
    """Whether a write of the organization had the number, however that write ended.

    Ours and the callers' alike: what was lost or refused may have come to BILL too,
    and a number that came with an earlier call does not say that another is meant.
    """
    rows = connection.execute(
        "SELECT transaction_number, json_extract(known, '$.number') FROM writes "
        "WHERE organization = ?",
        (organization,),
    )
    wanted = bare(number)
    return any(used and bare(used) == wanted for row in rows for used in row)
