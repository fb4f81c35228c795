"""How long a code can be given, and what is left of a step with one that failed.

BILL names each challenge and each phone that is being registered in its answer. A code
whose answer was lost belongs to nothing that anybody here could name.
"""

from __future__ import annotations

from dataclasses import replace

from bill_mcp.client.counts import MINUTE_S
from bill_mcp.errors import CallError, Outcome, TextLimitError
from bill_mcp.sessions.store import Held
from bill_mcp.specs.models import SessionRole

CODE_MINUTES = 10
"""For about as long BILL takes a code; its documents name no number."""

_ASK = frozenset({SessionRole.CHALLENGE, SessionRole.SETUP})


def asked(role: SessionRole, held: Held, now: float) -> Held:
    """What is held once BILL has sent a code, if *role* has it send one."""
    if role not in _ASK:
        return held
    return replace(held, code_until=now + CODE_MINUTES * 60)


def after_failure(role: SessionRole | None, held: Held, error: CallError) -> Held:
    """What is held after *error*, whose advice then fits to it."""
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
