"""What ``bill-mcp status`` says of the accounts that are connected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from keyring.backend import KeyringBackend
from support.clock import ManualClock
from support.command_line import CommandLine
from support.connected_accounts import (
    CONNECTED_AT,
    ORGANIZATION,
    PARTNER,
    SPEND,
    connect,
    remember,
)
from support.keyrings import LockedKeyring, OpenKeyring

from bill_mcp.client.limits import shared_limits
from bill_mcp.environments import BASE_URLS, Environment
from bill_mcp.secret import Secret

pytestmark = pytest.mark.usefixtures("logging_as_before")


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
    until = (CONNECTED_AT + timedelta(days=30)).astimezone().strftime("%Y-%m-%d")
    assert main == {
        "name": "main (taken where none is named)",
        "environment": "sandbox (Sandbox: BILL's test system. No money moves.)",
        "kind": "organization",
        "organization": "00801",
        "user": "ap@example.test",
        "connected": CONNECTED_AT.isoformat(timespec="seconds"),
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


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://gateway.stage.bill.com/connect", []),
        (
            "https://elsewhere.example.test/connect",
            ["BILL_MCP_BASE_URL: set to another address than the default account's"],
        ),
    ],
)
def test_status_calls_an_address_no_credential(
    run: CommandLine,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    told: list[str],
) -> None:
    ring = OpenKeyring()
    connect(home, ring, "main")
    monkeypatch.setenv("BILL_MCP_BASE_URL", url)
    lines = run("status", ring=ring).out.splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == told


def test_status_says_when_variables_take_the_accounts_place(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILL_PASSWORD", "canary-password")
    assert run("status").out.splitlines() == [
        "no account is connected; run `bill-mcp login`",
        "BILL_PASSWORD: set, and so taken in place of the default account",
    ]
