"""``bill-mcp policy check``, as an operator uses it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bill_mcp import cli

Run = Callable[..., tuple[int, str, str]]

PAYER = """
[agents.payer]
mode = "pay"
deny_actions = ["bill_void_a_payment"]
deny_effects = ["access"]
vendors = ["009A", "009B"]
funding_accounts = ["wallet"]
approval_by = { client = { USD = 250 } }
resend = "after_not_done"
separate_duties = true
bank_details_days = 1
[agents.payer.limits.USD]
payment = 5000
day = 20000
vendor_day = 8000
first_payment = 500
"""
READER = '[agents."*"]\nmode = "read-only"\n'


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    for name in os.environ:
        if name.startswith("BILL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BILL_MCP_HOME", str(tmp_path / "home"))

    def ran(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bill-mcp", "policy", "check", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return ran


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def told(run: Run, path: Path, text: str) -> dict[str, dict[str, str]]:
    """Each table's facts, by what they are about."""
    path.write_text(f"format = 1\n{text}", encoding="utf-8")
    code, out, err = run(str(path))
    assert (code, err) == (0, "")
    tables: dict[str, dict[str, str]] = {}
    for line in out.splitlines():
        table, about, fact = line.split("\t")
        tables.setdefault(table, {})[about] = fact
    return tables


def test_what_an_agent_may_is_told_in_words(run: Run, path: Path) -> None:
    facts = told(run, path, READER + PAYER)["agents.payer"]
    assert facts["mode"] == "pay"
    assert facts["may be paid"] == "only 009A, 009B"
    assert facts["may pay"] == "only wallet"
    assert facts["limits in USD"] == (
        "5,000.00 a payment; 20,000.00 a day for the organization; 8,000.00 a day for "
        "one vendor; 500.00 for a vendor never paid before"
    )
    assert facts["other currencies"] == "refused; there are limits in USD only"
    assert facts["a day"] == "from midnight to midnight in America/Chicago"
    assert "up to 250.00 USD" in facts["a client's own answer"]
    assert facts["separate duties"].startswith("who made or changed a bill")
    assert facts["new bank details"] == "need a person for 1 business day"
    assert "without asking" in facts["lost answers"]
    assert facts["--confirm never in production"] == "possible: amounts are limited"
    assert facts["denied by name"] == "actions bill_void_a_payment; effects access"
    assert facts["a person is asked"].startswith(
        "with --confirm auto for delete, message, money, payee, a bill like an earlier "
        "one;"
    )


def test_reader_is_told_to_read_and_nothing_about_payments(
    run: Run, path: Path
) -> None:
    tables = told(run, path, READER)
    facts = tables['agents."*"']
    assert facts == {
        "mode": "read-only",
        "allowed": "82 of 209 actions, 82 read",
        "refused": "127 actions",
        "a person is asked": "never: whatever changes something is refused",
    }
    assert tables["notify"] == {"people are told": "on the desktop"}


def test_preparing_counts_what_is_refused_for_some_arguments(
    run: Run, path: Path
) -> None:
    facts = told(run, path, '[agents."*"]\nmode = "prepare"\n')['agents."*"']
    counts = [
        int(facts[about].split()[0].rstrip(":"))
        for about in ("allowed", "allowed in part", "refused")
    ]
    assert sum(counts) == 209
    assert min(counts) > 0


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ("", "a bill like an earlier one;"),
        ('deny_actions = ["bill_create_a_b*"]', "a bill like an earlier one;"),
        ('deny_toolsets = ["payables"]', "nothing,"),
        ('deny_effects = ["write"]', None),
    ],
)
def test_who_prepares_is_told_when_a_person_is_asked_all_the_same(
    run: Run, path: Path, rule: str, asked: str | None
) -> None:
    text = f'[agents."*"]\nmode = "prepare"\n{rule}\n'
    fact = told(run, path, text)['agents."*"']["a person is asked"]
    if asked is None:
        assert fact == "never: whatever changes something is refused"
    else:
        assert fact == (
            f"with --confirm auto for {asked} with --confirm always for whatever "
            "changes something"
        )


@pytest.mark.parametrize(
    ("resend", "seconds", "warned"),
    [
        ("after_not_done", 0, True),
        ("after_not_done", 899, True),
        ("after_not_done", 900, False),
        ("never", 0, False),
    ],
)
def test_resending_before_bill_has_surely_not_acted_is_warned_of(
    run: Run, path: Path, resend: str, seconds: int, *, warned: bool
) -> None:
    text = (
        '[agents."*"]\nmode = "pay"\n'
        f'resend = "{resend}"\nlost_answer_settles_s = {seconds}\n'
    )
    warning = told(run, path, text)['agents."*"'].get("warning", "")
    assert ("made twice" in warning, f"later than {seconds} s" in warning) == (
        warned,
        warned,
    )


