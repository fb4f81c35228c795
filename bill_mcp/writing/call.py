"""One call that changes something at BILL, and what is decided about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bill_mcp.agents import Agent, Confirm
from bill_mcp.client.request import Request
from bill_mcp.environments import Environment
from bill_mcp.guard.evidence import Evidence
from bill_mcp.guard.payments import Asked, asked_by
from bill_mcp.guard.policy import Decision, Verdict
from bill_mcp.records.claims import Write
from bill_mcp.records.intents import Subject
from bill_mcp.sessions.pin import Pin
from bill_mcp.specs.catalogue import Action
from bill_mcp.transaction_numbers import bare

NUMBER = "transactionNumber"

Present = Callable[
    [Agent, Action, Mapping[str, Any], Mapping[str, Any]], dict[str, Any]
]
"""What an agent may read of a reply: of agent, action, reply, given arguments."""


@dataclass(frozen=True, kw_only=True)
class WriteCall:
    """One call that changes something at BILL.

    Attributes:
        given: What the agent passed, checked.
        arguments: What BILL will get of it.
        request: Without what is known only after reading.
    """

    agent: Agent
    action: Action
    given: Mapping[str, Any]
    arguments: Mapping[str, Any]
    request: Request
    verdict: Verdict

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The payments that it asks for."""
        return asked_by(self.action, self.arguments)

    @property
    def given_number(self) -> str | None:
        """The transaction number that the agent gave; a blank one is none."""
        number = self.given.get(NUMBER)
        return number if number is not None and bare(number) else None

    @property
    def own_number(self) -> str | None:
        """The transaction number of ours, where the agent gave none."""
        if NUMBER not in self.action.spec.fill or self.given_number is not None:
            return None
        return str(self.request.body_fields[NUMBER])

    @property
    def content(self) -> bytes:
        """What the call says, without the number of ours: equal calls are equal."""
        body: Any = self.request.body_fields
        if self.own_number is not None:
            body = {name: part for name, part in body.items() if name != NUMBER}
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        whole = self.request.body or b"" if body is None else text.encode()
        return f"{self.request.method} {self.request.target}\n".encode() + whole


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What is known when a call is decided on.

    Attributes:
        seen: The earlier writes that stand in the way.
        under_way: Ids of those whose answer may still come.
    """

    evidence: Evidence
    subject: Subject
    seen: tuple[Write, ...]
    under_way: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is decided about a call.

    Attributes:
        request: Complete: these bytes are shown, journalled and sent.
        seen: The earlier writes that it was decided on.
        answered: The same write, done before, whose answer the call gets.
        new_number: The caller's transaction number, if no payment had it before.
    """

    request: Request
    evidence: Evidence
    decision: Decision
    subject: Subject
    seen: tuple[Write, ...]
    answered: Write | None
    new_number: str | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which BILL the calls of one server go to.

    Attributes:
        address: Its base URL, and the file of a simulated world; tells them apart where
            BILL is simulated on this machine.
        world: Which world a simulated BILL is now; None where there is but one.
    """

    environment: Environment
    address: str
    world: Callable[[], str | None] = lambda: None

    def organization(self, pin: Pin) -> str:
        """Names one BILL organization at this place, in everything that is recorded."""
        return self.named(pin.organization)

    def named(self, organization: str) -> str:
        """The same, for an organization as BILL names it.

        Of BILL itself the address is no part: whichever way the one BILL is reached, a
        payment must be known to all of them. Nor is the case of letters, lest a lenient
        BILL have one organization under two names.
        """
        is_local = self.environment is Environment.LOCAL
        names = (
            str(self.environment),
            self.address if is_local else "",
            self.world() or "",
            organization.strip().casefold(),
        )
        return " ".join(name for name in names if name)

    def asks_person(self, agent: Agent) -> bool:
        """Whether anybody is asked at all; see ``--confirm``."""
        production = self.environment is Environment.PRODUCTION
        return production or agent.policy.confirm is not Confirm.NEVER
