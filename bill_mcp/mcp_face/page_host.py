"""Serves the pages for a person once somebody must be asked, and not before."""

from __future__ import annotations

from functools import partial

import anyio

from bill_mcp.agents import Agent
from bill_mcp.clock import Clock
from bill_mcp.dispatch import Dispatcher
from bill_mcp.pages.bill_connector import AgentConnector
from bill_mcp.pages.connect_visits import connect_visits
from bill_mcp.pages.questions import Purpose, Question
from bill_mcp.pages.serving import PageServer, page_server
from bill_mcp.pages.tickets import Desk


class PageHost:
    """The pages of one server process.

    Args:
        dispatcher: Runs what a person does on a page, as the agent that waits for it.
        clock: For when questions close.
    """

    def __init__(self, dispatcher: Dispatcher, clock: Clock) -> None:
        self._dispatcher = dispatcher
        self._clock = clock
        self.desk = Desk(dispatcher.settings.home / "tickets", clock)
        self._agents: dict[str, Agent] = {}
        self._wanted, self._ready = anyio.Event(), anyio.Event()
        self._server: PageServer | None = None

    async def run(self) -> None:
        """Wait until pages are wanted, then serve them until cancelled."""
        await self._wanted.wait()
        visits = connect_visits(self._connector, offered=(), clock=self._clock)
        async with page_server(self.desk, visits, clock=self._clock) as server:
            self._server = server
            self._ready.set()
            await anyio.sleep_forever()

    async def ask_for_code(self, agent: Agent) -> tuple[Question, PageServer]:
        """The agent's question for an MFA code, and where it is answered.

        Raises:
            LimitError: The agent has too many questions open.
            ConfigError: Tickets can't be kept safely on this machine.
        """
        self._wanted.set()
        await self._ready.wait()
        if self._server is None:
            raise AssertionError("ready means that there is a server")
        self._agents[agent.key] = agent
        question = self.desk.open(
            Purpose.MFA,
            agent=agent.key,
            agent_name=agent.name,
            profile=agent.profiles[0],
            title="BILL wants a code before an agent's call can go on",
            environment=self._dispatcher.settings.environment,
        )
        return question, self._server

    def _connector(self, question: Question) -> AgentConnector:
        agent = self._agents[question.agent]
        return AgentConnector(partial(self._dispatcher.call, agent), self._clock)
