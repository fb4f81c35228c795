"""What is left alone at BILL, and until when: organizations, keys, codes, accounts.

BILL locks an organization out after many calls or failed sign-ins, whoever made them,
so its organization is closed for everybody. A key that has no sign-ins left and a user
who gave too many wrong codes wait for their time. A refused account stays closed until
a person acts: a password that BILL refused is never tried twice. Where there is a home
that lasts, the next process and those beside this one know it too.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio

from bill_mcp.client.http import Authorization
from bill_mcp.clock import Clock
from bill_mcp.errors import ApiError, CredentialsError, LimitError, Outcome
from bill_mcp.secret import Secret
from bill_mcp.sessions.closed_file import ClosedFile, ClosedRow
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
class _Kind:
    """What passes by itself.

    Attributes:
        what: What happened, in words.
        stop: What an agent must not do meanwhile.
    """

    what: str
    stop: str
    code: str
    bill_code: str


_LOCKED = _Kind(
    what="BILL has locked the organization out, after many calls or failed sign-ins",
    stop="calling BILL for this organization, with whatever account",
    code="organization_locked",
    bill_code=LOCKED_OUT,
)
_HOUR = _Kind(
    what="BILL says that the sign-ins of this hour are used up",
    stop="calling BILL with this account",
    code="hourly_limit",
    bill_code=HOUR_USED_UP,
)
_CODES = _Kind(
    what="too many wrong MFA codes were tried",
    stop="asking for codes and trying them",
    code="codes_paused",
    bill_code=CODES_PAUSED,
)
_KINDS = {kind.code: kind for kind in (_LOCKED, _HOUR, _CODES)}


@dataclass(frozen=True, kw_only=True)
class _Closed:
    """One closure that passes; *until* is in monotonic seconds."""

    kind: _Kind
    until: float


@dataclass(frozen=True, kw_only=True)
class _Refused:
    """An account that BILL refused; *is_kept*: for other processes too."""

    at: datetime
    is_kept: bool
    message: str
    bill_code: str | None
    http_status: int | None


class Closures:
    """The closures of one environment, for all agents of the process.

    Args:
        clock: Monotonic for how long, time of day for what people are told.
        file: Shared with other processes; None where nothing lasts.
        by_person: A person gives the account, who may try what a server may not.
    """

    def __init__(
        self, clock: Clock, file: ClosedFile | None = None, *, by_person: bool = False
    ) -> None:
        self.clock, self._file, self._by_person = clock, file, by_person
        self._closed: dict[str, _Closed] = {}
        self._refused: dict[str, _Refused] = {}

    def lock_out(self, organization: str) -> LimitError:
        """Leave the organization alone from now on; what the agent is told."""
        name = _organization(organization)
        return self._close(name, _LOCKED, LOCKED_OUT_MINUTES * 60)

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
        now = self.clock.now()
        into_hour = now - now.replace(minute=0, second=0, microsecond=0)
        left_s = (timedelta(hours=1) - into_hour).total_seconds()
        return self._close(_key(key), _HOUR, left_s)

    def check_hour(self, key: str) -> None:
        """Let nobody sign in with a key that has no sign-ins left.

        Raises:
            LimitError: It has none; says until when.
        """
        self._check(_key(key))

    def pause_codes(self, user: str) -> LimitError:
        """Send and try no codes of that user for a while; what the agent is told."""
        return self._close(_user(user), _CODES, CODES_PAUSED_MINUTES * 60)

    def check_codes(self, user: str) -> None:
        """Let nobody ask for a code, or try one, while BILL takes none.

        Raises:
            LimitError: It takes none; says until when.
        """
        self._check(_user(user))

    def _close(self, name: str, kind: _Kind, for_s: float) -> LimitError:
        closed = _Closed(kind=kind, until=self.clock.monotonic() + for_s)
        self._closed[name] = closed
        if self._file is not None:
            now = self.clock.now().timestamp()
            self._file.put(name, kind.code, now, now + for_s)
        return self._error(closed)

    def _check(self, name: str) -> None:
        closed = self._closed.get(name) or self._closed_elsewhere(name)
        if closed is None:
            return
        if self.clock.monotonic() >= closed.until:
            self._closed.pop(name, None)
            return
        raise self._error(closed)

    def _closed_elsewhere(self, name: str) -> _Closed | None:
        """What another process has closed, unless its clock was ahead of ours."""
        row = self._file.find(name) if self._file is not None else None
        now = self.clock.now().timestamp()
        if row is None or row.until is None or not row.at <= now < row.until:
            return None
        kind = _KINDS.get(row.code)
        if kind is None:
            return None
        return _Closed(kind=kind, until=self.clock.monotonic() + row.until - now)

    def _error(self, closed: _Closed) -> LimitError:
        kind = closed.kind
        left_s = closed.until - self.clock.monotonic()
        # Rounded up to the minute: at the time that is told it has passed.
        moment = self.clock.now() + timedelta(seconds=left_s + 59.999)
        told = moment.strftime("%H:%M UTC")
        minutes = math.ceil(left_s / 60)
        wait = "a minute" if minutes == 1 else f"{minutes} minutes"
        return LimitError(
            f"{kind.what}; it is left alone until {told}",
            advice=f"Stop {kind.stop} until {told} (about {wait}); nothing was done.",
            code=kind.code,
            bill_code=kind.bill_code,
        )

    async def refuse(
        self, credentials: Credentials, role: SessionRole, error: ApiError
    ) -> CredentialsError:
        """Leave the account alone from now on; what the agent is told."""
        at = self.clock.now()
        names = tuple(_names(credentials, role))
        row = ClosedRow(
            name="",
            code="sign_in_refused",
            at=at.timestamp(),
            bill_code=error.bill_code,
            http_status=error.http_status,
        )
        is_kept = await self._keep(_account(credentials, role), names, row)
        refused = _Refused(
            at=at,
            is_kept=is_kept,
            message=f"signing in failed; {error}",
            bill_code=error.bill_code,
            http_status=error.http_status,
        )
        if self._by_person or not is_kept:
            self._refused |= dict.fromkeys(names, refused)
        return _refused_error(refused)

    async def check_account(self, credentials: Credentials, role: SessionRole) -> None:
        """Let nobody try what BILL has refused, unless a person connected it since.

        Raises:
            CredentialsError: It was refused; nothing was sent now.
        """
        for name in _names(credentials, role):
            refused = self._refused.get(name)
            if refused is None and not self._by_person:
                refused = await self._refused_elsewhere(
                    _account(credentials, role), name
                )
            since = credentials.connected_at
            if refused is None or (since is not None and since > refused.at):
                continue
            raise _refused_error(refused)

    async def open(self, credentials: Credentials, role: SessionRole) -> None:
        """Note that BILL took what a person gave: all was refused for the last time."""
        if self._by_person and self._file is not None:
            account = _account(credentials, role)
            await anyio.to_thread.run_sync(self._file.remove_account, account)

    async def _keep(self, account: str, names: tuple[str, ...], row: ClosedRow) -> bool:
        file = self._file
        if file is None:
            return False
        kept = [
            await anyio.to_thread.run_sync(file.put_account, account, name, row)
            for name in names
        ]
        return all(kept)

    async def _refused_elsewhere(self, account: str, name: str) -> _Refused | None:
        """What was refused before, in this process or another one."""
        file = self._file
        if file is None or not file.has_rows:
            return None
        row = await anyio.to_thread.run_sync(file.find_account, account, name)
        if row is None:
            return None
        at = datetime.fromtimestamp(row.at, UTC)
        return _Refused(
            at=at,
            is_kept=True,
            message=f"BILL refused this sign-in on {at:%Y-%m-%d at %H:%M} UTC, so it "
            "is not tried again",
            bill_code=row.bill_code,
            http_status=row.http_status,
        )


def _organization(name: str | None) -> str:
    return f"organization {name or ''}"


def _key(name: str) -> str:
    return f"key {name}"


def _user(name: str) -> str:
    return f"user {name}"


def _refused_error(refused: _Refused) -> CredentialsError:
    instead = (
        "; a restart does not help" if refused.is_kept else " or restart the server"
    )
    error = CredentialsError(
        refused.message,
        advice="Do not try again. Tell the operator: a person must correct the "
        f"account's credentials (`bill-mcp login`){instead}.",
        code="sign_in_refused",
        bill_code=refused.bill_code,
        http_status=refused.http_status,
    )
    if refused.bill_code == NO_API_ACCESS:  # nothing is wrong with the credentials
        error.advice = (
            "Do not try again. Tell the operator: an administrator of the organization "
            "must have API access switched on at BILL; after that a person connects "
            f"the account again (`bill-mcp login`){instead}."
        )
    return error


def _names(credentials: Credentials, role: SessionRole) -> Iterator[str]:
    """Names what a sign-in is made with, and a user who signs in both ways."""
    yield name_of(credentials, role)
    user, partner = _of_user(credentials), _of_partner(credentials)
    if user[:2] == partner[:2]:
        yield _joined("both ways", *user, *partner)


def _account(credentials: Credentials, role: SessionRole) -> str:
    """Names whose sign-in it is; no secret is part of it."""
    if role is SessionRole.PARTNER_SIGN_IN:
        return f"partner {credentials.partner_username}"
    return f"user {credentials.username} {credentials.organization_id}"


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
