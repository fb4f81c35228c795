from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.clock import ManualClock

from bill_mcp.pages.opening import open_in_browser
from bill_mcp.pages.questions import Purpose, Question
from bill_mcp.pages.tickets import Desk

SCREEN = {"DISPLAY": ":0"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "tickets", ManualClock())
    desk.address = "http://127.0.0.1:4711"
    return desk


@pytest.fixture
def question(desk: Desk) -> Question:
    return desk.open(Purpose.MFA, agent="a", profile="p", title="A <code>")


class Launched:
    """A browser that starts, or does not."""

    def __init__(self, *, starts: bool = True) -> None:
        self.addresses: list[str] = []
        self._starts = starts

    def __call__(self, address: str) -> bool:
        self.addresses.append(address)
        return self._starts


def test_the_private_page_sends_the_ticket_and_nothing_else(
    desk: Desk, question: Question, tmp_path: Path
) -> None:
    launch = Launched()
    assert open_in_browser(desk.files, question.id, launch=launch, variables=SCREEN)
    path = tmp_path / "tickets" / f"{question.id}.html"
    assert launch.addresses == [path.as_uri()]
    assert path.stat().st_mode & 0o777 == 0o600
    page = path.read_text()
    ticket = desk.files.get(question.id)
    assert ticket is not None
    assert f'value="{ticket.ticket}"' in page
    assert 'action="http://127.0.0.1:4711/enter"' in page
    assert "form-action http://127.0.0.1:4711" in page
    assert "A &lt;code&gt;" in page
    assert re.findall(r'(?:src|href)="', page) == []
    assert open_in_browser(desk.files, question.id, launch=launch, variables=SCREEN)


@pytest.mark.parametrize(
    ("variables", "platform", "opens"),
    [
        ({}, "linux", False),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "firefox"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_no_browser_is_looked_for_without_a_display(
    desk: Desk,
    question: Question,
    variables: dict[str, str],
    platform: str,
    opens: bool,
) -> None:
    launch = Launched()
    opened = open_in_browser(
        desk.files,
        question.id,
        launch=launch,
        variables=variables,
        platform=platform,
    )
    assert opened is opens
    assert bool(launch.addresses) is opens


def test_a_browser_that_does_not_start_leaves_no_file(
    desk: Desk, question: Question, tmp_path: Path
) -> None:
    launch = Launched(starts=False)
    assert not open_in_browser(desk.files, question.id, launch=launch, variables=SCREEN)
    assert [p.name for p in (tmp_path / "tickets").iterdir()] == [question.id]


@pytest.mark.parametrize("name", ["unknown", "../../etc/passwd", "a" * 26])
def test_a_question_that_is_not_there_opens_nothing(desk: Desk, name: str) -> None:
    launch = Launched()
    assert not open_in_browser(desk.files, name, launch=launch, variables=SCREEN)
    assert not launch.addresses
