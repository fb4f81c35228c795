"""A server that the system ends, as when a machine shuts down or a container stops."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.process import CREDENTIALS
from support.raw_server import raw_server
from support.recording_bill import RecordingBill, recording_bill

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows sends no such signal"
)

READ = ("bill_get_vendor_details", {"vendorId": "1"})
LOGOUT = "/v3/logout"
KEY = {"BILL_MCP_KEY": "canary-passphrase-of-a-vault"}


def variables(bill: RecordingBill, home: Path) -> dict[str, str]:
    return {
        **{n: value for n, value in CREDENTIALS.items() if n != "BILL_APP_KEY"},
        "BILL_MCP_ENVIRONMENT": "local",
        "BILL_MCP_BASE_URL": bill.url,
        "BILL_MCP_HOME": str(home),
        "BILL_MCP_LOG_LEVEL": "info",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }


def paths(bill: RecordingBill) -> list[str]:
    return [one.path for one in bill.arrivals]


def test_session_in_memory_is_signed_out_and_the_end_is_a_clean_one(
    tmp_path: Path,
) -> None:
    log = tmp_path / "stderr"
    with (
        recording_bill() as bill,
        log.open("w") as stderr,
        raw_server(variables=variables(bill, tmp_path), stderr=stderr) as server,
    ):
        server.call(*READ)
        server.process.send_signal(signal.SIGTERM)
        assert server.end() == 0
    assert paths(bill) == ["/v3/login", "/v3/vendors/1", LOGOUT]
    told = log.read_text(encoding="utf-8")
    assert "told to stop" in told
    assert "Traceback" not in told


def test_kept_session_stays_and_the_next_server_goes_on_with_it(
    tmp_path: Path,
) -> None:
    with recording_bill() as bill:
        kept = variables(bill, tmp_path) | KEY
        for _ in range(2):
            with raw_server(variables=kept) as server:
                server.call(*READ)
                server.process.send_signal(signal.SIGTERM)
                assert server.end() == 0
    assert paths(bill) == ["/v3/login", "/v3/vendors/1", "/v3/vendors/1"]


def test_idle_server_ends_at_once_too(tmp_path: Path) -> None:
    with (
        recording_bill() as bill,
        raw_server(variables=variables(bill, tmp_path)) as server,
    ):
        server.process.send_signal(signal.SIGTERM)
        assert server.end() == 0
    assert paths(bill) == []


def test_write_on_its_way_is_finished_and_written_down_first(tmp_path: Path) -> None:
    log = tmp_path / "stderr"
    with recording_bill() as bill, log.open("w") as stderr:
        kept = variables(bill, tmp_path) | KEY
        with raw_server("--confirm", "never", variables=kept, stderr=stderr) as server:
            server.call(*READ)
            bill.may_answer.clear()
            arguments = {"vendorId": "1"}
            name = "bill_archive_a_vendor"
            server.send("tools/call", {"name": name, "arguments": arguments})
            bill.wait_for("/v3/vendors/1/archive")
            server.process.send_signal(signal.SIGTERM)
            assert server.process.poll() is None
            bill.may_answer.set()
            assert server.end() == 0
    ended = [line for line in log.read_text().splitlines() if "write ended" in line]
    assert len(ended) == 1
    assert '"outcome": "done"' in ended[0]


@pytest.mark.parametrize("content", ["", "no JSON\n"])
def test_input_from_a_file_is_served_to_its_end(tmp_path: Path, content: str) -> None:
    given = tmp_path / "requests"
    given.write_text(content, encoding="utf-8")
    with recording_bill() as bill, given.open() as stdin:
        ran = subprocess.run(
            [sys.executable, "-m", "bill_mcp", "serve"],
            env=variables(bill, tmp_path),
            stdin=stdin,
            capture_output=True,
            check=False,
            timeout=60,
        )
    assert ran.returncode == 0
    assert b"Traceback" not in ran.stderr
