"""A person in a real Chromium connects an account; an agent with links gets nowhere.

`support.browser` says how the pictures of the documentation are made.
"""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from support.browser import Person, needs_chromium

from bill_mcp.app import random_id
from bill_mcp.client.budgets import Budgets
from bill_mcp.client.http import BillClient
from bill_mcp.client.slots import MemorySlots
from bill_mcp.clock import SystemClock
from bill_mcp.environments import EMBEDDED_URL, Environment
from bill_mcp.pages.accounts import Bill, TriedAccount
from bill_mcp.pages.bill_connector import AgentConnector, BillConnector
from bill_mcp.pages.connect_visits import connect_visits
from bill_mcp.pages.connecting import Connector
from bill_mcp.pages.questions import Purpose, Question, State
from bill_mcp.pages.serving import PageServer, page_server
from bill_mcp.pages.ticket_files import TicketFolder
from bill_mcp.pages.tickets import Desk
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions.credentials import Credentials, read
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.vault import MemoryVault
from bill_mcp.simulator import credentials as demo
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.world import World
from bill_mcp.specs import loading

SCREEN = {"DISPLAY": ":0"}
WRONG = "a-wrong-password"


class Stage:
    """The pages in front of a simulated BILL, and what they stored."""

    def __init__(self, home: Path) -> None:
        self.clock = SystemClock()
        self.vault = MemoryVault()
        self.folder = TicketFolder(home / "tickets")
        self.desk = Desk(home / "tickets", self.clock)
        self.world = World.create("demo", None)
        self.kept: list[tuple[str, Credentials, Environment]] = []
        self.portal: BlockingPortal
        self.server: PageServer

    async def keep(
        self,
        profile: str,
        credentials: Credentials,
        environment: Environment,
        base_url: str | None,
    ) -> str:
        self.kept.append((profile, credentials, environment))
        return "the keyring"

    def connector(self, question: Question) -> Connector:
        if question.purpose is Purpose.LOGIN:
            return BillConnector(question.profile, open_bill=self.bill, keeper=self)
        account = TriedAccount(
            self._bill(), read(demo.DEMO_VARIABLES.get), name="agent"
        )
        return AgentConnector(account.call, self.clock)

    @asynccontextmanager
    async def bill(self, environment: Environment) -> AsyncIterator[Bill]:
        bill = self._bill()
        yield bill
        await bill.client.aclose()

    def _bill(self) -> Bill:
        catalogue, app = loading.load(), build_app(self.world)
        client = BillClient(
            EMBEDDED_URL,
            transport=lambda: httpx.ASGITransport(app=app),
            slots=MemorySlots(),
            budgets=Budgets(self.clock),
            codes=catalogue.error_codes,
        )
        return Bill(
            catalogue=catalogue,
            client=client,
            sign_in=SignIn(catalogue, client, clock=self.clock, new_id=random_id),
            clock=self.clock,
            new_id=random_id,
            live=LiveSecrets(),
            remembering=VaultRemembering(lambda: self.vault, self.clock.now),
        )

    def ask(self, purpose: Purpose = Purpose.LOGIN, **more: Any) -> Question:
        ask = partial(
            self.desk.open,
            purpose,
            agent="agent",
            agent_name="Claude Desktop",
            profile="pacific-timber",
            title="Connect a BILL account",
            **more,
        )
        return self.portal.call(ask)

    def state(self, question: Question) -> State:
        return self.portal.call(self.desk.state, question.id)

    def enter(self, question: Question, launch: Callable[[str], bool]) -> bool:
        """Do what ``bill-mcp open`` does."""
        opening = partial(
            self.server.open_in_browser, question, launch=launch, variables=SCREEN
        )
        return self.portal.call(opening)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    with start_blocking_portal() as portal:
        stage.portal = portal
        served = page_server(
            stage.desk,
            connect_visits(
                stage.connector,
                offered=(Environment.SANDBOX, Environment.PRODUCTION),
                clock=stage.clock,
            ),
            clock=stage.clock,
        )
        with portal.wrap_async_context_manager(served) as stage.server:
            yield stage


ACCOUNT = {
    "username": demo.USERNAME,
    "organization_id": demo.ORGANIZATION_ID,
    "password": demo.PASSWORD,
    "dev_key": demo.DEVELOPER_KEY,
}


@needs_chromium
def test_a_person_connects_an_account_with_a_code_and_it_is_remembered(
    stage: Stage,
    someone: Person,
) -> None:
    question = stage.ask()
    assert stage.enter(question, someone.go)
    someone.await_title("Connect a BILL account")
    assert question.phrase in someone.text()
    someone.picture("choose")
    someone.choose("sandbox")
    assert "SANDBOX" in someone.text()
    someone.fill(ACCOUNT)
    someone.picture("login")
    someone.press("sign_in")
    someone.await_title("Confirm it is you")
    assert "ending in" in someone.text()
    someone.press("text")
    someone.await_title("Enter the code")
    someone.named("code").send_keys("654 321")
    someone.picture("mfa")
    someone.press("confirm")
    someone.await_title("Error: Enter the code")
    assert "2 attempts left" in someone.text()
    assert someone.focused().get_attribute("role") == "alert"
    someone.named("code").send_keys("123 456")
    someone.press("confirm")
    someone.await_title("Your account is connected")
    assert "Pacific Timber" in someone.text()
    assert "30 days" in someone.text()
    someone.picture("done")
    assert stage.state(question) is State.ANSWERED
    [(profile, kept, environment)] = stage.kept
    assert (profile, environment) == ("pacific-timber", Environment.SANDBOX)
    assert kept.remember_me_id is not None
    assert kept.device == "bill-mcp"
    assert not list(stage.folder.waiting(stage.clock.now()))


