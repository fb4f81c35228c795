"""What the approver's commands say where nobody can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from support.approval_desk import SEALING_KEY, payment, record_file
from support.command_line import CommandLine
from support.keyrings import LockedKeyring, OpenKeyring, own_keyring
from support.sealing import sealing_key

from bill_mcp.app import random_id
from bill_mcp.approvals_cli.showing import show
from bill_mcp.clock import SystemClock
from bill_mcp.errors import ConfigError
from bill_mcp.records.approvals import Approval, Approvals, Via
from bill_mcp.records.halt import is_halted

pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture(autouse=True)
def ring() -> Iterator[KeyringBackend]:
    """A keyring that is open, in the commands and in the servers that asked."""
    with own_keyring(OpenKeyring()) as ring:
        yield ring


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(
    home: Path,
    ring: KeyringBackend,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    return CommandLine(
        home=home,
        monkeypatch=monkeypatch,
        capsys=capsys,
        ring=ring,
        piped="canary passphrase\ny\n",
    )


def key_of(home: Path) -> Callable[[], bytes]:
    return sealing_key(home)


def asked(home: Path, **changes: object) -> tuple[Approvals, Approval]:
    """A call that waits, asked for by a server of that home."""
    file = record_file(home / "journal.sqlite")
    approvals = Approvals(file, SystemClock(), random_id, key=key_of(home))
    return approvals, anyio.run(approvals.ask, payment(**changes))


def test_nothing_waits_in_a_home_where_nothing_was_asked(run: CommandLine) -> None:
    ran = run("approvals")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "no call waits for approval\nno payment is open or unknown\n"


def test_each_call_that_waits_is_one_line_of_visible_text(
    run: CommandLine, home: Path
) -> None:
    approvals, first = asked(home, agent_name="evil\n\tBEEF\x1b[2J", title="a\tb")
    _, second = asked(
        home, binding="b2", environment="production", cents=None, currency=None
    )
    _, denied = asked(home, binding="b3")

    async def deny() -> None:
        await approvals.decide(denied.id, grant=False, by="mia", via=Via.PAGE)

    anyio.run(deny)
    ran = run("approvals")
    assert (ran.code, ran.err) == (0, "")
    one, two = (line.split("\t") for line in ran.out.splitlines()[:-1])
    assert (one[0], one[2], one[5]) == (first.id, "SANDBOX", "1,250.50 USD")
    assert (one[4], one[6]) == (r"a\tb", r"evil\n\tBEEF\u001b[2J")
    assert (two[0], two[2], two[5]) == (second.id, "PRODUCTION", "")


def test_who_approves_sees_warnings_first_and_third_parties_on_lines_of_their_own(
    home: Path,
) -> None:
    _, approval = asked(home, environment="production", reasons=("Bank is new.",))
    said: list[tuple[str, str]] = []

    def say(text: str = "", style: str = "") -> None:
        said.append((text, style))

    show(say, approval, approval.asked_at)
    texts = [text.strip() for text, _ in said]
    assert said[0] == ("PRODUCTION: The real BILL. Real money.", "bold white on red")
    wanted_order = [
        f"Organization: {approval.wanted.organization}",
        "! Bank is new.",
        "Pay one bill",
        "Amount: 1,250.50 USD",
        '"Happy Music"',
        "Vendor id: 00901ABC",
        "Account: ••1234",
        '"Payables agent"',
        f"Approval {approval.id}, expires in 10 min 00 s",
    ]
    assert [text for text in texts if text in wanted_order] == wanted_order


def test_environment_that_is_unknown_is_as_loud_as_production(home: Path) -> None:
    _, approval = asked(home, environment="moon")
    said: list[tuple[str, str]] = []
    show(
        lambda text="", style="": said.append((text, style)),
        approval,
        approval.asked_at,
    )
    assert said[0] == ("MOON", "bold white on red")


def test_halting_asks_nothing_and_works_where_the_records_are_broken(
    run: CommandLine, home: Path
) -> None:
    home.mkdir(exist_ok=True)
    (home / "journal.sqlite").write_bytes(b"no database, whatever it once was" * 99)
    ran = run("halt", "--reason", "odd\x1b[2J")
    assert ran.code == 0
    assert r"odd\u001b[2J" in ran.out
    assert ran.out.startswith("halted since ")
    assert "the audit log does not have it" in ran.err
    halted = is_halted(home)
    assert halted is not None
    assert halted.reason == "odd\x1b[2J"
    again = run("halt")
    assert again.out == ran.out.replace("halted since", "halted already, since")
    assert again.err == ""


def test_halt_without_approvers_is_lifted_by_anybody(
    run: CommandLine, home: Path
) -> None:
    assert run("halt", "--lift").out == "nothing is halted\n"
    run("halt")
    assert run("halt", "--lift").out == "lifted: writes go out again\n"
    assert is_halted(home) is None


def test_second_halt_says_since_when_and_leaves_no_row(run: CommandLine) -> None:
    first = run("halt", "--reason", "odd bills").out
    again = run("halt", "--reason", "another").out
    assert again == first.replace("halted since", "halted already, since")
    assert again.splitlines()[0].endswith(": odd bills")
    (row,) = run("audit", "--kind", "halt").out.splitlines()
    assert "\thalted\t" in row


def test_halt_is_told_before_the_calls_that_wait(run: CommandLine, home: Path) -> None:
    _, approval = asked(home)
    run("halt", "--reason", "odd\tbills")
    first, meaning, call, _ = run("approvals").out.splitlines()
    assert first.startswith("halted since ")
    assert first.endswith(r": odd\tbills")
    assert "`bill-mcp halt --lift`" in meaning
    assert call.startswith(f"{approval.id}\t")


def test_key_is_made_once_and_rests_in_the_keyring(home: Path) -> None:
    key = key_of(home)()
    assert (len(key), key_of(home)()) == (32, key)
    assert not (home / "audit.key").exists()


def test_key_rests_in_a_private_file_where_there_is_no_vault(home: Path) -> None:
    with own_keyring(fail.Keyring()):  # type: ignore[no-untyped-call]
        key = key_of(home)()
        assert (len(key), key_of(home)()) == (32, key)
        kept = home / "audit.key"
        assert kept.stat().st_mode & 0o777 == 0o600
        for damage in (b"", b"\xff", b"c2hvcnQ="):
            kept.write_bytes(damage)
            with pytest.raises(ConfigError):
                key_of(home)()


def test_locked_keyring_is_told_and_no_other_key_is_made(home: Path) -> None:
    with own_keyring(LockedKeyring()), pytest.raises(ConfigError, match="locked"):
        key_of(home)()
    assert not (home / "audit.key").exists()


def test_key_in_the_encrypted_file_is_under_the_operators_key(home: Path) -> None:
    key = sealing_key(home, "canary-operator")()
    assert key not in {SEALING_KEY, bytes(32)}
    assert sealing_key(home, "canary-operator")() == key
    assert (home / "secrets.enc").exists()
