"""A person approves, denies and lifts at a terminal; nobody else can."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.approval_desk import CHEAP, payment, record_file
from support.sealing import sealing_key
from support.terminal import KEPT, Terminal, at_terminal

from bill_mcp.app import random_id
from bill_mcp.clock import SystemClock
from bill_mcp.records.approvals import Approval, ApprovalLine, Approvals, State, Via
from bill_mcp.records.approvers import Approvers
from bill_mcp.records.halt import is_halted
from bill_mcp.records.store import RecordFile
from bill_mcp.secret import Secret

KEY = "canary-key-of-the-vault-55d1"
MIA, TOM = "canary correct horse battery", "canary another horse battery"
WRONG = "canary wrong horse battery"
HOSTILE = "Happy\x1b[2J\u202eMusic\nAmount: 1.00 USD"


def mia_types(terminal: Terminal, passphrase: str) -> None:
    """Mia says who she is; then *passphrase* comes, hers or not."""
    terminal.type("mia", after="Approver [mia]")
    terminal.type(passphrase, after="Passphrase of mia (hidden)")


@dataclass
class Office:
    """A home, a server that asks, and a person at a terminal."""

    home: Path
    shown: list[str] = field(default_factory=list)
    file: RecordFile = field(init=False)

    def __post_init__(self) -> None:
        self.file = record_file(self.home / "journal.sqlite")
        self.key = sealing_key(self.home, KEY)
        self.approvals = Approvals(self.file, SystemClock(), random_id, key=self.key)

    @property
    def variables(self) -> dict[str, str]:
        return {"BILL_MCP_HOME": str(self.home), "BILL_MCP_KEY": KEY}

    def ask(self, **changes: Any) -> Approval:
        return anyio.run(self.approvals.ask, payment(**changes))

    def state(self, approval: Approval) -> State:
        found = anyio.run(self.approvals.find, approval.id)
        assert found is not None
        return found.state

    def run(
        self, *words: str, stdin: str = "", variables: Any = None
    ) -> tuple[int, str]:
        """A command without a terminal: exit code, and all it printed."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        ran = subprocess.run(  # noqa: S603 -- ourselves
            [sys.executable, "-m", "bill_mcp", *words],
            env={**kept, **self.variables, **(variables or {})},
            input=stdin,
            capture_output=True,
            check=False,
            start_new_session=True,
            text=True,
            timeout=60,
        )
        self.shown.append(ran.stdout + ran.stderr)
        return ran.returncode, ran.stdout + ran.stderr

    def person(self, *words: str) -> Any:
        """The command at a terminal of a person's own."""
        return at_terminal(*words, variables=self.variables, controlling=True)

    def add(self, name: str, passphrase: str) -> None:
        """Make *name* the first approver, as ``approver add`` does."""
        approvers = Approvers(self.file, key=self.key, cost=CHEAP)
        now = SystemClock().now()
        assert anyio.run(approvers.add, name, Secret(passphrase), now)

    def add_at_terminal(self, name: str, passphrase: str, by: str) -> None:
        with self.person("approver", "add", name) as terminal:
            if by:
                mia_types(terminal, by)
            terminal.type(passphrase, after="New passphrase (hidden)")
            terminal.type(passphrase, after="Once more (hidden)")
            shown = self.ended(terminal, 0)
        assert f"{name} can approve with that passphrase." in shown

    def ended(self, terminal: Terminal, code: int) -> str:
        assert terminal.end() == code, terminal.shown
        self.shown.append(terminal.shown)
        return terminal.shown


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "home")
    yield office
    office.file.close()
    for told in office.shown:
        assert "canary" not in told
    for path in filter(Path.is_file, office.home.rglob("*")):
        assert b"canary" not in path.read_bytes()