@needs_chromium
def test_the_whole_way_by_keyboard_alone_and_without_scripts(
    stage: Stage, someone: Person
) -> None:
    question = stage.ask()
    someone.scripts(allowed=False)
    stage.enter(question, someone.go)
    someone.await_title("Opening the form")
    someone.keys(Keys.TAB, Keys.ENTER)
    someone.await_title("Connect a BILL account")
    someone.keys(Keys.TAB, Keys.SPACE)
    assert someone.focused().get_attribute("value") == "sandbox"
    someone.keys(Keys.TAB, Keys.SPACE, Keys.ENTER)
    someone.await_title("Sign in to BILL sandbox")
    someone.keys(Keys.TAB)
    for name, value in zip(
        ("username", "password", "organization_id", "dev_key"),
        (demo.USERNAME, WRONG, demo.ORGANIZATION_ID, demo.DEVELOPER_KEY),
        strict=True,
    ):
        assert someone.focused().get_attribute("name") == name
        someone.keys(value, Keys.TAB)
    someone.keys(Keys.ENTER)
    someone.await_title("Error: Sign in")
    assert someone.focused().get_attribute("role") == "alert"
    someone.keys(Keys.TAB, Keys.TAB, demo.PASSWORD, Keys.TAB, Keys.TAB)
    someone.keys(demo.DEVELOPER_KEY, Keys.ENTER)
    someone.await_title("Confirm it is you")
    someone.keys(Keys.TAB, Keys.ENTER)
    someone.await_title("Enter the code")
    assert someone.focused().get_attribute("name") == "code"
    someone.keys("123456", Keys.ENTER)
    someone.await_title("Your account is connected")
    assert stage.state(question) is State.ANSWERED


@needs_chromium
def test_a_wrong_password_is_told_in_words_and_no_secret_stands_in_the_page(
    stage: Stage,
    someone: Person,
) -> None:
    question = stage.ask()
    stage.enter(question, someone.go)
    someone.choose("production")
    assert "Real money" in someone.text()
    someone.fill(ACCOUNT | {"password": WRONG})
    someone.press("sign_in")
    someone.await_title("Error: Sign in to BILL production")
    assert "do not fit together" in someone.text()
    assert "3 tries left" in someone.text()
    someone.picture("error")
    assert someone.named("username").get_attribute("value") == demo.USERNAME
    for secret in (WRONG, demo.DEVELOPER_KEY):
        assert secret not in someone.browser.page_source
    arrived = len(stage.world.log.arrivals)
    someone.fill({"password": WRONG, "dev_key": demo.DEVELOPER_KEY})
    someone.press("sign_in")
    someone.await_title("Error: Sign in")
    assert len(stage.world.log.arrivals) == arrived, "tried twice"
    someone.press("cancel")
    someone.await_title("Cancelled")
    assert stage.state(question) is State.CLOSED
    assert not stage.kept


@needs_chromium
def test_an_agent_that_waits_for_trust_gets_it_after_the_code(
    stage: Stage, someone: Person
) -> None:
    question = stage.ask(Purpose.MFA, environment=Environment.PRODUCTION)
    stage.enter(question, someone.go)
    someone.await_title("Confirm it is you (Production)")
    someone.press("text")
    someone.named("code").send_keys("123456")
    someone.press("confirm")
    someone.await_title("Confirmed")
    assert stage.state(question) is State.ANSWERED


@needs_chromium
def test_three_wrong_codes_pause_the_page(stage: Stage, someone: Person) -> None:
    question = stage.ask(Purpose.MFA, environment=Environment.PRODUCTION)
    stage.enter(question, someone.go)
    someone.await_title("Confirm it is you (Production)")
    someone.press("text")
    someone.await_title("Enter the code")
    for left in (2, 1):
        someone.named("code").send_keys("000000")
        someone.press("confirm")
        assert f"{left} attempt" in someone.text()
    someone.named("code").send_keys("000000")
    someone.press("confirm")
    assert "Too many wrong codes" in someone.text()
    assert not someone.browser.find_elements(By.NAME, "code")
    assert stage.state(question) is State.ENTERED


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_every_page_fits_a_narrow_screen(
    stage: Stage, someone: Person, dark: bool
) -> None:
    question = stage.ask()
    someone.look(width=320, dark=dark)
    look = "dark" if dark else "narrow"
    someone.go(stage.server.url_of(question))
    someone.await_title("A question for you")
    assert someone.fits()
    stage.enter(question, someone.go)
    someone.choose("production")
    assert someone.fits()
    someone.picture(f"{look}-login")
    someone.fill(ACCOUNT)
    someone.press("sign_in")
    someone.press("text")
    someone.await_title("Enter the code")
    assert someone.fits()
    someone.picture(f"{look}-mfa")
    someone.named("code").send_keys("123456")
    someone.press("confirm")
    someone.await_title("Your account is connected")
    assert someone.fits()
    background = someone.browser.execute_script(
        "return getComputedStyle(document.body).backgroundColor"
    )
    assert (background == "rgb(20, 22, 26)") is dark


