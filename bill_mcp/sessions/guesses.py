"""Organizations that agents name for an account: how many wrong ones are tried.

Each wrong one is a failed sign-in with a valid password. BILL locks an organization out
after many, and each takes one of the hour's sign-ins that the account itself needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bill_mcp.clock import Clock
from bill_mcp.errors import ApiError, CredentialsError, LimitError
from bill_mcp.sessions.credentials import Credentials

AT_MOST = 2
"""So many may be refused within the time; it is a slip, and another one."""

FORGOTTEN_AFTER_S = 3600.0


@dataclass
class _Tried:
    """What was tried with one user's password.

    Attributes:
        refused: When BILL refused which organization, in monotonic seconds.
        entered: The organizations that took the user before.
    """

    refused: dict[str, float] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)


class Guesses:
    """The organizations that were named in calls, by the user that signs in.

    Args:
        clock: For how long a refused one counts.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tried: dict[str, _Tried] = {}

    def check(self, credentials: Credentials) -> None:
        """Let nobody try an organization that was refused, or one too many.

        Raises:
            CredentialsError: BILL has refused it; nothing was sent now.
            LimitError: Several were refused; says until when no other one is tried.
        """
        tried, now = self._of(credentials), self._clock.monotonic()
        tried.refused = {
            name: at
            for name, at in tried.refused.items()
            if now - at < FORGOTTEN_AFTER_S
        }
        organization = credentials.organization_id or ""
        if organization in tried.refused:
            raise _refused(None)
        if organization in tried.entered or len(tried.refused) < AT_MOST:
            return
        left_s = min(tried.refused.values()) + FORGOTTEN_AFTER_S - now
        moment = self._clock.now() + timedelta(seconds=left_s + 59.999)
        raise LimitError(
            "BILL has refused this account in several organizations that were named; "
            f"no other one is tried until {moment:%H:%M} UTC",
            advice="Sign in without organizationId, to the account's own organization, "
            "or ask the user which others there are; nothing was sent.",
            code="organization_guessed",
        )

    def refuse(self, credentials: Credentials, error: ApiError) -> CredentialsError:
        """Note that BILL refused it; what the agent is told."""
        organization = credentials.organization_id or ""
        self._of(credentials).refused[organization] = self._clock.monotonic()
        return _refused(error)

    def enter(self, credentials: Credentials) -> None:
        """Note that BILL took the user there."""
        self._of(credentials).entered.add(credentials.organization_id or "")

    def _of(self, credentials: Credentials) -> _Tried:
        key = credentials.dev_key.digest() if credentials.dev_key else ""
        return self._tried.setdefault(f"{credentials.username}\n{key}", _Tried())


def is_guess(credentials: Credentials, own: Credentials) -> bool:
    """Whether it is the *own* account, but for the organization."""
    same_user = (
        credentials.username == own.username
        and credentials.password == own.password
        and credentials.dev_key == own.dev_key
    )
    return same_user and credentials.organization_id != own.organization_id


def _refused(error: ApiError | None) -> CredentialsError:
    return CredentialsError(
        "BILL does not let this account sign in to the organization that was named",
        advice="Do not guess ids: ask the user for the right one, or leave "
        "organizationId out, for the account's own organization.",
        code="organization_refused",
        bill_code=error.bill_code if error else None,
        http_status=error.http_status if error else None,
    )
