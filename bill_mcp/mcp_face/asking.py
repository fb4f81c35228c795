"""Gets a person's MFA code for a call that needs it, in the way of the client's era.

The link that a client is given is only a pointer: it opens a page that explains, and
the form behind it opens on this machine alone. No code passes through client or agent.
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
from bill_mcp.errors import CallError, ConfigError, RefusedError
from bill_mcp.mcp_face.page_host import PageHost
from bill_mcp.pages.questions import Question, State
from bill_mcp.pages.serving import PageServer

Context = ServerRequestContext[Any, Any]

ANSWER_KEY = "mfa"
PATIENCE_S = 300.0
"""How long a call waits for a person once they agreed to open the page."""

INVALID_PARAMS = -32602


class Asking:
    """Asks the person behind one client.

    Args:
        host: Serves the pages; None where nobody can be asked, as in the simulator.
    """

    def __init__(self, host: PageHost | None) -> None:
        self._host = host

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
        if self._host is None:
            raise refusal
        try:
            question, server = await self._host.ask_for_code(agent)
        except (CallError, ConfigError):
            raise refusal from None
        if not _opens_links(context):
            raise _pointed(refusal, question, server)
        message = (
            "BILL wants an MFA code before this call can go on. The page opens on the "
            f"computer where bill-mcp runs, and shows these words: {question.phrase}."
        )
        url = server.url_of(question)
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            asked = types.ElicitRequestURLParams(message=message, url=url)
            return types.InputRequiredResult(
                input_requests={ANSWER_KEY: types.ElicitRequest(params=asked)},
                request_state=question.id,
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

    async def resume(self, params: types.CallToolRequestParams, agent: Agent) -> None:
        """Take up a call of the newest era that comes back with a person's answer.

        Raises:
            MCPError: The answer belongs to no question of this agent.
            CallError: The person did not do what was asked.
        """
        if not params.input_responses:
            return
        answer = params.input_responses.get(ANSWER_KEY)
        question = self._question(params.request_state, agent)
        if question is None or not isinstance(answer, types.ElicitResult):
            raise MCPError(INVALID_PARAMS, "an answer to no question of this call")
        assert self._host is not None  # noqa: S101 -- a question has a host
        _, server = await self._host.ask_for_code(agent)
        await self._awaited(answer.action, question, server, _unfinished())

    def _question(self, state: str | None, agent: Agent) -> Question | None:
        """The question that was sealed into the state, if it is this agent's."""
        if self._host is None or state is None:
            return None
        question = self._host.desk.question(state)
        return question if question and question.agent == agent.key else None

    async def _awaited(
        self, action: str, question: Question, server: PageServer, refusal: CallError
    ) -> None:
        """Wait for the person who agreed; a refusal of theirs ends the question."""
        assert self._host is not None  # noqa: S101 -- a question has a host
        if action != "accept":
            self._host.desk.close(question.id)
            raise RefusedError(
                f"the person {'declined' if action == 'decline' else 'cancelled'} "
                "the MFA that this call needs",
                advice="Do not repeat the call unless the person asks for it.",
                code=f"mfa_{'declined' if action == 'decline' else 'cancelled'}",
            )
        await server.open_in_browser(question)
        state = State.OPEN
        with anyio.move_on_after(PATIENCE_S):
            state = await self._host.desk.ending(question)
        if state is not State.ANSWERED:
            raise _pointed(refusal, question, server)


def _opens_links(context: Context) -> bool:
    capabilities = context.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and elicitation.url is not None


def _pointed(refusal: CallError, question: Question, server: PageServer) -> CallError:
    """*refusal* with where a person completes MFA; the address gives no right."""
    refusal.advice = (
        "Ask the person at the machine where bill-mcp runs to run `bill-mcp open` "
        f"(the page shows: {question.phrase}; {server.url_of(question)}) or "
        "`bill-mcp login --mfa`; then make the same call again. Signing in again does "
        "not help."
    )
    return refusal


def _unfinished() -> CallError:
    return RefusedError(
        "nobody has completed the MFA that this call needs",
        advice="",
        code="mfa_required",
    )
