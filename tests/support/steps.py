"""What may happen between the calls of a sequence that hypothesis makes up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pass:
    """Time passes, by every clock."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Settle:
    """An agent's server looks up what it is time for."""

    agent: str


@dataclass(frozen=True, kw_only=True)
class Restart:
    """The server ends and begins anew."""