def test_approver_lets_one_call_go_out(office: Office) -> None:
    office.add("mia", MIA)
    asked = office.ask(
        environment="production",
        lines=(ApprovalLine(label="Payee", value=HOSTILE, third_party=True),),
    )
    with office.person("approve", asked.id.lower()) as terminal:
        mia_types(terminal, WRONG)
        terminal.wait_for("4 tries left")
        terminal.type(MIA, after="Passphrase of mia (hidden)")
        terminal.type("", after="Let this go out, once? (yes/no)")
        terminal.type("yes", after="Let this go out, once? (yes/no)")
        shown = office.ended(terminal, 0)
    order = (
        "PRODUCTION: The real BILL. Real money.",
        "! This is the first payment to this vendor.",
        "Amount: 1,250.50 USD",
        r'"Happy\u001b[2J\u202eMusic\nAmount: 1.00 USD"',
        '"Payables agent"',
        "Approver [mia]",
        "Approved. The agent can make the call once",
    )
    places = [shown.index(each) for each in order]
    assert places == sorted(places)
    assert "\x1b[2J" not in shown
    found = anyio.run(office.approvals.find, asked.id)
    assert found is not None
    assert (found.state, found.decided_by, found.via) == (
        State.GRANTED,
        "mia",
        Via.TERMINAL,
    )
    with office.person("approve", asked.id) as again:
        assert "this call is approved already" in office.ended(again, 1)


def test_nobody_approves_by_pipe_variable_file_or_command_line(office: Office) -> None:
    office.add("mia", MIA)
    asked = office.ask()
    hopes = {"PASSPHRASE": MIA, "BILL_MCP_PASSPHRASE": MIA}
    answers = f"mia\n{MIA}\nyes\n"
    for words in (
        ("approve", asked.id),
        ("deny", asked.id),
        ("approver", "add", "eve"),
    ):
        code, told = office.run(*words, stdin=answers, variables=hopes)
        assert code == 2
        assert "there is no terminal here" in told
    assert office.run("approve", asked.id, "pass")[0] == 2
    assert office.state(asked) is State.WAITING


def test_piped_passphrase_is_not_read_although_there_is_a_terminal(
    office: Office,
) -> None:
    office.add("mia", MIA)
    asked = office.ask()
    reading, writing = os.pipe()
    os.write(writing, f"mia\n{MIA}\nyes\n".encode())
    os.close(writing)
    with at_terminal(
        "approve",
        asked.id,
        variables=office.variables,
        controlling=True,
        stdin=reading,
    ) as terminal:
        os.close(reading)
        mia_types(terminal, "")
        assert "Nothing was decided" in office.ended(terminal, 1)
    assert office.state(asked) is State.WAITING


def test_wrong_passphrase_grants_nothing_and_closes_after_five(office: Office) -> None:
    office.add("mia", MIA)
    asked = office.ask()
    with office.person("approve", asked.id) as terminal:
        terminal.type("mia", after="Approver [mia]")
        for _ in range(5):
            terminal.type(WRONG, after="Passphrase of mia (hidden)")
        assert "Too many wrong tries. Wait 15 minutes." in office.ended(terminal, 1)
    with office.person("approve", asked.id) as terminal:
        terminal.type("mia", after="Approver [mia]")
        assert "Too many wrong tries." in office.ended(terminal, 1)
    assert office.state(asked) is State.WAITING


def test_no_to_the_last_question_leaves_the_call_waiting(office: Office) -> None:
    office.add("mia", MIA)
    asked = office.ask()
    with office.person("approve", asked.id) as terminal:
        terminal.type("", after="Approver [mia]")
        terminal.type(MIA, after="Passphrase of mia (hidden)")
        terminal.type("n", after="Let this go out, once? (yes/no)")
        office.ended(terminal, 1)
    assert office.state(asked) is State.WAITING


def test_passphrase_stands_in_no_list_of_processes(office: Office) -> None:
    office.add("mia", MIA)
    asked = office.ask()
    with office.person("approve", asked.id) as terminal:
        mia_types(terminal, MIA)
        terminal.wait_for("Let this go out, once?")
        process = Path("/proc") / str(terminal.process_id)
        assert asked.id.encode() in (process / "cmdline").read_bytes()
        for told in ("cmdline", "environ"):
            assert MIA.encode() not in (process / told).read_bytes()
        terminal.interrupt()
    office.shown.append(terminal.shown)