@needs_chromium
def test_the_cookie_goes_to_no_path_and_port_that_an_agent_can_name(
    stage: Stage,
    someone: Person,
) -> None:
    """Browsers do not tell ports apart; only the unguessable path keeps it private."""
    question = stage.ask()
    with listening() as (port, heard):
        stage.enter(question, someone.go)
        someone.await_title("Connect a BILL account")
        form = someone.browser.current_url
        [cookie] = someone.browser.get_cookies()
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"
        assert form.endswith(cookie["path"])
        someone.go(f"http://127.0.0.1:{port}/q/{question.id}")
        assert heard
        assert "bill_mcp_question" not in heard[0]
        someone.go(stage.server.url_of(question))
        someone.await_title("A question for you")
        assert not someone.browser.find_elements(By.TAG_NAME, "form")
        someone.go(form)
        someone.await_title("Connect a BILL account")
    someone.forget()
    someone.go(form)
    someone.await_title("nothing to answer")


def test_an_agent_that_holds_every_link_opens_no_form_and_changes_nothing(
    stage: Stage,
) -> None:
    question = stage.ask()
    link, address = stage.server.url_of(question), stage.server.address
    hosts: tuple[dict[str, str], ...] = (
        {},
        {"host": "evil.example"},
        {"host": "127.0.0.1"},
    )
    origins: tuple[dict[str, str], ...] = (
        {},
        {"origin": "null"},
        {"origin": address},
        {"origin": address, "sec-fetch-site": "same-origin"},
        {"origin": "https://evil.example"},
    )
    fields = {"question": question.id, "do": "sign_in", **ACCOUNT}
    with httpx.Client(trust_env=False) as curl:
        seen = [curl.get(link, headers=host) for host in hosts]
        assert [answer.status_code for answer in seen] == [200, 403, 403]
        for path in (link, f"{link}/", f"{link}/{question.id}", f"{address}/q/x/y"):
            for origin in origins:
                seen += [
                    curl.get(path, headers=origin),
                    curl.post(path, data=fields, headers=origin),
                    curl.put(path, data=fields, headers=origin),
                ]
        guesses = ("", "A" * 43, question.id, question.phrase)
        for guess, origin in zip(guesses, origins, strict=False):
            data = fields | {"ticket": guess}
            seen.append(curl.post(f"{address}/enter", data=data, headers=origin))
    for answer in seen:
        assert "<form" not in answer.text
        assert "set-cookie" not in answer.headers
    assert stage.state(question) is State.OPEN
    assert not stage.world.log.arrivals
    [ticket] = stage.folder.waiting(stage.clock.now())
    assert not any(ticket.ticket in answer.text for answer in seen)


def test_a_ticket_that_was_used_is_worth_nothing_and_wrong_ones_close_the_question(
    stage: Stage,
) -> None:
    question = stage.ask()
    [ticket] = stage.folder.waiting(stage.clock.now())
    address, origin = stage.server.address, {"origin": "null"}
    with httpx.Client(trust_env=False) as curl:
        data = {"question": question.id, "ticket": ticket.ticket}
        first = curl.post(f"{address}/enter", data=data, headers=origin)
        assert first.status_code == 200
        assert "set-cookie" in first.headers
        refusals = set()
        for _ in range(5):
            again = curl.post(f"{address}/enter", data=data, headers=origin)
            refusals.add((again.status_code, again.text))
        unknown = curl.post(f"{address}/enter", data={}, headers=origin)
    assert refusals == {(404, unknown.text)}
    assert stage.state(question) is State.CLOSED


def test_the_ticket_is_handed_over_in_a_file_that_only_the_user_can_read(
    stage: Stage, tmp_path: Path
) -> None:
    question = stage.ask()
    started: list[str] = []

    def launch(address: str) -> bool:
        started.append(address)
        return True

    assert stage.enter(question, launch)
    [ticket] = stage.folder.waiting(stage.clock.now())
    assert started == [(tmp_path / "tickets" / f"{question.id}.html").as_uri()]
    assert ticket.ticket not in started[0]
    assert (tmp_path / "tickets").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "tickets").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    hidden = re.findall(r'name="ticket" value="([^"]+)"', _read(started[0]))
    assert hidden == [ticket.ticket]


def _read(address: str) -> str:
    return Path(address.removeprefix("file://")).read_text(encoding="utf-8")


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """An agent's own server on another port of this machine: what it is sent."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(str(self.headers))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, heard
        server.shutdown()
