"""What is known at BILL about one call: evidence, MFA of its session, bank details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bill_mcp.agents import Agent
from bill_mcp.client.http import Authorization
from bill_mcp.client.request import build
from bill_mcp.errors import NotTrustedError
from bill_mcp.guard import bank_details, touching
from bill_mcp.guard.bank_details import BankFinding
from bill_mcp.guard.evidence import Evidence
from bill_mcp.guard.gathering import Gatherer
from bill_mcp.guard.reading import Read
from bill_mcp.records import touched
from bill_mcp.records.bank_details import KnownDetails
from bill_mcp.sessions.pin import Pin
from bill_mcp.specs.catalogue import Action
from bill_mcp.writing.call import Plan, WriteCall
from bill_mcp.writing.lookups import LookUps

TRUSTED_STATES = frozenset({"COMPLETE", "DISABLED"})
"""The states of MFA in which BILL lets a session pay."""

BANK_DETAILS_DAYS = 3
"""Business days for which new bank details need a person, where no policy says."""


@dataclass(frozen=True, kw_only=True)
class Knowing:
    """Reads what must be known of a call, under its own session.

    Attributes:
        bank_details: What this server saw of vendors' accounts before.
    """

    look_ups: LookUps
    bank_details: KnownDetails

    async def evidence(self, call: WriteCall, pin: Pin) -> Evidence:
        """What BILL says of everything that the call touches.

        Raises:
            CallError: BILL could not be asked, or shows not what the guard needs.
        """
        read = self.look_ups.reader(call.agent, pin)

        async def examine(vendor: Mapping[str, Any]) -> BankFinding:
            return await self._examined(call.agent, pin, read, vendor)

        asks = self.look_ups.place.asks_person(call.agent)
        gatherer = Gatherer(
            read=read,
            examine=examine,
            bill_now=self.bill_now,
            is_relied_on=asks or call.agent.policy.rules is not None,
        )
        return await gatherer.gather(
            call.action,
            call.arguments,
            call.verdict,
            asks=asks,
        )

    def bill_now(self) -> datetime:
        """BILL's clock, or ours where BILL's answers carry none."""
        return self.look_ups.client.bill_time or self.look_ups.clock.now()

    async def _examined(
        self, agent: Agent, pin: Pin, read: Read, vendor: Mapping[str, Any]
    ) -> BankFinding:
        organization = self.look_ups.place.organization(pin)
        rules, vendor_id = agent.policy.rules, str(vendor.get("id"))
        written_at = await self.look_ups.journal.file.look(
            lambda c: touched.touched_at(c, organization, vendor_id, touching.PAYEE)
        )
        finding = await bank_details.examine(
            read,
            vendor,
            organization=organization,
            known=self.bank_details,
            now=self.bill_now(),
            days=rules.bank_details_days if rules else BANK_DETAILS_DAYS,
            written_at=written_at,
        )
        details = "bill_get_vendor_details"
        await self.bank_details.note(organization, details, vendor, self.bill_now())
        return finding

    async def noticed(
        self, action: Action, pin: Pin, reply: Mapping[str, Any], vendor_id: str | None
    ) -> None:
        """Remember the bank details that a reply shows, to see when they change."""
        if action.resource == "vendors":
            await self.bank_details.note(
                self.look_ups.place.organization(pin),
                action.name,
                reply,
                self.bill_now(),
                vendor_id=vendor_id,
            )

    async def require_trust(self, call: WriteCall, plan: Plan, pin: Pin) -> None:
        """MFA comes before the approval, which BILL's refusal would use up.

        Raises:
            NotTrustedError: BILL would refuse the call in this session.
        """
        if not plan.decision.needs_trust or pin.session is None:
            return
        # The reads before may have renewed the session, which then is another one.
        session = self.look_ups.sessions.session_of(call.agent)
        if session is not None and session.trusted:
            return
        details = self.look_ups.catalogue.find("bill_get_api_session_details")
        request = build(details, {}, new_id=self.look_ups.new_id)

        async def read(authorization: Authorization) -> dict[str, Any]:
            reply = await self.look_ups.client.send(
                request, authorization, agent=call.agent.key
            )
            status = reply.get("mfaStatus")
            if reply.get("mfaBypass") or status is None or status in TRUSTED_STATES:
                return reply
            raise NotTrustedError(
                "this session has not completed MFA, which the call needs",
                advice="Ask a person to complete MFA; then make the same call again. "
                "Signing in again does not help.",
            )

        # Sent as BILL's own refusal would be: MFA that was remembered elsewhere since
        # is used, and one that has lapsed is told of.
        await pin.send(read)