def test_denying_needs_no_passphrase_but_a_person(office: Office) -> None:
    asked = office.ask()
    with office.person("deny", asked.id) as terminal:
        terminal.type("no", after="Decline this call? (yes/no)")
        office.ended(terminal, 1)
    assert office.state(asked) is State.WAITING
    with office.person("deny", asked.id) as terminal:
        terminal.type("y", after="Decline this call? (yes/no)")
        office.ended(terminal, 0)
    assert office.state(asked) is State.DENIED
    with office.person("deny", "NOSUCHID") as terminal:
        assert "there is no approval of that id" in office.ended(terminal, 1)


def test_nobody_approves_before_there_is_an_approver(office: Office) -> None:
    asked = office.ask()
    with office.person("approve", asked.id) as terminal:
        assert "run `bill-mcp approver add` first" in office.ended(terminal, 2)
    assert office.state(asked) is State.WAITING


def test_second_approver_and_new_passphrases_need_an_approver(office: Office) -> None:
    office.add_at_terminal("mia", MIA, by="")
    with office.person("approver", "add", "tom") as terminal:
        mia_types(terminal, "")
        assert "Nothing was changed." in office.ended(terminal, 1)
    office.add_at_terminal("tom", TOM, by=MIA)
    with office.person("approver", "add", "tom") as terminal:
        terminal.type(TOM, after="Passphrase of tom (hidden)")
        terminal.type("too short", after="New passphrase (hidden)")
        terminal.type(WRONG, after="New passphrase (hidden)")
        terminal.type(MIA, after="Once more (hidden)")
        terminal.type(WRONG, after="New passphrase (hidden)")
        terminal.type(WRONG, after="Once more (hidden)")
        shown = office.ended(terminal, 0)
    assert "the passphrase is too short" in shown
    assert "These two are not the same." in shown
    with office.person("approver", "remove", "tom") as terminal:
        terminal.type(TOM, after="Passphrase of tom (hidden)")
        terminal.type(WRONG, after="Passphrase of tom (hidden)")
        assert "tom can approve no more." in office.ended(terminal, 0)
    with office.person("approver", "remove", "tom") as terminal:
        office.ended(terminal, 2)


def test_name_is_asked_where_none_is_given(office: Office) -> None:
    with office.person("approver", "add") as terminal:
        terminal.type("zoe", after="Name of the approver [")
        terminal.type(MIA, after="New passphrase (hidden)")
        terminal.type(MIA, after="Once more (hidden)")
        office.ended(terminal, 0)
    asked = office.ask()
    with office.person("approve", asked.id) as terminal:
        terminal.type("\x04", after="Approver [zoe]")
        assert "Nothing was decided" in office.ended(terminal, 1)


def test_halt_is_lifted_on_an_approvers_word(office: Office) -> None:
    office.add("mia", MIA)
    assert office.run("halt", "--reason", "odd")[0] == 0
    code, told = office.run("halt", "--lift", stdin=f"mia\n{MIA}\n")
    assert (code, "there is no terminal here" in told) == (2, True)
    with office.person("halt", "--lift") as terminal:
        mia_types(terminal, "")
        assert "Still halted." in office.ended(terminal, 1)
    assert is_halted(office.home) is not None
    with office.person("halt", "--lift") as terminal:
        mia_types(terminal, MIA)
        assert "lifted: writes go out again" in office.ended(terminal, 0)
    assert is_halted(office.home) is None


def test_log_names_the_approver_who_lifted_a_halt(office: Office) -> None:
    office.add("mia", MIA)
    office.run("halt")
    with office.person("halt", "--lift") as terminal:
        mia_types(terminal, MIA)
        office.ended(terminal, 0)
    _, told = office.run("audit", "--kind", "halt", "--limit", "1")
    cells = told.splitlines()[0].split("\t")
    assert (cells[6], cells[8]) == ("lifted", "mia")


def test_person_reads_what_waits_with_all_that_is_sent(office: Office) -> None:
    first, second = office.ask(), office.ask(binding="b2", environment="production")
    with office.person("approvals") as terminal:
        shown = office.ended(terminal, 0)
    for each in (first, second):
        assert f"bill-mcp approve {each.id}" in shown
    assert shown.count("Amount: 1,250.50 USD") == 2
    assert shown.index("SANDBOX") < shown.index("PRODUCTION")
