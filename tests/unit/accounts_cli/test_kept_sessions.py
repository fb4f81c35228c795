"""Kept sessions of a connected account: what ``status`` says, what ``logout`` ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from keyring.backend import KeyringBackend
from support.command_line import CommandLine
from support.keyrings import OpenKeyring, own_keyring
from support.recording_bill import RecordingBill, recording_bill

from bill_mcp.app import application
from bill_mcp.environments import Environment
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.profiles import ProfileKeeper, read_profiles
from bill_mcp.sessions.vault import open_vault
from bill_mcp.settings import resolve

pytestmark = pytest.mark.usefixtures("logging_as_before")

READ = ("bill_get_vendor_details", {"vendorId": "1"})
LIST: tuple[str, dict[str, str]] = ("bill_get_list_of_organizations", {})
LOGOUT = "/v3/logout"


def account(name: str) -> Credentials:
    return Credentials(
        username=f"{name}@example.test",
        password=Secret(f"canary-password-of-{name}"),
        organization_id="00801",
        dev_key=Secret(f"canary-key-of-{name}"),
    )


class Machine:
    """One person's home folder and keyring, and a BILL that they connect to."""

    def __init__(self, home: Path, bill: RecordingBill, ring: KeyringBackend) -> None:
        self.home, self.bill, self.ring = home, bill, ring

    def connect(self, name: str, credentials: Credentials | None = None) -> None:
        vault = open_vault(self.home, None)
        keeper = ProfileKeeper(self.home, lambda: vault, lambda: datetime.now(UTC))
        given = credentials or account(name)
        anyio.run(keeper.keep, name, given, Environment.LOCAL, self.bill.url)

    def serve(self, *profiles: str, call: tuple[str, dict[str, str]] = READ) -> None:
        """A server process that makes one call with each account, and ends."""

        async def run() -> None:
            settings = resolve({}, {"BILL_MCP_HOME": str(self.home)})
            async with application(settings, variables={}) as built:
                agent = built.agent(built.lasting_key("stdio"), "stdio")
                for name in profiles:
                    pinned = built.dispatcher.sessions.pinned(agent, name)
                    await built.dispatcher.call(pinned, *call)

        anyio.run(run)

    def rows(self) -> int:
        with closing(sqlite3.connect(self.home / "sessions.sqlite")) as file:
            (count,) = file.execute("SELECT count(*) FROM kept").fetchone()
        return int(count)

    def signed_out(self) -> list[tuple[str, str]]:
        return [
            (one.headers["sessionid"], one.headers["devkey"])
            for one in self.bill.arrivals
            if one.path == LOGOUT
        ]

    def sign_ins(self) -> int:
        return sum(one.path.endswith("/login") for one in self.bill.arrivals)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with own_keyring(OpenKeyring()) as ring, recording_bill() as bill:
        yield Machine(tmp_path / "home", bill, ring)


Run = Callable[..., str]


