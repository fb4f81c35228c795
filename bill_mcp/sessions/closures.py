"""What is left alone at BILL, and until when: organizations and accounts.

BILL locks an organization out after many calls or failed sign-ins, whoever made them,
so its organization is closed for everybody. A refused account stays closed until a
person acts: a password that BILL refused is never tried twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bill_mcp.clock import Clock
from bill_mcp.errors import ApiError, CredentialsError, LimitError
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.specs.models import SessionRole

REFUSED_FOR_GOOD = frozenset({"BDC_1101", "BDC_1102", "BDC_1105"})
"""Wrong password, wrong key, no API access: repeating it locks the organization."""

LOCKED_OUT = "BDC_1107"
LOCKED_OUT_MINUTES = 15
"""The longest lock-out that third parties saw in the sandbox."""


@dataclass(frozen=True, kw_only=True)
class _Refused:
    """An account that BILL refused."""

    at: datetime
    message: str
    bill_code: str | None
    http_status: int | None


class Closures:
    """The closures of one environment, for all agents of the process.

    Args:
        clock: Monotonic for how long, time of day for what people are told.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._locked_out: dict[str, float] = {}
        self._refused: dict[str, _Refused] = {}

    def lock_out(self, organization: str, error: ApiError) -> LimitError:
        """Leave the organization alone from now on; what the agent is told."""
        until = self._clock.monotonic() + LOCKED_OUT_MINUTES * 60
        self._locked_out[organization] = until
        return self._locked_error(until, error.http_status)

    def check_organization(self, organization: str | None) -> None:
        """Let nobody go to an organization that is locked out.

        Raises:
            LimitError: It is; says until when.
        """
        until = self._locked_out.get(organization or "")
        if until is None:
            return
        if self._clock.monotonic() >= until:
            self._locked_out.pop(organization or "", None)
            return
        raise self._locked_error(until, None)

    def refuse(
        self, credentials: Credentials, role: SessionRole, error: ApiError
    ) -> CredentialsError:
        """Leave the account alone from now on; what the agent is told."""
        refused = _Refused(
            at=self._clock.now(),
            message=f"signing in failed; {error}",
            bill_code=error.bill_code,
            http_status=error.http_status,
        )
        for name in _names(credentials, role):
            self._refused[name] = refused
        return _refused_error(refused)

    def check_account(self, credentials: Credentials, role: SessionRole) -> None:
        """Let nobody try what BILL has refused, unless a person connected it since.

        Raises:
            CredentialsError: It was refused; nothing was sent now.
        """
        for name in _names(credentials, role):
            refused = self._refused.get(name)
            since = credentials.connected_at
            if refused is None or (since is not None and since > refused.at):
                continue
            raise _refused_error(refused)

    def _locked_error(self, until: float, http_status: int | None) -> LimitError:
        left_s = until - self._clock.monotonic()
        # Rounded up to the minute: at the time that is told it has passed.
        moment = self._clock.now() + timedelta(seconds=left_s + 59.999)
        told = moment.strftime("%H:%M UTC")
        minutes = math.ceil(left_s / 60)
        wait = "a minute" if minutes == 1 else f"{minutes} minutes"
        return LimitError(
            "BILL has locked the organization out, after many calls or failed "
            f"sign-ins; this server leaves it alone until {told}",
            advice=f"Stop calling BILL for this organization until {told} (about "
            f"{wait}), with whatever account; nothing was done.",
            code="organization_locked",
            bill_code=LOCKED_OUT,
            http_status=http_status,
        )


def _refused_error(refused: _Refused) -> CredentialsError:
    return CredentialsError(
        refused.message,
        advice="Do not try again. Tell the operator: a person must correct the "
        "account's credentials (`bill-mcp login`) or restart the server.",
        code="sign_in_refused",
        bill_code=refused.bill_code,
        http_status=refused.http_status,
    )


def _names(credentials: Credentials, role: SessionRole) -> Iterator[str]:
    """Names what a sign-in is made with, and a user who signs in both ways."""
    yield name_of(credentials, role)
    user, partner = _of_user(credentials), _of_partner(credentials)
    if user[:2] == partner[:2]:
        yield _joined("both ways", *user, *partner)


def name_of(credentials: Credentials, role: SessionRole) -> str:
    """Names what one kind of sign-in is made with, giving no secret away."""
    partner = role is SessionRole.PARTNER_SIGN_IN
    return _joined(role, *(_of_partner if partner else _of_user)(credentials))


def _of_user(credentials: Credentials) -> tuple[str | Secret | None, ...]:
    return (
        credentials.username,
        credentials.password,
        credentials.organization_id,
        credentials.dev_key,
    )


def _of_partner(credentials: Credentials) -> tuple[str | Secret | None, ...]:
    return (
        credentials.partner_username,
        credentials.partner_password,
        credentials.app_key,
    )


def _joined(*parts: str | Secret | None) -> str:
    told = (part.digest() if isinstance(part, Secret) else part or "" for part in parts)
    return "\n".join(told)
