"""Why an approval does not serve, and what the agent does now: one code each."""

from __future__ import annotations

from bill_mcp.errors import RefusedError
from bill_mcp.records.approval_rows import State

ASKED_AGAIN = "Make the call again without approval_id, so that a person is asked anew."

_NOT_SPENDABLE = {
    State.WAITING: (
        "approval_waiting",
        "no person has decided on this call yet",
        "Wait for the person, then make the same call again with the same approval_id.",
    ),
    State.DENIED: (
        "approval_declined",
        "a person looked at this call and declined it",
        "Tell the user that it was declined. Nobody is asked again for ten minutes.",
    ),
    State.CANCELLED: (
        "approval_cancelled",
        "the question to a person was closed without an answer",
        f"If the call is still wanted: {ASKED_AGAIN}",
    ),
    State.EXPIRED: (
        "approval_expired",
        "the approval has expired: it serves for ten minutes from the asking",
        f"If the call is still wanted: {ASKED_AGAIN}",
    ),
    State.SPENT: (
        "approval_spent",
        "the approval was used before; one approval serves one call",
        f"Look up what the earlier call did. If it is wanted once more: {ASKED_AGAIN}",
    ),
}


def unknown() -> RefusedError:
    return RefusedError(
        "there is no approval of that id",
        advice=f"Use the id that the refusal of your call gave. {ASKED_AGAIN}",
        code="approval_unknown",
    )


def damaged() -> RefusedError:
    return RefusedError(
        "the record of this approval was changed by another program, so it is void",
        advice="Tell the operator to run `bill-mcp audit verify`. Don't use the id "
        "again.",
        code="approval_damaged",
    )


def mismatch() -> RefusedError:
    return RefusedError(
        "the approval is for another call: a person agreed to other arguments, or for "
        "another agent or server process, or what they were shown has changed since",
        advice=f"Compare your call with the one that was approved. {ASKED_AGAIN}",
        code="approval_mismatch",
    )


def nobody_agreed() -> RefusedError:
    return RefusedError(
        "this id only repeats a call where nobody is asked, and now a person must "
        "agree to it",
        advice=ASKED_AGAIN,
        code="approval_acknowledged",
    )


def by_client() -> RefusedError:
    return RefusedError(
        "this call can't be approved through the agent's client",
        advice="A person approves it on the page that `bill-mcp open` opens, or with "
        "`bill-mcp approve` in a terminal.",
        code="approval_not_by_client",
    )


def not_spendable(state: State) -> RefusedError:
    """The refusal of a call whose approval is in any state but granted."""
    code, message, advice = _NOT_SPENDABLE[state]
    return RefusedError(message, advice=advice, code=code)


def not_waiting(state: State) -> RefusedError:
    """The refusal of a decision, because it was decided or ended before."""
    if state is State.GRANTED:
        return RefusedError(
            "this call is approved already",
            advice="The agent can make it until the approval expires.",
            code="approval_granted",
        )
    return not_spendable(state)
