"""The path of every call, from a name and arguments to BILL's answer.

Safe to enter again: a question to a person ends the call with `NeedsPerson`, and the
face enters it from the top once there is an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio

from bill_mcp import present
from bill_mcp.agents import Agent
from bill_mcp.client import upload
from bill_mcp.client.http import Authorization, BillClient
from bill_mcp.client.request import NewId, Request, build
from bill_mcp.errors import RefusedError
from bill_mcp.guard import policy
from bill_mcp.guard.evidence import Reason
from bill_mcp.presenting import SESSION_DETAILS, Presenter
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions.manager import SessionManager
from bill_mcp.settings import Settings
from bill_mcp.specs.catalogue import Action, Catalogue
from bill_mcp.specs.check import check
from bill_mcp.writing.call import WriteCall
from bill_mcp.writing.writes import Writes

NO_REASONS: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dispatcher:
    """Runs actions. Knows neither MCP nor HTTP."""

    catalogue: Catalogue
    settings: Settings
    sessions: SessionManager
    client: BillClient
    writes: Writes
    presenter: Presenter
    live: LiveSecrets
    new_id: NewId

    async def call(
        self, agent: Agent, name: str, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Run the action *name* for *agent* and return what the agent may read.

        Raises:
            UnknownActionError: There is no such action.
            CallError: With an outcome, and an advice the agent can act on.
            NeedsPerson: A person must agree before the call can go on.
        """
        action = self.catalogue.find(name)
        given = check(action, arguments)
        agent = self.sessions.pinned(agent, given.get("profile"))
        complete = await self._complete(agent, action, given)
        request = await self._request(action, complete, given)
        if action.is_read:
            policy.judge(action, complete, agent, self.settings.environment)
            return await self._read(agent, request, given)
        call = await self._allowed(agent, request, given, complete)
        if given.get("preview") is True:
            return await self._preview(call)
        if action.spec.session is not None:
            return await self._sign(call)
        return await self.writes.run(call)

    async def settle(self, agent: Agent) -> None:
        """Find out how the agent's payments ended whose answers were lost.

        Raises:
            CallError: BILL could not be asked.
        """
        await self.writes.look_ups.settle(agent)

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

    async def _allowed(
        self,
        agent: Agent,
        request: Request,
        given: Mapping[str, Any],
        complete: Mapping[str, Any],
    ) -> WriteCall:
        """The write, if the policy has nothing against it as it stands."""
        action = request.action
        call = WriteCall(
            agent=agent,
            action=action,
            given=given,
            arguments=complete,
            request=request,
            verdict=policy.effects_of(action, complete),
        )
        try:
            policy.judge(action, complete, agent, self.settings.environment)
        except RefusedError as refusal:
            await self.writes.note_refusal(call, refusal)
            raise
        return call

    async def _read(
        self, agent: Agent, request: Request, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        async def send(authorization: Authorization) -> dict[str, Any]:
            return await self.client.send(request, authorization, agent=agent.key)

        async with self.sessions.pin(agent, request.action.spec.auth) as pin:
            reply = await pin.send(send)
            if request.action.name == SESSION_DETAILS:
                self.sessions.told(agent, reply)
            vendor_id = given.get("vendorId")
            await self.writes.noticed(request.action, pin, reply, vendor_id)
        return self.presenter.present(agent, request.action, reply, given)

    async def _sign(self, call: WriteCall) -> dict[str, Any]:
        """A step of signing in or of MFA: it changes the session, nothing else."""
        agent, action = call.agent, call.action
        await self.writes.prepare()

        async def send(authorization: Authorization) -> dict[str, Any]:
            return await self.client.send(
                call.request,
                authorization,
                agent=agent.key,
                recorder=self.writes.signing_recorder(call, authorization),
            )

        reply = await self.sessions.run_role(
            agent, action, given=call.given, arguments=call.arguments, send=send
        )
        return self.presenter.present(agent, action, reply, call.given)

    async def _preview(self, call: WriteCall) -> dict[str, Any]:
        """What would be sent now, what speaks against it, and that it was not sent."""
        request, reasons = call.request, NO_REASONS
        if call.action.spec.session is None:
            request, reasons = await self.writes.preview(call)
        else:
            self.writes.preview_signing()
        return present.preview(
            request,
            self.live,
            environment=self.settings.environment,
            base_url=self.settings.base_url,
            reasons=[(str(each.cause), each.text) for each in reasons],
        )
