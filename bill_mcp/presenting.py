"""Makes of BILL's reply what an agent may read, for reads and writes alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bill_mcp import present, withhold
from bill_mcp.agents import Agent
from bill_mcp.environments import Environment
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions.manager import SessionManager
from bill_mcp.specs.catalogue import Action

SESSION_DETAILS = "bill_get_api_session_details"


@dataclass(frozen=True, kw_only=True)
class Presenter:
    """Withholds secrets, then shapes and cuts to size."""

    environment: Environment
    sessions: SessionManager
    live: LiveSecrets

    def present(
        self,
        agent: Agent,
        action: Action,
        reply: Mapping[str, Any],
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        """BILL's values unchanged, without secrets, our notes beside them."""
        session = self.sessions.session_of(agent)
        return present.result(
            action,
            withhold.from_reply(action, reply, self.live),
            environment=self.environment,
            organization=session.organization_id if session else None,
            account=_account(agent, action),
            fields=given.get("fields"),
        )


def _account(agent: Agent, action: Action) -> dict[str, Any]:
    """Which account a result is of, where there could be a doubt."""
    asked, several = action.name == SESSION_DETAILS, len(agent.profiles) > 1
    told: dict[str, Any] = {"profile": agent.profile} if asked or several else {}
    return told | ({"profiles": list(agent.profiles)} if asked and several else {})
