"""Finds out how payments ended whose answers were lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bill_mcp.agents import Agent
from bill_mcp.client.http import Authorization, BillClient
from bill_mcp.client.request import NewId, build
from bill_mcp.clock import Clock
from bill_mcp.errors import CallError, ConfigError
from bill_mcp.guard import settling
from bill_mcp.guard.reading import Read
from bill_mcp.guard.rules import LOST_ANSWER_SETTLES_S
from bill_mcp.records import attribution
from bill_mcp.records.claims import State, Write
from bill_mcp.records.intents import StaleError, Subject
from bill_mcp.records.journal import Journal
from bill_mcp.sessions.manager import SessionManager
from bill_mcp.sessions.pin import Pin
from bill_mcp.specs.catalogue import Catalogue
from bill_mcp.specs.models import Auth
from bill_mcp.writing.call import Place, Present
from bill_mcp.writing.entries import Entries

WORLD_READS = {
    Auth.SESSION: "bill_get_api_session_details",
    Auth.API_TOKEN: "bill_get_current_user_details",
}
"""The cheapest read under each kind of credentials."""

SETTLE_EVERY_S = 20.0
"""How often a server looks whether a look-up is due; most often none is."""

_log = structlog.get_logger("bill_mcp.journal")


@dataclass(frozen=True, kw_only=True)
class LookUps:
    """Looks unknown payments up at BILL, under the session of one call.

    Attributes:
        committed: Told after each row that is on disk.
    """

    catalogue: Catalogue
    place: Place
    sessions: SessionManager
    client: BillClient
    journal: Journal
    entries: Entries
    committed: Callable[[], None]
    clock: Clock
    new_id: NewId
    present: Present

    def reader(self, agent: Agent, pin: Pin, *, urgent: bool = False) -> Read:
        """Reads at BILL under the pinned session."""

        async def read(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
            action = self.catalogue.find(name)
            request = build(action, arguments, new_id=self.new_id)

            async def send(authorization: Authorization) -> dict[str, Any]:
                return await self.client.send(
                    request, authorization, agent=agent.key, urgent=urgent
                )

            return await pin.send(send)

        return read

    async def know_world(self, agent: Agent, pin: Pin, *, anew: bool = False) -> None:
        """Have a simulated BILL say which world it is now; others are not asked.

        Args:
            agent: Who reads.
            pin: The session of the call.
            anew: Ask although it has said so before: it may have been reset since.

        Raises:
            CallError: It could not be asked.
        """
        name = WORLD_READS.get(pin.auth)
        client = self.client
        asks = client.world is not None if anew else client.may_name_world
        if asks and name is not None:
            await self.reader(agent, pin)(name, {})

    async def earlier(
        self, agent: Agent, pin: Pin, subject: Subject
    ) -> tuple[Write, ...]:
        """The writes that stand in the way, after the look-ups that were due.

        Raises:
            StaleError: BILL is another world than when *subject* was made.
            CallError: BILL could not be asked.
        """
        found = await self.journal.earlier(subject)
        if found:
            await self.know_world(agent, pin, anew=True)
            if self.place.organization(pin) != subject.organization:
                raise StaleError
        lost = [write for write in found if write.claims and await self._is_due(write)]
        for write in lost:
            await self.look_up(agent, pin, write)
        return await self.journal.earlier(subject) if lost else found

    async def look_up(self, agent: Agent, pin: Pin, write: Write) -> Write:
        """The write as it stands after asking BILL once.

        Raises:
            CallError: BILL could not be asked.
        """
        finding = await settling.look_up(
            self.reader(agent, pin, urgent=True),
            write,
            lambda payments: self.journal.file.look(
                lambda c: attribution.of_others(c, write, payments)
            ),
        )
        if finding.answer is not None:
            action = self.catalogue.find(write.action)
            answer = self.present(agent, action, finding.answer, {})
            finding = replace(finding, answer=answer)
        rules = agent.policy.rules
        now = await self.journal.looked(
            write,
            finding,
            self.entries.settled(write),
            settles_s=rules.lost_answer_settles_s if rules else LOST_ANSWER_SETTLES_S,
        )
        self.committed()
        return now

    async def keep_settling(self, agent: Agent) -> None:
        """Look up what is due, again and again, until cancelled.

        What goes wrong is tried again later: a payment stays unknown meanwhile.
        """
        while True:
            try:
                await self.settle(agent)
            except (CallError, ConfigError, sqlite3.Error) as error:
                _log.warning("a payment could not be looked up", why=str(error))
            except Exception as fault:  # noqa: BLE001 -- must not end the server
                kind = type(fault).__name__
                _log.error("looking up broke", fault=kind)
            await self.clock.sleep(SETTLE_EVERY_S)

    async def settle(self, agent: Agent) -> None:
        """Look up those of the agent's own payments for which it is time.

        Raises:
            CallError: BILL could not be asked.
        """
        for write in await self.journal.unsettled():
            if write.agent != agent.key or write.profile not in agent.profiles:
                continue
            if not await self._is_due(write):
                continue
            own = self.sessions.pinned(agent, write.profile)
            auth = self.catalogue.find(write.action).spec.auth
            async with self.sessions.pin(own, auth) as pin:
                await self.know_world(own, pin)
                if self.place.organization(pin) == write.organization:
                    await self.look_up(own, pin, write)

    async def _is_due(self, write: Write) -> bool:
        if write.state is State.UNKNOWN:
            return write.look_at is not None and write.look_at <= self.clock.now()
        is_open = write.state is State.OPEN
        return is_open and not await self.journal.is_under_way(write)
