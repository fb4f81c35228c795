"""Sees what stands in the way of a call: at BILL, in the journal, and under way now."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bill_mcp.guard import gathering
from bill_mcp.records import entering
from bill_mcp.records.claims import Write
from bill_mcp.records.entering import Compared, Entering
from bill_mcp.sessions.pin import Pin
from bill_mcp.writing.call import Sight, WriteCall
from bill_mcp.writing.entries import Entries
from bill_mcp.writing.knowing import Knowing
from bill_mcp.writing.lookups import LookUps

WAIT_S = 120.0
"""How long a call waits for the same write that is under way: beyond its deadline."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.5


@dataclass(frozen=True, kw_only=True)
class Seeing:
    """Sees what stands in a call's way, and waits for what is under way."""

    look_ups: LookUps
    entries: Entries
    knowing: Knowing

    def about(self, call: WriteCall, pin: Pin) -> list[str]:
        """Names what the call is about, for those that must not be decided at once."""
        organization = self.look_ups.place.organization(pin)
        about = [f"{organization} {each.subject}" for each in call.asked]
        if not about and not call.action.is_idempotent:
            digest = self.entries.digest(call.content)
            about = [f"{organization} {call.agent.key} {digest}"]
        vendor_id = call.arguments.get("vendorId")
        if vendor_id is not None and gathering.may_enter(call.action):
            about.append(f"{organization} bills of {vendor_id}")
        return about

    async def under_way(
        self,
        call: WriteCall,
        pin: Pin,
        subjects: AbstractSet[str],
        vendor_id: str | None = None,
    ) -> frozenset[int]:
        """The writes about the same whose answer may still come.

        With *vendor_id* also those that enter a bill of that vendor.
        """
        journal = self.look_ups.journal
        subject = self.entries.subject(call, pin, ())
        open_ones = await journal.open_ones(subject, sorted(subjects))
        if vendor_id is not None:
            open_ones += (await self._entering(pin)).of(vendor_id)
        under_way = [w.id for w in open_ones if await journal.is_under_way(w)]
        return frozenset(under_way)

    async def _entering(self, pin: Pin) -> Entering:
        organization = self.look_ups.place.organization(pin)
        return await self.look_ups.journal.file.look(
            lambda c: entering.under_way(c, organization)
        )

    async def waited_for(
        self,
        call: WriteCall,
        pin: Pin,
        subjects: AbstractSet[str],
        vendor_id: str | None,
    ) -> frozenset[int]:
        """Wait until no same write is under way; answers which were."""
        clock = self.look_ups.clock
        seen: frozenset[int] = frozenset()
        pause_s, until = FIRST_PAUSE_S, clock.monotonic() + WAIT_S
        while clock.monotonic() < until:
            under_way = await self.under_way(call, pin, subjects, vendor_id)
            if not under_way:
                break
            seen |= under_way
            await clock.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        return seen

    async def sight(self, call: WriteCall, pin: Pin) -> Sight:
        """What BILL and the journal show of the call now.

        Raises:
            StaleError: BILL is another world than a moment ago.
            CallError: BILL could not be asked, or shows not what the guard needs.
        """
        journal, entering_bills = self.look_ups.journal, None
        if gathering.may_enter(call.action):
            entering_bills = await self._entering(pin)
        evidence = await self.knowing.evidence(call, pin)
        enters, beside = None, tuple[Write, ...]()
        if entering_bills is not None and evidence.enters_bill_of is not None:
            enters = Compared(evidence.enters_bill_of, entering_bills.newest)
            # As they were before BILL was read: they may have ended since, unseen.
            beside = entering_bills.of(enters.vendor_id)
        subject = self.entries.subject(call, pin, evidence.parts, enters)
        seen = await self.look_ups.earlier(call.agent, pin, subject)
        under_way = {w.id for w in (*seen, *beside) if await journal.is_under_way(w)}
        return Sight(
            evidence=evidence,
            subject=subject,
            seen=seen,
            under_way=frozenset(under_way),
        )
