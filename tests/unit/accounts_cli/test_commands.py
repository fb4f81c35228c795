"""What ``status``, ``logout``, ``open`` and a login that cannot begin say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from keyring.backend import KeyringBackend
from support.clock import ManualClock
from support.command_line import CommandLine
from support.keyrings import LockedKeyring, OpenKeyring, own_keyring

from bill_mcp.client.limits import shared_limits
from bill_mcp.environments import BASE_URLS, Environment
from bill_mcp.pages.ticket_files import TicketFile, TicketFolder
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.profiles import ProfileKeeper, read_profiles
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.vault import FileVault, open_vault

pytestmark = pytest.mark.usefixtures("logging_as_before")
NOW = datetime.now(UTC)
ORGANIZATION = Credentials(
    username="ap@example.test",
    password=Secret("canary-password"),
    organization_id="00801",
    dev_key=Secret("canary-key"),
)
PARTNER = Credentials(
    partner_username="partner@example.test",
    partner_password=Secret("canary-partner-password"),
    app_key=Secret("canary-application-key"),
)
SPEND = Credentials(api_token=Secret("canary-token"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Somebody with a pipe for input and no display."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return CommandLine(
        home=home,
        monkeypatch=monkeypatch,
        capsys=capsys,
        piped="canary\n" * 20,
        hidden="canary",
    )


def connect(
    home: Path,
    ring: KeyringBackend,
    name: str,
    account: Credentials = ORGANIZATION,
    environment: Environment = Environment.SANDBOX,
) -> None:
    with own_keyring(ring):
        vault = open_vault(home, None)
        keeper = ProfileKeeper(home, lambda: vault, lambda: NOW)
        anyio.run(keeper.keep, name, account, environment, None)


def remember(home: Path, ring: KeyringBackend) -> None:
    with own_keyring(ring):
        vault = open_vault(home, None)
        remembering = VaultRemembering(lambda: vault, lambda: NOW)
        known = ORGANIZATION.remembering(Secret("canary-remembered"), "desk")
        anyio.run(remembering.keep, known)


def sign_in(
    home: Path, key: Secret | None, environment: Environment, *, times: int
) -> None:
    """Count as a server does when it signs in, now and an hour later.

    Later too because a test may begin in one clock hour and end in the next.
    """
    assert key is not None
    address, name = BASE_URLS[environment], key.digest()

    async def signed_in() -> None:
        for hours in (0, 1):
            clock = ManualClock(datetime.now(UTC) + timedelta(hours=hours))
            limits = shared_limits(home, address, clock, new_id="N".__mul__)
            for _ in range(times):
                await limits.budgets.take_sign_in(name, "agent", renewal=False)
            limits.close()

    anyio.run(signed_in)


def facts(line: str) -> dict[str, str]:
    """One account of ``status``, as a program reads it."""
    name, *told = line.split("\t")
    return {"name": name, **dict(fact.split(": ", 1) for fact in told)}


# status


def test_status_says_what_is_connected_and_what_is_kept(
    run: CommandLine, home: Path
) -> None:
    ring = OpenKeyring()
    connect(home, ring, "main")
    connect(home, ring, "cards", SPEND, Environment.PRODUCTION)
    remember(home, ring)
    ran = run("status", ring=ring)
    assert (ran.code, ran.err) == (0, "")
    cards, main = [facts(line) for line in ran.out.splitlines()]
    until = (NOW + timedelta(days=30)).astimezone().strftime("%Y-%m-%d")
    assert main == {
        "name": "main (taken where none is named)",
        "environment": "sandbox (Sandbox: BILL's test system. No money moves.)",
        "kind": "organization",
        "organization": "00801",
        "user": "ap@example.test",
        "connected": NOW.isoformat(timespec="seconds"),
        "secrets in": "the keyring (support.keyrings)",
        "MFA": f"remembered until {until}",
        "session kept": "no",
        "sign-ins left this hour": "200 of 200",
    }
    assert cards["name"] == "cards"
    assert cards["environment"].startswith("production (Production: The real BILL.")
    assert cards["MFA"] == "no codes with this kind of account"
    assert cards["sign-ins left this hour"] == "no sign-ins with this kind of account"


def test_status_counts_the_sign_ins_of_all_processes_in_this_hour(
    run: CommandLine, home: Path
) -> None:
    ring = OpenKeyring()
    connect(home, ring, "main")
    connect(home, ring, "partner", PARTNER, Environment.PRODUCTION)
    sign_in(home, ORGANIZATION.dev_key, Environment.SANDBOX, times=3)
    sign_in(home, PARTNER.app_key, Environment.PRODUCTION, times=2)
    kept = (home / "limits.sqlite").read_bytes()
    ran = run("status", ring=ring)
    left = [facts(line)["sign-ins left this hour"] for line in ran.out.splitlines()]
    assert left == ["197 of 200", "198 of 200"]
    assert (home / "limits.sqlite").read_bytes() == kept
    (home / "limits.sqlite").write_bytes(b"broken" * 1000)
    ran = run("status", ring=ring)
    assert ran.out.count("sign-ins left this hour: unknown") == 2


@pytest.mark.parametrize(
    ("ring", "told"),
    [
        (LockedKeyring(), "not readable: the keyring is locked or absent"),
        (None, "not readable: no keyring serves here"),
        (OpenKeyring(), "not readable: the keyring (support.keyrings) has no secrets"),
    ],
)
def test_status_tells_what_it_can_without_the_vault(
    run: CommandLine, home: Path, ring: KeyringBackend | None, told: str
) -> None:
    connect(home, OpenKeyring(), "main")
    ran = run("status", ring=ring)
    main = facts(ran.out.rstrip("\n"))
    assert ran.code == 0
    assert main["secrets in"].startswith(told)
    assert main["MFA"] == "unknown"


def test_status_says_when_variables_take_the_accounts_place(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILL_PASSWORD", "canary-password")
    assert run("status").out.splitlines() == [
        "no account is connected; run `bill-mcp login`",
        "BILL_PASSWORD: set, and so taken in place of the default account",
    ]


# logout


def test_logout_leaves_nothing_of_the_account(run: CommandLine, home: Path) -> None:
    ring = OpenKeyring()
    connect(home, ring, "main")
    remember(home, ring)
    ran = run("logout", ring=ring)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("main (sandbox) is removed, with its secrets and its ")
    assert ring.passwords == {}
    assert read_profiles(home).profiles == {}


def test_logout_removes_only_the_account_that_is_named(
    run: CommandLine, home: Path
) -> None:
    ring = OpenKeyring()
    connect(home, ring, "main")
    connect(home, ring, "cards", SPEND)
    assert run("logout", "--profile", "cards", ring=ring).code == 0
    assert list(read_profiles(home).profiles) == ["main"]
    assert list(ring.passwords) == [("bill-mcp", "profile/main")]


def test_account_whose_secrets_are_lost_can_still_be_removed(
    run: CommandLine, home: Path
) -> None:
    connect(home, OpenKeyring(), "main")
    assert run("logout", ring=OpenKeyring()).code == 0
    assert read_profiles(home).profiles == {}


@pytest.mark.parametrize(
    ("words", "ring", "told"),
    [
        (["--profile", "other"], OpenKeyring(), "no profile named 'other'"),
        ([], LockedKeyring(), "the keyring is locked or absent"),
        ([], None, "no keyring serves here"),
    ],
)
def test_logout_that_cannot_be_changes_nothing(
    run: CommandLine,
    home: Path,
    words: list[str],
    ring: KeyringBackend | None,
    told: str,
) -> None:
    connect(home, OpenKeyring(), "main")
    ran = run("logout", *words, ring=ring)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert list(read_profiles(home).profiles) == ["main"]


def test_logout_of_nobody_says_so(run: CommandLine) -> None:
    ran = run("logout")
    assert (ran.code, ran.err) == (
        2,
        "bill-mcp: no account is connected; run `bill-mcp login`\n",
    )


# login


@pytest.mark.parametrize("words", [[], ["--terminal"]])
def test_secrets_are_never_read_from_a_pipe(run: CommandLine, words: list[str]) -> None:
    ran = run("login", *words, ring=OpenKeyring())
    assert ran.code == 2
    assert "secrets are not read from pipes" in ran.err
    assert ("No browser can be opened here" in ran.out) is (not words)


@pytest.mark.parametrize(
    ("ring", "told"),
    [
        (None, "no keyring serves here, and BILL_MCP_KEY is not set"),
        (LockedKeyring(), "the keyring is locked or absent"),
    ],
)
def test_nobody_types_what_could_not_be_stored(
    run: CommandLine, ring: KeyringBackend | None, told: str
) -> None:
    ran = run("login", ring=ring)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_key_that_does_not_open_the_file_is_found_out_first(
    run: CommandLine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FileVault(home / "secrets.enc", "the right one").put("profile/main", "{}")
    monkeypatch.setenv("BILL_MCP_KEY", "another one")
    ran = run("login")
    assert (ran.code, ran.out) == (2, "")
    assert "BILL_MCP_KEY does not open it" in ran.err


def test_codes_are_for_accounts_that_are_connected(
    run: CommandLine, home: Path
) -> None:
    ring = OpenKeyring()
    assert "needs no login" in run("login", "--mfa", ring=ring).err
    nobody = run("login", "--mfa", "--environment", "sandbox", ring=ring)
    assert "no account is connected yet" in nobody.err
    unknown = run("login", "--mfa", "--profile", "acme", ring=ring)
    assert "no profile named 'acme'" in unknown.err
    connect(home, ring, "cards", SPEND)
    spend = run("login", "--mfa", "--profile", "cards", ring=ring)
    assert "BILL asks for no codes with this kind of account" in spend.err
    assert {nobody.code, unknown.code, spend.code} == {2}


# the account's own server


@pytest.mark.parametrize(
    ("ring", "told"),
    [
        (LockedKeyring(), "the keyring is locked or absent (KeyringLocked); unlock it"),
        (None, "no keyring serves here, and BILL_MCP_KEY is not set"),
        (OpenKeyring(), "has no secrets of the profile 'main'; run `bill-mcp login"),
    ],
)
@pytest.mark.parametrize("words", [[], ["--profile", "main"]])
def test_account_that_cannot_be_read_is_one_line_and_never_the_simulator(
    run: CommandLine,
    home: Path,
    words: list[str],
    ring: KeyringBackend | None,
    told: str,
) -> None:
    connect(home, OpenKeyring(), "main")
    ran = run("call", "bill_check_app_health", *words, ring=ring)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert told in ran.err


# open


def wait(home: Path, letter: str) -> TicketFile:
    """A question of another process, with its ticket where only we can read it."""
    folder = TicketFolder(home / "tickets")
    folder.prepare()
    ticket = TicketFile(
        id=letter * 26,
        ticket="canary-ticket",
        address="http://127.0.0.1:4711",
        title="Confirm\x1b[2J with a code",
        phrase="one two three four",
        expires=(datetime.now(UTC) + timedelta(minutes=5)).isoformat(),
    )
    folder.put(ticket)
    return ticket


def test_the_waiting_question_is_opened_and_its_ticket_stays_hidden(
    tmp_path: Path, home: Path
) -> None:
    ticket = wait(home, "a")
    program, seen = tmp_path / "browser", tmp_path / "seen"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" >{seen}\n', encoding="utf-8")
    program.chmod(0o700)
    ran = subprocess.run(
        [sys.executable, "-m", "bill_mcp", "open"],
        env={
            "PATH": os.environ["PATH"],
            "BILL_MCP_HOME": str(home),
            "BROWSER": f"{program} %s",
        },
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "one two three four" in ran.stdout
    assert "canary" not in ran.stdout
    page = home / "tickets" / f"{ticket.id}.html"
    assert seen.read_text(encoding="utf-8") == page.as_uri()
    assert "canary-ticket" in page.read_text(encoding="utf-8")


def test_one_of_several_is_named_by_its_id_or_its_address(
    run: CommandLine, home: Path
) -> None:
    first, second = wait(home, "a"), wait(home, "b")
    ran = run("open")
    assert ran.code == 2
    for ticket in (first, second):
        told = f"bill-mcp open {ticket.id}   Confirm[2J with a code (one two three"
        assert told in ran.err
    for named in (first.id, f"http://127.0.0.1:4711/q/{second.id}"):
        assert "no browser can be opened here" in run("open", named).err
    assert "nothing waits for you here" in run("open", "c" * 26).err


def test_nothing_waits_where_nobody_asked(run: CommandLine) -> None:
    ran = run("open")
    assert (ran.code, ran.out) == (2, "")
    assert "nothing waits for you here" in ran.err


def test_list_of_accounts_holds_no_secret(home: Path) -> None:
    ring = OpenKeyring()
    connect(home, ring, "main")
    remember(home, ring)
    assert "canary" not in (home / "profiles.json").read_text(encoding="utf-8")
    stored = json.loads(ring.passwords["bill-mcp", "profile/main"])
    assert "BILL_REMEMBER_ME_ID" not in stored
