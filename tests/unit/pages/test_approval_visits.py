from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from support.approving import APPROVER, HOSTILE, PASSPHRASE
from unit.pages.hall import OWN, Hall

from bill_mcp.pages import decided_elsewhere
from bill_mcp.pages.questions import Purpose
from bill_mcp.pages.questions import State as Asked
from bill_mcp.records.approvals import ApprovalLine, State, Via
from bill_mcp.secret import Secret

pytestmark = pytest.mark.anyio
RIGHT = {"approver": APPROVER, "passphrase": PASSPHRASE}
WRONG = {"approver": APPROVER, "passphrase": "canary-wrong"}


async def appoint(hall: Hall, name: str = APPROVER) -> None:
    await hall.approving.approvers.add(name, Secret(PASSPHRASE), hall.clock.now())


async def test_an_approver_approves_with_the_passphrase(hall: Hall) -> None:
    await appoint(hall)
    question, approval = await hall.ask_approval()
    page = await hall.enter(question)
    assert "Approve this call?" in page.text
    assert question.phrase in page.text
    page = await hall.press("approve", **RIGHT)
    assert "<h1>Approved</h1>" in page.text
    assert "canary" not in page.text
    found = await hall.approving.approvals.find(approval.id)
    assert found is not None
    assert (found.state, found.decided_by, found.via) == (
        State.GRANTED,
        APPROVER,
        Via.PAGE,
    )
    assert await hall.desk.ending(question) is Asked.ANSWERED


async def test_what_is_shown_is_what_was_asked_in_the_order_of_what_matters(
    hall: Hall,
) -> None:
    question, _ = await hall.ask_approval()
    page = (await hall.enter(question)).text
    order = [
        "<b>Production</b>",
        "Pacific Timber Co.",
        "PRODUCTION: The real BILL. Real money.",
        "First payment to this vendor.",
        "before ••9876.",
        "1,250.00 USD",
        "Pay 1,250.00 USD to Cedar Mill Supply",
        "&quot;Cedar Mill Supply&quot;",
        "00901CEDARMILLSUPP1a2b",
        "••1234</dd>",
        "November 27, 2026",
        "Operating account, ••4410",
        "&quot;INV-2291&quot;",
        "&quot;Claude Desktop&quot;",
    ]
    places = [page.index(words, 0) for words in order]
    assert places == sorted(places)


async def test_texts_of_others_are_quoted_cut_and_hide_nothing(hall: Hall) -> None:
    line = ApprovalLine(label="Payee", value=HOSTILE, third_party=True)
    question, _ = await hall.ask_approval(lines=(line,), agent_name=HOSTILE)
    page = (await hall.enter(question)).text
    shown = re.findall(r'<dd class="quoted"><code>(.*?)</code>', page)
    assert len(shown) == 2
    assert r"&quot;Acme\u202e &lt;b&gt;\&quot;Ltd\&quot;" in shown[0]
    assert r"\n\u200bx" in shown[0]
    assert shown[0].endswith("x…&quot;")
    assert "<b>&quot;Ltd" not in page
    assert "\u202e" not in page
    assert max(len(html.unescape(each)) for each in shown) == 82  # with the marks
    assert page.index("First payment to this vendor.") < page.index("Acme")


async def test_no_text_of_others_gets_above_the_warnings_by_its_label(
    hall: Hall,
) -> None:
    line = ApprovalLine(label="Organization", value="Mallory & Sons", third_party=True)
    question, _ = await hall.ask_approval(lines=(line,))
    page = (await hall.enter(question)).text
    assert page.index("First payment to this vendor.") < page.index("Mallory")


async def test_an_organization_without_a_line_is_named_by_its_key(hall: Hall) -> None:
    question, _ = await hall.ask_approval(lines=(), reasons=(), cents=None)
    page = (await hall.enter(question)).text
    assert "production|00801PACIFICTIMBER" in page
    assert "Look at this first" not in page
    assert 'class="amount"' not in page


async def test_a_wrong_passphrase_says_how_many_tries_are_left_and_then_how_long(
    hall: Hall,
) -> None:
    await appoint(hall)
    question, approval = await hall.ask_approval()
    await hall.enter(question)
    for left in ("4 tries", "3 tries", "2 tries", "1 try"):
        page = await hall.press("approve", **WRONG)
        assert "<title>Error: Approve this call?" in page.text
        assert f"{left} left." in page.text
        assert f'value="{APPROVER}"' in page.text
        assert "canary" not in page.text
    for fields in (WRONG, RIGHT):
        page = await hall.press("approve", **fields)
        assert "for 15 minutes, until" in page.text
    assert await hall.state_of(approval) is State.WAITING
    assert hall.desk.state(question.id) is Asked.ENTERED
    page = await hall.press("deny")
    assert "<h1>Denied</h1>" in page.text


