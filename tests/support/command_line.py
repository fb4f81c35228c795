"""The command line in this process, run by somebody who has set nothing."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from support.keyrings import own_keyring

from bill_mcp import cli


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How one run of the command line ended."""

    code: int
    out: str
    err: str


def _no_keyring() -> KeyringBackend:
    return fail.Keyring()  # type: ignore[no-untyped-call]


@dataclass(kw_only=True)
class CommandLine:
    """Call it with the words of a command; its output goes into a pipe.

    Until the test ends, the only variable of ours is the one that names the home.
    A test that wants more sets them after this is made.

    Attributes:
        home: Where the command keeps what is its own.
        ring: The keyring in a run that is given none; by default none serves.
        first_words: What every command begins with.
        piped: What each run finds on standard input, if a run may read it at all.
        hidden: What no run may print.
    """

    home: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    ring: KeyringBackend = field(default_factory=_no_keyring)
    first_words: tuple[str, ...] = ()
    piped: str | None = None
    hidden: str | None = None

    def __post_init__(self) -> None:
        for name in os.environ:
            if name.startswith("BILL_"):
                self.monkeypatch.delenv(name)
        self.monkeypatch.setenv("BILL_MCP_HOME", str(self.home))

    def __call__(self, *words: str, ring: KeyringBackend | None = None) -> Ran:
        argv = ["bill-mcp", *self.first_words, *words]
        self.monkeypatch.setattr(sys, "argv", argv)
        if self.piped is not None:
            self.monkeypatch.setattr(sys, "stdin", io.StringIO(self.piped))
        with own_keyring(ring or self.ring), pytest.raises(SystemExit) as ended:
            cli.main()
        captured = self.capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        if self.hidden is not None:
            assert self.hidden not in captured.out + captured.err
        return Ran(code=code, out=captured.out, err=captured.err)
