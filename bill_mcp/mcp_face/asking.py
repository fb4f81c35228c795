"""Asks the person behind a client, in the way of the client's era.

A link that a client is given is only a pointer: it opens a page that explains, and the
form behind it opens on this machine alone. No code and no passphrase passes through
client or agent. A client's own form answers only what the policy lets it answer.
"""

from __future__ import annotations

from typing import Any

import anyio
import mcp_types as types
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import NoBackChannelError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from bill_mcp.agents import Agent
from bill_mcp.errors import (
    CallError,
    ConfigError,
    NeedsPerson,
    NotTrustedError,
    RefusedError,
)
from bill_mcp.mcp_face.client_forms import ClientForms
from bill_mcp.mcp_face.page_host import PageHost
from bill_mcp.pages.questions import Purpose, Question, State
from bill_mcp.pages.serving import PageServer

Context = ServerRequestContext[Any, Any]

PAGE_KEY, FORM_KEY = "page", "form"
"""Names the one question of a result, by the way in which it is answered."""

PATIENCE_S = 300.0

INVALID_PARAMS = -32602
_ANSWER = types.ElicitResult
_MESSAGES = {
    Purpose.MFA: "BILL wants an MFA code before this call can go on.",
    Purpose.APPROVAL: "A person must approve this call before it goes out.",
}


