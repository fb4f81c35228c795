"""What the journal and the audit log are told of a write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bill_mcp.client.http import Authorization
from bill_mcp.client.request import Request
from bill_mcp.clock import Clock
from bill_mcp.errors import CallError, Outcome
from bill_mcp.guard import limits, touching
from bill_mcp.guard.approval import Approving, Grant
from bill_mcp.guard.evidence import Cause
from bill_mcp.records import masking, touched
from bill_mcp.records.audit import AuditEntry, Kind
from bill_mcp.records.claims import Write
from bill_mcp.records.entering import Compared
from bill_mcp.records.intents import Asker, Ending, Intent, Subject, asker_of
from bill_mcp.records.payments import PaymentPart, Spent
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions.pin import Pin
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Effect
from bill_mcp.writing.call import NUMBER, Place, Plan, Present, WriteCall


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Makes intents, endings and audit rows.

    Attributes:
        digest: Keyed: from it nobody can guess the arguments.
    """

    place: Place
    approving: Approving
    digest: Callable[[bytes], str]
    live: LiveSecrets
    clock: Clock
    present: Present

    def masked_body(self, action: Action, request: Request) -> Any:
        """What would be sent, as a person may see it: accounts to their last four."""
        body = request.body_fields
        if body is None:
            return None
        whole = body if isinstance(body, dict) else {"items": body}
        return masking.masked(action, whole, self.live)

    def subject(
        self,
        call: WriteCall,
        pin: Pin,
        parts: tuple[PaymentPart, ...],
        enters: Compared | None = None,
    ) -> Subject:
        """What the write is about."""
        return Subject(
            organization=self.place.organization(pin),
            agent=call.agent.key,
            digest=self.digest(call.content),
            is_repeatable=call.action.is_idempotent,
            parts=parts,
            enters=enters,
        )

    def intent(
        self, call: WriteCall, plan: Plan, grant: Grant | None, pin: Pin
    ) -> Intent:
        """The write that is about to go out."""
        evidence = plan.evidence
        time = evidence.bill_time or self.clock.now()
        known = {
            "payments": sorted(evidence.known_payments),
            "before": dict(evidence.before),
            "bill_time": time.isoformat(),
            "number": call.given_number,
            **Asker(call.agent.name, pin.organization).as_known(),
        }
        return Intent(
            subject=plan.subject,
            seen=plan.seen,
            profile=pin.profile,
            action=call.action.name,
            moves_money=Effect.MONEY in plan.decision.effects,
            transaction_number=call.own_number and plan.request.body_fields[NUMBER],
            new_number=plan.new_number,
            known=known if plan.evidence.parts else _perhaps(call, plan),
            check_spent=lambda spent: self.check_spent(call, plan, spent),
            spend_approval=self.approving.spender(grant, self.clock.now),
            entry=self._entry(call, plan, grant, pin),
        )

    def check_spent(self, call: WriteCall, plan: Plan, spent: Sequence[Spent]) -> None:
        """Let the payments go on if all limits hold with what is spent already.

        Raises:
            RefusedError: A limit would be passed.
        """
        limits.check(
            plan.evidence.parts,
            spent,
            plan.evidence.payees,
            call.agent.policy.rules,
            self.clock.now(),
        )

    def signing(self, call: WriteCall, authorization: Authorization) -> Intent:
        """A step of signing in or of MFA that is about to go out."""
        organization = authorization.organization
        return Intent(
            subject=Subject(
                organization=self.place.named(organization),
                agent=call.agent.key,
                digest=self.digest(call.content),
                is_repeatable=True,
                parts=(),
            ),
            seen=(),
            profile=call.agent.profile or "",
            action=call.action.name,
            moves_money=False,
            transaction_number=None,
            known={},
            check_spent=lambda _: None,
            spend_approval=lambda _: None,
            entry=AuditEntry(
                at=self.clock.now(),
                kind=Kind.INTENT,
                agent=call.agent.name,
                profile=call.agent.profile,
                environment=str(self.place.environment),
                organization=organization or None,
                action=call.action.name,
                effects=tuple(sorted(call.verdict.effects)),
                verdict="allowed",
                arguments=masking.masked(call.action, call.arguments, self.live),
            ),
        )

    def _entry(
        self, call: WriteCall, plan: Plan, grant: Grant | None, pin: Pin
    ) -> AuditEntry:
        return AuditEntry(
            at=self.clock.now(),
            kind=Kind.INTENT,
            agent=call.agent.name,
            profile=pin.profile,
            environment=str(self.place.environment),
            organization=pin.organization,
            user=pin.user,
            action=call.action.name,
            effects=tuple(sorted(plan.decision.effects)),
            verdict="approved" if grant and grant.approver else "allowed",
            approval=grant.approval_id if grant else None,
            approver=grant.approver if grant else None,
            arguments=masking.masked(call.action, call.arguments, self.live),
            digest=plan.subject.digest,
        )

    def refusal(
        self, call: WriteCall, pin: Pin | None, refused: CallError
    ) -> AuditEntry:
        """The audit row of a write that was not let through."""
        return AuditEntry(
            at=self.clock.now(),
            kind=Kind.REFUSED,
            agent=call.agent.name,
            profile=pin.profile if pin else call.agent.profile,
            environment=str(self.place.environment),
            organization=pin.organization if pin else None,
            action=call.action.name,
            effects=tuple(sorted(call.verdict.effects)),
            verdict=refused.code,
            outcome=str(refused.outcome),
            arguments=masking.masked(call.action, call.arguments, self.live),
        )

    def settled(self, write: Write) -> AuditEntry:
        """The audit row of a look-up, whoever makes it: in the name of the asker."""
        asker = asker_of(write)
        return AuditEntry(
            at=self.clock.now(),
            kind=Kind.SETTLED,
            agent=asker.agent,
            profile=write.profile,
            environment=str(self.place.environment),
            organization=asker.organization,
            action=write.action,
        )

    def ending(
        self, call: WriteCall, plan: Plan, reply: Mapping[str, Any] | None
    ) -> Ending:
        """What BILL's reply means; None where there was none.

        Unknown where it does not show each of the payments that were asked for: what
        is no payment must not count as one, nor what may be one as none.
        """
        told: Mapping[str, Any] = reply or {}
        answer = None
        asked = plan.evidence.asked
        payments = touching.payments_in(asked, told)
        shows_all = len(payments) == len(asked)
        if reply is not None and shows_all:
            answer = self.present(call.agent, call.action, reply, call.given)
            if not self.place.asks_person(call.agent):
                answer = _with_doubts(answer, plan)
        return Ending(
            outcome=Outcome.DONE if shows_all else Outcome.UNKNOWN,
            answer=answer,
            payments=payments,
            objects=touching.objects_of(
                call.action,
                plan.decision.effects,
                call.arguments,
                told,
                plan.evidence.owed_to,
            ),
            bill_ids=touching.ids_in(told),
        )


def _perhaps(call: WriteCall, plan: Plan) -> dict[str, Any]:
    """What counts as changed by the agent for as long as the outcome is unknown."""
    keys = touching.perhaps(
        call.action, plan.decision.effects, call.arguments, plan.evidence.owed_to
    )
    return {touched.PERHAPS: list(keys)} if keys else {}


def _with_doubts(answer: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """*answer* with the earlier bills that look like the new one, if there are any.

    Where a person is asked, they have seen them before; and of a payment the agent has
    said that it is sure.
    """
    told = [
        {"id": reason.object_id, "message": reason.text}
        for reason in plan.decision.reasons
        if reason.cause is Cause.SIMILAR_BILL and reason.object_id
    ]
    if not told or plan.evidence.parts:
        return answer
    notes = {
        **answer.get("bill_mcp", {}),
        "similar_bills": told,
        "advice": "Compare them. If the new one is the same bill entered twice, "
        "archive it with bill_archive_a_bill; if it is another one, do nothing.",
    }
    return {**answer, "bill_mcp": notes}
