from typing import Any

import pytest

from bill_mcp.simulator import request_log
from bill_mcp.simulator.request_log import Arrival, RequestLog


def arrival(number: int) -> Arrival:
    return Arrival("GET", f"/{number}", "", {}, None, "")


def test_the_oldest_arrivals_go_when_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_log, "ARRIVALS_AT_MOST", 3)
    log = RequestLog()
    for number in range(5):
        log.add(arrival(number), 10)
    assert [each.path for each in log.arrivals] == ["/2", "/3", "/4"]


def test_large_bodies_go_sooner_and_the_newest_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_log, "BYTES_AT_MOST", 100)
    log = RequestLog()
    for number in range(4):
        log.add(arrival(number), 40)
    assert [each.path for each in log.arrivals] == ["/2", "/3"]
    log.add(arrival(4), 1_000)
    assert [each.path for each in log.arrivals] == ["/4"]
    log.clear()
    log.add(arrival(5), 90)
    log.add(arrival(6), 10)
    assert len(log.arrivals) == 2


@pytest.mark.anyio
async def test_a_client_sees_the_latest_arrivals(
    bill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bill.control("DELETE", "/requests")
    monkeypatch.setattr(request_log, "ARRIVALS_AT_MOST", 2)
    for path in ("/users", "/roles", "/vendors"):
        await bill.get(path)
    seen = await bill.control("GET", "/requests")
    assert [each["path"] for each in seen] == ["/v3/roles", "/v3/vendors"]
    assert [each["status"] for each in seen] == [200, 200]
