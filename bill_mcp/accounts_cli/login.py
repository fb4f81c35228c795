"""``bill-mcp login``: a page in the browser, or the same questions in the terminal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from bill_mcp import logs
from bill_mcp.accounts_cli import showing
from bill_mcp.accounts_cli.screen import TerminalScreen, need_terminal
from bill_mcp.accounts_cli.terminal_form import TerminalForm
from bill_mcp.clock import SystemClock
from bill_mcp.connecting import Connecting, NothingToKeep, account_of, place_of
from bill_mcp.environments import Environment
from bill_mcp.errors import BillMcpError, CallError, ConfigError
from bill_mcp.pages.bill_connector import BillConnector
from bill_mcp.pages.connect_visits import connect_visits
from bill_mcp.pages.connecting import Account, MfaStatus
from bill_mcp.pages.explaining import for_person
from bill_mcp.pages.questions import Purpose, Question, State
from bill_mcp.pages.serving import page_server
from bill_mcp.pages.tickets import OPEN_MINUTES, Desk
from bill_mcp.pages.visits import Step, Visit
from bill_mcp.sessions.profiles import read_profiles
from bill_mcp.settings import Settings, resolve
from bill_mcp.settings_places import Place

DONE, NOT_DONE = 0, 1
LAST_PAGE_S = 3.0
"""How long the pages outlive the answer, so that the browser gets the last one."""

NO_BROWSER = "No browser can be opened here, so the questions come in this terminal."


class _NoCodeNeededError(Exception):
    """BILL trusts the account as it is."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a person is asked.

    Attributes:
        account: Set where only a code is asked for: the account that needs it.
    """

    connecting: Connecting
    title: str
    account: Account | None = None

    @property
    def purpose(self) -> Purpose:
        return Purpose.LOGIN if self.account is None else Purpose.MFA

    @property
    def environment(self) -> Environment | None:
        offered = self.connecting.place.offered
        return offered[0] if len(offered) == 1 else None

    async def begin(self) -> BillConnector:
        """The way to BILL, signed in where only a code is asked for."""
        if self.account is None:
            return self.connecting.connector()
        connector = self.connecting.connector(NothingToKeep())
        try:
            connected = await connector.sign_in(self.account)
            if connected.mfa in {MfaStatus.TRUSTED, MfaStatus.OFF}:
                raise _NoCodeNeededError
        except BaseException:
            await connector.aclose()
            raise
        return connector


def connect(place: Place, *, in_terminal: bool) -> int:
    """Have a person connect an account; the exit code of the command."""
    screen, connecting = TerminalScreen(), _start(place, in_terminal=in_terminal)
    known = read_profiles(place.home).profiles.get(place.profile)
    if known is not None:
        screen.say(
            f"The profile {place.profile} is connected already: {known.environment}, "
            f"{known.username or known.kind}. What you connect now takes its place."
        )
    asked = _Asked(connecting=connecting, title="Connect a BILL account")
    if not _answered(asked, screen, in_terminal=in_terminal):
        screen.say("Nothing was connected, and nothing was stored.")
        return NOT_DONE
    screen.say("Your account is connected.", "green")
    showing.show_one(place.profile)
    screen.say(f"Start your agent's server with: {_serve(place)}")
    return DONE


def make_trusted(settings: Settings, *, in_terminal: bool) -> int:
    """Have a person give a code for an account that is connected already."""
    screen = TerminalScreen()
    connecting = _start(place_of(settings, os.environ), in_terminal=in_terminal)
    account = account_of(settings, connecting.open_vault(), os.environ)
    connecting.live.add(account.credentials.secrets())
    asked = _Asked(
        connecting=connecting, title="Confirm with a code from BILL", account=account
    )
    try:
        if not _answered(asked, screen, in_terminal=in_terminal):
            screen.say("No code was confirmed, and nothing was stored.")
            return NOT_DONE
    except _NoCodeNeededError:
        screen.say("BILL asks for no code: it trusts this account already.", "green")
    except CallError as error:
        screen.say(for_person(error), "yellow")
        return NOT_DONE
    else:
        screen.say("Confirmed.", "green")
    if account.credentials.remember_me_id is not None:
        return DONE
    found = anyio.run(connecting.remembering.find, account.credentials)
    if found is None:
        screen.say("It is not remembered: the next session will need a code again.")
    else:
        screen.say(f"Remembered until {showing.day(found.until)}.")
    return DONE


def _start(place: Place, *, in_terminal: bool) -> Connecting:
    """Make sure, before a person types anything, that it can be asked and stored."""
    if in_terminal:
        need_terminal()
    connecting = Connecting(place, SystemClock())
    logs.configure("error", connecting.live)
    anyio.run(connecting.check_vault)
    return connecting


def _serve(place: Place) -> str:
    """What serves the account that was connected, from the same shell."""
    try:
        taken = resolve({}).profile
    except ConfigError:
        taken = None
    named = "" if place.profile == taken else f" --profile {place.profile}"
    return f"bill-mcp serve{named}"


def _answered(asked: _Asked, screen: TerminalScreen, *, in_terminal: bool) -> bool:
    if not in_terminal:
        answered = anyio.run(_in_browser, asked, screen)
        if answered is not None:
            return answered
        screen.say(NO_BROWSER)
        need_terminal()
    with start_blocking_portal() as portal:
        return _in_terminal(asked, screen, portal)


def _in_terminal(asked: _Asked, screen: TerminalScreen, portal: BlockingPortal) -> bool:
    place, clock = asked.connecting.place, asked.connecting.clock
    connector = portal.call(asked.begin)
    question = Question(
        id="terminal",
        purpose=asked.purpose,
        agent="terminal",
        agent_name="terminal",
        profile=place.profile,
        title=asked.title,
        environment=asked.environment,
        phrase="",
        expires=clock.now() + timedelta(minutes=OPEN_MINUTES),
    )
    visit = portal.call(
        partial(
            Visit,
            question=question,
            connector=connector,
            offered=place.offered,
            clock=clock,
            remembers=asked.account is not None,
        )
    )
    screen.say(f"{asked.title}: profile {place.profile}. Ctrl-C cancels.", "bold")
    try:
        return TerminalForm(visit, screen, portal.call).fill_in()
    except (KeyboardInterrupt, EOFError):
        screen.say()
        return visit.step is Step.DONE
    finally:
        portal.call(connector.aclose)


async def _in_browser(asked: _Asked, screen: TerminalScreen) -> bool | None:
    """Whether the person answered; None where there is no browser to ask them in."""
    connecting = asked.connecting
    connector = await asked.begin()
    desk = Desk(connecting.place.home / "tickets", connecting.clock)
    failure: BillMcpError | None = None
    answered: bool | None = None
    try:
        async with page_server(
            desk,
            connect_visits(
                lambda _: connector,
                offered=connecting.place.offered,
                clock=connecting.clock,
                remembers=asked.account is not None,
            ),
            clock=connecting.clock,
        ) as server:
            try:
                question = desk.open(
                    asked.purpose,
                    agent="login",
                    agent_name="bill-mcp login",
                    profile=connecting.place.profile,
                    title=asked.title,
                    environment=asked.environment,
                )
                if await server.open_in_browser(question):
                    answered = await _ended(desk, question, screen)
            except BillMcpError as error:
                failure = error  # raised here it would come out in a group
            if answered:
                await connecting.clock.sleep(LAST_PAGE_S)
    finally:
        await connector.aclose()
    if failure is not None:
        raise failure
    return answered


async def _ended(desk: Desk, question: Question, screen: TerminalScreen) -> bool:
    screen.say("Your browser opens a form. Go on only if it shows the same four words:")
    screen.say(f"\n    {question.phrase}\n", "bold")
    screen.say(
        "If no page comes up, run `bill-mcp open` in another terminal. The form waits "
        f"for {OPEN_MINUTES} minutes; Ctrl-C cancels."
    )
    return await desk.ending(question) is State.ANSWERED
