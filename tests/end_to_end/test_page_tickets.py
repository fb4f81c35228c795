"""A form opens to its ticket, once; an agent with links and ports gets nowhere."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from selenium.webdriver.common.by import By
from support.browser import Person, needs_chromium
from support.connecting_stage import ACCOUNT, ConnectingStage, connecting_stage

from bill_mcp.pages.questions import State


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ConnectingStage]:
    with connecting_stage(tmp_path) as stage:
        yield stage


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


@needs_chromium
def test_the_cookie_goes_to_no_path_and_port_that_an_agent_can_name(
    stage: ConnectingStage,
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
    stage: ConnectingStage,
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
    stage: ConnectingStage,
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
    stage: ConnectingStage, tmp_path: Path
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
