"""A person's agreement to one call: asked for here, given elsewhere, spent once."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bill_mcp.agents import Agent
from bill_mcp.client.request import Request
from bill_mcp.environments import Environment
from bill_mcp.errors import CallError, Earlier, NeedsPerson, RefusedError
from bill_mcp.guard.evidence import Cause, Evidence, Reason
from bill_mcp.guard.showing import sentences, shown_lines, warnings
from bill_mcp.quoting import quoted, visible
from bill_mcp.records.approval_refusals import not_spendable
from bill_mcp.records.approvals import (
    Approval,
    ApprovalLine,
    Approvals,
    State,
    Wanted,
)
from bill_mcp.records.payments import amount_of
from bill_mcp.specs.catalogue import Action

_LIKE_BILLS = frozenset({Cause.DUPLICATE_BILL, Cause.SIMILAR_BILL})
_EARLIER = _LIKE_BILLS | {Cause.DUPLICATE_PAYMENT, Cause.RESEND}
"""Causes whose object was made before by a call like this one."""

DENIAL_LASTS = timedelta(minutes=10)
"""From the decision: a person may have thought about it until the very end."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """One call that may need a person.

    Attributes:
        request: The bytes that would be sent.
        own_number: The request carries a transaction number that we made.
        reasons: Why a person must agree; none where nobody needs to.
        shown_body: What would be sent, with account numbers to their last four.
        own_objects: Ids of what this agent itself made, among those that the reasons
            are about.
        asks_person: False where nobody is asked; then reasons are for the agent.
        organization: Names BILL's organization at its place.
        user: BILL's user of the session, or which token it is.
    """

    request: Request
    own_number: str | None
    evidence: Evidence
    reasons: tuple[Reason, ...]
    shown_body: Any
    own_objects: AbstractSet[str]
    asks_person: bool
    client_may_approve: bool
    agent: Agent
    environment: Environment
    organization: str
    organization_id: str
    user: str | None
    profile: str

    @property
    def needs_person(self) -> bool:
        """Whether somebody must agree before the call goes out."""
        return self.asks_person and bool(self.reasons)

    def lines(self) -> tuple[ApprovalLine, ...]:
        """What a person is shown of the call.

        Raises:
            RefusedError: It is more than a person can look at.
        """
        return shown_lines(self.request, self.evidence, self.shown_body)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What releases a call, and is spent in the transaction of its intent."""

    approval_id: str
    binding: str
    acknowledged: bool
    approver: str | None
    transaction_number: str | None


class Announcer(Protocol):
    """Tells people that an approval waits; never holds a call up."""

    def announce(self, approval: Approval) -> None: ...


