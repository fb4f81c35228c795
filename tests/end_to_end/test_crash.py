"""Servers are killed in the middle of a payment; BILL says what was paid."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crash.bill import BillSide, bill_side
from crash.points import POINTS, Point
from crash.run import Run, play_together
from crash.verdict import Answer, violations

from bill_mcp.errors import Outcome

RUNS = 3


@pytest.fixture(scope="module")
def side() -> Iterator[BillSide]:
    with bill_side() as side:
        yield side


@pytest.mark.anyio
@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
async def test_interrupted_payment_is_made_at_most_once_and_told_as_it_is(
    point: Point, side: BillSide, tmp_path: Path
) -> None:
    runs = [
        Run(
            point=point,
            side=side,
            home=tmp_path,
            chance=random.Random(f"{point.name}/{number}"),  # noqa: S311 -- repeatable
        )
        for number in range(RUNS)
    ]
    await play_together(runs)
    for run in runs:
        story = "\n".join(run.story)
        assert run.wrong == [], story
        assert len(run.at_bill) == point.is_made, story
        if point.is_settled:
            assert run.answers[-1].outcome is not Outcome.UNKNOWN, story


def answer(
    outcome: Outcome | None, *at_bill: str, sent: int = 1, **told: Any
) -> Answer:
    return Answer(outcome=outcome, told=told, at_bill=at_bill, sent=sent)


LATER = "BILL is asked again at 2026-11-24 18:29 UTC. Make the same call again."


@pytest.mark.parametrize(
    ("answers", "at_bill"),
    [
        ([answer(None), answer(Outcome.DONE, "stp1", id="stp1")], ["stp1"]),
        ([answer(Outcome.DONE, "stp1", earlier={"id": "stp1"})], ["stp1"]),
        ([answer(Outcome.UNKNOWN, advice=LATER)], []),
        ([answer(Outcome.UNKNOWN, "stp1", advice=LATER)], ["stp1"]),
        ([answer(Outcome.NOT_DONE)], []),
        (
            [answer(Outcome.NOT_DONE, sent=0), answer(Outcome.DONE, "stp1", id="stp1")],
            ["stp1"],
        ),
    ],
)
def test_verdict_has_nothing_against_what_is_true(
    answers: list[Answer], at_bill: list[str]
) -> None:
    assert violations(answers, at_bill, 1) == []


@pytest.mark.parametrize(
    ("answers", "at_bill", "wrong"),
    [
        ([answer(Outcome.DONE, "stp1", id="stp1")], ["stp1", "stp2"], "2 payments"),
        ([answer(Outcome.DONE, id="stp1")], [], "says done; BILL has no payment"),
        ([answer(Outcome.DONE, "stp1", id="stp9")], ["stp1"], "another's"),
        ([answer(Outcome.NOT_DONE, "stp1")], ["stp1"], "says not_done"),
        ([answer(Outcome.NOT_DONE)], ["stp1"], "makes the payment later"),
        (
            [answer(Outcome.NOT_DONE), answer(Outcome.DONE, "stp1", id="stp1")],
            ["stp1"],
            "answer 1 says not_done",
        ),
        ([answer(Outcome.UNKNOWN, advice="Wait.")], [], "without the time"),
        ([answer(None)], [], "no answer"),
    ],
)
def test_verdict_finds_what_must_not_be(
    answers: list[Answer], at_bill: list[str], wrong: str
) -> None:
    assert any(wrong in each for each in violations(answers, at_bill, 1))
