import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.process import CREDENTIALS
from support.recording_bill import SIGN_OUT, RecordingBill, recording_bill
from support.spec_folder import spec_files, written

from bill_mcp import __version__, cli

pytestmark = pytest.mark.usefixtures("logging_as_before")


LIVE = ("BILL_PASSWORD", "BILL_DEV_KEY", "BILL_API_TOKEN")


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How one run of the command line ended."""

    code: int
    out: str
    err: str

    def answer(self) -> dict[str, Any]:
        """The one JSON line on stdout."""
        assert self.out.count("\n") == 1
        told: dict[str, Any] = json.loads(self.out)
        return told


Run = Callable[..., Ran]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs the command line in this process, as somebody who has set nothing."""
    for name in os.environ:
        if name.startswith("BILL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BILL_MCP_HOME", str(tmp_path / "home"))

    def ran(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["bill-mcp", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        assert "Traceback" not in captured.err
        for name in LIVE:
            assert CREDENTIALS[name] not in captured.out + captured.err, name
        return Ran(code=code, out=captured.out, err=captured.err)

    return ran


@pytest.fixture
def bill(monkeypatch: pytest.MonkeyPatch, run: Run) -> Iterator[RecordingBill]:
    """BILL's stand-in, which *run* is connected to from now on."""
    with recording_bill() as recording:
        for name, value in CREDENTIALS.items():
            if name != "BILL_APP_KEY":
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("BILL_MCP_ENVIRONMENT", "sandbox")
        monkeypatch.setenv("BILL_MCP_BASE_URL", recording.url)
        yield recording


# One call


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (("max=2", "sort=name:asc", "filters=name:sw:A=B"), ""),
        (('{"max": 2, "sort": "name:asc", "filters": "name:sw:A=B"}',), ""),
        (("-",), '{"max": 2, "sort": "name:asc", "filters": "name:sw:A=B"}\n'),
    ],
)
def test_arguments_are_words_or_json_or_come_on_standard_input(
    run: Run, bill: RecordingBill, words: tuple[str, ...], stdin: str
) -> None:
    ran = run("call", "bill_get_list_of_vendors", *words, stdin=stdin)
    assert (ran.code, ran.err) == (0, "")
    assert ran.answer() == {"id": "0001", "bill_mcp": {"has_more": False}}
    assert bill.last().path == "/v3/vendors"
    expected = {"max": "2", "sort": "name:asc", "filters": "name:sw:A=B"}
    assert bill.last().query == expected


def test_words_are_read_as_the_tool_needs_them(run: Run, bill: RecordingBill) -> None:
    address = {"line1": "1", "city": "X", "zipOrPostalCode": "01234", "country": "US"}
    ran = run(
        *("call", "bill_create_a_vendor", "name=true story", "accountNumber=007"),
        *(f"address={json.dumps(address)}", "preview=true"),
    )
    assert ran.code == 0
    assert ran.answer()["bill_mcp"]["preview"]["body"] == {
        "name": "true story",
        "accountNumber": "007",
        "address": address,
    }
    assert {one.path for one in bill.arrivals} == {"/v3/login", SIGN_OUT}


@pytest.mark.parametrize("confirm", ["auto", "always"])
def test_call_about_which_a_person_is_asked_prints_that_and_ends_with_one(
    run: Run, bill: RecordingBill, confirm: str
) -> None:
    call = ("call", "--confirm", confirm, "bill_archive_a_vendor", "vendorId=009")
    ran = run(*call)
    assert ran.code == 1
    told = ran.answer()
    assert (told["error"], told["outcome"]) == ("approval_required", "not_done")
    assert f"--confirm {confirm} asks a person about delete" in told["message"]
    assert "bill-mcp approve " in told["advice"]
    assert {one.path for one in bill.arrivals} == {"/v3/login", SIGN_OUT}


def test_tool_without_arguments_needs_none(run: Run, bill: RecordingBill) -> None:
    assert run("call", "BILL_GET_API_SESSION_DETAILS").code == 0
    assert bill.last().path == "/v3/login/session"


def test_tool_error_is_printed_as_json_and_ends_with_one(
    run: Run, bill: RecordingBill
) -> None:
    ran = run("call", "bill_get_list_of_vendors", "max=1000", "nmae=x")
    assert ran.code == 1
    told = ran.answer()
    assert (told["error"], told["outcome"]) == ("bad_arguments", "not_done")
    assert [fault["path"] for fault in told["faults"]] == ["max", "nmae"]
    assert bill.arrivals == []


