"""What the journal is told of a write: before it goes out, after, and later."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bill_mcp.errors import BillMcpError, Outcome
from bill_mcp.records.audit import AuditEntry
from bill_mcp.records.claims import Write
from bill_mcp.records.entering import Compared
from bill_mcp.records.payments import PaymentPart, Spent


class StaleError(BillMcpError):
    """Something happened between the decision and the intent; decide again."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a write is about, to find what stands in its way.

    Attributes:
        digest: Of the request; the identity of a write that makes no payment.
        is_repeatable: A repeat changes nothing more, so that none stands in the way.
        enters: Where it enters a bill: with what that was compared.
    """

    organization: str
    agent: str
    digest: str
    is_repeatable: bool
    parts: tuple[PaymentPart, ...]
    enters: Compared | None = None

    @property
    def identities(self) -> frozenset[str]:
        """What tells its payments from others; none where it makes none."""
        return frozenset(part.identity for part in self.parts)


class Asker(NamedTuple):
    """Whose write it is, by the names that people know: the journal's keys are ours."""

    agent: str
    organization: str

    def as_known(self) -> dict[str, str]:
        """As it is kept beside what was known before the write."""
        return {_AGENT: self.agent, _ORGANIZATION: self.organization}


_AGENT, _ORGANIZATION = "agent_name", "organization_id"


def asker_of(write: Write) -> Asker:
    """Whose write it was; of one that an older version made, what its keys tell."""
    return Asker(
        agent=str(write.known.get(_AGENT, write.agent)),
        organization=str(
            write.known.get(_ORGANIZATION, write.organization.rpartition(" ")[2])
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One write that is about to go out.

    Attributes:
        seen: The earlier writes that the decision was made on.
        moves_money: It stops where the clock or the place of the journal is doubtful.
        new_number: The caller's transaction number, where the decision took it for
            one that was not used before.
        known: What was known before, for look-ups.
        check_spent: Raises `RefusedError` where a limit would be passed.
        spend_approval: Spends the approval, in the same transaction, if there is one.
        entry: The audit row of the intent.
        objects: Ids and what happens to them, if it is done.
    """

    subject: Subject
    seen: tuple[Write, ...]
    profile: str
    action: str
    moves_money: bool
    transaction_number: str | None
    new_number: str | None = None
    known: Mapping[str, Any]
    check_spent: Callable[[Sequence[Spent]], None]
    spend_approval: Callable[[sqlite3.Connection], None]
    entry: AuditEntry


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a write ended.

    Attributes:
        answer: What the agent is told, kept until it is.
        payments: Ids of payments at BILL by subject.
        objects: Pairs of an object's id and what was done to it.
    """

    outcome: Outcome
    answer: Mapping[str, Any] | None = None
    payments: Mapping[str, str]
    objects: tuple[tuple[str, str], ...] = ()
    bill_ids: tuple[str, ...] = ()
    bill_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a look-up found of one write.

    Attributes:
        payments: By subject the ids of payments at BILL that may be it, the likeliest
            first; empty where none was found.
        is_as_before: Amounts and states are as they were before the intent.
        answer: What the agent is told, where all was found.
    """

    payments: Mapping[str, Sequence[str]]
    is_as_before: bool
    answer: Mapping[str, Any] | None = None
