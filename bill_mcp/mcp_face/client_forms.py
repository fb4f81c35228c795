"""A client's own form as a way to approve, where the policy says that it is enough.

A client can forge such an answer. So the policy names an amount up to which that risk
is taken, and the approval itself refuses to be granted this way beyond it.
"""

from __future__ import annotations

from typing import Any

import mcp_types as types

from bill_mcp.agents import Agent
from bill_mcp.errors import NeedsPerson, RefusedError
from bill_mcp.records.approvals import Approvals, Via

FIELD = "approve"


class ClientForms:
    """Asks by a form that the client shows.

    Args:
        approvals: Where the answers go.
    """

    schema: dict[str, Any] = {  # noqa: RUF012 -- never changed
        "type": "object",
        "properties": {
            FIELD: {
                "type": "boolean",
                "title": "Approve",
                "description": "Send exactly what is shown above.",
                "default": False,
            }
        },
        "required": [FIELD],
    }

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def form_of(self, needed: NeedsPerson) -> types.ElicitRequestFormParams:
        """What a client of the newest era is asked to show."""
        return types.ElicitRequestFormParams(
            message=needed.question, requested_schema=self.schema
        )

    async def is_of(self, approval_id: str, agent: Agent) -> bool:
        """Whether that approval was asked for by this agent."""
        found = await self._approvals.find(approval_id)
        return found is not None and found.wanted.agent == agent.key

    async def take(self, approval_id: str, answer: types.ElicitResult) -> None:
        """Write down what the person behind the client said.

        Raises:
            RefusedError: They said no, or nothing; or the approval is not for a client
                to give.
        """
        if answer.action == "cancel":
            await self._approvals.cancel(approval_id, via=Via.CLIENT)
            raise _said("cancelled", "approval_cancelled")
        grants = answer.action == "accept" and (answer.content or {}).get(FIELD) is True
        try:
            await self._approvals.decide(
                approval_id, grant=grants, by="the client", via=Via.CLIENT
            )
        except RefusedError as decided:
            # Somebody approved it elsewhere meanwhile: the two agree.
            if not grants or decided.code != "approval_granted":
                raise
        if not grants:
            raise _said("declined", "approval_declined")


def _said(word: str, code: str) -> RefusedError:
    return RefusedError(
        f"the person {word} this call",
        advice="Do not repeat the call unless the person asks for it.",
        code=code,
    )