@pytest.fixture
def run(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs a command that succeeds; what it prints."""
    command_line = CommandLine(
        home=machine.home,
        monkeypatch=monkeypatch,
        capsys=capsys,
        ring=machine.ring,
        hidden="canary",
    )

    def succeed(*words: str) -> str:
        ran = command_line(*words)
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    return succeed


def kept_of(status: str) -> dict[str, str]:
    """What ``status`` says of each account's session."""
    told = {}
    for line in status.splitlines():
        name, *facts = line.split("\t")
        by_label = dict(fact.split(": ", 1) for fact in facts)
        told[name.partition(" ")[0]] = by_label["session kept"]
    return told


def test_status_says_until_when_a_session_is_kept(machine: Machine, run: Run) -> None:
    machine.connect("main")
    machine.connect("idle")
    machine.connect("cards", Credentials(api_token=Secret("canary-token")))
    assert kept_of(run("status"))["main"] == "no"
    before = datetime.now().astimezone()
    machine.serve("main")
    after = datetime.now().astimezone()
    asked = len(machine.bill.arrivals)
    told = kept_of(run("status"))
    times = {f"{each + timedelta(minutes=35):%H:%M}" for each in (before, after)}
    assert told["main"] in {f"yes, until {time}" for time in times}
    assert told["idle"] == "no"
    assert told["cards"] == "no sessions with this kind of account"
    assert len(machine.bill.arrivals) == asked


def test_status_knows_a_session_that_has_idled(machine: Machine, run: Run) -> None:
    machine.connect("main")
    machine.serve("main")
    with closing(sqlite3.connect(machine.home / "sessions.sqlite")) as file, file:
        file.execute("UPDATE kept SET last_used = last_used - 35 * 60")
    assert kept_of(run("status")) == {"main": "no"}


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_status_survives_a_file_that_is_none_of_ours(
    machine: Machine, run: Run, content: bytes
) -> None:
    machine.connect("main")
    (machine.home / "sessions.sqlite").write_bytes(content)
    expected = "unknown" if content else "no"
    assert kept_of(run("status")) == {"main": expected}


def test_logout_ends_the_accounts_sessions_at_bill_and_leaves_the_others(
    machine: Machine, run: Run
) -> None:
    machine.connect("main")
    machine.connect("other")
    machine.serve("main", "other")
    assert machine.rows() == 2
    told = run("logout")
    assert told.startswith("main (local) is removed")
    assert "sessions signed out at BILL: 1" in told
    assert machine.signed_out() == [("session-number-1", "canary-key-of-main")]
    assert machine.rows() == 1
    assert list(read_profiles(machine.home).profiles) == ["other"]
    assert kept_of(run("status"))["other"].startswith("yes")


def test_logout_without_kept_sessions_asks_bill_nothing(
    machine: Machine, run: Run
) -> None:
    machine.connect("main")
    assert len(run("logout").splitlines()) == 1
    assert machine.bill.arrivals == []


def test_logout_while_bill_is_out_of_reach_removes_all_and_says_so(
    machine: Machine, run: Run
) -> None:
    machine.connect("main")
    machine.serve("main")
    machine.bill.close()
    told = run("logout")
    assert "main (local) is removed" in told
    assert "did not end, or could not be reached for: 1" in told
    assert "by itself after 35 minutes" in told
    assert machine.rows() == 0
    assert read_profiles(machine.home).profiles == {}
    left = machine.ring.passwords  # type: ignore[attr-defined]
    # Neither opens anything at BILL, and the audit log stays readable.
    assert set(left) == {("bill-mcp", "state-key"), ("bill-mcp", "audit-key")}


def test_logout_of_a_partner_says_what_bill_cannot_do(
    machine: Machine, run: Run
) -> None:
    partner = Credentials(
        partner_username="partner@example.test",
        partner_password=Secret("canary-partner-password"),
        app_key=Secret("canary-app-key"),
    )
    machine.connect("main", partner)
    machine.serve("main", call=LIST)
    told = run("logout")
    assert "BILL has no sign-out for a partner's session" in told
    assert machine.signed_out() == []
    assert machine.rows() == 0


def test_logout_under_another_state_key_removes_what_it_cannot_open(
    machine: Machine, run: Run
) -> None:
    machine.connect("main")
    machine.serve("main")
    machine.ring.delete_password("bill-mcp", "state-key")
    assert len(run("logout").splitlines()) == 1
    assert machine.rows() == 0


def test_logout_with_a_broken_file_removes_the_account_all_the_same(
    machine: Machine, run: Run
) -> None:
    machine.connect("main")
    (machine.home / "sessions.sqlite").write_bytes(b"no database at all" * 100)
    told = run("logout")
    assert "the kept sessions could not be looked for" in told
    assert read_profiles(machine.home).profiles == {}


def test_account_connected_again_after_a_logout_signs_in(
    machine: Machine, run: Run
) -> None:
    machine.connect("main")
    machine.serve("main")
    run("logout")
    machine.connect("main")
    machine.serve("main")
    assert machine.sign_ins() == 2


def test_running_server_does_not_put_back_what_logout_removed(
    machine: Machine, run: Run
) -> None:
    machine.connect("main")

    async def serving() -> None:
        settings = resolve({}, {"BILL_MCP_HOME": str(machine.home)})
        async with application(settings, variables={}) as built:
            agent = built.agent(built.lasting_key("stdio"), "stdio")
            await built.dispatcher.call(agent, *READ)
            await anyio.to_thread.run_sync(run, "logout")
            assert machine.rows() == 0

    anyio.run(serving)
    assert machine.rows() == 0
