"""What is kept of writes, asked of people and sent to them holds no secret whole."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from support.process import KEPT, client_of, error_of
from support.sealing import sealing_key
from support.simulator_process import simulator_process

from bill_mcp.announcing.announcement import announcement_of
from bill_mcp.app import random_id
from bill_mcp.clock import SystemClock
from bill_mcp.records.approvals import Approvals
from bill_mcp.records.store import RecordFile

pytestmark = pytest.mark.anyio

OPERATOR_KEY = "canary-operator-key-1b9f"
SECRET_VARIABLES = {"BILL_PASSWORD", "BILL_DEV_KEY", "BILL_API_TOKEN"}
VENDORS, CHANGED, OURS = "7712093348", "6640817725", "5093318846"
TAX_ID = "871443092"
NUMBERS = {VENDORS, CHANGED, OURS}
ROUTING = "125000024"
ADDRESS = {
    "line1": "1 Main Street",
    "city": "Seattle",
    "stateOrProvince": "WA",
    "zipOrPostalCode": "98101",
    "country": "US",
}


async def enter_numbers(client: Client, given: dict[str, str]) -> list[Any]:
    """Enter bank accounts and a tax id in each way that the tools have."""
    payment = {
        "payeeName": "Canary Carriers",
        "bankAccount": {
            "nameOnAccount": "Canary Carriers",
            "accountNumber": VENDORS,
            "routingNumber": ROUTING,
        },
    }
    vendor = {
        "name": "Canary Carriers",
        "address": ADDRESS,
        "paymentInformation": payment,
        "additionalInfo": {"taxId": TAX_ID, "taxIdType": "EIN"},
    }
    account = {"accountNumber": CHANGED, "routingNumber": ROUTING}
    ours = {
        "nameOnAccount": "Pacific Timber",
        "bankName": "Canary Bank",
        "routingNumber": ROUTING,
        "accountNumber": OURS,
        "type": "CHECKING",
        "ownerType": "BUSINESS",
    }
    made = await client.call_tool("bill_create_a_vendor", vendor)
    told = [made]
    vendor_id = given.setdefault(
        "vendorId", (made.structured_content or {}).get("id", "")
    )
    one = {"vendorId": vendor_id}
    for tool, arguments in (
        ("bill_delete_a_vendor_bank_account", one),
        ("bill_create_a_vendor_bank_account", {**one, **account}),
        ("bill_create_a_bank_account", ours),
        ("bill_get_vendor_details", one),
        ("bill_api_login", {"password": given["BILL_PASSWORD"]}),
    ):
        told.append(await client.call_tool(tool, arguments))
    return told


def exported(home: Path, form: str) -> str:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    command = [sys.executable, "-m", "bill_mcp", "audit", "export", "--format", form]
    ran = subprocess.run(  # noqa: S603 -- ourselves
        command,
        env={**kept, "BILL_MCP_HOME": str(home), "BILL_MCP_KEY": OPERATOR_KEY},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert "bill_create_a_vendor_bank_account" in ran.stdout
    return ran.stdout + ran.stderr


async def announced(home: Path) -> list[str]:
    """Each approval that waits, and what a webhook and a screen would get of it."""
    with closing(sqlite3.connect(home / "journal.sqlite")) as rows:
        ids = [key for (key,) in rows.execute("SELECT id FROM approvals")]
    file = RecordFile(home / "journal.sqlite", ())
    key = sealing_key(home, OPERATOR_KEY)
    approvals = Approvals(file, SystemClock(), random_id, key=key)
    told = []
    for key in ids:
        approval = await approvals.find(key)
        assert approval is not None
        announcement = announcement_of(approval, random_id)
        told += [announcement.as_json().decode(), announcement.in_words()]
        told.append(repr(approval))
    file.close()
    return told


async def test_records_announcements_and_exports_hold_no_secret_nor_whole_account(
    tmp_path: Path,
) -> None:
    home, log = tmp_path / "home", tmp_path / "stderr"
    with simulator_process() as simulator:
        given = {
            **simulator.credentials(mfa="trusted"),
            **simulator.credentials(kind="spend"),
        }
        variables = {
            **given,
            "BILL_MCP_ENVIRONMENT": "local",
            "BILL_MCP_BASE_URL": simulator.base_url,
            "BILL_MCP_HOME": str(home),
            "BILL_MCP_KEY": OPERATOR_KEY,
            "BILL_MCP_LOG_LEVEL": "debug",
        }
        heard = []
        with log.open("a") as stderr:
            for confirm in ("never", "auto"):
                async with client_of(
                    "--confirm", confirm, variables=variables, stderr=stderr
                ) as client:
                    heard += await enter_numbers(client, given)
                kept = _kept(home)  # also what stands in the write-ahead log
                assert not [number for number in NUMBERS if number in kept], confirm
    done = heard[: len(heard) // 2]
    assert not any(answer.is_error for answer in done[:5]), "the numbers were entered"
    asked = [each for each in heard[len(done) :] if each.is_error]
    assert "approval_required" in {error_of(each)["error"] for each in asked}
    told = [*await announced(home), exported(home, "csv"), exported(home, "jsonl")]
    assert len(told) > 4, "approvals wait, and were announced"
    assert TAX_ID not in "\n".join([*told, log.read_text("utf-8")])
    seen = "\n".join([*told, log.read_text("utf-8"), _kept(home)])
    secrets = {given[name] for name in SECRET_VARIABLES if name in given}
    assert len(secrets) == 3
    for secret in secrets | NUMBERS | {OPERATOR_KEY}:
        assert secret not in seen
    for number in (VENDORS, CHANGED, OURS):
        assert f"****{number[-4:]}" in told[-1], "told apart by the last four"


def _kept(home: Path) -> str:
    """All bytes of all files."""
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "journal.sqlite" for path in files)
    return "\n".join(path.read_bytes().decode("latin-1") for path in files)
