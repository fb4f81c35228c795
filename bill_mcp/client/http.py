"""Sends one request to BILL, within BILL's limits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Protocol

import anyio.lowlevel
import httpx
import stamina

from bill_mcp.client import response
from bill_mcp.client.budgets import Budgets
from bill_mcp.client.request import Request
from bill_mcp.client.slots import Slots
from bill_mcp.errors import BusyError, CallError, Outcome, UnreachableError
from bill_mcp.secret import Secret
from bill_mcp.specs.models import Effect, ErrorEntry

TIMEOUT = httpx.Timeout(60, connect=10)
"""Seconds. BILL states none; a bulk of 100 bills takes it tens of seconds."""

SLOT_DEADLINE_S = 60.0
EXCHANGE_DEADLINE_S = 90.0
"""Longer than the time-outs of one exchange: a backstop for the shielded scope, and
for an answer that trickles. A lease of a slot is longer still."""

WORLD_HEADER = "x-simulator-world"
"""How a simulated BILL says that it was reset: its ids then mean something else."""

FIRST_BYTE = "http11.send_request_headers.started"
"""What httpcore calls the moment before the first byte. Source: its page on the
``trace`` request extension."""

BUSY_ATTEMPTS = 5
LARGEST_ANSWER_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """The credentials that a request travels with, and whose limits it counts in.

    Attributes:
        headers: BILL's own header names.
        limit_key: Names the developer key (or token) without giving it away.
        organization: Part of the key of the concurrency limit.
        spend: Counts in Spend & Expense's limit a minute instead.
    """

    headers: Mapping[str, Secret | str]
    limit_key: str
    organization: str
    spend: bool = False


class Recorder(Protocol):
    """Writes down that a write goes out, and how it ended."""

    async def begin(self) -> None: ...

    def check_prompt(self) -> None:
        """Let the bytes leave if the write was begun a moment ago.

        Raises:
            CallError: ``not_done``: it was begun too long ago.
        """

    async def end(
        self,
        outcome: Outcome,
        error: CallError | None,
        reply: Mapping[str, Any] | None = None,
    ) -> None: ...


class BillClient:
    """Talks to one BILL host.

    Args:
        base_url: Ends in ``/connect``.
        transport: Where requests go: None for the network, or the simulator.
        slots: The right to have a request in flight.
        budgets: What BILL allows an hour and a minute.
        codes: What BILL's error codes mean.
    """

    def __init__(
        self,
        base_url: str,
        *,
        transport: Callable[[], httpx.AsyncBaseTransport] | None,
        slots: Slots,
        budgets: Budgets,
        codes: Mapping[str, ErrorEntry],
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._slots = slots
        self.budgets = budgets
        self._codes = codes
        self._make_transport = transport
        self._pooled: httpx.AsyncClient | None = None
        self.bill_time: datetime | None = None
        """BILL's clock at its last answer, to the second; None before the first."""
        self.world: str | None = None
        """Which world a simulated BILL on this machine was at its last answer."""
        # Without TLS it is this machine: nothing else may be.
        self.may_name_world = self._base_url.startswith("http:")
        """Whether `world` can be known, and is not: BILL has not answered yet."""

    def _note(self, answer: httpx.Response) -> None:
        if self._base_url.startswith("http:"):
            self.world = answer.headers.get(WORLD_HEADER)
            self.may_name_world = False
        with suppress(KeyError, ValueError, TypeError):
            self.bill_time = parsedate_to_datetime(answer.headers["date"])

    def _client(self, *, fresh: bool) -> httpx.AsyncClient:
        keep = 0 if fresh else 20
        return httpx.AsyncClient(
            transport=self._make_transport() if self._make_transport else None,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=self._make_transport is None
            and self._base_url.startswith("https:"),
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=keep),
            # Agents share the client: a cookie of one must not travel with another.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def aclose(self) -> None:
        """Close the pooled connections."""
        if self._pooled is not None:
            await self._pooled.aclose()
            self._pooled = None

    async def send(
        self,
        request: Request,
        authorization: Authorization,
        *,
        agent: str,
        recorder: Recorder | None = None,
        urgent: bool = False,
    ) -> dict[str, Any]:
        """Send *request* and return BILL's answer as a JSON object.

        A read, or a write whose repeat changes nothing, is sent again when BILL was
        busy. Once a write is on its way, cancelling stops the waiting only.

        Args:
            request: What is sent.
            authorization: What it travels with.
            agent: Whose share of the limits it takes.
            recorder: Told around the sending of a write.
            urgent: It may use what is kept back of an hour's requests.

        Raises:
            ApiError: BILL answered with an error.
            LimitError: One of BILL's limits; nothing was sent.
            UnreachableError: No answer; see its outcome before trying again.
        """
        async for attempt in stamina.retry_context(
            on=BusyError,
            attempts=BUSY_ATTEMPTS if _may_repeat(request) else 1,
            wait_initial=0.2,
            wait_max=2.0,
            timeout=30.0,
        ):
            with attempt:
                await self._take_budget(request, authorization, agent, urgent=urgent)
                key = f"{authorization.limit_key}/{authorization.organization}"
                outgoing = self._outgoing(request, authorization)
                async with (
                    self._text_counted(request, authorization, agent),
                    self._slots.slot(key, agent, SLOT_DEADLINE_S),
                ):
                    return await self._recorded(request, outgoing, recorder)
        raise AssertionError("stamina raises the last error")

    async def _take_budget(
        self,
        request: Request,
        authorization: Authorization,
        agent: str,
        *,
        urgent: bool,
    ) -> None:
        if authorization.spend:
            await self.budgets.take_spend_request(
                authorization.limit_key, SLOT_DEADLINE_S
            )
            return
        spec = request.action.spec
        urgent = (
            urgent or spec.session is not None or spec.path_template.endswith("/cancel")
        )
        await self.budgets.take_request(authorization.limit_key, agent, urgent=urgent)

    def _text_counted(
        self, request: Request, authorization: Authorization, agent: str
    ) -> AbstractAsyncContextManager[None]:
        if not request.action.spec.sends_text:
            return nullcontext()
        return self.budgets.text(authorization.limit_key, agent, request.action.name)

    async def _recorded(
        self,
        request: Request,
        outgoing: httpx.Request,
        recorder: Recorder | None,
    ) -> dict[str, Any]:
        """One exchange; for a write shielded from its record to its outcome."""
        # Whoever hung up during a sign-in must not find a payment sent after it.
        await anyio.lowlevel.checkpoint_if_cancelled()
        if recorder is None:
            return await self._within_deadline(request, outgoing)
        with anyio.CancelScope(shield=True):
            await recorder.begin()
            try:
                reply = await self._within_deadline(request, outgoing, recorder)
            except CallError as error:
                await recorder.end(error.outcome, error)
                raise
            except Exception:
                # A fault of ours; nothing is known, and the record must say so.
                await recorder.end(Outcome.UNKNOWN, None)
                raise
            await recorder.end(Outcome.DONE, None, reply)
        return reply

    def _outgoing(
        self, request: Request, authorization: Authorization
    ) -> httpx.Request:
        """The whole HTTP request, made before a slot is taken: slots are scarce."""
        headers = {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in authorization.headers.items()
        }
        headers["accept"] = "application/json"
        if request.content_type is not None:
            headers["content-type"] = request.content_type
        return self._pool().build_request(
            request.method,
            f"{self._base_url}{request.target}",
            content=request.body,
            headers=headers,
        )

    async def _within_deadline(
        self,
        request: Request,
        outgoing: httpx.Request,
        recorder: Recorder | None = None,
    ) -> dict[str, Any]:
        try:
            with anyio.fail_after(EXCHANGE_DEADLINE_S):
                return await self._exchange(request, outgoing, recorder)
        except TimeoutError:
            raise _broken(request, sent=True) from None

    async def _exchange(
        self,
        request: Request,
        outgoing: httpx.Request,
        recorder: Recorder | None,
    ) -> dict[str, Any]:
        fresh = Effect.MONEY in request.action.possible_effects
        if recorder is not None:
            recorder.check_prompt()
            # Once more when the connection stands, which may take its time.
            outgoing.extensions["trace"] = _before_bytes(recorder.check_prompt)
        try:
            async with self._connection(fresh=fresh) as client:
                answer = await client.send(outgoing, stream=True)
                self._note(answer)
                try:
                    content = await _content(request, answer)
                finally:
                    await answer.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise _broken(request, sent=False) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError):
            raise _broken(request, sent=True) from None
        return response.read(request.action, answer.status_code, content, self._codes)

    @asynccontextmanager
    async def _connection(self, *, fresh: bool) -> AsyncIterator[httpx.AsyncClient]:
        """The pooled client; for money one of its own, whose connection is new.

        A kept connection that the other side has just closed leaves it unclear
        whether a request was taken.
        """
        if fresh:
            async with self._client(fresh=True) as client:
                yield client
            return
        yield self._pool()

    def _pool(self) -> httpx.AsyncClient:
        if self._pooled is None:
            self._pooled = self._client(fresh=False)
        return self._pooled


def _before_bytes(check: Callable[[], None]) -> Callable[..., Awaitable[None]]:
    """Has httpcore call *check* right before it writes the first byte of a request."""

    async def trace(event: str, _: Mapping[str, Any]) -> None:
        if event == FIRST_BYTE:
            check()

    return trace


async def _content(request: Request, answer: httpx.Response) -> bytes:
    content = bytearray()
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > LARGEST_ANSWER_BYTES:
            raise response.doubtful(
                request.action, "an answer that is too large", answer.status_code
            )
    return bytes(content)


def _may_repeat(request: Request) -> bool:
    action = request.action
    return action.is_idempotent and Effect.MONEY not in action.possible_effects


def _broken(request: Request, *, sent: bool) -> UnreachableError:
    outcome = response.unreachable_outcome(request.action, sent=sent)
    if outcome is Outcome.UNKNOWN:
        return UnreachableError(
            "the connection to BILL broke off before its answer came",
            advice="Look the object up at BILL before anything else; do not repeat "
            "the call as it is.",
            outcome=outcome,
        )
    return UnreachableError(
        "BILL could not be reached" if not sent else "the connection to BILL broke off",
        advice="Call again in a moment; if it persists, ask the operator.",
        outcome=outcome,
    )
