"""What is told of a call that waits: masked facts, and no way to approve.

What is told may be read by anybody: on a locked screen, in a chat. So it holds no text
that an agent or a third party wrote, no name in full, no exact amount and no link.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bill_mcp.client.request import NewId
from bill_mcp.records.approvals import Approval, Wanted
from bill_mcp.records.payments import CENTS

ID_CHARACTERS = 16
MASK = "•••"
_TOOL_NAME = re.compile(r"bill_[a-z0-9_]{1,80}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST_WORDS = 4
_SHOWN_OF_ID, _SHOWN_OF_KEY = 4, 4


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One waiting call, told to people.

    Attributes:
        id: The same for each try to deliver it.
        title: The action's own name in words, such as "Create a payment".
        organization: Masked.
        magnitude: The amount's order of magnitude, as (at least, below, currency) in
            major units; None where there is no amount.
        expires_at: In UTC.
    """

    id: str
    approval_id: str
    environment: str
    organization: str
    action: str
    title: str
    magnitude: tuple[int, int, str] | None
    expires_at: datetime

    def in_words(self) -> str:
        """One sentence for a screen that others may see too."""
        return (
            f"An agent waits for approval in {self.environment.upper()}: "
            f"{self.title[:1].lower()}{self.title[1:]}, "
            f"id {self.approval_id[:_SHOWN_OF_ID]}…; run bill-mcp approvals"
        )

    def as_json(self) -> bytes:
        """The body of the webhook."""
        told: dict[str, Any] = {
            "type": "approval_waiting",
            "id": self.id,
            "approval_id": self.approval_id,
            "environment": self.environment,
            "organization": self.organization,
            "action": self.action,
            "title": self.title,
            "expires_at": self.expires_at.astimezone(UTC).isoformat(timespec="seconds"),
        }
        if self.magnitude is not None:
            at_least, below, currency = self.magnitude
            told["amount"] = {
                "at_least": at_least,
                "below": below,
                "currency": currency,
            }
        return json.dumps(told, separators=(",", ":")).encode()


def announcement_of(approval: Approval, new_id: NewId) -> Announcement:
    """What may be told of an approval that waits."""
    wanted = approval.wanted
    # The name of a tool is ours, whatever the agent called it by.
    known = _TOOL_NAME.fullmatch(wanted.action) is not None
    words = wanted.action.removeprefix("bill_").replace("_", " ") if known else "a call"
    return Announcement(
        id=new_id(ID_CHARACTERS),
        approval_id=approval.id,
        environment=wanted.environment,
        organization=_masked_organization(wanted),
        action=wanted.action if known else "",
        title=f"{words[:1].upper()}{words[1:]}",
        magnitude=_magnitude(wanted.cents, wanted.currency),
        expires_at=approval.expires_at,
    )


def _masked_organization(wanted: Wanted) -> str:
    """The first letters of its name, or the end of its key."""
    for line in wanted.lines:
        if not line.third_party and line.label.strip().lower() == "organization":
            initials = [word[0] for word in line.value.split() if word[0].isalnum()]
            if initials:
                return " ".join(f"{each}{MASK}" for each in initials[:_MOST_WORDS])
    ending = "".join(c for c in wanted.organization if c.isalnum())[-_SHOWN_OF_KEY:]
    return f"{MASK}{ending}"


def _magnitude(cents: int | None, currency: str | None) -> tuple[int, int, str] | None:
    if cents is None or currency is None or _CURRENCY.fullmatch(currency) is None:
        return None
    major = abs(cents) // CENTS
    if major == 0:
        return 0, 1, currency
    at_least = 10 ** (len(str(major)) - 1)
    return int(at_least), int(at_least * 10), currency
