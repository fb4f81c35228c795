"""Real server processes, one after another and side by side, on one home folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.process import CREDENTIALS, client_of, result_of
from support.recording_bill import RecordingBill, recording_bill

pytestmark = pytest.mark.anyio

READ = ("bill_get_vendor_details", {"vendorId": "1"})


def variables(bill: RecordingBill, home: Path, **more: str) -> dict[str, str]:
    return {
        **{n: value for n, value in CREDENTIALS.items() if n != "BILL_APP_KEY"},
        "BILL_MCP_ENVIRONMENT": "local",
        "BILL_MCP_BASE_URL": bill.url,
        "BILL_MCP_HOME": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        **more,
    }


def sessions(bill: RecordingBill) -> list[str]:
    return [one.headers["sessionid"] for one in bill.arrivals if "vendors" in one.path]


async def test_restarted_server_goes_on_with_its_session_and_two_at_once_have_two(
    tmp_path: Path,
) -> None:
    with recording_bill() as bill:
        kept = variables(bill, tmp_path, BILL_MCP_KEY="canary-passphrase-of-a-vault")
        async with client_of(variables=kept) as first:
            result_of(await first.call_tool(*READ))
        async with client_of(variables=kept) as again:
            result_of(await again.call_tool(*READ))
            async with client_of(variables=kept) as beside:
                result_of(await beside.call_tool(*READ))
    assert sessions(bill) == [f"session-number-{n}" for n in (1, 1, 2)]
    assert "/v3/logout" not in [one.path for one in bill.arrivals]
    assert_nothing_is_in_the_clear(tmp_path)


async def test_server_without_a_vault_says_so_once_and_signs_out_at_its_end(
    tmp_path: Path,
) -> None:
    log = tmp_path / "stderr"
    with recording_bill() as bill, log.open("w") as stderr:
        passing = variables(bill, tmp_path / "home")
        async with client_of(variables=passing, stderr=stderr) as client:
            for _ in range(2):
                result_of(await client.call_tool(*READ))
    assert log.read_text(encoding="utf-8").count("in memory only") == 1
    assert bill.arrivals[-1].path == "/v3/logout"
    assert bill.arrivals[-1].headers["sessionid"] == "session-number-1"


async def test_every_folder_that_a_server_makes_is_its_owners_alone(
    tmp_path: Path,
) -> None:
    made = tmp_path / "made"
    with recording_bill() as bill:
        fresh = variables(bill, made / "home", BILL_MCP_KEY="canary-passphrase")
        async with client_of(variables=fresh) as client:
            result_of(await client.call_tool(*READ))
    folders = [made, *(path for path in made.rglob("*") if path.is_dir())]
    assert {"home", "agents", "processes"} <= {folder.name for folder in folders}
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def assert_nothing_is_in_the_clear(home: Path) -> None:
    files = [file for file in home.rglob("*") if file.is_file()]
    assert {"sessions.sqlite", "secrets.enc"} <= {file.name for file in files}
    for file in files:
        assert b"canary" not in file.read_bytes()
        assert b"session-number" not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0
