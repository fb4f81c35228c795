"""Has a person agree to a call, where one must."""

from __future__ import annotations

from dataclasses import dataclass

from bill_mcp.guard import policy
from bill_mcp.guard.approval import Approving, Asking, Grant
from bill_mcp.records import makers
from bill_mcp.sessions.pin import Pin
from bill_mcp.writing.call import Plan, WriteCall
from bill_mcp.writing.entries import Entries
from bill_mcp.writing.knowing import Knowing
from bill_mcp.writing.lookups import LookUps


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Asks people about calls, and takes what they said."""

    look_ups: LookUps
    entries: Entries
    approving: Approving
    knowing: Knowing

    async def obtain(self, call: WriteCall, plan: Plan, pin: Pin) -> Grant | None:
        """What releases the call; None where it needs nothing.

        Nobody is asked about a call that would not go out then either.

        Raises:
            NeedsPerson: A person is asked now, or still.
            StaleError: Something has come between the decision and the asking.
            CallError: The person said no, or it would be refused whatever anybody says.
        """
        asking = await self._asking(call, plan, pin)
        approval_id = call.given.get("approval_id")
        if asking.needs_person:
            if approval_id is None:
                await self.approving.check_undeclined(asking)
            intent = self.entries.intent(call, plan, None, pin)
            await self.look_ups.journal.check(intent)
            await self.knowing.require_trust(call, plan, pin)
        return await self.approving.require(asking, approval_id)

    async def foresee(self, call: WriteCall, plan: Plan, pin: Pin) -> None:
        """Let a preview go on of a call that a person could be asked about.

        Nobody is asked, and no approval is written.

        Raises:
            StaleError: Something has come between the decision and the asking.
            CallError: A person said no a moment ago, or the call would be refused.
        """
        asking = await self._asking(call, plan, pin)
        if asking.needs_person:
            await self.approving.check_undeclined(asking)
        # As the intent's transaction does, which alone decides.
        await self.look_ups.journal.check(self.entries.intent(call, plan, None, pin))
        if asking.needs_person:
            asking.lines()  # for its refusal of what is more than anybody reads

    async def _asking(self, call: WriteCall, plan: Plan, pin: Pin) -> Asking:
        place = self.look_ups.place
        about = [each.object_id for each in plan.decision.reasons if each.object_id]
        own = await self.look_ups.journal.file.look(
            lambda c: makers.made_by(
                c, plan.subject.organization, call.agent.key, about
            )
        )
        return Asking(
            request=plan.request,
            own_objects=own,
            own_number=call.own_number,
            evidence=plan.evidence,
            reasons=plan.decision.reasons,
            asks_person=place.asks_person(call.agent),
            client_may_approve=policy.client_may_approve(
                plan.decision, plan.evidence.parts, call.agent.policy.rules
            ),
            agent=call.agent,
            environment=place.environment,
            organization=plan.subject.organization,
            organization_id=pin.organization,
            user=pin.user,
            profile=pin.profile,
            shown_body=self.entries.masked_body(call.action, plan.request),
        )
