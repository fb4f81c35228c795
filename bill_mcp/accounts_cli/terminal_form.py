"""The questions of a login in a terminal: the pages' own steps, without a browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from bill_mcp.accounts_cli.screen import Screen, show_environment
from bill_mcp.pages import mfa_pages
from bill_mcp.pages.forms import CODE_DIGITS, DEVICE, FIELDS
from bill_mcp.pages.layout import ABOUT
from bill_mcp.pages.login_pages import KINDS
from bill_mcp.pages.markup import foreign
from bill_mcp.pages.questions import Purpose
from bill_mcp.pages.visits import Step, Visit

STOPPED = (
    "Stopped, so that BILL does not lock you out. Check the account in BILL's web app "
    "first, then run the command again."
)


class Run(Protocol):
    """Runs something of the visit to its end, as a blocking portal does."""

    def __call__(
        self, step: Callable[..., Awaitable[None]], /, *arguments: Any
    ) -> None: ...


class TerminalForm:
    """Takes one visit through its steps.

    Questions are asked outside the event loop, so that Ctrl-C ends them at once and
    the terminal shows again what is typed.
    """

    def __init__(self, visit: Visit, screen: Screen, run: Run) -> None:
        self._visit, self._screen, self._run = visit, screen, run
        self._shown = False

    def fill_in(self) -> bool:
        """Whether the person came to the end."""
        while True:
            self._run(self._visit.prepare)
            self._tell_problems()
            form: Mapping[str, str] | None
            match self._visit.step:
                case Step.CHOOSE:
                    form = self._choose()
                case Step.SIGN_IN:
                    form = self._sign_in()
                case Step.MFA:
                    form = self._mfa()
                case Step.KEEP:
                    again = self._screen.agree("Store again?")
                    form = {"do": "keep"} if again else None
                case Step.DONE:
                    return True
                case Step.STOPPED:
                    self._screen.say(STOPPED)
                    form = None
            if form is None:
                return False
            self._run(self._visit.act, form)

    def _tell_problems(self) -> None:
        visit = self._visit
        for words in (visit.told, *visit.faults.values()):
            if words:
                self._screen.say(f"! {words}", "yellow")
        visit.error = None

    def _choose(self) -> Mapping[str, str]:
        visit, screen = self._visit, self._screen
        form = {"do": "choose"}
        if len(visit.offered) > 1:
            offered = {str(each): ABOUT[each] for each in visit.offered}
            form["environment"] = screen.choice("Which BILL?", offered)
        kinds = {str(kind): words for kind, words in KINDS.items()}
        form["kind"] = screen.choice("What kind of account?", kinds)
        return form

    def _sign_in(self) -> Mapping[str, str]:
        visit, screen = self._visit, self._screen
        if visit.kind is None or visit.environment is None:
            raise AssertionError("the step before this one asks for both")
        show_environment(screen, visit.environment)
        form = {"do": "sign_in"}
        for field in FIELDS[visit.kind]:
            if field.hint:
                screen.say(field.hint, "dim")
            if field.secret:
                form[field.name] = screen.hidden(field.label)
            else:
                form[field.name] = screen.line(
                    field.label, foreign(visit.typed.get(field.name, ""))
                )
        return form

    def _mfa(self) -> Mapping[str, str] | None:
        visit, screen = self._visit, self._screen
        if visit.is_locked:
            screen.say(mfa_pages.LOCKED)
            if visit.locked_until is not None:
                screen.say(f"Try again from {mfa_pages.time_of(visit.locked_until)}.")
            return self._leave()
        if visit.needs_phone:
            screen.say(mfa_pages.NO_PHONE)
            return self._leave()
        if visit.text_sent is None:
            return self._text()
        return self._code()

    def _text(self) -> Mapping[str, str] | None:
        if not self._shown and self._visit.environment is not None:
            show_environment(self._screen, self._visit.environment)
            self._screen.say(mfa_pages.WHY)
            self._shown = True
        for phone in self._visit.phones or ():
            shown = foreign(f"{phone.type.capitalize()} ending in {phone.last4}")
            self._screen.say(f"Your phone: {shown}")
        if self._screen.agree("Send me a code now?"):
            return {"do": "text"}
        return self._leave()

    def _code(self) -> Mapping[str, str] | None:
        visit, screen = self._visit, self._screen
        code = screen.hidden(f"Code of {CODE_DIGITS} digits, or Enter if none came")
        if not code.strip():
            if screen.agree("Send another code?"):
                return {"do": "text"}
            return self._leave()
        form = {"do": "confirm", "code": code}
        form["remember"] = visit.typed.get("remember", "")
        if "remember" not in visit.typed and (
            visit.question.purpose is Purpose.MFA
            or screen.agree(f"{mfa_pages.REMEMBER}?")
        ):
            form["remember"] = "yes"
        if form["remember"]:
            known = visit.typed.get("device", "")
            ask = "device" in visit.faults or not known
            form["device"] = (
                screen.line("Name of this device", DEVICE) if ask else known
            )
        return form

    def _leave(self) -> Mapping[str, str] | None:
        """Go on without payments, where that is possible."""
        if self._visit.question.purpose is Purpose.MFA:
            return None
        wanted = self._screen.agree(f"{mfa_pages.SKIP}?")
        return {"do": "skip"} if wanted else None
