"""The command line of somebody with a pipe for input and no display."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.command_line import CommandLine


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
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
