"""What one approval is, and how its row in the file is written, sealed and read."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS approvals (
  id TEXT PRIMARY KEY,
  binding TEXT NOT NULL,
  agent TEXT NOT NULL,
  wanted TEXT NOT NULL,
  acknowledged INTEGER NOT NULL,
  state TEXT NOT NULL,
  asked_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  decided_at TEXT,
  decided_by TEXT,
  via TEXT,
  spent_at TEXT,
  seal TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS approvals_by_state ON approvals (state);
CREATE INDEX IF NOT EXISTS approvals_by_binding ON approvals (binding);
"""
DAMAGED = "damaged"
"""Stands as the state of a row that was changed by others; nothing reads it again."""

_PURPOSE = b"bill-mcp approval 1\n"
"""Keeps seals under the same key apart from those of other tables."""

ITSELF = "the agent itself"
"""Stands for an approver where a call was acknowledged; no name has spaces."""

Key = Callable[[], bytes]


class State(StrEnum):
    """Where an approval stands; the last four are for good."""

    WAITING = "waiting"
    GRANTED = "granted"
    DENIED = "denied"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SPENT = "spent"


class Via(StrEnum):
    """The way by which a person decided."""

    TERMINAL = "terminal"
    PAGE = "page"
    CLIENT = "client"
    """The agent's own client, which could forge it."""


@dataclass(frozen=True, kw_only=True)
class ApprovalLine:
    """One line of what a person is shown.

    Attributes:
        third_party: Whether the value was written by third parties: then it is
            quoted, cut and made visible wherever it is shown.
    """

    label: str
    value: str
    third_party: bool = False


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One call that a person is asked to agree to.

    Attributes:
        binding: Digest over request, evidence, organization, user, agent and server
            instance; an approval serves nothing else.
        agent: Key of the agent.
        organization: Names one BILL organization at one place.
        title: What would be done, in one line.
        lines: What a person is shown, in order.
        reasons: Why a person is asked, in our words; shown above all lines.
        cents: None where the call has no amount.
        transaction_number: Ours, so that the approved bytes can be built again.
        client_may_approve: Whether an answer through the agent's client counts.
    """

    binding: str
    agent: str
    agent_name: str
    instance: str
    organization: str
    environment: str
    profile: str
    action: str
    title: str
    lines: tuple[ApprovalLine, ...]
    reasons: tuple[str, ...]
    cents: int | None
    currency: str | None
    request_digest: str
    transaction_number: str | None
    client_may_approve: bool


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What was asked of a person, and what came of it. All times are in UTC.

    Attributes:
        id: Names it to people and agents; gives no right.
        acknowledged: Nobody was asked: the agent itself saw what speaks against the
            call. It is no person's agreement.
        decided_by: The approver's name, or ``ITSELF``; None where nobody decided.
    """

    id: str
    wanted: Wanted
    acknowledged: bool
    state: State
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    via: Via | None = None
    spent_at: datetime | None = None


class Rows:
    """Writes and reads the rows of one file.

    Args:
        key: Seals each row, so that whoever can only write the file can neither grant
            an approval nor change what it is for.
    """

    def __init__(self, key: Key) -> None:
        self._key = key

    def insert(self, connection: sqlite3.Connection, approval: Approval) -> None:
        columns = self._sealed(approval)
        marks = ", ".join(f":{name}" for name in columns)
        connection.execute(
            f"INSERT INTO approvals ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 -- our own names
            columns,
        )

    def update(self, connection: sqlite3.Connection, approval: Approval) -> None:
        columns = self._sealed(approval)
        changes = ", ".join(f"{name} = :{name}" for name in columns)
        connection.execute(
            f"UPDATE approvals SET {changes} WHERE id = :id",  # noqa: S608 -- our own names
            columns,
        )

    def read(self, row: sqlite3.Row) -> Approval | None:
        """The approval, or None where others have written in its row."""
        columns = dict(row)
        seal = columns.pop("seal")
        if not hmac.compare_digest(str(seal).encode(), self._seal(columns).encode()):
            return None
        wanted = json.loads(columns["wanted"])
        wanted["lines"] = tuple(ApprovalLine(**line) for line in wanted["lines"])
        wanted["reasons"] = tuple(wanted["reasons"])
        via = columns["via"]
        return Approval(
            id=columns["id"],
            wanted=Wanted(**wanted),
            acknowledged=bool(columns["acknowledged"]),
            state=State(columns["state"]),
            asked_at=datetime.fromisoformat(columns["asked_at"]),
            expires_at=datetime.fromisoformat(columns["expires_at"]),
            decided_at=_moment(columns["decided_at"]),
            decided_by=columns["decided_by"],
            via=Via(via) if via is not None else None,
            spent_at=_moment(columns["spent_at"]),
        )

    def _sealed(self, approval: Approval) -> dict[str, Any]:
        columns = _columns(approval)
        return {**columns, "seal": self._seal(columns)}

    def _seal(self, columns: dict[str, Any]) -> str:
        content = _PURPOSE + _json(columns).encode()
        return hmac.new(self._key(), content, hashlib.sha256).hexdigest()


def _columns(approval: Approval) -> dict[str, Any]:
    wanted = approval.wanted
    return {
        "id": approval.id,
        "binding": wanted.binding,
        "agent": wanted.agent,
        "wanted": _json(asdict(wanted)),
        "acknowledged": int(approval.acknowledged),
        "state": str(approval.state),
        "asked_at": _text(approval.asked_at),
        "expires_at": _text(approval.expires_at),
        "decided_at": _text(approval.decided_at),
        "decided_by": approval.decided_by,
        "via": str(approval.via) if approval.via is not None else None,
        "spent_at": _text(approval.spent_at),
    }


def _json(value: Any) -> str:
    """Canonical, and ASCII: no text of others can keep it from being stored."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def _text(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
