from __future__ import annotations

import json
from pathlib import Path

import pytest
from unit.announcing.waiting import APPROVAL

from bill_mcp.announcing import desktop
from bill_mcp.announcing.announcement import announcement_of
from bill_mcp.announcing.announcer import UndeliveredError
from bill_mcp.announcing.desktop import find_desktop

pytestmark = pytest.mark.anyio
ANNOUNCEMENT = announcement_of(APPROVAL, "N".__mul__)
SCREEN = {"DISPLAY": ":0", "BILL_PASSWORD": "canary", "BILL_MCP_KEY": "canary"}


def program(folder: Path, then: str = "") -> Path:
    """Stands in for the platform's: writes down how it was called."""
    path = folder / "notifier"
    path.write_text(
        "#!/usr/bin/env python3\nimport json, os, sys\n"
        f"said = open({str(folder / 'said.json')!r}, 'w')\n"
        "json.dump([sys.argv[1:], dict(os.environ)], said)\n"
        f"said.close()\n{then}\n",
        encoding="utf-8",
    )
    path.chmod(0o700)
    return path


def said(folder: Path) -> tuple[list[str], dict[str, str]]:
    arguments, variables = json.loads((folder / "said.json").read_text())
    return arguments, variables


@pytest.mark.parametrize("platform", ["linux", "darwin"])
async def test_the_platforms_program_shows_our_words_and_gets_no_secret(
    tmp_path: Path, platform: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = program(tmp_path, "print('noise')")
    asked: list[str] = []

    def which(name: str) -> str:
        asked.append(name)
        return str(path)

    found = find_desktop(
        platform=platform, variables={**SCREEN, "PATH": "/usr/bin:/bin"}, which=which
    )
    assert found is not None
    await found.send(ANNOUNCEMENT)
    arguments, variables = said(tmp_path)
    assert arguments[-1] == ANNOUNCEMENT.in_words()
    assert not {"BILL_PASSWORD", "BILL_MCP_KEY"} & set(variables)
    assert "canary" not in str(variables)
    assert asked == [{"linux": "notify-send", "darwin": "osascript"}[platform]]
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("platform", "variables", "program_there"),
    [
        ("win32", SCREEN, True),
        ("linux", {}, True),
        ("linux", SCREEN, False),
        ("darwin", {}, False),
    ],
)
def test_where_no_desktop_can_notify_there_is_none(
    platform: str, variables: dict[str, str], program_there: bool
) -> None:
    which = (lambda _: "/bin/true") if program_there else (lambda _: None)
    found = find_desktop(platform=platform, variables=variables, which=which)
    assert found is None


async def test_a_program_that_fails_hangs_or_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {**SCREEN, "PATH": "/usr/bin:/bin"}

    async def failure(path: Path) -> str:
        found = find_desktop(
            platform="linux", variables=variables, which=lambda _: str(path)
        )
        assert found is not None
        with pytest.raises(UndeliveredError) as told:
            await found.send(ANNOUNCEMENT)
        return str(told.value)

    assert await failure(program(tmp_path, "sys.exit(3)")) == "notifier ended with 3"
    assert "No such file" in await failure(tmp_path / "gone")
    monkeypatch.setattr(desktop, "DEADLINE_S", 0.05)
    hanging = program(tmp_path, "sys.stdin.close(); import time; time.sleep(60)")
    assert "did not answer in time" in await failure(hanging)