def test_option_decides_what_may_be_done(run: Run, bill: RecordingBill) -> None:
    ran = run("call", "--read-only", "bill_archive_a_vendor", "vendorId=009")
    assert (ran.code, ran.answer()["error"]) == (1, "read_only")
    assert bill.arrivals == []


def test_policy_file_decides_by_the_name_of_the_agent(
    run: Run, bill: RecordingBill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.toml"
    everybody = 'format = 1\n[agents."*"]\nmode = "pay"\n'
    mine = '[agents."command line"]\nmode = "prepare"\n'
    policy.write_text(everybody + mine, encoding="utf-8")
    monkeypatch.setenv("BILL_MCP_POLICY", str(policy))
    call = ("call", "--confirm", "never", "bill_archive_a_vendor", "vendorId=009")
    told = run(*call).answer()
    assert told["error"] == "mode"
    place = 'policy.toml: agents."command line".mode'
    assert f"({place} = prepare)" in told["message"]
    assert bill.arrivals == []
    policy.write_text(everybody, encoding="utf-8")
    assert run(*call).code == 0


def test_policy_that_names_what_is_not_there_stops_the_program(
    run: Run, bill: RecordingBill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.toml"
    text = 'format = 1\n[agents."*"]\nmode = "pay"\ndeny_actions = ["bill_pay"]\n'
    policy.write_text(text, encoding="utf-8")
    monkeypatch.setenv("BILL_MCP_POLICY", str(policy))
    ran = run("call", "bill_get_list_of_vendors")
    assert ran.code == 2
    assert "no action is named 'bill_pay'" in ran.err
    assert bill.arrivals == []


def test_option_lets_through_what_the_default_refuses(
    run: Run, bill: RecordingBill
) -> None:
    ran = run("call", "--confirm", "never", "bill_archive_a_vendor", "vendorId=009")
    assert ran.code == 0
    assert bill.last().path == "/v3/vendors/009/archive"


def test_answer_holds_no_secret_and_no_hidden_character(
    run: Run, bill: RecordingBill
) -> None:
    secrets = [CREDENTIALS[name] for name in LIVE]
    bill.answer = {"name": "A\u202eB", "note": " ".join(secrets)}
    ran = run("call", "bill_get_vendor_details", "vendorId=009")
    assert "\u202e" not in ran.out
    assert ran.answer()["name"] == "A\u202eB"
    assert ran.answer()["note"] == " ".join(["(held by the server)"] * len(LIVE))


# No secrets on the line

LOGIN = {"username": "me@example.test", "password": "typed-secret", "devKey": "typed"}


@pytest.mark.parametrize(
    "words",
    [
        [f"{name}={value}" for name, value in LOGIN.items()],
        [json.dumps(LOGIN)],
    ],
)
@pytest.mark.parametrize("inline", ["0", "1"])
def test_secret_on_the_line_is_refused_without_repeating_it(
    run: Run,
    bill: RecordingBill,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    inline: str,
) -> None:
    monkeypatch.setenv("BILL_MCP_ALLOW_INLINE_CREDENTIALS", inline)
    ran = run("call", "bill_api_login", *words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "bill-mcp: devKey, password, username: no secrets on the command line; "
        "give the arguments on standard input (-)\n"
    )
    assert bill.arrivals == []


def test_secret_on_standard_input_is_taken_where_that_is_allowed(
    run: Run, bill: RecordingBill, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = json.dumps(LOGIN)
    refused = run("call", "bill_api_login", "-", stdin=stdin)
    assert (refused.code, refused.answer()["error"]) == (1, "secret_refused")
    monkeypatch.setenv("BILL_MCP_ALLOW_INLINE_CREDENTIALS", "1")
    taken = run("call", "bill_api_login", "-", stdin=stdin)
    assert taken.code == 0
    assert "typed-secret" not in refused.out + taken.out
    assert json.loads(bill.last().body)["password"] == "typed-secret"


# Usage


@pytest.mark.parametrize(
    ("words", "stdin", "told"),
    [
        (("call", "bill_pay"), "", "no tool has that name; `bill-mcp tools WORDS`"),
        (("call", "bill_api_logout", "word"), "", "'word' is neither JSON nor key"),
        (("call", "bill_api_logout", "=word"), "", "'=word' is neither JSON nor"),
        (("call", "bill_api_logout", "{a: 1}"), "", "the arguments are no JSON: "),
        (("call", "bill_api_logout", "-"), "[1]", "the arguments are no JSON object"),
        (("call", "bill_api_logout", "-"), "", "the arguments are no JSON: "),
        (("call", "--environment", "prod", "x"), "", "environment is 'prod', not one"),
        (("call", "--seed", "demo", "x"), "", "--seed is for the embedded simulator"),
        (("serve", "--transport", "http"), "", "serves over stdio only"),
        (("serve", "--port", "80"), "", "serves over stdio only"),
    ],
)
def test_wrong_use_is_one_line_and_ends_with_two(
    run: Run, bill: RecordingBill, words: tuple[str, ...], stdin: str, told: str
) -> None:
    ran = run(*words, stdin=stdin)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("bill-mcp: ")
    assert told in ran.err
    assert ran.err.count("\n") == 1
    assert bill.arrivals == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("call",), "Missing argument"),
        (("call", "--nonsense", "bill_api_logout"), "No such option"),
        (("serve", "--nonsense"), "No such option"),
        (("specs", "check", "--nonsense"), "No such option"),
        (("nonsense",), "No such command"),
        (("simulator", "--port", "eighty"), "Invalid value"),
    ],
)
def test_unknown_option_or_command_ends_with_two(
    run: Run, words: tuple[str, ...], told: str
) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_arguments_nested_too_deeply_are_no_traceback(
    run: Run, bill: RecordingBill
) -> None:
    assert run("call", "bill_api_logout", "-", stdin="[" * 100_000).code == 2


