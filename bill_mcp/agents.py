"""Who is calling."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bill_mcp.guard.rules import Rules


class AgentName(StrEnum):
    """The agents of this version, as the policy file names them."""

    STDIO = "stdio"
    """Whoever speaks to ``bill-mcp serve``."""
    COMMAND_LINE = "command line"
    """Whoever runs ``bill-mcp call``."""
    DOCTOR = "doctor"
    """``bill-mcp doctor``, which only reads."""


class Confirm(StrEnum):
    """When a person is asked before a call goes out."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class AgentPolicy:
    """What the operator allows one agent.

    Attributes:
        read_only: A strict filter that nothing loosens.
        confirm: When a person is asked.
        rules: From the policy file; None where there is no file.
    """

    read_only: bool
    confirm: Confirm
    rules: Rules | None = None


@dataclass(frozen=True, kw_only=True)
class Agent:
    """One agent, vouched for by the transport.

    Attributes:
        key: Names the agent; agents under one key share one BILL session.
        name: For people: logs and approvals; the policy file has its rules under it.
        profiles: BILL accounts it may use; the first is the default.
        profile: The account of one call, from its beginning to its end; None for the
            one that the agent uses at the moment.
        policy: What it may do.
        surface: Which tools are listed to it; every tool stays callable by name.
    """

    key: str
    name: str
    profiles: tuple[str, ...]
    policy: AgentPolicy
    surface: str
    profile: str | None = None
