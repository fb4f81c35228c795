"""What must be known at BILL before a call goes out.

Reads nothing yet: every call that needs evidence (a payment's payee and due amount) is
refused by `policy` outside the local simulator, where no real money is at stake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bill_mcp.client.request import Request
from bill_mcp.guard.policy import Verdict


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was read at BILL for one call."""

    facts: Mapping[str, Any] = field(default_factory=dict)


async def gather(request: Request, verdict: Verdict) -> Evidence:
    """The evidence that *verdict* asks for, read under the call's own session."""
    return Evidence()