def test_credentials_without_an_environment_are_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILL_PASSWORD", CREDENTIALS["BILL_PASSWORD"])
    ran = run("call", "bill_api_logout")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("bill-mcp: BILL_PASSWORD given, but no environment")


# The other commands


def test_all_tools_are_listed(run: Run) -> None:
    ran = run("tools")
    assert ran.code == 0
    assert ran.out.count("\n") == 209
    assert "bill_create_a_payment" in ran.out


def test_tools_are_found_by_words_that_all_occur(run: Run) -> None:
    ran = run("tools", "Bulk", "payment")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == [
        "bill_create_a_bulk_payment"
    ]


def test_tools_that_nobody_has_end_with_one(run: Run) -> None:
    ran = run("tools", "unheard-of")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "bill-mcp: no tool has all of these words\n"


def test_specs_are_checked(run: Run, tmp_path: Path) -> None:
    ran = run("specs", "check")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "no faults")
    files = spec_files()
    files["widgets.yaml"]["tolset"] = "widgets"
    ran = run("specs", "check", str(written(tmp_path, files)))
    assert ran.code == 1
    assert ran.out == "widgets.yaml: tolset: Extra inputs are not permitted\n"


def test_generated_files_are_checked(run: Run) -> None:
    ran = run("specs", "generate", "--check")
    assert (ran.code, ran.out) == (0, "")


def test_version_is_told(run: Run) -> None:
    assert run("--version").out == f"{__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        *("serve", "call", "tools", "simulator", "specs"),
        *("login", "logout", "status", "open"),
    ],
)
def test_every_command_has_help(run: Run, command: str) -> None:
    ran = run(command, "-h")
    assert ran.code == 0
    assert f"bill-mcp {command} [OPTIONS]" in ran.out


# As a process


def process(*words: str, variables: dict[str, str], stdin: bytes = b"") -> Any:
    return subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, "-m", "bill_mcp", *words],
        env={"PATH": os.environ["PATH"], "BILL_MCP_HOME": "/nonexistent", **variables},
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_process_answers_on_stdout_and_ends_with_zero() -> None:
    with recording_bill() as bill:
        where = {"BILL_MCP_ENVIRONMENT": "local", "BILL_MCP_BASE_URL": bill.url}
        ran = process(
            "call", "bill_get_vendor_details", "-", variables=where,
            stdin=b'{"vendorId": "009"}',
        )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert json.loads(ran.stdout)["id"] == "0001"


def test_process_without_anything_calls_the_simulator_inside_itself() -> None:
    ran = process("call", "bill_get_list_of_vendors", "max=1", variables={})
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert json.loads(ran.stdout)["bill_mcp"]["environment"] == "local"


def test_input_that_is_no_text_is_no_traceback() -> None:
    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    ran = process("call", "bill_api_logout", "-", variables=strict, stdin=b"\xff")
    assert ran.returncode == 2
    assert b"Traceback" not in ran.stderr
