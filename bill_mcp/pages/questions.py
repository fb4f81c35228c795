"""What a person is asked, and where the question stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bill_mcp.environments import Environment


class Purpose(StrEnum):
    """What a question is for; its form serves nothing else."""

    LOGIN = "login"
    MFA = "mfa"
    APPROVAL = "approval"


class State(StrEnum):
    """Where a question stands."""

    OPEN = "open"
    ENTERED = "entered"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a person is asked.

    Attributes:
        id: Names the question, gives no right to it.
        agent: Key of the agent that waits for the answer.
        title: What is asked, in a few words.
        environment: Which BILL it is about; None where the person chooses.
        phrase: Four words to compare two screens by.
        expires: When it closes unless its form is used, in UTC.
        subject: Which one of several of its purpose: an approval's id. Gives no right.
        command: What a person may run in place of the page; empty where nothing does
            the same.
    """

    id: str
    purpose: Purpose
    agent: str
    agent_name: str
    profile: str
    title: str
    environment: Environment | None
    phrase: str
    expires: datetime
    subject: str = ""
    command: str = ""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """The right to one form, for one browser."""

    cookie: str = field(repr=False)
    handle: str = field(repr=False)