class Asking:
    """Asks the person behind one client.

    Args:
        host: Serves the pages; None where nobody can be asked by a page.
        forms: Asks by the client's own form, where the policy lets it; None: nobody.
        asks_for_codes: False in the simulator, whose person has no phone to look at.
        patience_s: How long a call waits for a person who agreed to open the page.
    """

    def __init__(
        self,
        host: PageHost | None,
        forms: ClientForms | None = None,
        *,
        asks_for_codes: bool = True,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._host, self._forms = host, forms
        self._asks_for_codes, self._patience_s = asks_for_codes, patience_s

    async def for_code(
        self, context: Context, agent: Agent, refusal: CallError
    ) -> types.InputRequiredResult | None:
        """None once a person has completed MFA, so that the call can be entered again.

        A client of the newest era gets the question as a result instead, and calls
        again with its answer; see `resume`.

        Raises:
            CallError: Nobody could be asked, or the person did not do it; *refusal*
                with what to do now.
        """
        if self._host is None or not self._asks_for_codes:
            raise refusal
        try:
            question, server = await self._host.ask_for_code(agent)
        except (CallError, ConfigError):
            raise refusal from None
        return await self._by_page(context, question, server, refusal)

    async def for_approval(
        self, context: Context, agent: Agent, needed: NeedsPerson
    ) -> types.InputRequiredResult | None:
        """None once a person has decided; the decision itself is in the records.

        Raises:
            CallError: Nobody could be asked right now: *needed*'s refusal.
        """
        if needed.client_may_approve and self._forms and _shows_forms(context):
            return await self._by_form(context, self._forms, needed)
        question, server = await self._page_of(agent, needed)
        return await self._by_page(context, question, server, needed.refusal)

    async def unanswered(self, agent: Agent, needed: NeedsPerson) -> CallError:
        """*needed*'s refusal, for a call in which a person was asked in vain.

        It says where they can still answer.
        """
        try:
            question, server = await self._page_of(agent, needed)
        except CallError as refusal:
            return refusal
        return _pointed(needed.refusal, question, server)

    async def _page_of(
        self, agent: Agent, needed: NeedsPerson
    ) -> tuple[Question, PageServer]:
        if self._host is None:
            raise needed.refusal
        try:
            return await self._host.ask_for_approval(agent, needed.approval_id)
        except (CallError, ConfigError):
            raise needed.refusal from None

    async def _by_form(
        self, context: Context, forms: ClientForms, needed: NeedsPerson
    ) -> types.InputRequiredResult | None:
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            asked = types.ElicitRequest(params=forms.form_of(needed))
            return types.InputRequiredResult(
                input_requests={FORM_KEY: asked}, request_state=needed.approval_id
            )
        try:
            answer = await context.session.elicit_form(
                message=needed.question,
                requested_schema=forms.schema,
                related_request_id=context.request_id,
            )
        except NoBackChannelError:
            raise needed.refusal from None
        await forms.take(needed.approval_id, answer)
        return None

    async def _by_page(
        self,
        context: Context,
        question: Question,
        server: PageServer,
        refusal: CallError,
    ) -> types.InputRequiredResult | None:
        if not _opens_links(context):
            raise _pointed(refusal, question, server)
        message = (
            f"{_reason(refusal)}{_MESSAGES[question.purpose]} "
            "The page opens on the computer where "
            f"bill-mcp runs, and shows these words: {question.phrase}."
        )
        url = server.url_of(question)
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            asked = types.ElicitRequestURLParams(message=message, url=url)
            return types.InputRequiredResult(
                input_requests={PAGE_KEY: types.ElicitRequest(params=asked)},
                request_state=_state_of(question),
            )
        try:
            answer = await context.session.elicit_url(
                message=message,
                url=url,
                elicitation_id=question.id,
                related_request_id=context.request_id,
            )
        except NoBackChannelError:
            raise _pointed(refusal, question, server) from None
        await self._awaited(answer.action, question, server, refusal)
        return None

    async def resume(
        self, params: types.CallToolRequestParams, agent: Agent
    ) -> frozenset[Purpose]:
        """Take up a call of the newest era that comes back with a person's answer.

        Answers what was asked and answered: it is not asked again in this call.

        Raises:
            MCPError: The answer belongs to no question of this agent.
            CallError: The person did not do what was asked.
        """
        if not params.input_responses:
            return frozenset()
        form = params.input_responses.get(FORM_KEY)
        page = params.input_responses.get(PAGE_KEY)
        state = params.request_state
        if isinstance(form, _ANSWER) and self._forms and state:
            if not await self._forms.is_of(state, agent):
                raise _no_question()
            await self._forms.take(state, form)
            return frozenset({Purpose.APPROVAL})
        asked = _asked_in(state)
        if asked is None or self._host is None or not isinstance(page, _ANSWER):
            raise _no_question()
        purpose, question_id, approval_id = asked
        question = self._host.desk.question(question_id)
        if question is None:
            await self._ended_before(page.action, purpose, approval_id, agent)
        elif question.agent != agent.key:
            raise _no_question()
        else:
            server = await self._host.serving()
            await self._awaited(page.action, question, server, _unfinished())
        return frozenset({purpose})

    async def _ended_before(
        self, action: str, purpose: Purpose, approval_id: str, agent: Agent
    ) -> None:
        """A person was done with the page, or its time was over, before the client.

        What they did not do there the call itself will tell.
        """
        if action != "accept":
            raise _turned_down(purpose, declined=action == "decline")
        if purpose is Purpose.APPROVAL and self._host is not None:
            refusal = await self._host.refusal_of(approval_id, agent.key)
            if refusal is not None:
                raise refusal

    async def _awaited(
        self, action: str, question: Question, server: PageServer, refusal: CallError
    ) -> None:
        """Wait for the person who agreed; a refusal of theirs ends the question."""
        assert self._host is not None  # noqa: S101 -- a question has a host
        if action != "accept":
            self._host.desk.close(question.id)
            raise _turned_down(question.purpose, declined=action == "decline")
        await server.open_in_browser(question)
        state = State.OPEN
        with anyio.move_on_after(self._patience_s):
            state = await self._host.desk.ending(question)
        if question.purpose is Purpose.APPROVAL:
            # Whether it was granted is for the call itself to find in the records.
            refused = await self._host.refusal_of(question.subject, question.agent)
            if refused is not None:
                raise refused
            return
        if state is not State.ANSWERED:
            raise _pointed(refusal, question, server)


def _opens_links(context: Context) -> bool:
    capabilities = context.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and elicitation.url is not None


def _shows_forms(context: Context) -> bool:
    """An empty capability means forms, as it did before there were links."""
    capabilities = context.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    if elicitation is None:
        return False
    return elicitation.form is not None or elicitation.url is None


def _state_of(question: Question) -> str:
    """What comes back with the answer, sealed: also when the question is no more."""
    return f"{question.purpose} {question.id} {question.subject}"


def _asked_in(state: str | None) -> tuple[Purpose, str, str] | None:
    """Purpose, question and approval of such a state; None for a form's."""
    parts = (state or "").split(" ")
    if len(parts) != 3 or parts[0] not in set(Purpose):  # noqa: PLR2004 -- as written
        return None
    return Purpose(parts[0]), parts[1], parts[2]


def _no_question() -> MCPError:
    return MCPError(INVALID_PARAMS, "an answer to no question of this call")


def _pointed(refusal: CallError, question: Question, server: PageServer) -> CallError:
    """*refusal* with where a person does it; the address gives no right."""
    page = f"the page shows: {question.phrase}; {server.url_of(question)}"
    if question.purpose is Purpose.APPROVAL:
        refusal.advice += f" `bill-mcp open` asks the same on a page ({page})."
        return refusal
    instead = f" or `{question.command}`" if question.command else ""
    refusal.advice = (
        f"{_reason(refusal)}"
        "Ask the person at the machine where bill-mcp runs to run `bill-mcp open` "
        f"({page}){instead}; then make the same call again. Signing "
        "in again does not help."
    )
    return refusal


def _reason(refusal: CallError) -> str:
    """Why a person is needed again, where that is known."""
    reason = refusal.reason if isinstance(refusal, NotTrustedError) else ""
    return f"{reason} " if reason else ""


def _turned_down(purpose: Purpose, *, declined: bool) -> RefusedError:
    word = "declined" if declined else "cancelled"
    what, code = "the MFA that this call needs", f"mfa_{word}"
    if purpose is Purpose.APPROVAL:
        what, code = "to look at this call", f"approval_{word}"
    return RefusedError(
        f"the person {word} {what}",
        advice="Do not repeat the call unless the person asks for it.",
        code=code,
    )


def _unfinished() -> CallError:
    return RefusedError(
        "nobody has completed the MFA that this call needs",
        advice="",
        code="mfa_required",
    )
