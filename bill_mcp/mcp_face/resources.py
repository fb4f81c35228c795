"""``bill://session``: what an agent is at BILL, without a call and without a secret."""

from __future__ import annotations

import json
from typing import Any

import mcp_types as types
from mcp import MCPError

from bill_mcp.agents import Agent
from bill_mcp.dispatch import Dispatcher
from bill_mcp.sessions.store import SessionState

SESSION_URI = "bill://session"
RESOURCE_NOT_FOUND = -32002

LISTED = types.ListResourcesResult(
    resources=[
        types.Resource(
            name="session",
            uri=SESSION_URI,
            title="BILL session",
            description="Account, organization, user and MFA state of the session that "
            "the server holds for you. Reading it asks BILL nothing.",
            mime_type="application/json",
        )
    ]
)


async def read(
    dispatcher: Dispatcher, agent: Agent, uri: str
) -> types.ReadResourceResult:
    """The resource of that address, as JSON text.

    Raises:
        MCPError: There is no such resource.
    """
    if uri != SESSION_URI:
        raise MCPError(RESOURCE_NOT_FOUND, "no such resource; there is bill://session")
    text = json.dumps(await session_facts(dispatcher, agent))
    content = types.TextResourceContents(
        uri=SESSION_URI, mime_type="application/json", text=text
    )
    return types.ReadResourceResult(contents=[content])


async def session_facts(dispatcher: Dispatcher, agent: Agent) -> dict[str, Any]:
    """What may be known of the agent's session."""
    sessions = dispatcher.sessions
    held = await sessions.look(agent)
    state = sessions.state_of(agent) if held else SessionState.SIGNED_OUT
    session = held.organization if held else None
    facts = {
        "state": str(state),
        "environment": str(dispatcher.settings.environment),
        "profile": sessions.profile_of(agent),
        "profiles": list(agent.profiles) if len(agent.profiles) > 1 else None,
        "organizationId": session.organization_id if session else None,
        "userId": session.user_id if session else None,
    }
    return {name: value for name, value in facts.items() if value is not None}
