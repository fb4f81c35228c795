from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.clock import ManualClock

from bill_mcp.errors import ConfigError, LimitError
from bill_mcp.pages.phrases import WORDS, phrase, word_list
from bill_mcp.pages.questions import Purpose, Question, State
from bill_mcp.pages.ticket_files import TicketFolder
from bill_mcp.pages.tickets import Desk

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    desk = Desk(tmp_path / "tickets", clock)
    desk.address = "http://127.0.0.1:4711"
    return desk


def ask(desk: Desk, profile: str = "main", agent: str = "a") -> Question:
    return desk.open(Purpose.MFA, agent=agent, profile=profile, title="A code")


def ticket_of(desk: Desk, question: Question) -> str:
    found = desk.files.get(question.id)
    assert found is not None
    return found.ticket


def test_words_are_many_short_and_never_a_misspelling_of_each_other() -> None:
    words = word_list()
    assert len(words) == len(set(words)) == WORDS
    assert all(3 <= len(word) <= 9 and word.isalpha() for word in words)
    assert phrase(bytes([0, 1, 2, 255])) == " ".join((*words[:3], words[-1]))


def test_a_question_has_a_256_bit_ticket_in_a_file_of_ours_alone(
    desk: Desk, tmp_path: Path
) -> None:
    question = ask(desk)
    path = tmp_path / "tickets" / question.id
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert len(ticket_of(desk, question)) == 43
    assert ticket_of(desk, question) not in repr(desk.files.get(question.id))
    assert len(question.phrase.split()) == 4


def test_a_ticket_is_exchanged_once_and_its_file_is_gone(
    desk: Desk, tmp_path: Path
) -> None:
    question = ask(desk)
    ticket = ticket_of(desk, question)
    right = desk.enter(question.id, ticket)
    assert right is not None
    assert desk.admit(question.id, right.handle, right.cookie) == question
    assert desk.enter(question.id, ticket) is None
    assert not list((tmp_path / "tickets").iterdir())
    assert ticket not in repr(right)
    assert right.cookie not in repr(right)


def test_a_pass_opens_its_own_question_only(desk: Desk) -> None:
    first, second = ask(desk), ask(desk, "other")
    right = desk.enter(first.id, ticket_of(desk, first))
    other = desk.enter(second.id, ticket_of(desk, second))
    assert right is not None
    assert other is not None
    assert desk.admit(second.id, right.handle, right.cookie) is None
    assert desk.admit(first.id, other.handle, right.cookie) is None
    assert desk.admit(first.id, right.handle, "") is None
    assert desk.admit("unknown", right.handle, right.cookie) is None
    assert desk.csrf_token(first.id) != desk.csrf_token(second.id)
    assert desk.csrf_token("unknown")


def test_the_fifth_wrong_attempt_closes_the_question(desk: Desk) -> None:
    question = ask(desk)
    ticket = ticket_of(desk, question)
    for _ in range(4):
        assert desk.enter(question.id, "wrong") is None
    assert desk.state(question.id) is State.OPEN
    desk.enter(question.id, "\ud800")
    assert desk.state(question.id) is State.CLOSED
    assert desk.enter(question.id, ticket) is None


def test_wrong_cookies_count_as_attempts_too(desk: Desk) -> None:
    question = ask(desk)
    right = desk.enter(question.id, ticket_of(desk, question))
    assert right is not None
    for _ in range(5):
        assert desk.admit(question.id, right.handle, "guess") is None
    assert desk.admit(question.id, right.handle, right.cookie) is None


def test_a_question_expires_unless_its_form_is_used_and_at_last_all_the_same(
    desk: Desk, clock: ManualClock
) -> None:
    unused, used = ask(desk), ask(desk, "other")
    right = desk.enter(used.id, ticket_of(desk, used))
    assert right is not None
    for _ in range(6):
        clock.advance(9 * 60 + 59)
        assert desk.admit(used.id, right.handle, right.cookie) is not None
    assert desk.state(unused.id) is State.CLOSED
    clock.advance(7)
    assert desk.admit(used.id, right.handle, right.cookie) is None


def test_an_agent_that_asks_again_gets_the_question_under_way(desk: Desk) -> None:
    assert ask(desk) == ask(desk)
    for number in range(3):
        ask(desk, f"profile-{number}")
    with pytest.raises(LimitError):
        ask(desk, "one too many")
    ask(desk, agent="b")


