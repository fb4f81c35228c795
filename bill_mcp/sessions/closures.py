"""What is left alone at BILL, and until when: organizations, keys, codes, accounts.

BILL locks an organization out after many calls or failed sign-ins, whoever made them,
so its organization is closed for everybody. A key that has no sign-ins left and a user
who gave too many wrong codes wait for their time. A refused account stays closed until
a person acts: a password that BILL refused is never tried twice.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bill_mcp.client.http import Authorization
from bill_mcp.clock import Clock
from bill_mcp.errors import ApiError, CredentialsError, LimitError, Outcome
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.specs.models import SessionRole

Send = Callable[[Authorization], Awaitable[dict[str, Any]]]

REFUSED_FOR_GOOD = frozenset({"BDC_1101", "BDC_1102", "BDC_1105"})
"""Wrong password, wrong key, no API access: repeating it locks the organization."""

NO_API_ACCESS = "BDC_1105"
LOCKED_OUT, HOUR_USED_UP, CODES_PAUSED = "BDC_1107", "BDC_1144", "BDC_1358"
LOCKED_OUT_MINUTES = 15
"""The longest lock-out that third parties saw in the sandbox."""

CODES_PAUSED_MINUTES = 10
"""The longest pause that third parties saw after too many wrong codes."""


@dataclass(frozen=True, kw_only=True)
class _Closed:
    """What passes by itself.

    Attributes:
        until: Monotonic seconds.
        what: What happened, in words.
        stop: What an agent must not do meanwhile.
    """

    until: float
    what: str
    stop: str
    code: str
    bill_code: str


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
        self._closed: dict[str, _Closed] = {}
        self._refused: dict[str, _Refused] = {}

    def lock_out(self, organization: str) -> LimitError:
        """Leave the organization alone from now on; what the agent is told."""
        closed = _Closed(
            until=self._clock.monotonic() + LOCKED_OUT_MINUTES * 60,
            what="BILL has locked the organization out, after many calls or failed "
            "sign-ins",
            stop="calling BILL for this organization, with whatever account",
            code="organization_locked",
            bill_code=LOCKED_OUT,
        )
        return self._close(_organization(organization), closed)

    def check_organization(self, organization: str | None) -> None:
        """Let nobody go to an organization that is locked out.

        Raises:
            LimitError: It is; says until when.
        """
        self._check(_organization(organization))

    def respected(self, send: Send, organization: str | None) -> Send:
        """*send*, but not to an organization that is locked out.

        That is *organization*, or else the one that is signed in to.
        """

        async def sending(authorization: Authorization) -> dict[str, Any]:
            place = organization or authorization.organization
            self.check_organization(place)
            try:
                return await send(authorization)
            except ApiError as error:
                if error.bill_code != LOCKED_OUT:
                    raise
                locked = self.lock_out(place)
                locked.outcome = error.outcome
                if error.outcome is not Outcome.NOT_DONE:
                    locked.advice = error.advice
                raise locked from None

        return sending

    def use_up_hour(self, key: str) -> LimitError:
        """Sign nobody in with that key in this hour; what the agent is told."""
        now = self._clock.now()
        into_hour = now - now.replace(minute=0, second=0, microsecond=0)
        left_s = (timedelta(hours=1) - into_hour).total_seconds()
        closed = _Closed(
            until=self._clock.monotonic() + left_s,
            what="BILL says that the sign-ins of this hour are used up",
            stop="calling BILL with this account",
            code="hourly_limit",
            bill_code=HOUR_USED_UP,
        )
        return self._close(_key(key), closed)

    def check_hour(self, key: str) -> None:
        """Let nobody sign in with a key that has no sign-ins left.

        Raises:
            LimitError: It has none; says until when.
        """
        self._check(_key(key))

    def pause_codes(self, user: str) -> LimitError:
        """Send and try no codes of that user for a while; what the agent is told."""
        closed = _Closed(
            until=self._clock.monotonic() + CODES_PAUSED_MINUTES * 60,
            what="too many wrong MFA codes were tried",
            stop="asking for codes and trying them",
            code="codes_paused",
            bill_code=CODES_PAUSED,
        )
        return self._close(_user(user), closed)

    def check_codes(self, user: str) -> None:
        """Let nobody ask for a code, or try one, while BILL takes none.

        Raises:
            LimitError: It takes none; says until when.
        """
        self._check(_user(user))

    def _close(self, name: str, closed: _Closed) -> LimitError:
        self._closed[name] = closed
        return self._error(closed)

    def _check(self, name: str) -> None:
        closed = self._closed.get(name)
        if closed is None:
            return
        if self._clock.monotonic() >= closed.until:
            del self._closed[name]
            return
        raise self._error(closed)

    def _error(self, closed: _Closed) -> LimitError:
        left_s = closed.until - self._clock.monotonic()
        # Rounded up to the minute: at the time that is told it has passed.
        moment = self._clock.now() + timedelta(seconds=left_s + 59.999)
        told = moment.strftime("%H:%M UTC")
        minutes = math.ceil(left_s / 60)
        wait = "a minute" if minutes == 1 else f"{minutes} minutes"
        return LimitError(
            f"{closed.what}; it is left alone until {told}",
            advice=f"Stop {closed.stop} until {told} (about {wait}); nothing was done.",
            code=closed.code,
            bill_code=closed.bill_code,
        )

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


def _organization(name: str | None) -> str:
    return f"organization {name or ''}"


def _key(name: str) -> str:
    return f"key {name}"


def _user(name: str) -> str:
    return f"user {name}"


def _refused_error(refused: _Refused) -> CredentialsError:
    error = CredentialsError(
        refused.message,
        advice="Do not try again. Tell the operator: a person must correct the "
        "account's credentials (`bill-mcp login`) or restart the server.",
        code="sign_in_refused",
        bill_code=refused.bill_code,
        http_status=refused.http_status,
    )
    if refused.bill_code == NO_API_ACCESS:  # nothing is wrong with the credentials
        error.advice = (
            "Do not try again. Tell the operator: an administrator of the organization "
            "must have API access switched on at BILL; after that a person connects "
            "the account again (`bill-mcp login`) or restarts the server."
        )
    return error


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
