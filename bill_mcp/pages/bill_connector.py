"""Connects an account by signing in at BILL, and makes sessions trusted by a code."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import anyio

from bill_mcp.clock import Clock
from bill_mcp.environments import Environment
from bill_mcp.errors import CallError, ConfigError
from bill_mcp.pages.accounts import Bill, OpenBill, TriedAccount
from bill_mcp.pages.connecting import (
    Account,
    Call,
    Connected,
    Keeper,
    Kind,
    MfaStatus,
    Phone,
    Trusted,
)
from bill_mcp.sessions.remembered import REMEMBERED_DAYS

SIGN_OUT_DEADLINE_S = 5.0
_STATUS = {
    "COMPLETE": MfaStatus.TRUSTED,
    "CHALLENGE": MfaStatus.NEEDS_CODE,
    "SETUP": MfaStatus.NO_PHONE,
    "DISABLED": MfaStatus.OFF,
}


class StepUp:
    """Makes the session behind *call* trusted; what is remembered stays behind it.

    For an agent's own session, *call* is ``partial(dispatcher.call, agent)``.
    """

    def __init__(self, call: Call, clock: Clock) -> None:
        self._call = call
        self._clock = clock

    async def phones(self) -> tuple[Phone, ...]:
        reply = await self._call("bill_get_list_of_mfa_phone_numbers", {})
        return tuple(
            Phone(
                type=str(phone.get("type") or "phone"),
                last4=str(phone.get("last4digits") or ""),
                primary=phone.get("primary") is True,
            )
            for phone in reply.get("results") or []
        )

    async def challenge(self) -> None:
        await self._call("bill_generate_mfa_challenge", {})

    async def confirm(self, code: str, remember_as: str | None) -> Trusted:
        arguments: dict[str, Any] = {"token": code}
        if remember_as is not None:
            arguments |= {
                "rememberMe": True,
                "device": remember_as,
                "machineName": remember_as,
            }
        reply = await self._call("bill_validate_mfa_challenge", arguments)
        if remember_as is None or not reply.get("rememberMeId"):
            return Trusted(until=None)
        return Trusted(until=self._clock.now() + timedelta(days=REMEMBERED_DAYS))


class AgentConnector(StepUp):
    """For an agent that is signed in and waits for trust only.

    Its session manager stores what was remembered, so that nothing is left to keep.
    """

    async def sign_in(self, account: Account) -> Connected:
        raise AssertionError("an agent's session is signed in already")

    async def keep(self) -> str:
        return ""

    async def aclose(self) -> None:
        return None


class BillConnector:
    """Connects one account, for one question.

    Args:
        profile: The name under which the account is kept.
        open_bill: Reaches an environment of BILL.
        keeper: Stores what was connected.
    """

    def __init__(self, profile: str, *, open_bill: OpenBill, keeper: Keeper) -> None:
        self._profile = profile
        self._open_bill = open_bill
        self._keeper = keeper
        self._closing = AsyncExitStack()
        self._bills: dict[Environment, Bill] = {}
        self._connected: tuple[Environment, Bill, TriedAccount] | None = None

    async def sign_in(self, account: Account) -> Connected:
        bill = await self._bill(account.environment)
        tried = TriedAccount(bill, account.credentials, name=self._profile)
        try:
            connected = await _SIGN_INS[account.kind](tried, account)
        except BaseException:
            # The check after the sign-in failed: nobody will use its session.
            with anyio.CancelScope(shield=True):
                await _end(tried)
            raise
        await self._sign_out()
        self._connected = account.environment, bill, tried
        return connected

    async def phones(self) -> tuple[Phone, ...]:
        return await self._step_up().phones()

    async def challenge(self) -> None:
        await self._step_up().challenge()

    async def confirm(self, code: str, remember_as: str | None) -> Trusted:
        return await self._step_up().confirm(code, remember_as)

    async def keep(self) -> str:
        environment, bill, tried = self._current()
        try:
            where = await self._keeper.keep(
                self._profile, tried.credentials, environment, bill.base_url
            )
        except ConfigError as error:
            raise CallError(
                f"the account could not be stored: {error}",
                advice="Mend that, then press the button again.",
                code="not_kept",
            ) from None
        await tried.remember()
        return where

    async def aclose(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._sign_out()
            await self._closing.aclose()

    async def _sign_out(self) -> None:
        """End the session of the page: agents open their own."""
        connected, self._connected = self._connected, None
        if connected is not None:
            await _end(connected[2])

    async def _bill(self, environment: Environment) -> Bill:
        if environment not in self._bills:
            self._bills[environment] = await self._closing.enter_async_context(
                self._open_bill(environment)
            )
        return self._bills[environment]

    def _step_up(self) -> StepUp:
        _, bill, tried = self._current()
        return StepUp(tried.call, bill.clock)

    def _current(self) -> tuple[Environment, Bill, TriedAccount]:
        if self._connected is None:
            raise AssertionError("nothing is connected yet")
        return self._connected


async def _end(tried: TriedAccount) -> None:
    """Sign out, if it signed in."""
    if not tried.credentials.can_sign_in:
        return
    with anyio.move_on_after(SIGN_OUT_DEADLINE_S):
        try:
            await tried.call("bill_api_logout", {})
        except CallError:
            return  # it ends by itself after 35 minutes


async def _organization(tried: TriedAccount, account: Account) -> Connected:
    await tried.call("bill_api_login", {})
    session = await tried.call("bill_get_api_session_details", {})
    status = _STATUS.get(str(session.get("mfaStatus")), MfaStatus.UNKNOWN)
    if session.get("mfaBypass") is True and status is not MfaStatus.TRUSTED:
        status = MfaStatus.OFF
    organization_id = _text(session, "organizationId")
    return Connected(
        environment=account.environment,
        kind=account.kind,
        mfa=status,
        organization_id=organization_id,
        organization_name=await _organization_name(tried, organization_id),
        user=account.credentials.username,
    )


async def _organization_name(
    tried: TriedAccount, organization_id: str | None
) -> str | None:
    """The name at BILL, by which a person sees that it is the right one.

    Not every role may read it, and a missing name is no reason not to connect.
    """
    if organization_id is None:
        return None
    wanted = {"organizationId": organization_id}
    try:
        return _text(await tried.call("bill_get_organization_details", wanted), "name")
    except CallError:
        return None


async def _spend(tried: TriedAccount, account: Account) -> Connected:
    user = await tried.call("bill_get_current_user_details", {})
    names = [_text(user, "firstName"), _text(user, "lastName")]
    return Connected(
        environment=account.environment,
        kind=account.kind,
        mfa=MfaStatus.OFF,
        user=" ".join(filter(None, names)) or _text(user, "email"),
    )


async def _partner(tried: TriedAccount, account: Account) -> Connected:
    await tried.call("bill_api_partner_login", {})
    return Connected(
        environment=account.environment,
        kind=account.kind,
        mfa=MfaStatus.OFF,
        user=account.credentials.partner_username,
    )


def _text(reply: Mapping[str, Any], name: str) -> str | None:
    value = reply.get(name)
    return value if isinstance(value, str) and value else None


_SIGN_INS = {
    Kind.ORGANIZATION: _organization,
    Kind.SPEND: _spend,
    Kind.PARTNER: _partner,
}
