"""Real server processes of one home folder; BILL refuses their fourth request."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from support.process import CREDENTIALS, client_of, result_of
from support.recording_bill import recording_bill
from support.simulator_process import Simulator, simulator_process

pytestmark = pytest.mark.anyio

READ = ("bill_get_list_of_vendors", {"max": 3})
VENDORS = "/v3/vendors"
ACCOUNT = {name: text for name, text in CREDENTIALS.items() if "APP" not in name}


def variables(base_url: str, home: Path, account: dict[str, str]) -> dict[str, str]:
    return {
        **account,
        "BILL_MCP_ENVIRONMENT": "local",
        "BILL_MCP_BASE_URL": base_url,
        "BILL_MCP_HOME": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


def rows(home: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(home / "limits.sqlite")) as file:
        return file.execute(question).fetchall()


def reads(bill: Simulator) -> list[dict[str, Any]]:
    requests = bill.control("GET", "requests")
    return [each for each in requests if each["path"].endswith(VENDORS)]


def slow(bill: Simulator, delay_s: float) -> None:
    """Reads take so long that every process has more of them than there are slots."""
    fault = {"method": "GET", "path": VENDORS, "times": 1000, "delay_s": delay_s}
    bill.control("POST", "faults", [fault])


async def test_three_processes_together_never_have_a_fourth_request_in_flight(
    tmp_path: Path,
) -> None:
    answered: Counter[int] = Counter()

    async def read(number: int, client: Client) -> None:
        result = result_of(await client.call_tool(*READ))
        answered[number] += len(result["results"])

    with simulator_process() as bill:
        slow(bill, 0.02)
        given = variables(bill.base_url, tmp_path, bill.credentials())
        async with AsyncExitStack() as servers:
            clients = [
                await servers.enter_async_context(client_of(variables=given))
                for _ in range(3)
            ]
            async with anyio.create_task_group() as tasks:
                for number, client in enumerate(clients):
                    for _ in range(20):
                        tasks.start_soon(read, number, client)
        arrived = reads(bill)
    assert answered == {0: 60, 1: 60, 2: 60}
    assert len(arrived) == 60, "none was refused and sent again"
    assert {each["status"] for each in arrived} == {200}
    assert max(each["in_flight"] for each in arrived) == 3
    counted = dict(rows(tmp_path, "SELECT what, sum(used) FROM hours GROUP BY what"))
    assert rows(tmp_path, "SELECT count(*) FROM slots") == [(0,)]
    assert counted["sign-ins"] == 3
    assert counted["requests"] == 3 + 60 + 3, "sign-ins, reads, sign-outs"
    assert list((tmp_path / "processes").iterdir()) == []


async def test_killed_processes_leave_their_slots_to_the_others(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "bill_mcp", "call", "bill_get_list_of_bills"]
    with recording_bill() as bill:
        given = variables(bill.url, tmp_path, ACCOUNT)
        bill.may_answer.clear()
        doomed = [
            await anyio.open_process(
                command, env={**os.environ, **given}, stdin=subprocess.DEVNULL
            )
            for _ in range(3)
        ]
        with anyio.fail_after(60):
            while sum(each.path == "/v3/bills" for each in bill.arrivals) < 3:  # noqa: ASYNC110 -- other processes set no event
                await anyio.sleep(0.05)
        for process in doomed:
            process.kill()
            await process.wait()
            await process.aclose()
        bill.may_answer.set()
        assert rows(tmp_path, "SELECT count(*) FROM slots") == [(3,)]
        async with client_of(variables=given) as survivor:
            result_of(await survivor.call_tool("bill_get_list_of_vendors", {}))
    assert rows(tmp_path, "SELECT count(*) FROM slots") == [(0,)]
    assert list((tmp_path / "processes").iterdir()) == []