async def test_a_name_that_nobody_has_approves_nothing(hall: Hall) -> None:
    await appoint(hall)
    question, approval = await hall.ask_approval()
    await hall.enter(question)
    page = await hall.press("approve", approver="mallory", passphrase=PASSPHRASE)
    assert "don&#x27;t fit together" in page.text
    assert await hall.state_of(approval) is State.WAITING


async def test_fields_that_are_missing_are_named_and_count_as_no_try(
    hall: Hall,
) -> None:
    await appoint(hall)
    question, approval = await hall.ask_approval()
    await hall.enter(question)
    page = await hall.press("approve", approver=" ")
    assert 'href="#approver"' in page.text
    assert 'href="#passphrase"' in page.text
    assert 'aria-describedby="passphrase-hint passphrase-fault"' in page.text
    standing = await hall.approving.approvers.standing(APPROVER, hall.clock.now())
    assert standing.tries_left == 5
    assert await hall.state_of(approval) is State.WAITING


async def test_denying_and_not_now_need_no_passphrase(hall: Hall) -> None:
    await appoint(hall)
    denied, first = await hall.ask_approval()
    await hall.enter(denied)
    page = await hall.press("deny")
    assert "<h1>Denied</h1>" in page.text
    assert await hall.state_of(first) is State.DENIED
    assert await hall.desk.ending(denied) is Asked.ANSWERED
    left, second = await hall.ask_approval(binding="c" * 64)
    await hall.enter(left)
    page = await hall.press("cancel")
    assert "Closed without a decision" in page.text
    assert await hall.state_of(second) is State.CANCELLED
    assert await hall.desk.ending(left) is Asked.CLOSED
    assert (await hall.browser.get(hall.form)).status_code == 404


async def test_nothing_is_decided_twice_by_buttons_pressed_twice_or_going_back(
    hall: Hall,
) -> None:
    await appoint(hall)
    question, approval = await hall.ask_approval()
    await hall.enter(question)
    told: list[str] = []

    async def press(button: str) -> None:
        told.append((await hall.press(button, **RIGHT)).text)

    async with anyio.create_task_group() as tasks:
        for button in ("approve", "approve", "deny", "cancel"):
            tasks.start_soon(press, button)
    decided = await hall.state_of(approval)
    assert decided is not State.WAITING
    for button in ("approve", "deny", "cancel", "nothing"):
        await hall.press(button, **RIGHT)
        assert await hall.state_of(approval) is decided
    assert len(told) == 4


async def test_after_approving_no_button_takes_it_back(hall: Hall) -> None:
    await appoint(hall)
    question, approval = await hall.ask_approval()
    await hall.enter(question)
    await hall.press("approve", **RIGHT)
    for button in ("deny", "cancel", "approve"):
        page = await hall.press(button, **WRONG)
        assert "<h1>Approved</h1>" in page.text
    assert await hall.state_of(approval) is State.GRANTED
    standing = await hall.approving.approvers.standing(APPROVER, hall.clock.now())
    assert standing.tries_left == 5


async def test_a_decision_in_a_terminal_is_shown_and_ends_the_waiting(
    hall: Hall,
) -> None:
    await appoint(hall)
    open_page, first = await hall.ask_approval()
    await hall.enter(open_page)
    for decide in (True, False):
        unopened, other = await hall.ask_approval(binding=str(decide))
        await hall.approving.approvals.decide(
            other.id, grant=decide, by=APPROVER, via=Via.TERMINAL
        )
        await decided_elsewhere.look(hall.desk, hall.approving.approvals)
        assert await hall.desk.ending(unopened) is Asked.ANSWERED
    await hall.approving.approvals.cancel(first.id, via=Via.TERMINAL)
    page = await hall.browser.get(hall.form)
    assert "Closed without a decision" in page.text
    await decided_elsewhere.look(hall.desk, hall.approving.approvals)
    assert await hall.desk.ending(open_page) is Asked.CLOSED


async def test_what_still_waits_goes_on_waiting_at_each_look(hall: Hall) -> None:
    question, _ = await hall.ask_approval()
    await decided_elsewhere.look(hall.desk, hall.approving.approvals)
    assert hall.desk.state(question.id) is Asked.OPEN


async def test_the_form_closes_when_the_approval_expires(hall: Hall) -> None:
    await appoint(hall)
    question, approval = await hall.ask_approval()
    await hall.enter(question)
    hall.clock.advance(10 * 60)
    answer = await hall.press("approve", **RIGHT)
    assert answer.status_code == 404
    assert await hall.state_of(approval) is State.EXPIRED


