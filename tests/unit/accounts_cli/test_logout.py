"""What ``bill-mcp logout`` removes, and what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from support.command_line import CommandLine
from support.connected_accounts import SPEND, connect, remember
from support.keyrings import LockedKeyring, OpenKeyring

from bill_mcp.sessions.profiles import read_profiles

pytestmark = pytest.mark.usefixtures("logging_as_before")


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
