"""A login that cannot begin says why; what one stored is not shown, and is missed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from support.command_line import CommandLine
from support.connected_accounts import SPEND, connect, remember
from support.keyrings import LockedKeyring, OpenKeyring

from bill_mcp.sessions.vault import FileVault

pytestmark = pytest.mark.usefixtures("logging_as_before")


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
    beside_a_server = run("login", "--mfa", ring=ring).err
    assert "no account is connected yet" in beside_a_server
    assert "`bill-mcp open`" in beside_a_server
    assert "simulator" not in beside_a_server
    nobody = run("login", "--mfa", "--environment", "sandbox", ring=ring)
    assert "no account is connected yet" in nobody.err
    unknown = run("login", "--mfa", "--profile", "acme", ring=ring)
    assert "no profile named 'acme'" in unknown.err
    connect(home, ring, "cards", SPEND)
    spend = run("login", "--mfa", "--profile", "cards", ring=ring)
    assert "BILL asks for no codes with this kind of account" in spend.err
    other = run("login", "--mfa", "--environment", "production", ring=ring)
    assert "production is connected (connected: cards)" in other.err
    assert {nobody.code, unknown.code, spend.code, other.code} == {2}


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


def test_list_of_accounts_holds_no_secret(home: Path) -> None:
    ring = OpenKeyring()
    connect(home, ring, "main")
    remember(home, ring)
    assert "canary" not in (home / "profiles.json").read_text(encoding="utf-8")
    stored = json.loads(ring.passwords["bill-mcp", "profile/main"])
    assert "BILL_REMEMBER_ME_ID" not in stored
