"""The writes that went out and the payments they claim, as rows that outlive a crash.

A *claim* is one payment of one write. While a write is open or its end is unknown,
nothing else may pay the same subject.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from bill_mcp.records.payments import PaymentPart, Spent

SCHEMA = """
CREATE TABLE IF NOT EXISTS writes (
  id INTEGER PRIMARY KEY,
  token TEXT NOT NULL UNIQUE,
  organization TEXT NOT NULL,
  agent TEXT NOT NULL,
  profile TEXT NOT NULL,
  action TEXT NOT NULL,
  process TEXT NOT NULL,
  digest TEXT NOT NULL,
  is_repeatable INTEGER NOT NULL,
  begun REAL NOT NULL,
  deadline REAL NOT NULL,
  state TEXT NOT NULL,
  settled_by TEXT,
  ended REAL,
  answer BLOB,
  made TEXT,
  is_delivered INTEGER NOT NULL DEFAULT 0,
  transaction_number TEXT,
  looked INTEGER NOT NULL DEFAULT 0,
  look_at REAL,
  known TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS writes_by_digest ON writes (organization, agent, digest);
CREATE INDEX IF NOT EXISTS writes_by_state ON writes (state, look_at);
CREATE TABLE IF NOT EXISTS claims (
  write_id INTEGER NOT NULL REFERENCES writes (id),
  organization TEXT NOT NULL,
  subject TEXT NOT NULL,
  identity TEXT NOT NULL,
  vendor_id TEXT,
  payee TEXT NOT NULL,
  cents INTEGER NOT NULL,
  currency TEXT NOT NULL,
  begun REAL NOT NULL,
  payment_id TEXT,
  PRIMARY KEY (write_id, subject)
);
CREATE INDEX IF NOT EXISTS claims_by_subject ON claims (organization, subject);
CREATE INDEX IF NOT EXISTS claims_by_time ON claims (organization, begun);
CREATE INDEX IF NOT EXISTS claims_by_payment ON claims (organization, payment_id);
CREATE TABLE IF NOT EXISTS touched (
  organization TEXT NOT NULL,
  object_id TEXT NOT NULL,
  agent TEXT NOT NULL,
  what TEXT NOT NULL,
  at REAL NOT NULL,
  PRIMARY KEY (organization, object_id, agent, what)
);
CREATE INDEX IF NOT EXISTS touched_by_object
  ON touched (organization, object_id COLLATE NOCASE)
"""

DUPLICATE_DAYS = 30
"""How long the same payment is a duplicate, once it was made."""

REPEAT_MINUTES = 10
"""How long the same write is one, where no money moves."""


class State(StrEnum):
    """How a write stands."""

    OPEN = "open"
    """On its way; or its process died on the way."""
    UNKNOWN = "unknown"
    DONE = "done"
    NOT_DONE = "not_done"


class SettledBy(StrEnum):
    """What said how a write ended."""

    ANSWER = "answer"
    LOOK_UP = "look_up"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One payment that a write made, or may have made."""

    part: PaymentPart
    payment_id: str | None


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write, as the journal has it.

    Attributes:
        token: Names it in the audit log.
        process: Which process sent it; see `Processes`.
        deadline: By when its answer would have come, in UTC.
        settled_by: None while it is open or unknown.
        sealed_answer: What was or will be told to the agent; see `Answers`.
        made: Id of the first object that BILL showed in its reply.
        is_delivered: Whether its caller got an answer.
        looked: How many look-ups found nothing.
        look_at: When the next look-up is due; None where there is none.
        known: What was known before: payments, amounts, BILL's clock.
    """

    id: int
    token: str
    organization: str
    agent: str
    profile: str
    action: str
    process: str
    begun: datetime
    deadline: datetime
    state: State
    settled_by: SettledBy | None
    sealed_answer: bytes | None = field(repr=False)
    made: str | None
    is_delivered: bool
    transaction_number: str | None
    looked: int
    look_at: datetime | None
    known: Mapping[str, Any] = field(repr=False)
    claims: tuple[Claim, ...]

    @property
    def payment_id(self) -> str | None:
        """The payment at BILL, where one is known."""
        return next((c.payment_id for c in self.claims if c.payment_id), None)


def of_subjects(
    connection: sqlite3.Connection,
    organization: str,
    parts: Sequence[PaymentPart],
    now: datetime,
) -> tuple[Write, ...]:
    """The writes that stand in the way of these payments, oldest first.

    Open and unknown ones of any of the subjects, done ones of any of the identities
    within 30 days, and the one that was lost last and then not found at BILL: it may
    still take effect, whatever BILL refused since, until the payment was made.
    """
    oldest = (now - timedelta(days=DUPLICATE_DAYS)).timestamp()
    found: dict[int, Write] = {}
    for part in parts:
        rows = _of_subject(connection, organization, part.subject)
        last_lost = None
        for row in rows:
            state = State(row["state"])
            # Made anew: rows of older versions have the currency in the text.
            same = _part(row).identity == part.identity
            if state in {State.OPEN, State.UNKNOWN} or (
                state is State.DONE and same and row["begun"] >= oldest
            ):
                found[row["id"]] = _write(connection, row)
            if same and state is State.DONE:
                last_lost = None
            elif same and state is State.NOT_DONE:
                is_lost = row["settled_by"] == SettledBy.LOOK_UP
                last_lost = row if is_lost else last_lost
        if last_lost is not None and last_lost["begun"] >= oldest:
            found[last_lost["id"]] = _write(connection, last_lost)
    return tuple(found[key] for key in sorted(found))


def _of_subject(
    connection: sqlite3.Connection, organization: str, subject: str
) -> list[sqlite3.Row]:
    """All writes about the subject, oldest first.

    A reimbursement's in every organization at the same BILL: of Spend & Expense one
    account may name the organization and another not.
    """
    joined = (
        "SELECT w.*, c.subject, c.identity, c.vendor_id, c.payee, c.cents, c.currency "
        "FROM writes w JOIN claims c ON c.write_id = w.id "
    )
    if not subject.startswith("reimbursement/"):
        return connection.execute(
            f"{joined} WHERE c.organization = ? AND c.subject = ? ORDER BY w.id",
            (organization, subject),
        ).fetchall()
    place = organization.rpartition(" ")[0]
    rows = connection.execute(
        f"{joined} WHERE c.subject = ? ORDER BY w.id", (subject,)
    ).fetchall()
    return [row for row in rows if row["organization"].rpartition(" ")[0] == place]


def of_digest(
    connection: sqlite3.Connection,
    organization: str,
    agent: str,
    digest: str,
    now: datetime,
) -> tuple[Write, ...]:
    """The agent's same write of the last minutes, unless it is known not to be done."""
    oldest = (now - timedelta(minutes=REPEAT_MINUTES)).timestamp()
    rows = connection.execute(
        "SELECT * FROM writes WHERE organization = ? AND agent = ? AND digest = ? "
        "AND begun >= ? AND state != ? AND NOT is_repeatable ORDER BY id",
        (organization, agent, digest, oldest, State.NOT_DONE),
    ).fetchall()
    return tuple(_write(connection, row) for row in rows)


def open_ones(
    connection: sqlite3.Connection,
    organization: str,
    subjects: Iterable[str],
    *,
    agent: str,
    digest: str,
) -> tuple[Write, ...]:
    """The writes on their way that are about one of the subjects, or are the same."""
    found = {
        row["id"]: row
        for subject in subjects
        for row in _of_subject(connection, organization, subject)
        if row["state"] == State.OPEN
    }
    same = connection.execute(
        "SELECT * FROM writes WHERE organization = ? AND agent = ? AND digest = ? "
        "AND state = ? AND NOT is_repeatable",
        (organization, agent, digest, State.OPEN),
    )
    found |= {row["id"]: row for row in same}
    return tuple(_write(connection, row) for row in found.values())


def find(connection: sqlite3.Connection, write_id: int) -> Write:
    """The write of that number, which is known to be there."""
    row = connection.execute(
        "SELECT * FROM writes WHERE id = ?", (write_id,)
    ).fetchone()
    return _write(connection, row)


def newest(connection: sqlite3.Connection) -> int:
    """The number of the last write; later ones have greater numbers."""
    return int(
        connection.execute("SELECT COALESCE(MAX(id), 0) FROM writes").fetchone()[0]
    )


def unsettled(connection: sqlite3.Connection) -> tuple[Write, ...]:
    """All payments whose end is not known, the oldest first."""
    rows = connection.execute(
        "SELECT * FROM writes WHERE state IN (?, ?) AND id IN "
        "(SELECT write_id FROM claims) ORDER BY id",
        (State.OPEN, State.UNKNOWN),
    ).fetchall()
    return tuple(_write(connection, row) for row in rows)


def spent(
    connection: sqlite3.Connection, organization: str, since: datetime
) -> tuple[Spent, ...]:
    """The payments of an organization that count as spent, whoever asked for them."""
    rows = connection.execute(
        "SELECT c.* FROM claims c JOIN writes w ON w.id = c.write_id "
        "WHERE c.organization = ? AND c.begun >= ? AND w.state != ?",
        (organization, since.timestamp(), State.NOT_DONE),
    ).fetchall()
    return tuple(
        Spent(
            vendor_id=row["vendor_id"],
            cents=row["cents"],
            currency=row["currency"],
            at=_utc(row["begun"]),
            payment_id=row["payment_id"],
        )
        for row in rows
    )


def claimed_payments(
    connection: sqlite3.Connection, write: Write, payment_ids: Iterable[str]
) -> frozenset[str]:
    """Those of the payments at BILL that another write is known to have made."""
    return frozenset(
        key
        for key in payment_ids
        if connection.execute(
            "SELECT 1 FROM claims WHERE organization = ? AND payment_id = ? "
            "AND write_id != ?",
            (write.organization, key, write.id),
        ).fetchone()
    )


def _write(connection: sqlite3.Connection, row: sqlite3.Row) -> Write:
    claims = connection.execute(
        "SELECT * FROM claims WHERE write_id = ? ORDER BY rowid", (row["id"],)
    ).fetchall()
    return Write(
        id=row["id"],
        token=row["token"],
        organization=row["organization"],
        agent=row["agent"],
        profile=row["profile"],
        action=row["action"],
        process=row["process"],
        begun=_utc(row["begun"]),
        deadline=_utc(row["deadline"]),
        state=State(row["state"]),
        settled_by=SettledBy(row["settled_by"]) if row["settled_by"] else None,
        sealed_answer=row["answer"],
        made=row["made"],
        is_delivered=bool(row["is_delivered"]),
        transaction_number=row["transaction_number"],
        looked=row["looked"],
        look_at=_utc(row["look_at"]) if row["look_at"] is not None else None,
        known=json.loads(row["known"]),
        claims=tuple(_claim(each) for each in claims),
    )


def _claim(row: sqlite3.Row) -> Claim:
    return Claim(part=_part(row), payment_id=row["payment_id"])


def _part(row: sqlite3.Row) -> PaymentPart:
    return PaymentPart(
        subject=row["subject"],
        once=row["identity"] == row["subject"],
        vendor_id=row["vendor_id"],
        payee=row["payee"],
        cents=row["cents"],
        currency=row["currency"],
    )


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
