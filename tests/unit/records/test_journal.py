"""What is written down of each write."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from support.assembly import agent, catalogue
from support.clock import START, ManualClock

from bill_mcp.client.request import Request, build
from bill_mcp.errors import ApiError, Outcome
from bill_mcp.records.journal import KEPT_ROWS, Journal, MemoryRecords, Row

pytestmark = pytest.mark.anyio


def request_of(**arguments: Any) -> Request:
    action = catalogue().find("bill_create_a_department")
    return build(action, {"name": "North"} | arguments, new_id="N".__mul__)


async def test_row_stands_before_the_sending_and_gets_its_outcome_after() -> None:
    records = MemoryRecords()
    recorder = Journal(records, ManualClock()).recorder(agent(), request_of())
    await recorder.begin()
    (row,) = records.rows()
    assert (row.agent, row.action) == ("agent", "bill_create_a_department")
    assert (row.at, row.outcome) == (START, None)
    await recorder.end(Outcome.DONE, None)
    (settled,) = records.rows()
    assert settled.outcome is Outcome.DONE
    assert settled.digest == row.digest


async def test_writes_side_by_side_get_their_own_outcomes() -> None:
    records = MemoryRecords()
    journal = Journal(records, ManualClock())
    first, second = (journal.recorder(agent(), request_of()) for _ in range(2))
    await first.begin()
    await second.begin()
    await first.end(Outcome.UNKNOWN, None)
    await second.end(Outcome.DONE, None)
    outcomes = [row.outcome for row in records.rows()]
    assert outcomes == [Outcome.UNKNOWN, Outcome.DONE]
    assert len({row.key for row in records.rows()}) == 2


def test_equal_requests_have_equal_digests_and_others_have_not() -> None:
    records = MemoryRecords()
    journal = Journal(records, ManualClock())
    archive = catalogue().find("bill_archive_a_vendor")
    requests = [
        request_of(),
        request_of(),
        request_of(name="South"),
        build(archive, {"vendorId": "00901"}, new_id="N".__mul__),
        build(archive, {"vendorId": "00902"}, new_id="N".__mul__),
    ]
    for request in requests:
        journal.begin(agent(), request)
    first, second, *others = (row.digest for row in records.rows())
    assert first == second
    assert len({first, *others}) == 4


def test_only_the_newest_rows_are_kept_and_an_old_outcome_finds_none() -> None:
    records = MemoryRecords()
    journal = Journal(records, ManualClock())
    request = request_of()
    oldest = journal.begin(agent(), request)
    for _ in range(KEPT_ROWS):
        journal.begin(agent(), request)
    before = records.rows()
    journal.end(oldest, Outcome.DONE)
    assert records.rows() == before
    assert len(before) == KEPT_ROWS


async def test_log_names_the_outcome_and_no_value() -> None:
    recorder = Journal(MemoryRecords(), ManualClock()).recorder(
        agent(), request_of(name="canary-name")
    )
    await recorder.begin()
    error = ApiError("canary-text", advice="canary", bill_code="BDC_1171")
    with structlog.testing.capture_logs() as logged:
        await recorder.end(Outcome.NOT_DONE, error)
    assert logged == [
        {
            "event": "write ended",
            "log_level": "info",
            "agent": "agent",
            "action": "bill_create_a_department",
            "outcome": "not_done",
            "bill_code": "BDC_1171",
        }
    ]


def test_row_shows_nothing_but_names_and_a_digest() -> None:
    records = MemoryRecords()
    Journal(records, ManualClock()).begin(agent(), request_of(name="canary-name"))
    assert "canary" not in repr(records.rows())
    assert isinstance(records.rows()[0], Row)
