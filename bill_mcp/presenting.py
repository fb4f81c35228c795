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
            profile=agent.profile if _tells_profile(agent, action) else None,
            fields=given.get("fields"),
        )


def _tells_profile(agent: Agent, action: Action) -> bool:
    """Whether a result says which account it is of: where there could be a doubt."""
    return len(agent.profiles) > 1 or action.name == SESSION_DETAILS
