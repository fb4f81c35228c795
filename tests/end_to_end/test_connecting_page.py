"""A person in a real Chromium connects an account.

`support.browser` says how the pictures of the documentation are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from support.browser import Person, needs_chromium
from support.connecting_stage import ACCOUNT, ConnectingStage, connecting_stage

from bill_mcp.environments import Environment
from bill_mcp.pages.questions import Purpose, State
from bill_mcp.simulator import credentials as demo

WRONG = "a-wrong-password"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ConnectingStage]:
    with connecting_stage(tmp_path) as stage:
        yield stage


@needs_chromium
def test_a_person_connects_an_account_with_a_code_and_it_is_remembered(
    stage: ConnectingStage,
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
    stage: ConnectingStage, someone: Person
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
    stage: ConnectingStage,
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
    stage: ConnectingStage, someone: Person
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
def test_three_wrong_codes_pause_the_page(
    stage: ConnectingStage, someone: Person
) -> None:
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
    stage: ConnectingStage, someone: Person, dark: bool
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
