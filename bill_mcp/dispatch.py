"""The path of every call, from a name and arguments to BILL's answer.

Safe to enter again: a question to a person ends the call with `NeedsPerson`, and the
face enters it from the top once there is an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio

from bill_mcp import present, withhold
from bill_mcp.agents import Agent
from bill_mcp.client import upload
from bill_mcp.client.http import Authorization, BillClient
from bill_mcp.client.request import NewId, Request, build
from bill_mcp.guard import approval, evidence, policy
from bill_mcp.records.journal import Journal
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions.manager import SessionManager
from bill_mcp.settings import Settings
from bill_mcp.specs.catalogue import Action, Catalogue
from bill_mcp.specs.check import check

SESSION_DETAILS = "bill_get_api_session_details"


@dataclass(frozen=True, kw_only=True)
class Dispatcher:
    """Runs actions. Knows neither MCP nor HTTP."""

    catalogue: Catalogue
    settings: Settings
    sessions: SessionManager
    client: BillClient
    journal: Journal
    live: LiveSecrets
    new_id: NewId

    async def call(
        self, agent: Agent, name: str, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Run the action *name* for *agent* and return what the agent may read.

        Raises:
            UnknownActionError: There is no such action.
            CallError: With an outcome, and an advice the agent can act on.
            NeedsPerson: A person must answer before the call can go on.
        """
        action = self.catalogue.find(name)
        given = check(action, arguments)
        agent = self.sessions.pinned(agent, given.get("profile"))
        complete = await self._complete(agent, action, given)
        request = await self._request(action, complete, given)
        if given.get("preview") is True:
            return self._preview(agent, request, complete)
        verdict = policy.judge(action, complete, agent, self.settings.environment)
        known = await evidence.gather(request, verdict)
        approval.require(request, known, agent, given.get("approval_id"))
        reply = await self._send(agent, request, given, complete)
        return self._present(agent, action, reply, given)

    async def _complete(
        self, agent: Agent, action: Action, given: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """BILL's arguments of the call; for sign-in and MFA with what is held."""
        arguments = {name: given[name] for name in action.fields if name in given}
        role = action.spec.session
        if role is None:
            return arguments
        own = {"profile": given["profile"]} if "profile" in given else {}
        return await self.sessions.complete(agent, role, arguments | own)

    async def _request(
        self, action: Action, complete: Mapping[str, Any], given: Mapping[str, Any]
    ) -> Request:
        file = None
        if action.spec.body_form == "bytes":
            roots = self.settings.upload_roots
            file = await anyio.to_thread.run_sync(upload.read_file, given, roots)
        return build(action, complete, new_id=self.new_id, file=file)

    def _preview(
        self, agent: Agent, request: Request, complete: Mapping[str, Any]
    ) -> dict[str, Any]:
        policy.judge(request.action, complete, agent, self.settings.environment)
        return present.preview(
            request,
            self.live,
            environment=self.settings.environment,
            base_url=self.settings.base_url,
        )

    async def _send(
        self,
        agent: Agent,
        request: Request,
        given: Mapping[str, Any],
        complete: Mapping[str, Any],
    ) -> dict[str, Any]:
        action = request.action

        async def send(authorization: Authorization) -> dict[str, Any]:
            recorder = None if action.is_read else self.journal.recorder(agent, request)
            return await self.client.send(
                request, authorization, agent=agent.key, recorder=recorder
            )

        if action.spec.session is None:
            return await self.sessions.run(agent, action, send)
        return await self.sessions.run_role(
            agent, action, given=given, arguments=complete, send=send
        )

    def _present(
        self,
        agent: Agent,
        action: Action,
        reply: dict[str, Any],
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        session = self.sessions.session_of(agent)
        return present.result(
            action,
            withhold.from_reply(action, reply, self.live),
            environment=self.settings.environment,
            organization=session.organization_id if session else None,
            account=_account(agent, action),
            fields=given.get("fields"),
        )


def _account(agent: Agent, action: Action) -> dict[str, Any]:
    """Which account a result is of, where there could be a doubt."""
    asked, several = action.name == SESSION_DETAILS, len(agent.profiles) > 1
    told: dict[str, Any] = {"profile": agent.profile} if asked or several else {}
    return told | ({"profiles": list(agent.profiles)} if asked and several else {})
