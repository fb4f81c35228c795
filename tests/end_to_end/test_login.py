"""A person connects an account on the command line; agents then work without them."""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.person import CODE, Person
from support.simulator_process import Simulator, simulator_process
from support.terminal import KEPT, Terminal, at_terminal

KEY = "canary-key-of-the-vault-55d1"
BANK_ACCOUNT = {
    "nameOnAccount": "Pacific Timber",
    "accountNumber": "111222333",
    "routingNumber": "074000010",
    "type": "CHECKING",
    "ownerType": "BUSINESS",
    "bankName": "Chase",
}
"""What BILL refuses without a code."""

WRONG = "canary-wrong-password-31aa"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with simulator_process() as running:
        yield running


@dataclass(kw_only=True)
class Desk:
    """One person's machine: a home, a key, and an account at BILL."""

    simulator: Simulator
    home: Path
    account: dict[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """Nothing of BILL's: where things are kept, and under which key."""
        return {"BILL_MCP_HOME": str(self.home), "BILL_MCP_KEY": KEY}

    @property
    def at_simulator(self) -> dict[str, str]:
        return {**self.variables, "BILL_MCP_BASE_URL": self.simulator.base_url}

    def run(
        self, *words: str, variables: Mapping[str, str] | None = None, code: int = 0
    ) -> str:
        """What a command without a terminal prints that ends with *code*.

        It has more *variables* set.
        """
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        ran = subprocess.run(  # noqa: S603 -- ourselves
            [sys.executable, "-m", "bill_mcp", *words],
            env={**kept, **self.variables, **(variables or {})},
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        self.no_secret_in(ran.stdout + ran.stderr)
        assert (ran.returncode, ran.stderr) == (code, "")
        return ran.stdout

    def session(self) -> dict[str, Any]:
        """What an agent learns of its session."""
        told: dict[str, Any] = json.loads(
            self.run("call", "bill_get_api_session_details")
        )
        return told

    def sign_ins(self) -> list[int]:
        """BILL's answers to all sign-ins, in order."""
        return [
            arrival["status"]
            for arrival in self.simulator.control("GET", "requests")
            if arrival["path"].endswith("/v3/login")
        ]

    def no_secret_in(self, text: str) -> None:
        secrets = {self.account["BILL_PASSWORD"], self.account["BILL_DEV_KEY"]}
        for secret in secrets | {KEY, WRONG}:
            assert secret not in text

    def no_secret_in_files(self) -> None:
        for path in filter(Path.is_file, self.home.rglob("*")):
            content = path.read_bytes()
            self.no_secret_in(content.decode(errors="replace"))
            if path.name == "secrets.enc":
                self.no_secret_in(base64.b64decode(content).decode(errors="replace"))

    def sign_in(self, terminal: Terminal, password: str) -> None:
        """Answer the questions for the credentials."""
        terminal.type(self.account["BILL_USERNAME"], after="User name")
        terminal.type(password, after="Password (hidden)")
        terminal.type(self.account["BILL_ORGANIZATION_ID"], after="Organization ID")
        terminal.type(self.account["BILL_DEV_KEY"], after="Developer key (hidden)")

    def connect(
        self, *more: str, code: bool, profile: str | None = None, **variables: str
    ) -> str:
        """Connect the account, with a code that is remembered or without payments.

        What the terminal showed comes back.
        """
        words = ("login", "--terminal", "--environment", "local", *more)
        if profile is not None:
            words = (*words, "--profile", profile)
        environ = self.at_simulator | variables
        with at_terminal(*words, variables=environ) as terminal:
            terminal.type("1", after="1 to 3")
            self.sign_in(terminal, self.account["BILL_PASSWORD"])
            terminal.type("y" if code else "n", after="Send me a code now?")
            if code:
                terminal.type(CODE, after="Code of 6 digits")
                terminal.type("", after="Remember this device for 30 days?")
                terminal.type("desk", after="Name of this device")
            else:
                terminal.type("", after="Connect without payments?")
            assert terminal.end() == 0, terminal.shown
        self.no_secret_in(terminal.shown)
        assert CODE not in terminal.shown
        return terminal.shown


@pytest.fixture
def desk(simulator: Simulator, tmp_path: Path) -> Desk:
    simulator.control("POST", "reset", {"seed": "demo"})
    account = simulator.credentials(mfa="registered")
    return Desk(simulator=simulator, home=tmp_path / "home", account=account)


def test_sign_ins_of_every_command_count_together(desk: Desk) -> None:
    desk.connect(code=False)
    desk.run("doctor")
    left = desk.run("status").split("sign-ins left this hour: ")[1]
    assert desk.sign_ins() == [200, 200]
    # Or a new clock hour began in between, and with it a new count.
    assert left.startswith(("198 of 200", "199 of 200", "200 of 200"))
    with closing(sqlite3.connect(desk.home / "limits.sqlite")) as file:
        counted = file.execute("SELECT sum(used) FROM hours WHERE what = 'sign-ins'")
        assert counted.fetchone() == (2,)


def test_account_is_served_from_the_shell_that_connected_it(desk: Desk) -> None:
    shown = desk.connect(code=False)
    assert shown.endswith("server with: bill-mcp serve\n")
    own = desk.session()["userId"]
    url = {"BILL_MCP_BASE_URL": desk.simulator.base_url}
    assert "place" not in desk.run("status", variables=url)
    for more in (url, url | {"BILL_MCP_ENVIRONMENT": "local"}):
        told = json.loads(
            desk.run("call", "bill_get_api_session_details", variables=more)
        )
        assert told["userId"] == own, "the simulator has a user of its own for a demo"
    shown = desk.connect(code=False, BILL_DEV_KEY="of-another-account")
    assert shown.endswith("server with: bill-mcp serve --profile default\n")


def in_30_days() -> str:
    """The last day of what is remembered now."""
    until = datetime.now(UTC) + timedelta(days=30)
    return f"remembered until {until.astimezone():%Y-%m-%d}"


def test_account_connected_in_a_terminal_serves_agents_until_logout(desk: Desk) -> None:
    desk.connect(code=True)
    desk.no_secret_in_files()
    assert (desk.home / "secrets.enc").stat().st_mode & 0o777 == 0o600
    told = desk.run("status")
    assert "local (Simulator: On this machine. Nothing is real.)" in told
    assert f"MFA: {in_30_days()}" in told
    session = desk.session()
    assert session["mfaStatus"] == "COMPLETE"
    assert session["organizationId"] == desk.account["BILL_ORGANIZATION_ID"]
    desk.no_secret_in_files()
    assert "default (local) is removed" in desk.run("logout")
    assert desk.run("status").startswith("no account is connected")
    with at_terminal("call", "x", variables=desk.variables) as terminal:
        assert terminal.end() == 2
    desk.no_secret_in_files()


def test_sign_in_that_bill_refused_is_left_alone_until_a_person_connects_again(
    desk: Desk,
) -> None:
    """By every command; then also where the same credentials are in variables."""
    off = {"method": "POST", "path": "/v3/login", "times": 1}
    desk.simulator.control(
        "POST", "faults", [{**off, "answer": {"code": "BDC_1105", "status": 401}}]
    )
    in_variables = {
        **desk.at_simulator,
        **desk.account,
        "BILL_MCP_ENVIRONMENT": "local",
    }
    read = ("call", "bill_get_api_session_details")
    for words in (read, read, ("doctor",), ("login", "--mfa", "--terminal")):
        with at_terminal(*words, variables=in_variables) as terminal:
            assert terminal.end() == 1, terminal.shown
        told = terminal.shown
        assert "bill-mcp login" in told or "access through the API" in told
    assert desk.sign_ins() == [401]
    desk.connect(code=False)
    with at_terminal(*read, variables=in_variables) as terminal:
        assert terminal.end() == 0, terminal.shown
    assert desk.sign_ins() == [401, 200, 200]
    assert '"closed": []' in (desk.home / "closures.json").read_text()
    desk.no_secret_in_files()


def test_password_that_bill_refused_is_not_tried_again(desk: Desk) -> None:
    words = ("login", "--terminal", "--environment", "local", "--profile", "acme")
    with at_terminal(*words, variables=desk.at_simulator) as terminal:
        terminal.type("1", after="1 to 3")
        desk.sign_in(terminal, WRONG)
        terminal.wait_for("do not fit together")
        terminal.wait_for("3 tries left.")
        desk.sign_in(terminal, WRONG)
        terminal.wait_for("2 tries left.")
        assert len(desk.sign_ins()) == 1
        desk.sign_in(terminal, desk.account["BILL_PASSWORD"])
        terminal.type("n", after="Send me a code now?")
        terminal.type("n", after="Connect without payments?")
        assert terminal.end() == 1
    assert "Nothing was connected, and nothing was stored." in terminal.shown
    assert len(desk.sign_ins()) == 2
    desk.no_secret_in(terminal.shown)
    assert not (desk.home / "secrets.enc").exists()
    assert not (desk.home / "profiles.json").exists()


def test_fault_of_bill_sends_nobody_to_the_operator_who_reads(desk: Desk) -> None:
    fault = {"method": "POST", "path": "/v3/login", "answer": {"status": 503}}
    desk.simulator.control("POST", "faults", [fault])
    words = ("login", "--terminal", "--environment", "local")
    with at_terminal(*words, variables=desk.at_simulator) as terminal:
        terminal.type("1", after="1 to 3")
        desk.sign_in(terminal, desk.account["BILL_PASSWORD"])
        terminal.wait_for("Try again in a minute.")
        terminal.interrupt()
        assert terminal.end() == 1
    assert "BILL gave status 503" in terminal.shown
    assert "operator" not in terminal.shown


def test_ctrl_c_ends_the_questions_at_once_and_nothing_is_stored(desk: Desk) -> None:
    words = ("login", "--terminal", "--environment", "local")
    with at_terminal(*words, variables=desk.at_simulator) as terminal:
        terminal.type("1", after="1 to 3")
        terminal.type("dana", after="User name")
        terminal.wait_for("Password (hidden)")
        terminal.interrupt()
        assert terminal.end() == 1
    assert "Traceback" not in terminal.shown
    assert "nothing was stored" in terminal.shown
    assert desk.sign_ins() == []


def test_code_can_be_given_later_for_an_account_that_is_connected(desk: Desk) -> None:
    desk.connect(code=False)
    assert desk.session()["mfaStatus"] == "CHALLENGE"
    with at_terminal("login", "--mfa", "--terminal", variables=desk.variables) as shown:
        shown.type("y", after="Send me a code now?")
        shown.type("000000", after="Code of 6 digits")
        shown.type("desk", after="Name of this device")
        shown.wait_for("2 attempts left.")
        shown.type(CODE, after="Code of 6 digits")
        assert shown.end() == 0, shown.shown
    assert "Confirmed." in shown.shown
    assert in_30_days().capitalize() in shown.shown
    assert f"MFA: {in_30_days()}" in desk.run("status")
    with at_terminal("login", "--mfa", "--terminal", variables=desk.variables) as again:
        assert again.end() == 0
    assert "BILL asks for no code: it trusts this account already." in again.shown
    desk.no_secret_in(shown.shown + again.shown)
    desk.no_secret_in_files()


def test_code_that_an_earlier_login_had_sent_is_not_asked_for(desk: Desk) -> None:
    desk.connect(code=False)
    words = ("login", "--mfa", "--terminal")
    with at_terminal(*words, variables=desk.variables) as first:
        first.type("y", after="Send me a code now?")
        first.wait_for("Code of 6 digits")
        first.interrupt()
        assert first.end() == 1
    with at_terminal(*words, variables=desk.variables) as again:
        again.type("y", after="Send me a code now?")
        again.wait_for("A code was sent less than a minute ago: have another one sent")
        again.type("n", after="Send me a code now?")
        assert again.end() == 1
    assert "use its code" not in again.shown


def test_code_whose_challenge_got_lost_cannot_be_typed(desk: Desk) -> None:
    desk.connect(code=False)
    fault = {"method": "POST", "path": "/v3/mfa/challenge", "times": 1, "drop": "after"}
    desk.simulator.control("POST", "faults", [fault])
    with at_terminal("login", "--mfa", "--terminal", variables=desk.variables) as shown:
        shown.type("y", after="Send me a code now?")
        shown.wait_for("it cannot be used. You can have a new one sent from")
        shown.type("n", after="Send me a code now?")
        assert shown.end() == 1
    assert "Code of 6 digits" not in shown.shown


def test_call_of_the_command_line_names_the_command_that_makes_it_trusted(
    desk: Desk,
) -> None:
    desk.connect(code=False, profile="first")
    desk.account = desk.simulator.credentials(mfa="registered")
    desk.connect(code=False, profile="second")
    call = ("call", "bill_create_a_bank_account", json.dumps(BANK_ACCOUNT))
    told = json.loads(desk.run(*call, code=1))
    assert (told["error"], told["outcome"]) == ("mfa_required", "not_done")
    assert "`bill-mcp login --mfa`" in told["advice"]
    second = (*call, "--profile", "second")
    told = json.loads(desk.run(*second, code=1))
    [command] = re.findall("`bill-mcp (login .*?)`", told["advice"])
    words = (*command.split(), "--terminal")
    with at_terminal(*words, variables=desk.variables) as shown:
        shown.type("y", after="Send me a code now?")
        shown.type(CODE, after="Code of 6 digits")
        shown.type("desk", after="Name of this device")
        assert shown.end() == 0, shown.shown
    assert json.loads(desk.run(*second))["id"]


def test_calls_of_the_command_line_ask_for_a_code_and_give_it(desk: Desk) -> None:
    desk.connect(code=False)
    desk.run("call", "bill_generate_mfa_challenge")
    desk.run("call", "bill_validate_mfa_challenge", f"token={CODE}")
    assert desk.session()["mfaStatus"] == "COMPLETE"
    desk.no_secret_in_files()


def test_code_may_be_given_in_the_browser_too(desk: Desk) -> None:
    desk.connect(code=False)
    browser = {"BROWSER": "true %s"}
    with at_terminal("login", "--mfa", variables=desk.variables | browser) as terminal:
        terminal.wait_for("the same four words:")
        terminal.wait_for("bill-mcp open")
        person = Person(desk.home)
        [waiting] = [path.stem for path in (desk.home / "tickets").glob("*.html")]
        # Nobody is asked whether: only what is remembered outlives this login.
        page = anyio.run(lambda: person.complete_mfa(waiting, device=None))
        assert "the agents&#x27; next calls are trusted" in page
        assert "Go back to your agent" not in page
        assert "Remembered until" in page
        assert terminal.end() == 0, terminal.shown
    assert person.phrase in terminal.shown
    assert re.search(r"Remembered until \d{4}-\d\d-\d\d\.", terminal.shown)
    assert desk.session()["mfaStatus"] == "COMPLETE"
    assert not list((desk.home / "tickets").iterdir())
    desk.no_secret_in(terminal.shown)


def test_terminal_takes_over_where_there_is_no_display(desk: Desk) -> None:
    words = ("login", "--environment", "local")
    with at_terminal(*words, variables=desk.at_simulator) as terminal:
        terminal.wait_for("No browser can be opened here, so the questions come in")
        terminal.wait_for("1 to 3")
        terminal.interrupt()
        assert terminal.end() == 1