def test_nothing_is_asked_while_no_pages_are_served(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        ask(Desk(tmp_path, ManualClock()))


async def test_who_waits_learns_how_the_question_ended(
    desk: Desk, clock: ManualClock
) -> None:
    answered, closed, expired = ask(desk), ask(desk, "b"), ask(desk, "c")
    endings: dict[str, State] = {}

    async def wait(question: Question) -> None:
        endings[question.profile] = await desk.ending(question)

    desk.answer(closed.id)  # nobody has entered, so this is no answer
    async with anyio.create_task_group() as tasks:
        for question in (answered, closed):
            tasks.start_soon(wait, question)
        await anyio.lowlevel.checkpoint()
        desk.enter(answered.id, ticket_of(desk, answered))
        desk.answer(answered.id)
        desk.close(closed.id)
    clock.advance(10 * 60)
    await wait(expired)
    assert endings == {
        "main": State.ANSWERED,
        "b": State.CLOSED,
        "c": State.CLOSED,
    }
    desk.close_all()


async def test_waiting_ends_when_the_time_is_over(desk: Desk) -> None:
    question = ask(desk)

    async def pass_time() -> None:
        await anyio.lowlevel.checkpoint()
        desk.close_all()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pass_time)
        assert await desk.ending(question) is State.CLOSED


def test_what_dead_servers_left_behind_is_swept(
    desk: Desk, clock: ManualClock, tmp_path: Path
) -> None:
    stale = ask(desk)
    folder = TicketFolder(tmp_path / "tickets")
    page = folder.put_page(stale.id, "page")
    (tmp_path / "tickets" / "orphan.html").write_text("page")
    (tmp_path / "tickets" / "unreadable").write_text("{")
    assert [t.id for t in folder.waiting(clock.now())] == [stale.id]
    assert not folder.waiting(clock.now() + timedelta(minutes=11))
    folder.sweep(clock.now() + timedelta(minutes=11))
    assert folder.get(stale.id) is None
    assert not page.exists()
    assert [p.name for p in (tmp_path / "tickets").iterdir()] == ["unreadable"]


def test_a_folder_that_is_not_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="is no folder"):
        TicketFolder(tmp_path / "link").prepare()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError):
        TicketFolder(tmp_path / "file").prepare()
    monkeypatch.setattr(os, "getuid", lambda: -5)
    with pytest.raises(ConfigError, match="another user"):
        TicketFolder(tmp_path / "new").prepare()


def test_a_link_in_the_place_of_a_ticket_is_refused(
    tmp_path: Path, clock: ManualClock
) -> None:
    desk = Desk(tmp_path, clock, token_bytes=bytes)
    desk.address = "http://127.0.0.1:4711"
    (tmp_path / ("a" * 26)).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        ask(desk)
    assert not (tmp_path / "elsewhere").exists()


def ask_approval(desk: Desk, subject: str, **more: Any) -> Question:
    return desk.open(
        Purpose.APPROVAL,
        agent="a",
        profile="main",
        title="Pay",
        subject=subject,
        **more,
    )


def test_each_approval_is_a_question_of_its_own_and_leaves_room_for_others(
    desk: Desk,
) -> None:
    numbers = [f"AAAA000{number}" for number in range(10)]
    numbers += [f"BBBB000{number}" for number in range(10)]
    asked = [ask_approval(desk, subject) for subject in numbers]
    assert len({question.id for question in asked}) == 20
    assert ask_approval(desk, numbers[3]) == asked[3]
    with pytest.raises(LimitError):
        ask_approval(desk, "CCCC0000")
    assert ask(desk).subject == ""


def test_using_its_form_does_not_prolong_a_question_that_ends_at_a_time(
    desk: Desk, clock: ManualClock
) -> None:
    until = clock.now() + timedelta(minutes=4)
    question = ask_approval(desk, "AAAA0000", until=until)
    assert question.expires == until
    right = desk.enter(question.id, ticket_of(desk, question))
    assert right is not None
    clock.advance(3 * 60 + 59)
    assert desk.admit(question.id, right.handle, right.cookie) == question
    clock.advance(1)
    assert desk.admit(question.id, right.handle, right.cookie) is None


async def test_what_was_answered_elsewhere_ends_the_waiting_and_the_ticket(
    desk: Desk,
) -> None:
    question = ask_approval(desk, "AAAA0000")
    ticket = ticket_of(desk, question)
    desk.answer(question.id, elsewhere=True)
    assert await desk.ending(question) is State.ANSWERED
    assert desk.files.get(question.id) is None
    assert desk.enter(question.id, ticket) is None
