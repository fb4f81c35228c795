"""Opens sessions at BILL; a password that BILL refused is never tried twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bill_mcp.client.http import Authorization, BillClient
from bill_mcp.client.request import NewId, build
from bill_mcp.errors import ApiError, CallError, CredentialsError, Outcome
from bill_mcp.sessions import roles
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.store import BillSession, Held
from bill_mcp.specs.catalogue import Catalogue
from bill_mcp.specs.models import SessionRole

REFUSED_FOR_GOOD = frozenset({"BDC_1101", "BDC_1102", "BDC_1105"})
"""Wrong password, wrong key, no API access: repeating it locks the account."""

LOCKED_OUT = "BDC_1107"
LOCKED_OUT_S = 15 * 60
"""The longest lock-out that third parties saw in the sandbox."""

Send = Callable[[Authorization], Awaitable[dict[str, Any]]]


class SignIn:
    """Signs in at BILL.

    Args:
        catalogue: Has the sign-in actions.
        client: Sends their requests.
        monotonic: Seconds, for how long a lock-out is respected.
        new_id: For building requests.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        client: BillClient,
        *,
        monotonic: Callable[[], float],
        new_id: NewId,
    ) -> None:
        self._catalogue = catalogue
        self._client = client
        self._monotonic = monotonic
        self._new_id = new_id
        self._closed: dict[str, tuple[CredentialsError, float | None]] = {}

    async def as_organization(
        self, agent: str, credentials: Credentials, now: float, *, renewal: bool
    ) -> BillSession:
        """A session of the organization's user.

        Raises:
            CredentialsError: Nothing is connected, or BILL refused the account.
            LimitError: The sign-ins of this hour are used up.
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
        try:
            reply = await send(partner)
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
    ) -> dict[str, Any]:
        """One sign-in, counted; a refusal closes the account until a person acts."""
        account = _account(credentials, role)
        self._refuse_closed(account)
        key = credentials.app_key if "partner" in role else credentials.dev_key
        limit_key = key.digest() if key else "none"
        await self._client.budgets.take_sign_in(limit_key, agent, renewal=renewal)
        authorization = Authorization(
            headers={},
            limit_key=limit_key,
            organization=credentials.organization_id or "",
        )
        try:
            return await send(authorization)
        except ApiError as error:
            raise self._refused(account, error) from None
        except CallError as error:
            raise _without_harm(error) from None

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

    def _refuse_closed(self, account: str) -> None:
        error, until = self._closed.get(account, (None, None))
        if error is None:
            return
        if until is not None and self._monotonic() >= until:
            del self._closed[account]
            return
        # Without the traceback of its last time, which would keep growing.
        raise error.with_traceback(None)

    def _refused(self, account: str, error: ApiError) -> CallError:
        """What the agent is told; closes the account where another try would harm."""
        if error.bill_code not in REFUSED_FOR_GOOD | {LOCKED_OUT}:
            return _without_harm(error)
        closed = CredentialsError(
            f"signing in failed; {error}",
            advice="Do not try again. Tell the operator: a person must correct the "
            "account's credentials and restart the server.",
            code="sign_in_refused",
            bill_code=error.bill_code,
            http_status=error.http_status,
        )
        until = None
        if error.bill_code == LOCKED_OUT:
            until = self._monotonic() + LOCKED_OUT_S
            closed.advice = "Stop calling BILL for 15 minutes; nothing was sent."
        self._closed[account] = closed, until
        return closed


def _without_harm(error: CallError) -> CallError:
    """The error of a sign-in, after which nothing at BILL needs looking up."""
    if error.outcome is Outcome.UNKNOWN:
        error.outcome = Outcome.NOT_DONE
        error.advice = "Call again in a moment; if it persists, ask the operator."
    return error


def _account(credentials: Credentials, role: SessionRole) -> str:
    """Names what one sign-in is made with, so that it is not tried again."""
    if role is SessionRole.PARTNER_SIGN_IN:
        user, place = credentials.partner_username, None
        secrets = (credentials.partner_password, credentials.app_key)
    else:
        user, place = credentials.username, credentials.organization_id
        secrets = (credentials.password, credentials.dev_key)
    digests = [secret.digest() if secret else "" for secret in secrets]
    return "|".join([role, user or "", place or "", *digests])
