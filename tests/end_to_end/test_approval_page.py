"""An approver in a real Chromium approves one call; an agent with links approves none.

`support.browser` says how the picture of the documentation is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from support.approving import (
    APPROVER,
    HOSTILE,
    PASSPHRASE,
    WANTED,
    approving,
    wanted,
)
from support.assembly import agent, assemble
from support.browser import Person, needs_chromium
from support.upstream import Upstream

from bill_mcp.clock import SystemClock
from bill_mcp.errors import RefusedError
from bill_mcp.mcp_face.page_host import PageHost
from bill_mcp.pages.questions import Question
from bill_mcp.pages.questions import State as Asked
from bill_mcp.pages.serving import PageServer
from bill_mcp.pages.ticket_files import TicketFolder
from bill_mcp.records.approvals import Approval, ApprovalLine, State, Via
from bill_mcp.records.approvers import Voucher
from bill_mcp.secret import Secret

PATIENCE_S = 20
SCREEN = {"DISPLAY": ":0"}
TITLE = "Approve this call? (Production)"


class Stage:
    """The pages of a server, and the records that it shares with other processes."""

    def __init__(self, home: Path, portal: BlockingPortal) -> None:
        self.clock, self.portal = SystemClock(), portal
        self.folder = TicketFolder(home / "tickets")
        self.file, self.approving = approving(home / "journal.sqlite", self.clock)
        built = assemble(Upstream()).dispatcher
        settings = replace(built.settings, home=home)
        self.host = PageHost(
            replace(built, settings=settings), self.clock, approving=self.approving
        )
        self.agent = agent()
        self.appoint(APPROVER)

    def appoint(self, name: str, *, voucher: Voucher | None = None) -> None:
        add = partial(self.approving.approvers.add, voucher=voucher)
        self.portal.call(add, name, Secret(PASSPHRASE), self.clock.now())

    def ask(self, **changes: Any) -> tuple[Question, PageServer, Approval]:
        """What a server does for a call that waits."""
        approval = self.portal.call(self.approving.approvals.ask, wanted(**changes))
        asking = partial(self.host.ask_for_approval, self.agent, approval.id)
        return (*self.portal.call(asking), approval)

    def state(self, approval: Approval) -> State:
        found = self.portal.call(self.approving.approvals.find, approval.id)
        assert found is not None
        return found.state

    def tries_left(self) -> int:
        standing = self.approving.approvers.standing
        return self.portal.call(standing, APPROVER, self.clock.now()).tries_left

    def ending(self, question: Question) -> Asked:
        """What a waiting call learns."""
        waiting = self.portal.start_task_soon(self.host.desk.ending, question)
        return waiting.result(PATIENCE_S)

    def enter(
        self, question: Question, server: PageServer, launch: Callable[[str], bool]
    ) -> None:
        """Do what ``bill-mcp open`` does."""
        opening = partial(
            server.open_in_browser, question, launch=launch, variables=SCREEN
        )
        assert self.portal.call(opening)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with start_blocking_portal() as portal:
        stage = Stage(tmp_path, portal)
        serving = portal.start_task_soon(stage.host.run)
        yield stage
        serving.cancel()
        portal.call(stage.file.close)


def opened(stage: Stage, person: Person, **changes: Any) -> tuple[Question, Approval]:
    """A call that waits, whose form *person* has in front of them."""
    question, server, approval = stage.ask(**changes)
    stage.enter(question, server, person.go)
    person.await_title(TITLE)
    return question, approval


def typed(person: Person, passphrase: str = PASSPHRASE) -> None:
    person.fill({"approver": APPROVER, "passphrase": passphrase})


@needs_chromium
def test_an_approver_reads_what_will_be_sent_and_approves_it(
    stage: Stage, someone: Person
) -> None:
    question, approval = opened(stage, someone)
    seen = someone.text()
    assert "PRODUCTION" in seen
    assert "Real money" in seen
    assert question.phrase in seen
    places = [
        seen.index(words)
        for words in ("Pacific Timber", "First payment", "Cedar Mill", "••1234\nAmount")
    ]
    assert places == sorted(places)
    typed(someone, "canary-wrong-passphrase")
    someone.press("approve")
    someone.await_title("Error: Approve this call?")
    assert someone.focused().get_attribute("role") == "alert"
    assert "4 tries left" in someone.text()
    assert "canary" not in someone.browser.page_source
    assert stage.state(approval) is State.WAITING
    typed(someone)
    someone.press("approve")
    someone.await_title("Approved (Production)")
    assert f"Decided by\n{APPROVER}" in someone.text()
    assert stage.ending(question) is Asked.ANSWERED
    assert stage.state(approval) is State.GRANTED
    assert not stage.folder.waiting(stage.clock.now())


@needs_chromium
@pytest.mark.parametrize(
    ("button", "title", "ended", "state"),
    [
        ("deny", "Denied (Production)", Asked.ANSWERED, State.DENIED),
        ("cancel", "Closed without", Asked.CLOSED, State.CANCELLED),
    ],
)
def test_denying_and_not_now_take_no_passphrase(
    stage: Stage,
    someone: Person,
    button: str,
    title: str,
    ended: Asked,
    state: State,
) -> None:
    question, approval = opened(stage, someone)
    someone.press(button)
    someone.await_title(title)
    assert stage.ending(question) is ended
    assert stage.state(approval) is state


@needs_chromium
def test_by_keyboard_alone_and_without_scripts(stage: Stage, someone: Person) -> None:
    question, server, approval = stage.ask()
    stage.appoint("lee", voucher=Voucher(name=APPROVER, passphrase=Secret(PASSPHRASE)))
    someone.scripts(allowed=False)
    stage.enter(question, server, someone.go)
    someone.await_title("Opening the form")
    someone.keys(Keys.TAB, Keys.ENTER)
    someone.await_title(TITLE)
    someone.keys(Keys.TAB)
    assert someone.focused().get_attribute("name") == "approver"
    someone.keys(APPROVER, Keys.TAB)
    assert someone.focused().get_attribute("name") == "passphrase"
    someone.keys(Keys.TAB, Keys.TAB)
    assert someone.focused().get_attribute("value") == "deny"
    someone.keys(Keys.SHIFT + Keys.TAB, Keys.SHIFT + Keys.TAB)
    someone.keys(PASSPHRASE, Keys.ENTER)
    someone.await_title("Approved (Production)")
    assert stage.state(approval) is State.GRANTED


@needs_chromium
def test_a_screen_reader_finds_warnings_fields_and_buttons_by_name(
    stage: Stage, someone: Person
) -> None:
    opened(stage, someone)
    someone.browser.execute_cdp_cmd("Accessibility.enable", {})
    nodes = someone.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    told = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"]
    ]
    for part in (
        ("heading", "Approve this call?"),
        ("region", "Look at this first"),
        ("region", "What will be done"),
        ("textbox", "Your name as an approver"),
        ("textbox", "Your passphrase"),
        ("button", "Approve in production"),
        ("button", "Deny"),
        ("button", "Not now"),
    ):
        assert part in told
    read = [name for role, name in told if role == "StaticText"]
    assert read.index("First payment to this vendor.") < read.index(
        '"Cedar Mill Supply"'
    )


@needs_chromium
def test_pressing_twice_reloading_and_going_back_decide_nothing_twice(
    stage: Stage, someone: Person
) -> None:
    question, approval = opened(stage, someone)
    typed(someone)
    button = someone.browser.find_element(By.CSS_SELECTOR, "[value=approve]")
    ActionChains(someone.browser).double_click(button).perform()
    someone.await_title("Approved (Production)")
    someone.browser.refresh()
    someone.await_title("Approved (Production)")
    someone.browser.back()
    someone.browser.refresh()
    someone.await_title("Approved (Production)")
    assert stage.state(approval) is State.GRANTED
    assert stage.tries_left() == 5
    again, _, _ = stage.ask()
    assert again.id != question.id


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_a_narrow_screen_whatever_others_wrote(
    stage: Stage, someone: Person, dark: bool
) -> None:
    line = ApprovalLine(label="Payee", value=HOSTILE * 9, third_party=True)
    someone.look(width=320, dark=dark)
    opened(
        stage,
        someone,
        lines=(line, *WANTED.lines),
        title="x" * 200,
        reasons=("y" * 200,),
    )
    assert someone.fits()
    assert "\u202e" not in someone.browser.page_source
    assert r"Acme\u202e <b>\"Ltd\"</b>\n\u200b" in someone.text()
    someone.picture(f"{'dark' if dark else 'narrow'}-approval")


@needs_chromium
def test_a_decision_in_a_terminal_ends_the_waiting_and_the_form(
    stage: Stage, someone: Person, tmp_path: Path
) -> None:
    question, approval = opened(stage, someone)
    file, terminal = approving(tmp_path / "journal.sqlite", stage.clock)
    decide = terminal.approvals.decide
    stage.portal.call(
        partial(decide, approval.id, grant=False, by=APPROVER, via=Via.TERMINAL)
    )
    stage.portal.call(file.close)
    assert stage.ending(question) is Asked.ANSWERED
    typed(someone)
    someone.press("approve")
    someone.await_title("Denied (Production)")
    assert stage.state(approval) is State.DENIED


def test_each_approval_has_a_question_and_a_form_of_its_own(stage: Stage) -> None:
    first, server, one = stage.ask()
    second, _, other = stage.ask(binding="c" * 64)
    same, _, _ = stage.ask()
    assert same == first
    assert (first.subject, second.subject) == (one.id, other.id)
    tickets = {t.id: t for t in stage.folder.waiting(stage.clock.now())}
    assert set(tickets) == {first.id, second.id}
    swapped = {"question": second.id, "ticket": tickets[first.id].ticket}
    with httpx.Client(trust_env=False) as curl:
        answer = curl.post(
            f"{server.address}/enter", data=swapped, headers={"origin": "null"}
        )
    assert answer.status_code == 404


def test_an_agent_that_holds_every_link_and_even_the_passphrase_approves_nothing(
    stage: Stage,
) -> None:
    question, server, approval = stage.ask()
    link, address = server.url_of(question), server.address
    origins: tuple[dict[str, str], ...] = (
        {},
        {"origin": "null"},
        {"origin": address},
        {"origin": address, "sec-fetch-site": "same-origin"},
    )
    fields = {
        "question": question.id,
        "do": "approve",
        "approver": APPROVER,
        "passphrase": PASSPHRASE,
        "csrf": "0" * 64,
    }
    cookie = {"cookie": f"bill_mcp_question={approval.id}"}
    seen = []
    with httpx.Client(trust_env=False) as curl:
        for path in (
            link,
            f"{link}/{approval.id}",
            f"{link}/{question.id}",
            f"{address}/q/{approval.id}",
            f"{address}/q/{approval.id}/{approval.id}",
        ):
            for origin in origins:
                seen += [
                    curl.get(path, headers=origin),
                    curl.post(path, data=fields, headers=origin),
                    curl.post(path, data=fields | {"do": "deny"}, headers=origin),
                ]
            seen.append(curl.get(path, headers=cookie))
        for guess in ("", approval.id, question.id, question.phrase, PASSPHRASE):
            data = fields | {"ticket": guess}
            seen.append(
                curl.post(f"{address}/enter", data=data, headers={"origin": "null"})
            )
        assert stage.portal.call(stage.host.desk.state, question.id) is Asked.CLOSED
        seen.append(curl.get(link, headers=cookie))
    assert not any("<form" in answer.text for answer in seen)
    assert not any("set-cookie" in answer.headers for answer in seen)
    assert stage.state(approval) is State.WAITING
    assert stage.tries_left() == 5


def test_another_agents_approval_is_not_asked_for(stage: Stage) -> None:
    _, _, approval = stage.ask()
    stranger = agent(key="stranger")
    with pytest.raises(RefusedError) as refused:
        stage.portal.call(stage.host.ask_for_approval, stranger, approval.id)
    assert refused.value.code == "approval_unknown"