async def test_a_question_of_another_agent_or_profile_shows_and_decides_nothing(
    hall: Hall,
) -> None:
    await appoint(hall)
    _, approval = await hall.ask_approval()
    for other in ({"agent": "b"}, {"profile": "other"}):
        question = hall.ask(Purpose.APPROVAL, subject=approval.id, **other)
        page = await hall.enter(question)
        assert "There is nothing to approve here" in page.text
        assert "Cedar Mill" not in page.text
        assert hall.desk.state(question.id) is Asked.CLOSED
    assert await hall.state_of(approval) is State.WAITING


async def test_a_row_that_another_program_wrote_is_void(hall: Hall) -> None:
    await appoint(hall)
    question, approval = await hall.ask_approval()
    path = hall.folder.parent / "journal.sqlite"
    with sqlite3.connect(path) as written:
        written.execute("UPDATE approvals SET agent = 'a' WHERE id = ?", (approval.id,))
    written.close()
    page = await hall.enter(question)
    assert "changed by another program" in page.text
    assert "<form" not in page.text


async def test_without_approvers_the_page_says_how_to_have_one(hall: Hall) -> None:
    question, approval = await hall.ask_approval()
    page = await hall.enter(question)
    assert "bill-mcp approver add" in page.text
    assert 'value="approve"' not in page.text
    await hall.press("approve", **RIGHT)
    assert await hall.state_of(approval) is State.WAITING
    await appoint(hall)
    page = await hall.browser.get(hall.form)
    assert 'value="approve"' in page.text


async def test_the_form_of_a_code_approves_nothing(hall: Hall) -> None:
    await appoint(hall)
    _, approval = await hall.ask_approval()
    code = hall.ask(
        Purpose.MFA, agent="agent", profile="pacific-timber", subject=approval.id
    )
    await hall.enter(code)
    page = await hall.press("approve", **RIGHT)
    assert "Confirm it is you" in page.text
    assert await hall.state_of(approval) is State.WAITING


async def test_every_field_is_labelled_and_nothing_is_filled_in_by_the_browser(
    hall: Hall,
) -> None:
    await appoint(hall)
    question, _ = await hall.ask_approval()
    page = (await hall.enter(question)).text
    assert '<label for="approver">' in page
    assert '<label for="passphrase">' in page
    [passphrase] = re.findall(r'<input id="passphrase"[^>]*>', page)
    assert 'type="password"' in passphrase
    assert 'autocomplete="off"' in passphrase
    assert "value=" not in passphrase
    assert '<form method="post" autocomplete="off">' in page
    buttons = re.findall(r'<button name="do" value="(\w+)"[^>]*>([^<]*)', page)
    assert buttons == [
        ("approve", "Approve in production"),
        ("deny", "Deny"),
        ("cancel", "Not now"),
    ]


async def test_who_has_the_link_and_the_id_opens_no_form(hall: Hall) -> None:
    await appoint(hall)
    question, approval = await hall.ask_approval()
    fields = {"do": "approve", **RIGHT}
    for path in (
        f"/q/{question.id}",
        f"/q/{question.id}/{approval.id}",
        f"/q/{approval.id}",
        f"/q/{approval.id}/{question.id}",
    ):
        answers = [
            await hall.browser.get(path),
            await hall.browser.post(path, data=fields, headers=OWN),
        ]
        assert not any("<form" in answer.text for answer in answers)
    assert await hall.state_of(approval) is State.WAITING


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Takes the table away from under the processes that use it."""
    for before, after in (("approvals", "hidden"), ("hidden", "approvals")):
        connection = sqlite3.connect(path)
        connection.execute(f"ALTER TABLE {before} RENAME TO {after}")
        connection.close()
        if after == "hidden":
            yield


async def test_a_file_that_cannot_be_read_is_told_and_decides_nothing(
    hall: Hall, tmp_path: Path
) -> None:
    await appoint(hall)
    question, approval = await hall.ask_approval()
    with unreadable(tmp_path / "journal.sqlite"):
        page = await hall.enter(question)
        assert "<h1>Not readable now</h1>" in page.text
    page = await hall.browser.get(hall.form)
    assert "Approve this call?" in page.text
    with unreadable(tmp_path / "journal.sqlite"):
        for button in ("approve", "deny", "cancel"):
            page = await hall.press(button, **RIGHT)
            assert "can&#x27;t be read now" in page.text
        await decided_elsewhere.look(hall.desk, hall.approving.approvals)
    assert hall.desk.state(question.id) is Asked.ENTERED
    assert await hall.state_of(approval) is State.WAITING
    page = await hall.press("approve", **RIGHT)
    assert "<h1>Approved</h1>" in page.text
