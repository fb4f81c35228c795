"""Faults on order: answers that BILL did not mean, delays, and cut connections.

In process a cut connection is a ``ConnectionCutError``, which is httpx's own
``RemoteProtocolError`` and reaches the client through ``httpx.ASGITransport`` as if the
network had failed. Over HTTP ``serve.py`` closes the connection instead.
"""

from dataclasses import dataclass, field
from typing import Any

import httpx

from bill_mcp.simulator.errors import CODES, BillError, Fault, refusal
from bill_mcp.simulator.operations import PREFIX

DELAY_MAX_S = 30.0
DROPS = ("before", "after", "mid_answer")
KEYS = frozenset(
    {
        "method",
        "path",
        "nth",
        "times",
        "answer",
        "delay_s",
        "delay_answer_s",
        "drop",
        "act_late_s",
        "hide_s",
    }
)


class ConnectionCutError(httpx.RemoteProtocolError):
    """The connection broke off before the answer, or in the middle of it."""

    def __init__(self) -> None:
        super().__init__("Server disconnected without sending a response.")


@dataclass(slots=True)
class OrderedFault:
    """A fault that was asked for, and how many requests it has seen."""

    method: str | None
    path: str | None
    nth: int
    times: int
    effects: dict[str, Any]
    seen: int = 0

    def meets(self, method: str, path: str, template: str) -> bool:
        """Count the request if it matches; say whether it is one that fails."""
        if self.method not in {None, method}:
            return False
        if self.path is not None and not matches(self.path, path, template):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


def matches(wanted: str, path: str, template: str) -> bool:
    """Say whether the *wanted* template means this request.

    The operation's own template wins, so ``/v3/payments/{id}`` does not mean
    ``/v3/payments/options``, though that path would fit.
    """
    pattern = segments(wanted)
    if template:
        return pattern == segments(template) or wanted == path
    found = path.strip("/").split("/")
    return len(found) == len(pattern) and all(
        want in {"{}", have} for want, have in zip(pattern, found, strict=True)
    )


def segments(template: str) -> list[str]:
    parts = template.removeprefix(PREFIX).strip("/").split("/")
    return ["{}" if part.startswith("{") else part for part in parts]


@dataclass(slots=True)
class Faults:
    """The faults of one world, in the order in which they were asked for."""

    ordered: list[OrderedFault] = field(default_factory=list)

    def add_all(self, wanted: list[Any]) -> None:
        """Take faults as the control plane describes them, all or none.

        Raises:
            ValueError: it is not a fault that docs/simulator.md describes.
        """
        self.ordered += [read_fault(each) for each in wanted]

    def meet(self, method: str, path: str, template: str) -> dict[str, Any]:
        """Return the effects on this request; where faults differ, the oldest wins."""
        hit = [each for each in self.ordered if each.meets(method, path, template)]
        effects: dict[str, Any] = {}
        for each in reversed(hit):
            effects |= each.effects
        return effects


DURATIONS = ("delay_s", "delay_answer_s", "act_late_s", "hide_s")


def read_fault(wanted: Any) -> OrderedFault:
    if not isinstance(wanted, dict) or not wanted.keys() <= KEYS:
        raise ValueError(f"a fault has only the keys {', '.join(sorted(KEYS))}")
    effects = {
        name: wanted[name]
        for name in ("answer", "drop", *DURATIONS)
        if wanted.get(name) is not None
    }
    check(effects)
    method = wanted.get("method")
    return OrderedFault(
        method.upper() if method else None,
        wanted.get("path"),
        int(wanted.get("nth", 1)),
        int(wanted.get("times", 1)),
        effects,
    )


def check(effects: dict[str, Any]) -> None:
    if not effects:
        raise ValueError("a fault has at least one effect")
    for name in DURATIONS:
        value = effects.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ValueError(f"{name} must be a number of seconds")
    for name in ("delay_s", "delay_answer_s"):
        if effects.get(name, 0) > DELAY_MAX_S:
            raise ValueError(f"{name} is at most {DELAY_MAX_S:.0f}")
    if effects.get("drop", "before") not in DROPS:
        raise ValueError(f"drop is one of {', '.join(DROPS)}")
    answer = effects.get("answer", {})
    if not isinstance(answer, dict) or not answer.keys() <= {
        "status",
        "headers",
        "body",
        "code",
    }:
        raise ValueError("answer has status, headers, and body or code")


def error_of(answer: dict[str, Any]) -> BillError | None:
    """Return the error for an answer that names a ``code``, with the status given."""
    code = answer.get("code")
    if code is None:
        return None
    if code in CODES:
        error = refusal(code, limit=20_000, what="as ordered")
    else:
        error = BillError(422, [Fault("A fault as ordered.", code, "APPLICATION")])
    error.status = answer.get("status", error.status)
    return error
