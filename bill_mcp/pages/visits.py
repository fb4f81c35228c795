"""One person's way through the form of one question: where it stands, what comes next.

Every step can be repeated and none runs twice at once: a person presses buttons twice,
reloads and goes back, and BILL must not see any of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import anyio

from bill_mcp.clock import Clock
from bill_mcp.environments import Environment
from bill_mcp.errors import CallError, Outcome, TextLimitError
from bill_mcp.pages import forms
from bill_mcp.pages.connecting import (
    Account,
    Connected,
    Connector,
    Kind,
    MfaStatus,
    Phone,
    Trusted,
)
from bill_mcp.pages.explaining import NOT_REMEMBERED, for_person, lost_code
from bill_mcp.pages.questions import Purpose, Question
from bill_mcp.sessions.credentials import DEVICE

CODE_ATTEMPTS = 3
"""After as many wrong ones BILL takes none for a while; we stop before it does."""

CODE_PAUSE = timedelta(minutes=10)
TEXT_PAUSE = timedelta(minutes=1)
"""As often BILL sends a code."""

SIGN_IN_ATTEMPTS = 4
"""BILL locks an organization after several failed sign-ins; nobody knows how many."""

_WRONG_CODE, _CODE_EXPIRED, _CODES_LOCKED = "BDC_1356", "BDC_1374", "BDC_1358"
_REFUSED = frozenset({"BDC_1101", "BDC_1102", "BDC_1105"})


class Step(StrEnum):
    """Which page is shown."""

    CHOOSE = "choose"
    SIGN_IN = "sign_in"
    MFA = "mfa"
    KEEP = "keep"
    DONE = "done"
    STOPPED = "stopped"


@dataclass
class Visit:
    """What is known so far. Holds no secret: those go straight to the connector.

    Attributes:
        offered: The environments that a person may choose from.
        error: What went wrong last, in words.
        faults: What is wrong with which field, in words.
        typed: What may stand in the form again.
        remembers: The session is the visit's own and ends with it, so that only what
            is remembered makes later ones trusted.
        is_forgotten: BILL has taken the code, but what the device would be remembered
            by did not arrive.
        phones: None while they are not known.
        wrong_codes: How many codes BILL refused in a row.
    """

    question: Question
    connector: Connector
    offered: tuple[Environment, ...]
    clock: Clock
    remembers: bool = False
    step: Step = Step.CHOOSE
    error: str | None = None
    faults: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    environment: Environment | None = None
    kind: Kind | None = None
    refused: int = 0
    connected: Connected | None = None
    phones: tuple[Phone, ...] | None = None
    phones_asked: bool = False
    text_sent: datetime | None = None
    wrong_codes: int = 0
    locked_until: datetime | None = None
    trusted: Trusted | None = None
    is_forgotten: bool = False
    kept: str = ""
    lock: anyio.Lock = field(default_factory=anyio.Lock)

    def __post_init__(self) -> None:
        if self.question.purpose is Purpose.MFA:
            self.step = Step.MFA
        if self.question.environment is not None:
            self.offered = (self.question.environment,)
        if len(self.offered) == 1:
            self.environment = self.offered[0]

    async def prepare(self) -> None:
        """Read from BILL what the page is about to show, once."""
        async with self.lock:
            if self.step is Step.MFA and not self.phones_asked:
                self.phones_asked = True
                try:
                    self.phones = await self.connector.phones()
                except CallError as error:
                    self.error = self.error or for_person(error)

    async def act(self, form: Mapping[str, str]) -> None:
        """Do what a button stands for, if it belongs to the step shown now."""
        async with self.lock:
            steps = {
                (Step.CHOOSE, "choose"): self._choose,
                (Step.SIGN_IN, "sign_in"): self._sign_in,
                (Step.SIGN_IN, "back"): self._back,
                (Step.MFA, "text"): self._text,
                (Step.MFA, "confirm"): self._confirm,
                (Step.MFA, "skip"): self._skip,
                (Step.KEEP, "keep"): self._keep,
            }
            step = steps.get((self.step, form.get("do", "")))
            if step is None:
                return  # the button of a page that has been left meanwhile
            self.error, self.faults = None, {}
            try:
                await step(form)
            except CallError as error:
                self.error = for_person(error)

    @property
    def told(self) -> str | None:
        """What went wrong last, and how many tries are left."""
        if self.error is None:
            return None
        if self.step is Step.SIGN_IN and self.refused:
            left = SIGN_IN_ATTEMPTS - self.refused
            return f"{self.error} {left} {'try' if left == 1 else 'tries'} left."
        if self.step is Step.MFA and self.wrong_codes and not self.is_locked:
            left = CODE_ATTEMPTS - self.wrong_codes
            return f"{self.error} {left} {'attempt' if left == 1 else 'attempts'} left."
        return self.error

    @property
    def needs_phone(self) -> bool:
        """Whether BILL has nowhere to send a code to."""
        known = self.connected is not None and self.connected.mfa is MfaStatus.NO_PHONE
        return known or self.phones == ()

    @property
    def is_locked(self) -> bool:
        """Whether codes have to wait."""
        if self.locked_until is not None and self.clock.now() >= self.locked_until:
            self.locked_until, self.wrong_codes = None, 0
        return self.locked_until is not None

    async def _choose(self, form: Mapping[str, str]) -> None:
        environment, kind = form.get("environment", ""), form.get("kind", "")
        if len(self.offered) > 1:
            if environment not in self.offered:
                self.faults["environment"] = "Choose an environment."
            else:
                self.environment = Environment(environment)
        if kind not in set(Kind):
            self.faults["kind"] = "Choose a kind of account."
        if not self.faults:
            self.kind, self.typed = Kind(kind), {}
            self.step = Step.SIGN_IN

    async def _back(self, form: Mapping[str, str]) -> None:
        self.step, self.typed = Step.CHOOSE, {}

    async def _sign_in(self, form: Mapping[str, str]) -> None:
        kind, environment = self.kind, self.environment
        if kind is None or environment is None:
            raise AssertionError("the page before this one asks for both")
        values = forms.typed(kind, form)
        self.typed = forms.shown_again(kind, values)
        self.faults = forms.faults(kind, values)
        if self.faults:
            return
        account = Account(
            kind=kind,
            environment=environment,
            credentials=forms.credentials(kind, values),
        )
        try:
            self.connected = await self.connector.sign_in(account)
        except CallError as error:
            self._note_refused(error)
            raise
        if self.connected.mfa in {MfaStatus.TRUSTED, MfaStatus.OFF}:
            await self._keep(form)
        else:
            self.step = Step.MFA

    def _note_refused(self, error: CallError) -> None:
        if error.bill_code in _REFUSED:
            self.refused += 1
        if self.refused >= SIGN_IN_ATTEMPTS:
            self.step = Step.STOPPED

    async def _text(self, form: Mapping[str, str]) -> None:
        if self.is_locked:
            return
        try:
            await self.connector.challenge()
        except CallError as error:
            self._note_pause(error)
            if error.outcome is not Outcome.UNKNOWN:
                self._note_usable(error)
                raise
            # The code belongs to a challenge whose id was in the lost answer.
            self.text_sent = None
            self.error = for_person(error, lost_code(self.clock.now() + TEXT_PAUSE))
            return
        self.text_sent = self.clock.now()

    def _note_usable(self, error: CallError) -> None:
        """Show the field for a code that the agent, or an earlier page, had sent."""
        if isinstance(error, TextLimitError) and error.is_usable:
            passed = TEXT_PAUSE - timedelta(seconds=error.wait_s)
            self.text_sent = self.text_sent or self.clock.now() - passed

    async def _confirm(self, form: Mapping[str, str]) -> None:
        if self.is_locked or self.text_sent is None:
            return
        code, device = forms.plain_code(form.get("code", "")), None
        if fault := forms.code_fault(code):
            self.faults["code"] = fault
        remember = "yes" if self.remembers else form.get("remember", "")
        self.typed = {"remember": remember}
        if remember:
            device = form.get("device", "").strip()
            if self.remembers:
                device = device or DEVICE
            self.typed["device"] = device
            if fault := forms.device_fault(device):
                self.faults["device"] = fault
        if self.faults:
            return
        try:
            self.trusted = await self.connector.confirm(code, device)
        except CallError as error:
            if error.outcome is not Outcome.DONE:
                self._note_wrong(error)
                raise
            self.trusted = Trusted(until=None)
        self.is_forgotten = device is not None and self.trusted.until is None
        own_session = self.remembers or self.question.purpose is Purpose.LOGIN
        if self.is_forgotten and own_session:
            self.text_sent, self.error = None, NOT_REMEMBERED
            return
        await self._keep(form)

    def _note_wrong(self, error: CallError) -> None:
        if error.bill_code == _WRONG_CODE:
            self.wrong_codes += 1
        if error.bill_code == _CODE_EXPIRED or error.code == "challenge_gone":
            self.text_sent = None
        if self.wrong_codes >= CODE_ATTEMPTS:
            error.bill_code = _CODES_LOCKED
        self._note_pause(error)

    def _note_pause(self, error: CallError) -> None:
        if error.bill_code == _CODES_LOCKED:
            self.locked_until = self.clock.now() + CODE_PAUSE
            self.text_sent = None

    async def _skip(self, form: Mapping[str, str]) -> None:
        if self.question.purpose is Purpose.LOGIN:
            await self._keep(form)

    async def _keep(self, form: Mapping[str, str]) -> None:
        # From here on only the storing is repeated, never the code or the sign-in.
        self.step = Step.KEEP
        self.kept = await self.connector.keep()
        self.step, self.typed = Step.DONE, {}
