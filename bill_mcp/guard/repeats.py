"""What an earlier write means for the call that comes now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from bill_mcp.errors import CallError, Earlier, Outcome, RefusedError
from bill_mcp.guard.evidence import Cause, Reason
from bill_mcp.guard.rules import Resend, Rules
from bill_mcp.records.claims import REPEAT_MINUTES, Claim, State, Write
from bill_mcp.records.payments import amount_of

ALMOST_A_MINUTE = timedelta(seconds=59, microseconds=999_999)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What stands in the way of a call.

    Attributes:
        answered: The same write, done, whose answer this call may have.
        reasons: Why a person must agree before it goes out (again).
    """

    answered: Write | None = None
    reasons: tuple[Reason, ...] = ()


def judge(
    earlier: Sequence[Write],
    *,
    agent: str,
    identities: AbstractSet[str],
    waited_for: Iterable[int],
    new_number: str | None,
) -> Standing:
    """What the earlier writes mean; those under way have been waited for.

    An answer is given again only to a call for exactly the same payments: to any
    other it would tell of a payment that was not made, or hide one that was.

    Args:
        earlier: The same payments, or the agent's same write; see `claims`.
        agent: Who calls.
        identities: Of the payments that the call asks for.
        waited_for: The writes that were under way when this call came.
        new_number: The transaction number that the caller gave, if no payment had it
            before: it says that another payment is meant.

    Raises:
        CallError: ``outcome_unknown``, or ``duplicate`` with the outcome ``done``.
    """
    waited = frozenset(waited_for)
    reasons: list[Reason] = []
    for write in earlier:
        if write.state in {State.OPEN, State.UNKNOWN}:
            raise unknown(write, agent)
        if write.state is State.NOT_DONE:
            reasons.append(_lost(write))
        elif write.claims and new_number is not None:
            reasons.append(_duplicate(write, identities))
        elif (
            write.agent == agent
            and (not write.is_delivered or write.id in waited)
            and {claim.part.identity for claim in write.claims} == identities
        ):
            return Standing(answered=write)
        else:
            raise made_before(write, agent, identities)
    return Standing(reasons=tuple(reasons))


def refuse_equal(reasons: Iterable[Reason], new_number: str | None) -> None:
    """Refuse a payment that BILL has already, unless the caller means another.

    Raises:
        CallError: ``duplicate``, with the outcome ``done``.
    """
    if new_number is not None:
        return
    for reason in reasons:
        if reason.cause is Cause.DUPLICATE_PAYMENT:
            raise CallError(
                f"nothing was sent: {reason.text}",
                advice=_ANOTHER,
                code="duplicate",
                outcome=Outcome.DONE,
                earlier=Earlier(at=None, id=reason.object_id, agent_is_you=False),
            )


def refuse_lost(
    reasons: Iterable[Reason], new_number: str | None, rules: Rules | None
) -> None:
    """Refuse to send a lost payment again where no person can be asked.

    Raises:
        RefusedError: ``not_done``: neither the policy nor the caller says that it may.
    """
    if new_number is not None:
        return
    if rules is not None and rules.resend is Resend.AFTER_NOT_DONE:
        return
    for reason in reasons:
        if reason.cause is Cause.RESEND:
            raise RefusedError(
                f"{reason.text} It counts as not done, and nothing was sent now",
                advice="Look at the bill and its payments once more. To pay now, make "
                "the call with a transactionNumber that no call had before.",
                code="not_done",
            )


def unknown(write: Write, agent: str) -> CallError:
    """The refusal of a call while an earlier one may have taken effect."""
    if write.claims:
        due = ""
        if write.look_at is not None:
            # Rounded up: who comes within that minute must not come too early.
            due = f" BILL is asked again at {_time(write.look_at + ALMOST_A_MINUTE)}."
        advice = (
            f"Do not pay in another way meanwhile.{due} Make the same call again after "
            "that: it answers what was found, and pays only if nothing was."
        )
        what = f"a payment of {_of(write)} was sent at {_time(write.begun)}"
    else:
        until = write.begun + timedelta(minutes=REPEAT_MINUTES)
        advice = (
            "Look up at BILL whether it took effect. Only if it did not, make the "
            f"call again after {_time(until)}."
        )
        what = f"the same call was sent at {_time(write.begun)}"
    return CallError(
        f"{what}, and whether it took effect is not known yet; nothing was sent now",
        advice=advice,
        code="outcome_unknown",
        outcome=Outcome.UNKNOWN,
        earlier=earlier_of(write, agent),
    )


_ANOTHER = (
    "Do not repeat it. Only if another payment is really meant: make the call with a "
    "transactionNumber that no call had before; where a person can be asked, one is."
)


def made_before(write: Write, agent: str, identities: AbstractSet[str]) -> CallError:
    """The refusal of a call that asks for what was done before."""
    if write.claims:
        same = _same(write, identities)
        message = f"the same payment, {_named(same)}, was made at {_time(write.begun)}"
        advice = _ANOTHER
    else:
        until = write.begun + timedelta(minutes=REPEAT_MINUTES)
        message = f"the very same call was made at {_time(write.begun)} and is done"
        advice = (
            "Do not repeat it. Only if it is really meant once more: call again after "
            f"{_time(until)}."
        )
    return CallError(
        f"{message}; nothing was sent now",
        advice=advice,
        code="duplicate",
        outcome=Outcome.DONE,
        earlier=earlier_of(write, agent, identities),
    )


def earlier_of(
    write: Write, agent: str, identities: AbstractSet[str] = frozenset()
) -> Earlier:
    """The earlier write as an agent may know it: of a bulk, what the call is about."""
    return Earlier(
        at=write.begun,
        id=_payment_id(_same(write, identities)) or write.payment_id or write.made,
        agent_is_you=write.agent == agent,
    )


def _lost(write: Write) -> Reason:
    return Reason(
        cause=Cause.RESEND,
        text=f"A payment of {_of(write)} was sent at {_time(write.begun)}, its answer "
        "was lost, and three look-ups at BILL found nothing.",
    )


def _duplicate(write: Write, identities: AbstractSet[str]) -> Reason:
    same = _same(write, identities)
    return Reason(
        cause=Cause.DUPLICATE_PAYMENT,
        text=f"The same payment, {_named(same)}, was made at {_time(write.begun)}.",
        object_id=_payment_id(same) or write.payment_id,
    )


def _same(write: Write, identities: AbstractSet[str]) -> tuple[Claim, ...]:
    """Those of the payments of *write* that the call asks for too."""
    return tuple(c for c in write.claims if c.part.identity in identities)


def _payment_id(claims: Iterable[Claim]) -> str | None:
    return next((claim.payment_id for claim in claims if claim.payment_id), None)


def _named(claims: Sequence[Claim]) -> str:
    """What they come to and what they pay, such as ``60.00 USD for bill 00n…``."""
    paid = " and ".join(claim.part.subject.replace("/", " ", 1) for claim in claims)
    return f"{_sum(claims)} for {paid}"


def _of(write: Write) -> str:
    return _sum(write.claims)


def _sum(claims: Iterable[Claim]) -> str:
    totals: dict[str, int] = {}
    for claim in claims:
        part = claim.part
        totals[part.currency] = totals.get(part.currency, 0) + part.cents
    return " and ".join(f"{amount_of(c)} {name}" for name, c in totals.items())


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else "an unknown time"
