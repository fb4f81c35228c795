"""Serves the pages for a person once somebody must be asked, and not before."""

from __future__ import annotations

from functools import partial

import anyio

from bill_mcp.agents import Agent
from bill_mcp.clock import Clock
from bill_mcp.dispatch import Dispatcher
from bill_mcp.environments import Environment
from bill_mcp.errors import CallError, RefusedError
from bill_mcp.pages.approval_visits import ApprovalVisit, Approving
from bill_mcp.pages.bill_connector import AgentConnector
from bill_mcp.pages.connect_visits import connect_visits
from bill_mcp.pages.decided_elsewhere import keep_looking
from bill_mcp.pages.questions import Purpose, Question
from bill_mcp.pages.serving import PageServer, page_server
from bill_mcp.pages.tickets import Desk
from bill_mcp.pages.visiting import FormVisit
from bill_mcp.records.approval_refusals import not_spendable, unknown
from bill_mcp.records.approvals import State
from bill_mcp.settings_places import code_command


class PageHost:
    """The pages of one server process.

    Args:
        dispatcher: Runs what a person does on a page, as the agent that waits for it.
        clock: For when questions close.
        approving: Where approvals are kept; None where calls need none.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        clock: Clock,
        *,
        approving: Approving | None = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._clock = clock
        self._approving = approving
        self.desk = Desk(dispatcher.settings.home / "tickets", clock)
        self._agents: dict[tuple[str, str], Agent] = {}
        self._wanted, self._ready = anyio.Event(), anyio.Event()
        self._server: PageServer | None = None
        self._connecting = connect_visits(self._connector, offered=(), clock=clock)

    async def run(self) -> None:
        """Wait until pages are wanted, then serve them until cancelled."""
        await self._wanted.wait()
        async with page_server(self.desk, self._begin, clock=self._clock) as server:
            self._server = server
            self._ready.set()
            if self._approving is None:
                await anyio.sleep_forever()
            else:
                approvals = self._approving.approvals
                await keep_looking(self.desk, approvals, self._clock)

    async def ask_for_code(self, agent: Agent) -> tuple[Question, PageServer]:
        """The agent's question for an MFA code, and where it is answered.

        Raises:
            LimitError: The agent has too many questions open.
            ConfigError: Tickets can't be kept safely on this machine.
        """
        server = await self.serving()
        # The person answers for the account that needed it, whatever the agent does.
        agent = self._dispatcher.sessions.pinned(agent)
        profile = self._dispatcher.sessions.profile_of(agent)
        self._agents[agent.key, profile] = agent
        settings = self._dispatcher.settings
        # A command of the person's does not see the variables of this process.
        from_variables = settings.profile is None
        command = "" if from_variables else code_command(settings.home, profile)
        question = self.desk.open(
            Purpose.MFA,
            agent=agent.key,
            agent_name=agent.name,
            profile=profile,
            title="BILL wants a code before an agent's call can go on",
            environment=settings.environment,
            command=command,
        )
        return question, server

    async def ask_for_approval(
        self, agent: Agent, approval_id: str
    ) -> tuple[Question, PageServer]:
        """The question whether to approve the agent's call, and where it is answered.

        Each approval has a question of its own, which closes when the approval
        expires. Once it has ended, the approval itself tells what was decided.

        Raises:
            LimitError: The agent has too many questions open.
            RefusedError: The approval is another agent's.
            ConfigError: Tickets can't be kept safely on this machine.
        """
        approval = None
        if self._approving is not None:
            approval = await self._approving.approvals.find(approval_id)
        if approval is None or approval.wanted.agent != agent.key:
            raise unknown()
        wanted = approval.wanted
        server = await self.serving()
        question = self.desk.open(
            Purpose.APPROVAL,
            agent=agent.key,
            agent_name=agent.name,
            profile=wanted.profile,
            title=f"Approval {approval.id}: {wanted.title}",
            environment=Environment(wanted.environment),
            subject=approval.id,
            until=approval.expires_at,
        )
        return question, server

    async def refusal_of(self, approval_id: str, agent: str) -> CallError | None:
        """Why the call of *agent* that waits for it may not go on, if that is decided.

        None also while nobody has decided: the call itself then tells who must.
        """
        if self._approving is None:
            return unknown()
        try:
            approval = await self._approving.approvals.find(approval_id)
        except RefusedError as damaged:
            return damaged
        if approval is None or approval.wanted.agent != agent:
            return unknown()
        if approval.state in {State.WAITING, State.GRANTED, State.SPENT}:
            return None
        return not_spendable(approval.state)

    async def serving(self) -> PageServer:
        """The server of the pages; starts it if nobody needed it before."""
        self._wanted.set()
        await self._ready.wait()
        if self._server is None:
            raise AssertionError("ready means that there is a server")
        return self._server

    def _begin(self, question: Question) -> FormVisit:
        if question.purpose is Purpose.APPROVAL:
            if self._approving is None:
                raise AssertionError("an approval was asked for, so it is kept")
            return ApprovalVisit(question, self._approving, self._clock)
        return self._connecting(question)

    def _connector(self, question: Question) -> AgentConnector:
        agent = self._agents[question.agent, question.profile]
        return AgentConnector(partial(self._dispatcher.call, agent), self._clock)
