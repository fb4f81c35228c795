"""The sessions of one row as text, and back. What opens them is never in it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from bill_mcp.clock import Clock
from bill_mcp.secret import Secret
from bill_mcp.sessions.codes import CODE_MINUTES
from bill_mcp.sessions.store import IDLE_MINUTES, BillSession, Held


class Sessions(NamedTuple):
    """An organization's session and a partner's, where there are any.

    With the first go the ids of the steps that wait for a code; see `Held`.
    """

    organization: BillSession | None = None
    partner: BillSession | None = None
    challenge_id: str | None = None
    setup_id: str | None = None
    code_until: float | None = None

    @property
    def both(self) -> tuple[BillSession | None, BillSession | None]:
        """The sessions alone."""
        return self.organization, self.partner

    @property
    def ids(self) -> tuple[Secret | None, ...]:
        """Which sessions they are at BILL."""
        return tuple(each.session_id if each else None for each in self.both)

    def last_used(self, clock: Clock) -> datetime:
        """When one of them was used last, time of day.

        Raises:
            ValueError: There is none.
        """
        latest = max(each.last_used for each in self.both if each is not None)
        return clock.now() - timedelta(seconds=clock.monotonic() - latest)


NONE = Sessions()


def sessions_of(held: Held) -> Sessions:
    """What of *held* a later process can go on with."""
    organization, waits = held.organization, held.challenge_id or held.setup_id
    if organization is None or not waits:
        return Sessions(organization, held.partner)
    return Sessions(
        organization,
        held.partner,
        held.challenge_id,
        held.setup_id,
        held.code_until,
    )


def as_text(sessions: Sessions, clock: Clock) -> str:
    """Sealed, it is what a later process finds."""
    organization, partner = sessions.both
    told: dict[str, Any] = {
        "organization": _as_json(organization, clock) if organization else None,
        "partner": _as_json(partner, clock) if partner else None,
    }
    if sessions.code_until is not None:
        left = timedelta(seconds=sessions.code_until - clock.monotonic())
        told["code"] = {
            "challenge": sessions.challenge_id,
            "setup": sessions.setup_id,
            "until": (clock.now() + left).isoformat(),
        }
    return json.dumps(told)


def _as_json(session: BillSession, clock: Clock) -> dict[str, Any]:
    unused = timedelta(seconds=clock.monotonic() - session.last_used)
    return {
        "id": session.session_id.reveal(),
        "organization": session.organization_id,
        "user": session.user_id,
        "trusted": session.trusted,
        "as_user": session.as_user,
        "last_used": (clock.now() - unused).isoformat(),
    }


def from_text(text: str, clock: Clock) -> Sessions:
    """Those of the sessions that can still be alive."""
    try:
        kept = json.loads(text)
        found = Sessions(
            organization=_from_json(kept["organization"], clock),
            partner=_from_json(kept["partner"], clock),
        )
        return _with_code(found, kept.get("code"), clock)
    except (ValueError, KeyError, TypeError):
        return NONE


def _with_code(found: Sessions, code: dict[str, Any] | None, clock: Clock) -> Sessions:
    """The sessions with the steps that wait for a code, while BILL takes one."""
    if found.organization is None or code is None:
        return found
    left_s = (datetime.fromisoformat(code["until"]) - clock.now()).total_seconds()
    if not 0 < left_s <= CODE_MINUTES * 60:
        return found
    return found._replace(
        challenge_id=code["challenge"],
        setup_id=code["setup"],
        code_until=clock.monotonic() + left_s,
    )


def _from_json(kept: dict[str, Any] | None, clock: Clock) -> BillSession | None:
    """The session, unless it is idle or its last use lies in the future."""
    if kept is None:
        return None
    last_used = datetime.fromisoformat(kept["last_used"])
    unused_s = (clock.now() - last_used).total_seconds()
    if not 0 <= unused_s < IDLE_MINUTES * 60:
        return None
    as_user = kept["as_user"]
    return BillSession(
        session_id=Secret(kept["id"]),
        organization_id=kept["organization"],
        user_id=kept["user"],
        trusted=kept["trusted"] is True,
        last_used=clock.monotonic() - unused_s,
        as_user=(str(as_user[0]), str(as_user[1])) if as_user else None,
    )