def test_least_rules_of_a_payer_say_how_open_they_are(run: Run, path: Path) -> None:
    text = (
        '[agents."*"]\nmode = "pay"\nbank_details_days = 0\n'
        '[notify]\ndesktop = false\nurl = "https://hooks.example.test/T1/canary"\n'
    )
    tables = told(run, path, text)
    facts = tables['agents."*"']
    assert facts["allowed"] == "209 of 209 actions, 82 read"
    assert facts["may be paid"] == "everybody"
    assert facts["may pay"] == "every account"
    assert facts["limits"] == "none: any amount"
    assert facts["a client's own answer"] == "releases nothing; a person must approve"
    assert facts["separate duties"].startswith("not separated")
    assert facts["new bank details"] == "need nobody"
    assert facts["--confirm never in production"].startswith("refused at the start")
    assert tables["notify"] == {"people are told": "by a POST to hooks.example.test"}


def test_table_of_an_agent_that_cannot_be_is_told_with_those_that_can(
    run: Run, path: Path
) -> None:
    others = ("stdio", "command line", "doctor", "stdoi", "stdio:1", "http")
    text = READER + "".join(f'[agents."{x}"]\nmode = "pay"\n' for x in others)
    tables = told(run, path, text)
    hints = {name: facts["hint"] for name, facts in tables.items() if "hint" in facts}
    assert set(hints) == {"agents.stdoi", 'agents."stdio:1"', "agents.http"}
    assert "did you mean stdio?" in hints["agents.stdoi"]
    assert "did you mean stdio?" in hints['agents."stdio:1"']
    assert "did you mean" not in hints["agents.http"]
    for hint in hints.values():
        assert "holds for nobody" in hint
        assert "There are: stdio, command line, doctor." in hint


def test_terminal_gets_tables(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    path.write_text(f"format = 1\n{READER}", encoding="utf-8")
    code, out, _ = run(str(path))
    assert code == 0
    assert "every agent without a table of its own" in out
    assert "\t" not in out


def test_faults_are_told_and_end_with_two(run: Run, path: Path) -> None:
    path.write_text('format = 1\n[agents."*"]\nmode = "payy"\nx = 1\n', "utf-8")
    code, out, err = run(str(path))
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 2
    path.write_text(f'format = 1\n{READER}deny_toolsets = ["x"]\n', "utf-8")
    code, out, err = run(str(path))
    assert (code, out) == (2, "")
    assert "no toolset is named 'x'" in err
    assert run(str(path.with_name("none.toml")))[0] == 2


def test_faults_of_keys_and_of_names_are_told_at_once(run: Run, path: Path) -> None:
    text = (
        '[agents."*"]\nmode = "payy"\nallow_toolsets = ["x", "payables"]\n'
        '[agents.stdio]\nmode = "pay"\nmod = "x"\n'
        'deny_actions = ["bill_pay_*", "Bill!", "bill_get_*"]\nallow_actions = 3\n'
    )
    path.write_text(f"format = 1\n{text}", "utf-8")
    code, out, err = run(str(path))
    assert (code, out) == (2, "")
    told = [line.removeprefix("bill-mcp: ") for line in err.splitlines()]
    assert {line.removeprefix(f"{path}: ").partition(";")[0] for line in told} == {
        "agents.\"*\".mode: Input should be 'read-only', 'prepare' or 'pay'",
        "agents.\"*\".allow_toolsets: no toolset is named 'x'",
        "agents.stdio.mod: no such key",
        "agents.stdio.deny_actions: no action is named 'bill_pay_*'",
        "agents.stdio.deny_actions[2]: is no action's name, nor one with * or ? in it",
        "agents.stdio.allow_actions: is no list",
    }
    assert len(told) == 6
    path.write_text('format = 1\n[agents.stdio]\nmod = "pay"\n', "utf-8")
    _, _, err = run(str(path))
    assert "agents.stdio.mod: no such key" in err
    assert 'the table [agents."*"], for every other agent, is missing' in err


def test_file_that_is_set_is_checked_where_none_is_named(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = run()
    assert code == 2
    assert "no policy file" in err
    path.write_text(f"format = 1\n{READER}", encoding="utf-8")
    monkeypatch.setenv("BILL_MCP_POLICY", str(path))
    code, out, _ = run()
    assert code == 0
    assert 'agents."*"\tmode\tread-only' in out
