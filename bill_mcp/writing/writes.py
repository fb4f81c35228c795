"""Carries a write to BILL: each step of its path, and what is told to its agent.

Decided anew, from the evidence on, whenever something has come between the decision
and the intent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import anyio

from bill_mcp.bank_days import next_bank_day_at
from bill_mcp.client.http import Authorization
from bill_mcp.client.request import Request, completed
from bill_mcp.errors import (
    CallError,
    LimitError,
    Outcome,
    RefusedError,
)
from bill_mcp.guard import policy, repeats, touching
from bill_mcp.guard.approval import Grant
from bill_mcp.guard.evidence import Evidence, Reason
from bill_mcp.records import claims, numbers, touched
from bill_mcp.records.claims import State, Write
from bill_mcp.records.intents import Ending, StaleError
from bill_mcp.sessions.pin import Pin
from bill_mcp.specs.catalogue import Action
from bill_mcp.transaction_numbers import bare
from bill_mcp.writing.agreement import Agreement
from bill_mcp.writing.call import NUMBER, Plan, Sight, WriteCall
from bill_mcp.writing.entries import Entries
from bill_mcp.writing.knowing import Knowing
from bill_mcp.writing.lookups import LookUps
from bill_mcp.writing.recorder import Step, WriteRecorder, dispensable, unwritable
from bill_mcp.writing.seeing import Seeing
from bill_mcp.writing.turns import Turns

DECISIONS_AT_MOST = 20
"""How often one call is decided anew before it gives up."""


@dataclass(frozen=True, kw_only=True)
class Writes:
    """Carries writes to BILL, each of them once.

    Attributes:
        key: Of the audit log.
        at_step: Told where each write stands.
    """

    look_ups: LookUps
    entries: Entries
    agreement: Agreement
    knowing: Knowing
    seeing: Seeing
    key: Callable[[], bytes]
    turns: Turns
    at_step: Callable[[Step], None]

    async def prepare(self) -> None:
        """Have the key of the audit log; a locked keyring may ask a person for it.

        Raises:
            RefusedError: It is not to be had, so that nothing can be written.
        """
        with unwritable(Outcome.NOT_DONE):
            await anyio.to_thread.run_sync(self.key)

    async def run(self, call: WriteCall) -> dict[str, Any]:
        """What the agent may read of BILL's answer, or of an earlier same write's.

        Raises:
            CallError: With an outcome, and an advice the agent can act on.
            NeedsPerson: A person must agree before the call can go on.
        """
        await self.prepare()
        with unwritable(Outcome.NOT_DONE):
            newest = await self.look_ups.journal.file.look(claims.newest)
        async with self.look_ups.sessions.pin(call.agent, call.action.spec.auth) as pin:
            await self.look_ups.know_world(call.agent, pin)
            named = {each.subject for each in call.asked}
            with unwritable(Outcome.NOT_DONE):
                waited = await self.seeing.under_way(call, pin, named)
            try:
                async with self.turns.of(self.seeing.about(call, pin)):
                    return await self._decided(call, pin, newest, waited)
            except RefusedError as refusal:
                await self.note_refusal(call, refusal, pin)
                raise

    async def preview(self, call: WriteCall) -> tuple[Request, tuple[Reason, ...]]:
        """The request as it would be sent now, and why a person would be asked.

        Raises:
            CallError: It would be refused, or was made before.
        """
        await self.prepare()
        with unwritable(Outcome.NOT_DONE):
            await self.look_ups.journal.file.look(claims.newest)
        async with self.look_ups.sessions.pin(call.agent, call.action.spec.auth) as pin:
            await self.look_ups.know_world(call.agent, pin)
            for _ in range(DECISIONS_AT_MOST):
                with suppress(StaleError), unwritable(Outcome.NOT_DONE):
                    plan = await self._foreseen(call, pin)
                    return plan.request, plan.decision.reasons
        raise _busy()

    async def _foreseen(self, call: WriteCall, pin: Pin) -> Plan:
        """What would be done about the call now.

        Raises:
            StaleError: Something has come between.
        """
        plan = await self._planned(
            call, await self.seeing.sight(call, pin), frozenset()
        )
        if plan.answered is not None:
            raise repeats.made_before(
                plan.answered, call.agent.key, plan.subject.identities
            )
        await self.agreement.foresee(call, plan, pin)
        return plan

    def preview_signing(self) -> None:
        """See whether a step of signing in would be let through.

        Raises:
            RefusedError: It would not.
        """
        self.look_ups.journal.check_halt()

    async def note_refusal(
        self, call: WriteCall, refusal: CallError, pin: Pin | None = None
    ) -> None:
        """Write down that the guard did not let the call through, if that can be."""
        with suppress(RefusedError), unwritable(Outcome.NOT_DONE):
            await self.prepare()
            await self.look_ups.journal.note(self.entries.refusal(call, pin, refusal))
            self.look_ups.committed()

    async def noticed(
        self, action: Action, pin: Pin, reply: Mapping[str, Any], vendor_id: str | None
    ) -> None:
        """Remember the bank details that a reply shows, to see when they change."""
        if action.resource == "vendors":
            with dispensable("bank details"):
                await anyio.to_thread.run_sync(self.key)  # not in the transaction
                await self.knowing.noticed(action, pin, reply, vendor_id)

    def signing_recorder(
        self, call: WriteCall, authorization: Authorization
    ) -> WriteRecorder:
        """Writes down a step of signing in; nothing stands in its way."""
        return WriteRecorder(
            self.look_ups.journal,
            self.entries.signing(call, authorization),
            lambda _: Ending(outcome=Outcome.DONE, payments={}),
            self.look_ups.committed,
            self.at_step,
            self.look_ups.clock,
        )

    async def _decided(
        self, call: WriteCall, pin: Pin, newest: int, waited: frozenset[int]
    ) -> dict[str, Any]:
        """Decide until nothing comes between.

        Args:
            call: The call.
            pin: Its session.
            newest: The last write before it came.
            waited: The same writes that were under way when it came.
        """
        subjects = {each.subject for each in call.asked}
        vendor_id = None
        for _ in range(DECISIONS_AT_MOST):
            try:
                with unwritable(Outcome.NOT_DONE):
                    waited |= await self.seeing.waited_for(
                        call, pin, subjects, vendor_id
                    )
                    sight = await self.seeing.sight(call, pin)
                    vendor_id = sight.evidence.enters_bill_of
                    # BILL may have another id for what the call names.
                    subjects |= {part.subject for part in sight.subject.parts}
                    # What was sent since this call came was under way with it.
                    waited |= {write.id for write in sight.seen if write.id > newest}
                    waited |= sight.under_way
                    if sight.under_way:
                        continue
                    plan = await self._planned(call, sight, waited)
                    grant = None
                    if plan.answered is None:
                        grant = await self.agreement.obtain(call, plan, pin)
                if plan.answered is not None:
                    return await self._answered_again(plan.answered)
                return await self._sent(call, plan, grant, pin)
            except StaleError:
                continue
        raise _busy()

    async def _planned(
        self, call: WriteCall, sight: Sight, waited: frozenset[int]
    ) -> Plan:
        place, agent = self.look_ups.place, call.agent
        evidence, subject, seen = sight.evidence, sight.subject, sight.seen
        new_number = await self._new_number(call, sight)
        standing = repeats.judge(
            seen,
            agent=agent.key,
            identities=subject.identities,
            waited_for=waited,
            new_number=new_number,
        )
        if standing.answered is None:
            repeats.refuse_equal(evidence.reasons, new_number)
            if not place.asks_person(agent):
                repeats.refuse_lost(standing.reasons, new_number, agent.policy.rules)
        evidence = replace(evidence, reasons=(*standing.reasons, *evidence.reasons))
        history = await self.look_ups.journal.file.look(
            lambda c: touched.touched_by(
                c, subject.organization, agent.key, touching.keys_of(evidence)
            )
        )
        decision = policy.decide(
            call.verdict, evidence, call.arguments, agent, place.environment, history
        )
        return Plan(
            request=self._completed(call, evidence),
            evidence=evidence,
            decision=decision,
            subject=subject,
            seen=seen,
            answered=standing.answered,
            new_number=new_number,
        )

    async def _new_number(self, call: WriteCall, sight: Sight) -> str | None:
        """The caller's transaction number, unless a payment had it before."""
        number, organization = call.given_number, sight.subject.organization
        at_bill = {bare(known) for known in sight.evidence.known_numbers}
        if number is None or bare(number) in at_bill:
            return None
        is_used = await self.look_ups.journal.file.look(
            lambda c: numbers.is_used(c, organization, number)
        )
        return None if is_used else number

    def _completed(self, call: WriteCall, evidence: Evidence) -> Request:
        """The request with BILL's next bank day, where the agent named no day."""
        body, fill = call.request.body_fields, call.action.spec.fill
        days = [n for n, kind in fill.items() if kind == "bank_day" and n not in body]
        day = next_bank_day_at(
            evidence.bill_time or self.knowing.bill_now()
        ).isoformat()
        return completed(call.request, **dict.fromkeys(days, day))

    async def _sent(
        self, call: WriteCall, plan: Plan, grant: Grant | None, pin: Pin
    ) -> dict[str, Any]:
        if grant is not None and grant.transaction_number and call.own_number:
            request = completed(plan.request, **{NUMBER: grant.transaction_number})
            plan = replace(plan, request=request)
        recorder = WriteRecorder(
            self.look_ups.journal,
            self.entries.intent(call, plan, grant, pin),
            lambda reply: self.entries.ending(call, plan, reply),
            self.look_ups.committed,
            self.at_step,
            self.look_ups.clock,
        )

        async def send(authorization: Authorization) -> dict[str, Any]:
            return await self.look_ups.client.send(
                plan.request, authorization, agent=call.agent.key, recorder=recorder
            )

        try:
            reply = await pin.send(send)
        except CallError as error:
            found = None
            with dispensable("a look-up"):
                found = await self._found_at_once(call, recorder, error, pin)
            if found is None:
                raise
            return found
        if recorder.write is None or recorder.ending is None:
            raise AssertionError("what was sent is written down")
        vendor_id = call.arguments.get("vendorId")
        with dispensable("bank details"):
            await self.knowing.noticed(call.action, pin, reply, vendor_id)
        await self._deliver(recorder.write)
        return dict(recorder.ending.answer or {})

    async def _found_at_once(
        self, call: WriteCall, recorder: WriteRecorder, error: CallError, pin: Pin
    ) -> dict[str, Any] | None:
        """The answer that was lost, if BILL shows already that the payment was made."""
        write = recorder.write
        if error.outcome is not Outcome.UNKNOWN or write is None or not write.claims:
            return None
        try:
            now = await self.look_ups.look_up(call.agent, pin, write)
        except CallError:
            now = await self.look_ups.journal.now_of(write)
        if now.state is State.DONE:
            await self._deliver(now)
            return self.look_ups.journal.answers.of(now)
        if now.state is State.UNKNOWN:
            error.advice = repeats.unknown(now, call.agent.key).advice
        return None

    async def _deliver(self, write: Write) -> None:
        with dispensable("that the answer was given"):
            await self.look_ups.journal.deliver(write)

    async def _answered_again(self, write: Write) -> dict[str, Any]:
        await self._deliver(write)
        answer = self.look_ups.journal.answers.of(write)
        notes = {**answer.get("bill_mcp", {}), "already_done": True}
        return {**answer, "bill_mcp": notes}


def _busy() -> LimitError:
    return LimitError(
        "too many calls about the same thing came at once",
        advice="Call again in a minute; nothing was sent.",
        code="busy",
    )
