"""Opens sessions at BILL; a password that BILL refused is never tried twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from bill_mcp.client.http import Authorization, BillClient
from bill_mcp.client.request import NewId, build
from bill_mcp.errors import ApiError, CallError, Outcome
from bill_mcp.sessions import roles
from bill_mcp.sessions.authorizing import with_session
from bill_mcp.sessions.closures import (
    HOUR_USED_UP,
    LOCKED_OUT,
    REFUSED_FOR_GOOD,
    Closures,
    name_of,
)
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.guesses import Guesses
from bill_mcp.sessions.store import BillSession, Held
from bill_mcp.specs.catalogue import Catalogue
from bill_mcp.specs.models import Auth, SessionRole

Send = Callable[[Authorization], Awaitable[dict[str, Any]]]


class SignIn:
    """Signs in at BILL.

    Args:
        catalogue: Has the sign-in actions.
        client: Sends their requests.
        closures: What is left alone at BILL.
        new_id: For building requests.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        client: BillClient,
        *,
        closures: Closures,
        new_id: NewId,
    ) -> None:
        self._catalogue = catalogue
        self._client = client
        self._new_id = new_id
        self._trying: dict[str, anyio.Lock] = {}
        self.closures = closures
        self.guesses = Guesses(closures.clock)

    async def as_organization(
        self, agent: str, credentials: Credentials, now: float, *, renewal: bool
    ) -> BillSession:
        """A session of the organization's user.

        Raises:
            CredentialsError: Nothing is connected, or BILL refused the account.
            LimitError: The sign-ins of this hour are used up, or BILL has locked the
                organization out.
            UnreachableError: BILL gave no answer.
        """
        send = self._sender(
            agent, "bill_api_login", roles.sign_in_arguments(credentials)
        )
        reply = await self.run(
            agent, credentials, SessionRole.SIGN_IN, send, renewal=renewal
        )
        return roles.session_from(reply, credentials, now)

    async def as_partner(
        self, agent: str, credentials: Credentials, now: float, *, renewal: bool
    ) -> BillSession:
        """A session of the partner account; raises as `as_organization` does."""
        arguments = roles.partner_sign_in_arguments(credentials)
        send = self._sender(agent, "bill_api_partner_login", arguments)
        reply = await self.run(
            agent, credentials, SessionRole.PARTNER_SIGN_IN, send, renewal=renewal
        )
        return roles.session_from(reply, credentials, now)

    async def as_user(
        self,
        agent: str,
        credentials: Credentials,
        partner: Authorization,
        who: tuple[str, str],
        now: float,
    ) -> BillSession:
        """A session of an organization's user, opened by its partner."""
        arguments = {"organizationId": who[0], "userId": who[1]}
        send = self._sender(agent, "bill_api_login_as_user", arguments)
        self.closures.check_organization(who[0])
        try:
            reply = await send(partner)
        except ApiError as error:
            if error.bill_code == LOCKED_OUT:
                raise self.closures.lock_out(who[0]) from None
            raise _without_harm(error) from None
        except CallError as error:
            raise _without_harm(error) from None
        role = SessionRole.SIGN_IN_AS_USER
        held = Held(credentials=credentials)
        session = roles.after(role, arguments, reply, held, now).organization
        if session is None:
            raise AssertionError("a sign-in leaves a session")
        return session

    async def run(
        self,
        agent: str,
        credentials: Credentials,
        role: SessionRole,
        send: Send,
        *,
        renewal: bool,
        own: Credentials | None = None,
    ) -> dict[str, Any]:
        """One sign-in, counted; a refusal closes the account until a person acts.

        Where an agent named another organization, that one alone was refused: *own*
        is the account itself.
        """
        place = _place(credentials, role)
        account = own or credentials
        # One after the other, or two agents would try the same wrong password at once.
        async with self._trying.setdefault(name_of(account, role), anyio.Lock()):
            self.closures.check_organization(place)
            await self.closures.check_account(account, role)
            if own is not None:
                self.guesses.check(credentials)
            return await self._tried(
                agent, credentials, role, send, renewal=renewal, guessed=own is not None
            )

    async def _tried(
        self,
        agent: str,
        credentials: Credentials,
        role: SessionRole,
        send: Send,
        *,
        renewal: bool,
        guessed: bool,
    ) -> dict[str, Any]:
        key = credentials.app_key if "partner" in role else credentials.dev_key
        limit_key = key.digest() if key else "none"
        self.closures.check_hour(limit_key)
        await self._client.budgets.take_sign_in(limit_key, agent, renewal=renewal)
        authorization = Authorization(
            headers={},
            limit_key=limit_key,
            organization=credentials.organization_id or "",
        )
        place = _place(credentials, role)
        try:
            reply = await send(authorization)
        except ApiError as error:
            if error.bill_code == LOCKED_OUT:
                raise self.closures.lock_out(place) from None
            if error.bill_code == HOUR_USED_UP:
                raise self.closures.use_up_hour(limit_key) from None
            if error.bill_code in REFUSED_FOR_GOOD and guessed:
                raise self.guesses.refuse(credentials, error) from None
            if error.bill_code in REFUSED_FOR_GOOD:
                raise await self.closures.refuse(credentials, role, error) from None
            raise _without_harm(error) from None
        except CallError as error:
            raise _without_harm(error) from None
        await self.closures.open(credentials, role)
        self.guesses.enter(credentials)
        return reply

    async def is_trusted(self, agent: str, held: Held) -> bool:
        """Whether BILL says of the organization's session that its MFA is complete."""
        if held.organization is None:
            return False
        session = with_session(held, held.organization, Auth.SESSION)
        look = self._sender(agent, "bill_get_api_session_details", {})
        try:
            details = await look(session)
        except CallError:
            return False  # nobody knows
        return details.get("mfaStatus") == "COMPLETE"

    async def end(self, agent: str, session: Authorization) -> None:
        """Sign out.

        Raises:
            CallError: BILL did not say that the session has ended.
        """
        await self._sender(agent, "bill_api_logout", {})(session)

    def _sender(self, agent: str, name: str, arguments: dict[str, Any]) -> Send:
        request = build(self._catalogue.find(name), arguments, new_id=self._new_id)

        async def send(authorization: Authorization) -> dict[str, Any]:
            return await self._client.send(request, authorization, agent=agent)

        return send


def _without_harm(error: CallError) -> CallError:
    """The error of a sign-in, after which nothing at BILL needs looking up."""
    if error.outcome is Outcome.UNKNOWN:
        error.outcome = Outcome.NOT_DONE
        error.advice = "Call again in a moment; if it persists, ask the operator."
    return error


def _place(credentials: Credentials, role: SessionRole) -> str:
    """What BILL locks after failed sign-ins; a partner has no organization."""
    if role is SessionRole.PARTNER_SIGN_IN:
        return f"partner {credentials.app_key.digest() if credentials.app_key else ''}"
    return credentials.organization_id or ""
