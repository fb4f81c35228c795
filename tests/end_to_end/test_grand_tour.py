"""All 209 actions work, and their replies are those that the facts describe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
from end_to_end.grand_tour import grand_tour
from end_to_end.tour.exceptions import superfluous, unexcused
from end_to_end.tour.guide import ACTIONS
from end_to_end.tour.replies import fields_in, fields_of, misfits
from support.fact_samples import operations

EMPTY: dict[str, Any] = {"type": "object", "properties": {}}


def test_every_action_succeeds_and_each_field_of_its_reply_occurs_and_no_other() -> (
    None
):
    # One test, since the tour takes a while and tests may run in several processes.
    replies = anyio.run(grand_tour)
    assert len(ACTIONS) == 209
    assert [name for name in ACTIONS if name not in replies] == []
    wrong = [
        f"{ACTIONS[operation]}: {what}"
        for operation in ACTIONS
        for what in faults(operation, replies[operation])
    ]
    assert wrong == []


def faults(operation: str, replies: list[Any]) -> Iterator[str]:
    schema = operations()[ACTIONS[operation]]["response"] or EMPTY
    yield from sorted({fault for reply in replies for fault in misfits(schema, reply)})
    seen = {field for reply in replies for field in fields_in(reply)}
    missing = set(fields_of(schema)) - seen
    for field in unexcused(operation, missing):
        yield f"{field} never occurs"
    for pattern in superfluous(operation, seen, missing):
        yield f"the exception {pattern} is not needed"


def test_a_reply_that_does_not_fit_is_found_out() -> None:
    row = {"type": "object", "properties": {"id": {"type": "string"}}}
    schema = {
        "type": "object",
        "properties": {
            "results": {"type": "array", "items": row},
            "total": {"type": "number"},
        },
    }
    assert list(misfits(schema, {"results": [{"id": "1"}], "total": 2})) == []
    told = {"results": [{"id": 1, "name": "A"}], "total": True, "max": 5}
    assert list(misfits(schema, told)) == [
        "results[].id is no string",
        "results[].name is unknown",
        "total is no number",
        "max is unknown",
    ]
    assert list(fields_of(schema)) == ["results", "results.id", "total"]
    assert list(misfits(schema, [])) == ["the reply is no object"]
    assert list(misfits(row, {"id": None})) == ["id is no string"]
