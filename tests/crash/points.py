"""Where a payment is interrupted, and what BILL does meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bill_mcp.writing.recorder import Step

LATE_S = 3
"""By BILL's clock: how late it acts, or shows what it did."""

WAIT_S = 2.0
"""For how long BILL keeps a request that is to be found waiting."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One way in which a payment is interrupted.

    Attributes:
        fault: What BILL does to the request, in the words of its control plane.
        kill_at: The step at which the server ends.
        is_made: Whether BILL has the payment in the end, if nothing else happens.
        is_killed_waiting: The server is ended once BILL has the request.
        policy: Rules beyond ``mode = "pay"``.
        is_settled: The agent goes on asking until the look-ups have an end.
    """

    name: str
    is_made: bool
    fault: Mapping[str, Any] | None = None
    kill_at: Step | None = None
    is_killed_waiting: bool = False
    policy: str = ""
    is_settled: bool = False

    @property
    def kills(self) -> bool:
        return self.kill_at is not None or self.is_killed_waiting


CUT_BEFORE = {"drop": "before"}
CUT_AFTER = {"drop": "after"}
MID_ANSWER = {"drop": "mid_answer"}
ACTS_LATE = {"act_late_s": LATE_S}
HIDDEN = {"drop": "after", "hide_s": LATE_S}
NEVER_ACTS = {"answer": {"status": 503, "body": "down"}, "delay_s": WAIT_S}
WAITS_BEFORE = {"delay_s": WAIT_S}
WAITS_AFTER = {"delay_answer_s": WAIT_S}
WAITS_HIDDEN = {"delay_answer_s": WAIT_S, "hide_s": LATE_S}
RESEND = 'resend = "after_not_done"'

POINTS = (
    Point(name="killed before the intent", is_made=True, kill_at=Step.BEFORE_INTENT),
    Point(name="killed after the intent", is_made=False, kill_at=Step.AFTER_INTENT),
    Point(name="cut before BILL acts", is_made=False, fault=CUT_BEFORE),
    Point(
        name="cut before BILL acts, killed",
        is_made=False,
        fault=CUT_BEFORE,
        kill_at=Step.BEFORE_OUTCOME,
    ),
    Point(
        name="killed waiting, BILL never acts",
        is_made=False,
        fault=NEVER_ACTS,
        is_killed_waiting=True,
    ),
    Point(
        name="killed waiting, BILL acts then",
        is_made=True,
        fault=WAITS_BEFORE,
        is_killed_waiting=True,
    ),
    Point(
        name="killed waiting, BILL has acted",
        is_made=True,
        fault=WAITS_AFTER,
        is_killed_waiting=True,
    ),
    Point(name="cut after BILL acted", is_made=True, fault=CUT_AFTER),
    Point(
        name="cut after BILL acted, killed",
        is_made=True,
        fault=CUT_AFTER,
        kill_at=Step.BEFORE_OUTCOME,
    ),
    Point(name="cut in mid-answer", is_made=True, fault=MID_ANSWER),
    Point(
        name="cut in mid-answer, killed",
        is_made=True,
        fault=MID_ANSWER,
        kill_at=Step.BEFORE_OUTCOME,
    ),
    Point(name="BILL acts late", is_made=True, fault=ACTS_LATE),
    Point(
        name="BILL acts late, killed",
        is_made=True,
        fault=ACTS_LATE,
        kill_at=Step.BEFORE_OUTCOME,
    ),
    Point(name="BILL hides what it did", is_made=True, fault=HIDDEN),
    Point(
        name="BILL hides what it did, killed",
        is_made=True,
        fault=HIDDEN,
        kill_at=Step.BEFORE_OUTCOME,
    ),
    Point(
        name="BILL hides what it did, killed waiting",
        is_made=True,
        fault=WAITS_HIDDEN,
        is_killed_waiting=True,
    ),
    Point(name="killed before the outcome", is_made=True, kill_at=Step.BEFORE_OUTCOME),
    Point(name="killed after the outcome", is_made=True, kill_at=Step.AFTER_OUTCOME),
    Point(
        name="killed after the intent, settled",
        is_made=False,
        kill_at=Step.AFTER_INTENT,
        is_settled=True,
    ),
    Point(
        name="killed after the intent, settled, sent again",
        is_made=True,
        kill_at=Step.AFTER_INTENT,
        policy=RESEND,
        is_settled=True,
    ),
    Point(
        name="cut before BILL acts, settled",
        is_made=False,
        fault=CUT_BEFORE,
        is_settled=True,
    ),
    Point(
        name="BILL acts late, killed, settled, may be sent again",
        is_made=True,
        fault=ACTS_LATE,
        kill_at=Step.BEFORE_OUTCOME,
        policy=RESEND,
        is_settled=True,
    ),
)
