"""The journal of writes: what goes out is on disk before, how it ended right after.

Every rule that several calls at once could break is checked in the one transaction
that writes the intent.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bill_mcp.client.http import EXCHANGE_DEADLINE_S
from bill_mcp.clock import Clock
from bill_mcp.errors import RefusedError
from bill_mcp.records import attribution, claims, entering, numbers, touched
from bill_mcp.records.answers import Answers
from bill_mcp.records.audit import Audit, AuditEntry
from bill_mcp.records.claims import SettledBy, State, Write
from bill_mcp.records.intents import Ending, Finding, Intent, StaleError, Subject
from bill_mcp.records.look_up_times import LOOK_UPS, next_look
from bill_mcp.records.processes import Processes
from bill_mcp.records.store import RecordFile

CLOCK_TOLERANCE_S = 60
"""A clock that went back by more since the last row stops money."""

SPENT_DAYS = 31
"""How far back payments are given to the limits."""

LATE_S = 5.0
"""What the shielded scope may take beyond the client's own deadline."""

ANSWER_DAYS = 30


class Journal:
    """Records the writes of all agents of all processes that share its file.

    Args:
        file: Where the rows are.
        clock: Tells when, in UTC.
        processes: Which processes live.
        audit: Gets a row with each intent and each end.
        check_halt: Raises `RefusedError` while every write is stopped.
        check_place: Raises `RefusedError` where the file's place may not last.
        new_token: Names a write in the audit log.
        answers: Seals what waits for an agent.
    """

    def __init__(
        self,
        file: RecordFile,
        *,
        clock: Clock,
        processes: Processes,
        audit: Audit,
        check_halt: Callable[[], None],
        check_place: Callable[[], None],
        new_token: Callable[[], str],
        answers: Answers,
    ) -> None:
        self.file, self._clock, self._processes = file, clock, processes
        self.answers = answers
        self._audit = audit
        self.check_halt, self._check_place = check_halt, check_place
        self._new_token = new_token

    async def earlier(self, subject: Subject) -> tuple[Write, ...]:
        """The writes that stand in the way of this one; see `claims`."""
        return await self.file.look(lambda c: self._earlier(c, subject))

    def _earlier(
        self, connection: sqlite3.Connection, subject: Subject
    ) -> tuple[Write, ...]:
        now = self._clock.now()
        if subject.parts:
            return claims.of_subjects(
                connection, subject.organization, subject.parts, now
            )
        if subject.is_repeatable:
            return ()
        return claims.of_digest(
            connection, subject.organization, subject.agent, subject.digest, now
        )

    async def open_ones(
        self, subject: Subject, subjects: Sequence[str]
    ) -> tuple[Write, ...]:
        """The open writes about the same, before it is known what exactly is paid."""
        return await self.file.look(
            lambda c: claims.open_ones(
                c,
                subject.organization,
                subjects,
                agent=subject.agent,
                digest=subject.digest,
            )
        )

    async def note(self, entry: AuditEntry) -> None:
        """Add an audit row about what was not sent."""
        await self.file.transact(lambda c: self._audit.append(c, entry))

    async def is_under_way(self, write: Write) -> bool:
        """Whether the answer to an open write may still come."""
        if write.state is not State.OPEN or self._clock.now() > write.deadline:
            return False
        return await self.file.look(
            lambda c: self._processes.is_alive(c, write.process)
        )

    async def now_of(self, write: Write) -> Write:
        """The write as it stands now."""
        return await self.file.look(lambda c: claims.find(c, write.id))

    async def begin(self, intent: Intent) -> Write:
        """Write the intent down, if nothing has come between since the decision.

        Raises:
            StaleError: Something has: decide anew.
            RefusedError: A limit, the kill switch, the clock, or the approval.
        """
        return await self.file.transact(lambda c: self._begin(c, intent))

    async def check(self, intent: Intent) -> None:
        """See whether the write could begin now, its approval left aside.

        Raises:
            StaleError: As `begin` does.
            RefusedError: A limit, the kill switch, or the clock.
        """
        await self.file.look(lambda c: self._check(c, intent, self._clock.now()))

    def _check(
        self, connection: sqlite3.Connection, intent: Intent, now: datetime
    ) -> None:
        self.check_halt()
        if intent.moves_money:
            self._check_place()
            _check_clock(connection, now)
        if _stand(self._earlier(connection, intent.subject)) != _stand(intent.seen):
            raise StaleError
        number, organization = intent.new_number, intent.subject.organization
        if number and numbers.is_used(connection, organization, number):
            raise StaleError
        compared = intent.subject.enters
        if compared and entering.is_outdated(connection, organization, compared):
            raise StaleError
        since = now - timedelta(days=SPENT_DAYS)
        intent.check_spent(claims.spent(connection, organization, since))

    def _begin(self, connection: sqlite3.Connection, intent: Intent) -> Write:
        now, subject = self._clock.now(), intent.subject
        self._check(connection, intent, now)
        self._processes.make_known(connection)
        intent.spend_approval(connection)
        _forget_answers(connection, now)
        cursor = connection.execute(
            "INSERT INTO writes (token, organization, agent, profile, action, process, "
            "digest, is_repeatable, begun, deadline, state, transaction_number, known) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._new_token(),
                subject.organization,
                subject.agent,
                intent.profile,
                intent.action,
                self._processes.own,
                subject.digest,
                subject.is_repeatable,
                now.timestamp(),
                _deadline(now).timestamp(),
                State.OPEN,
                intent.transaction_number,
                json.dumps(intent.known),
            ),
        )
        write_id = int(cursor.lastrowid or 0)
        connection.executemany(
            "INSERT INTO claims (write_id, organization, subject, identity, vendor_id, "
            "payee, cents, currency, begun) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    write_id,
                    subject.organization,
                    part.subject,
                    part.identity,
                    part.vendor_id,
                    part.payee,
                    part.cents,
                    part.currency,
                    now.timestamp(),
                )
                for part in subject.parts
            ],
        )
        if subject.enters is not None:
            vendor_id = subject.enters.vendor_id
            entering.enter(connection, write_id, subject.organization, vendor_id)
        write = claims.find(connection, write_id)
        entry = replace(intent.entry, at=now, write=write.token)
        self._audit.append(connection, entry)
        return write

    async def reopen(self, write: Write, intent: Intent) -> None:
        """The same write goes out once more: BILL had not acted (BDC_1109).

        Raises:
            StaleError: Another about the same has come between: decide anew.
            RefusedError: The kill switch, the clock or a limit.
        """

        def work(connection: sqlite3.Connection) -> None:
            self.check_halt()
            now, entry, subject = self._clock.now(), intent.entry, intent.subject
            if intent.moves_money:
                _check_clock(connection, now)
            earlier = self._earlier(connection, subject)
            others = [each for each in earlier if each.id != write.id]
            if _stand(others) != _stand(intent.seen):
                raise StaleError
            since = now - timedelta(days=SPENT_DAYS)
            intent.check_spent(claims.spent(connection, subject.organization, since))
            connection.execute(
                "UPDATE writes SET state = ?, settled_by = NULL, ended = NULL, "
                "deadline = ? WHERE id = ?",
                (State.OPEN, _deadline(now).timestamp(), write.id),
            )
            self._audit.append(connection, replace(entry, at=now, write=write.token))

        await self.file.transact(work)

    async def end(self, write: Write, ending: Ending, entry: AuditEntry) -> None:
        """Write down how the write ended."""
        await self.file.transact(lambda c: self._end(c, write, ending, entry))

    def _end(
        self,
        connection: sqlite3.Connection,
        write: Write,
        ending: Ending,
        entry: AuditEntry,
    ) -> None:
        now = self._clock.now()
        state = State(ending.outcome)
        is_unknown = state is State.UNKNOWN
        look_at = now.timestamp() if is_unknown and write.claims else None
        connection.execute(
            "UPDATE writes SET state = ?, settled_by = ?, ended = ?, answer = ?, "
            "made = ?, look_at = ? WHERE id = ?",
            (
                state,
                None if is_unknown else SettledBy.ANSWER,
                now.timestamp(),
                self.answers.sealed(write, ending.answer),
                next(iter(ending.bill_ids), None),
                look_at,
                write.id,
            ),
        )
        attribution.name_payments(connection, write, ending.payments)
        if state is not State.NOT_DONE:
            touched.touch(connection, write, ending.objects, now)
        self._audit.append(
            connection,
            replace(
                entry,
                at=now,
                write=write.token,
                outcome=str(ending.outcome),
                bill_ids=ending.bill_ids,
                bill_code=ending.bill_code,
            ),
        )

    async def deliver(self, write: Write) -> None:
        """Note that the write's caller gets its answer.

        Where that is lost, the next same call is answered once more from the journal.
        """
        await self.file.remark(
            lambda c: c.execute(
                "UPDATE writes SET is_delivered = 1 WHERE id = ?", (write.id,)
            )
        )

    async def looked(
        self, write: Write, finding: Finding, entry: AuditEntry, *, settles_s: float
    ) -> Write:
        """Write down what a look-up found; answers how the write stands now.

        Found in all its parts, it is done. Found nowhere in three look-ups, the last
        at least *settles_s* after its deadline, with everything as before: not done.
        """
        return await self.file.transact(
            lambda c: self._looked(c, write, finding, entry, settles_s)
        )

    def _looked(
        self,
        connection: sqlite3.Connection,
        seen: Write,
        finding: Finding,
        entry: AuditEntry,
        settles_s: float,
    ) -> Write:
        write = claims.find(connection, seen.id)
        if write.state in {State.DONE, State.NOT_DONE}:
            return write
        now = self._clock.now()
        found = attribution.nobody_elses(connection, write, finding.payments)
        attribution.name_payments(connection, write, found)
        write = claims.find(connection, write.id)
        state, looked, look_at = State.UNKNOWN, write.looked, None
        if all(claim.payment_id for claim in write.claims):
            state = State.DONE
        elif not found:
            looked += 1
            late = (now - write.deadline).total_seconds() >= settles_s
            nowhere = not any(claim.payment_id for claim in write.claims)
            # What fitted and was another write's just now may be ours for all we know.
            as_before = finding.is_as_before and not finding.payments
            if looked >= LOOK_UPS and late and nowhere and as_before:
                state = State.NOT_DONE
        if state is State.UNKNOWN:
            look_at = next_look(write, looked, now, settles_s).timestamp()
        settled_by = None if state is State.UNKNOWN else SettledBy.LOOK_UP
        connection.execute(
            "UPDATE writes SET state = ?, settled_by = ?, looked = ?, look_at = ?, "
            "ended = ?, answer = COALESCE(?, answer) WHERE id = ?",
            (
                state,
                settled_by,
                looked,
                look_at,
                now.timestamp(),
                self.answers.sealed(
                    write, finding.answer if state is State.DONE else None
                ),
                write.id,
            ),
        )
        self._audit.append(
            connection,
            replace(
                entry,
                at=now,
                write=write.token,
                outcome=str(state),
                bill_ids=tuple(found.values()),
            ),
        )
        return claims.find(connection, write.id)

    async def unsettled(self) -> tuple[Write, ...]:
        """All payments whose end is not known."""
        if not self.file.is_there:
            return ()
        return await self.file.look(claims.unsettled)


def _deadline(now: datetime) -> datetime:
    return now + timedelta(seconds=EXCHANGE_DEADLINE_S + LATE_S)


def _stand(writes: Iterable[Write]) -> list[tuple[int, State]]:
    return [(write.id, write.state) for write in writes]


def _check_clock(connection: sqlite3.Connection, now: datetime) -> None:
    last = connection.execute(
        "SELECT MAX(MAX(begun, COALESCE(ended, 0))) FROM "
        "(SELECT begun, ended FROM writes ORDER BY id DESC LIMIT 200)"
    )
    seconds = last.fetchone()[0]
    if seconds is not None and now.timestamp() < seconds - CLOCK_TOLERANCE_S:
        raise RefusedError(
            "this computer's clock went back by more than a minute since the last "
            "write, so that no payment can be told from an earlier one",
            advice="Tell the operator to set the clock right; nothing was sent.",
            code="clock_went_back",
        )


def _forget_answers(connection: sqlite3.Connection, now: datetime) -> None:
    oldest = (now - timedelta(days=ANSWER_DAYS)).timestamp()
    connection.execute(
        "UPDATE writes SET answer = NULL WHERE answer IS NOT NULL AND ended < ?",
        (oldest,),
    )
