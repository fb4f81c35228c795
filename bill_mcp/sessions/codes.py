"""How long a code can be given, and what is left of a step with one that failed.

BILL names each challenge and each phone that is being registered in its answer. A code
whose answer was lost belongs to nothing that anybody here could name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bill_mcp.client.counts import MINUTE_S
from bill_mcp.errors import CallError, Outcome, TextLimitError
from bill_mcp.sessions.store import Held
from bill_mcp.specs.models import SessionRole

CODE_MINUTES = 10
"""For about as long BILL takes a code; its documents name no number."""

NOT_FOUND = "BDC_1205"
LOST: Mapping[str, Any] = {}
"""Stands for BILL's answer to a code that it has taken, where that got lost."""

_ASK = frozenset({SessionRole.CHALLENGE, SessionRole.SETUP})


def asked(role: SessionRole, held: Held, now: float) -> Held:
    """What is held once BILL has sent a code, if *role* has it send one."""
    if role not in _ASK:
        return held
    return replace(held, code_until=now + CODE_MINUTES * 60)


def may_have_been_taken(role: SessionRole | None, held: Held, error: CallError) -> bool:
    """Whether the session may be trusted although BILL's answer does not say so.

    BILL no longer knows a challenge whose code it has taken: its answer got lost, and
    the code was given again.
    """
    if role is not SessionRole.CONFIRM_CHALLENGE or held.organization is None:
        return False
    is_gone = error.bill_code == NOT_FOUND and not held.organization.trusted
    return is_gone or error.outcome is Outcome.UNKNOWN


def check_remembered(arguments: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
    """Say so where the code was taken, but what would be remembered got lost.

    Raises:
        CallError: It did.
    """
    if reply is not LOST or not arguments.get("rememberMe"):
        return
    raise CallError(
        "BILL trusts the session now, but the answer that held what is remembered got "
        "lost",
        advice="Go on: trust ends with the session. To have the device remembered, a "
        "new code is needed: ask the person whether they want that.",
        code="not_remembered",
        outcome=Outcome.DONE,
    )


def after_failure(role: SessionRole | None, held: Held, error: CallError) -> Held:
    """What is held after *error*, whose advice then fits to it."""
    if role is SessionRole.CONFIRM_CHALLENGE:
        _explain_refusal(error)
    if role is SessionRole.CHALLENGE:
        known, without = held.challenge_id, replace(held, challenge_id=None)
    elif role is SessionRole.SETUP:
        known, without = held.setup_id, replace(held, setup_id=None)
    else:
        return held
    if isinstance(error, TextLimitError) and known is not None:
        error.is_usable = True
        error.advice = (
            f"Use the code of that message, or ask for another one in {error.wait_s} "
            "seconds."
        )
    if error.outcome is not Outcome.UNKNOWN:
        return held
    error.advice = (
        "If a code reached the phone, it cannot be used, since its id was in the "
        f"answer that got lost: ask for a new one in {int(MINUTE_S)} seconds."
    )
    # An earlier one would be taken for the one that the new code belongs to.
    return without


def _explain_refusal(error: CallError) -> None:
    """Say of a code that was not taken, as far as anybody knows, what to do."""
    if error.bill_code == NOT_FOUND:
        error.args = ("BILL no longer knows the challenge that this code belongs to",)
        error.code = "challenge_gone"
        error.advice = (
            "Its code was taken before, or it has expired: ask for a new one with "
            "bill_generate_mfa_challenge."
        )
    elif error.outcome is Outcome.UNKNOWN:
        error.advice = (
            "Look with bill_get_api_session_details: mfaStatus COMPLETE means that it "
            "is done; otherwise give the same code once more."
        )