class Approving:
    """Asks for approvals and finds those that were given.

    Args:
        approvals: Where they are.
        instance: Names this server process: what was approved for another one, or
            before a restart, serves no more.
        announcer: Told of each new approval that waits; None where nobody is.
        now: The time in UTC.
    """

    def __init__(
        self,
        approvals: Approvals,
        *,
        instance: str,
        announcer: Announcer | None,
        now: Callable[[], datetime],
    ) -> None:
        self.approvals, self._instance = approvals, instance
        self._announcer, self._now = announcer, now

    async def require(self, asking: Asking, approval_id: str | None) -> Grant | None:
        """What releases the call; None where it needs nothing.

        Raises:
            NeedsPerson: A person is asked now, or still.
            RefusedError: The person said no, or the agent must say that it is sure.
        """
        binding = self._binding(asking)
        if approval_id is not None:
            found = await self.approvals.find(approval_id)
            return Grant(
                approval_id=approval_id,
                binding=binding,
                acknowledged=not asking.asks_person,
                approver=found.decided_by if found else None,
                transaction_number=found.wanted.transaction_number if found else None,
            )
        if asking.asks_person:
            return await self._of_person(asking, binding) if asking.reasons else None
        # A similar bill that was entered in error can be archived; money is gone.
        doubted = _LIKE_BILLS if asking.evidence.parts else {Cause.DUPLICATE_BILL}
        doubts = [each for each in asking.reasons if each.cause in doubted]
        if doubts:
            wanted = self._wanted(asking, binding)
            approval = await self.approvals.ask(wanted, acknowledged=True)
            raise _sure(asking, doubts, approval)
        return None

    async def check_undeclined(self, asking: Asking) -> None:
        """Let a call go on that no person declined a moment ago.

        Raises:
            RefusedError: One did.
        """
        self._refuse_declined(await self.approvals.find_bound(self._binding(asking)))

    def _refuse_declined(self, found: Approval | None) -> None:
        # Or an agent that does not take no for an answer would tire people out.
        if found is None or found.state is not State.DENIED:
            return
        decided_at = found.decided_at or found.asked_at
        if self._now() < decided_at + DENIAL_LASTS:
            raise not_spendable(found.state)

    async def _of_person(self, asking: Asking, binding: str) -> Grant:
        found = await self.approvals.find_bound(binding)
        if found is not None and found.state is State.GRANTED:
            return Grant(
                approval_id=found.id,
                binding=binding,
                acknowledged=False,
                approver=found.decided_by,
                transaction_number=found.wanted.transaction_number,
            )
        self._refuse_declined(found)
        is_new = found is None or found.state is not State.WAITING
        approval = await self.approvals.ask(self._wanted(asking, binding))
        if is_new and self._announcer is not None:
            self._announcer.announce(approval)
        raise NeedsPerson(
            approval.id,
            _question(approval),
            client_may_approve=asking.client_may_approve,
            refusal=_required(asking, approval),
        )

    def spender(
        self, grant: Grant | None, now: Callable[[], datetime]
    ) -> Callable[[sqlite3.Connection], None]:
        """Spends the grant in the transaction that it is called in."""

        def spend(connection: sqlite3.Connection) -> None:
            if grant is not None:
                self.approvals.spend(
                    connection,
                    grant.approval_id,
                    binding=grant.binding,
                    now=now(),
                    acknowledged=grant.acknowledged,
                )

        return spend

    def _binding(self, asking: Asking) -> str:
        """Digest of everything that a person agrees to, and of who may use it."""
        evidence, request = asking.evidence, asking.request
        bound = {
            "action": request.action.name,
            "target": f"{request.method} {request.target}",
            "body": _without_number(asking),
            "file": hashlib.sha256(request.body or b"").hexdigest()
            if request.body_fields is None
            else None,
            "parts": [asdict(part) for part in evidence.parts],
            "payees": [asdict(payee) for payee in evidence.payees.values()],
            "causes": sorted({str(reason.cause) for reason in asking.reasons}),
            "lines": [asdict(line) for line in evidence.lines],
            "organization": asking.organization,
            "user": asking.user,
            "agent": asking.agent.key,
            "instance": self._instance,
        }
        text = json.dumps(bound, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def _wanted(self, asking: Asking, binding: str) -> Wanted:
        evidence, request = asking.evidence, asking.request
        currencies = {part.currency for part in evidence.parts}
        cents = sum(part.cents for part in evidence.parts)
        return Wanted(
            binding=binding,
            agent=asking.agent.key,
            agent_name=asking.agent.name,
            instance=self._instance,
            organization=asking.organization_id,
            environment=str(asking.environment),
            profile=asking.profile,
            action=request.action.name,
            title=_title(request.action),
            lines=asking.lines(),
            reasons=warnings(evidence, asking.reasons),
            cents=cents if len(currencies) == 1 else None,
            currency=currencies.pop() if len(currencies) == 1 else None,
            request_digest=hashlib.sha256(request.body or b"").hexdigest(),
            transaction_number=asking.own_number,
            client_may_approve=asking.client_may_approve,
        )


def _title(action: Action) -> str:
    words = action.name.removeprefix("bill_").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def _without_number(asking: Asking) -> Any:
    """The body without the number of ours, which is made anew at each entry."""
    body = asking.request.body_fields
    if asking.own_number is None or not isinstance(body, dict):
        return body
    return {name: value for name, value in body.items() if name != "transactionNumber"}


def _question(approval: Approval) -> str:
    """What a client's own form says: facts first, third parties' words quoted."""
    wanted = approval.wanted
    amount = ""
    if wanted.cents is not None:
        amount = f": {amount_of(wanted.cents)} {wanted.currency}"
    lines = [
        f"BILL {wanted.environment}, organization {visible(wanted.organization)}",
        *map(visible, wanted.reasons),
        f"{wanted.title}{amount}",
    ]
    for line in wanted.lines:
        value = quoted(line.value) if line.third_party else visible(line.value)
        lines.append(f"{visible(line.label)}: {value}")
    return "\n".join(lines)


def _required(asking: Asking, approval: Approval) -> RefusedError:
    told = " ".join(sentences(asking.reasons))
    is_like_another = any(each.cause in _LIKE_BILLS for each in asking.reasons)
    ask = (
        f"ask the person to run `bill-mcp approve {approval.id}` within ten minutes, "
        f"then make the very same call again with approval_id {approval.id}."
    )
    return RefusedError(
        f"a person must agree to this call first. {told}",
        advice=_compare(asking) + ask if is_like_another else f"A{ask[1:]}",
        code="approval_required",
        earlier=_earlier(asking, [r for r in asking.reasons if r.cause in _EARLIER]),
    )


def _sure(asking: Asking, doubts: list[Reason], approval: Approval) -> CallError:
    told = " ".join(sentences(tuple(doubts)))
    return RefusedError(
        f"this looks like a bill that is at BILL already. {told}",
        advice=f"{_compare(asking)}make the very same call again with approval_id "
        f"{approval.id}.",
        code="duplicate_bill",
        earlier=_earlier(asking, doubts),
    )


def _compare(asking: Asking) -> str:
    """What an agent can do about a likely duplicate before anybody is asked."""
    is_payment = bool(asking.evidence.parts)
    same = " If it is the same, pay that bill by its billId." if is_payment else ""
    return f"Compare the two.{same} Only if this is really another bill, "


def _earlier(asking: Asking, reasons: list[Reason]) -> Earlier | None:
    """The first object that the reasons are about, and whether this agent made it."""
    key = next((each.object_id for each in reasons if each.object_id), None)
    if key is None:
        return None
    return Earlier(at=None, id=key, agent_is_you=key in asking.own_objects)
