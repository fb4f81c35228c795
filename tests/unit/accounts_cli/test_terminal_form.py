"""The steps of a login in a terminal, with a person and a BILL that play along."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from support.clock import ManualClock
from unit.pages.hall import PlayedBill

from bill_mcp.accounts_cli.terminal_form import TerminalForm
from bill_mcp.environments import Environment
from bill_mcp.errors import ApiError
from bill_mcp.pages.connecting import MfaStatus
from bill_mcp.pages.questions import Purpose, Question
from bill_mcp.pages.visits import Visit

OFFERED = (Environment.SANDBOX, Environment.PRODUCTION)
CHOICES = ["production", "organization"]
ACCOUNT = ["dana@example.test", " canary-password ", "00801TEST", "canary-key"]
CODE = "123 456"


class PlayedPerson:
    """Fulfils `Screen`: gives the answers in turn, and notes what was shown."""

    def __init__(self, *answers: str | bool) -> None:
        self.answers = deque(answers)
        self.shown: list[str] = []
        self.asked_hidden: list[str] = []

    def say(self, text: str = "", style: str = "") -> None:
        self.shown.append(text)

    def line(self, label: str, default: str = "") -> str:
        self.shown.append(label)
        return str(self.answers.popleft()) or default

    def hidden(self, label: str) -> str:
        self.asked_hidden.append(label)
        return str(self.answers.popleft())

    def choice(self, title: str, options: Mapping[str, tuple[str, str]]) -> str:
        self.shown.append(title)
        answer = str(self.answers.popleft())
        assert answer in options
        return answer

    def agree(self, question: str) -> bool:
        self.shown.append(question)
        answer = self.answers.popleft()
        assert isinstance(answer, bool), question
        return answer

    def saw(self, words: str) -> int:
        return sum(words in each for each in self.shown)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bill(clock: ManualClock) -> PlayedBill:
    return PlayedBill(clock)


@pytest.fixture
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as running:
        yield running


def fill_in(
    portal: BlockingPortal,
    bill: PlayedBill,
    person: PlayedPerson,
    purpose: Purpose = Purpose.LOGIN,
) -> bool:
    question = Question(
        id="terminal",
        purpose=purpose,
        agent="terminal",
        agent_name="terminal",
        profile="main",
        title="Connect a BILL account",
        environment=Environment.SANDBOX if purpose is Purpose.MFA else None,
        phrase="",
        expires=bill.clock.now() + timedelta(minutes=10),
    )
    visit = Visit(question=question, connector=bill, offered=OFFERED, clock=bill.clock)
    came_to_the_end = TerminalForm(visit, person, portal.call).fill_in()
    assert not person.answers, "each question was asked that the person expected"
    return came_to_the_end


def refused(code: str) -> ApiError:
    return ApiError(f"BILL refused {code}", advice="Ask the operator.", bill_code=code)


def test_account_is_connected_with_a_code_and_remembered(
    portal: BlockingPortal, bill: PlayedBill
) -> None:
    person = PlayedPerson(*CHOICES, *ACCOUNT, True, CODE, True, "desk")
    assert fill_in(portal, bill, person)
    [account] = bill.did("sign_in")
    assert account.environment is Environment.PRODUCTION
    assert account.credentials.password.reveal() == " canary-password "
    assert bill.did("confirm") == [("123456", "desk")]
    assert len(bill.did("keep")) == 1
    assert person.saw("PRODUCTION: The real BILL. Real money.") == 2
    assert person.saw("Mobile ending in 0142") == 1
    assert not person.saw("canary")
    assert len(person.asked_hidden) == 3
    assert person.asked_hidden[:2] == ["Password", "Developer key"]


def test_remembering_may_be_left_out(portal: BlockingPortal, bill: PlayedBill) -> None:
    person = PlayedPerson(*CHOICES, *ACCOUNT, True, CODE, False)
    assert fill_in(portal, bill, person)
    assert bill.did("confirm") == [("123456", None)]


@pytest.mark.parametrize("mfa", [MfaStatus.TRUSTED, MfaStatus.OFF])
def test_no_code_is_asked_for_that_bill_does_not_want(
    portal: BlockingPortal, bill: PlayedBill, mfa: MfaStatus
) -> None:
    bill.mfa = mfa
    assert fill_in(portal, bill, PlayedPerson(*CHOICES, *ACCOUNT))
    assert not bill.did("challenge")
    assert len(bill.did("keep")) == 1


def test_fields_are_mended_without_typing_all_of_them_again(
    portal: BlockingPortal, bill: PlayedBill
) -> None:
    bill.mfa = MfaStatus.TRUSTED
    wrong = ["dana@example.test", "canary-password", "42", ""]
    again = ["", "canary-password", "00801TEST", "canary-key"]
    person = PlayedPerson(*CHOICES, *wrong, *again)
    assert fill_in(portal, bill, person)
    assert person.saw("! An organization ID starts with 008.") == 1
    assert person.saw("! Developer key is missing.") == 1
    assert bill.did("sign_in")[0].credentials.username == "dana@example.test"


def test_refused_sign_ins_stop_before_bill_locks_anybody_out(
    portal: BlockingPortal, bill: PlayedBill
) -> None:
    bill.failures.extend(refused("BDC_1101") for _ in range(4))
    person = PlayedPerson(*CHOICES, *ACCOUNT * 4)
    assert not fill_in(portal, bill, person)
    for left in ("3 tries", "2 tries", "1 try"):
        assert person.saw("do not fit together") == 4
        assert person.saw(f"{left} left.") == 1
    assert person.saw("Stopped, so that BILL does not lock you out.") == 1
    assert not bill.did("keep")


def test_three_wrong_codes_end_the_questions_and_bill_is_left_alone(
    portal: BlockingPortal, bill: PlayedBill
) -> None:
    bill.failures.extend([None, None, *[refused("BDC_1356")] * 3])
    person = PlayedPerson(True, "000000", "desk", "000001", "000002")
    assert not fill_in(portal, bill, person, Purpose.MFA)
    assert person.saw("2 attempts left.") == 1
    assert person.saw("1 attempt left.") == 1
    assert person.saw("Too many wrong codes") == 1
    assert person.saw("Codes have to wait") == 1
    assert person.saw("Try again from ") == 1
    assert len(bill.did("confirm")) == 3
    assert len(bill.did("challenge")) == 1


def test_code_that_never_came_is_sent_once_more_when_the_person_says_so(
    portal: BlockingPortal, bill: PlayedBill
) -> None:
    person = PlayedPerson(True, "", True, CODE, "desk")
    assert fill_in(portal, bill, person, Purpose.MFA)
    assert len(bill.did("challenge")) == 2


def test_nothing_is_sent_to_a_phone_unless_the_person_agrees(
    portal: BlockingPortal, bill: PlayedBill
) -> None:
    person = PlayedPerson(*CHOICES, *ACCOUNT, False, True)
    assert fill_in(portal, bill, person), "it is connected without payments"
    assert not bill.did("challenge")
    assert not fill_in(portal, bill, PlayedPerson(False), Purpose.MFA)
    assert len(bill.did("keep")) == 1


@pytest.mark.parametrize("goes_on", [True, False])
def test_account_without_a_phone_may_be_connected_without_payments(
    portal: BlockingPortal, bill: PlayedBill, goes_on: bool
) -> None:
    bill.mfa, bill.has = MfaStatus.NO_PHONE, ()
    person = PlayedPerson(*CHOICES, *ACCOUNT, goes_on)
    assert fill_in(portal, bill, person) is goes_on
    assert person.saw("BILL has no phone of yours") == 1
    assert len(bill.did("keep")) == int(goes_on)


def test_device_name_that_bill_would_refuse_is_asked_for_again(
    portal: BlockingPortal, bill: PlayedBill
) -> None:
    person = PlayedPerson(True, CODE, "d" * 20, CODE, "desk")
    assert fill_in(portal, bill, person, Purpose.MFA)
    assert person.saw("! A device name has at most 19 characters.") == 1
    assert bill.did("confirm") == [("123456", "desk")]


@pytest.mark.parametrize("again", [True, False])
def test_only_the_storing_is_repeated_when_it_fails(
    portal: BlockingPortal, bill: PlayedBill, again: bool
) -> None:
    bill.mfa = MfaStatus.TRUSTED
    locked = ApiError("the keyring is locked", advice="Unlock it.")
    bill.failures.extend([None, locked])
    person = PlayedPerson(*CHOICES, *ACCOUNT, again)
    assert fill_in(portal, bill, person) is again
    assert person.saw("! The keyring is locked. Unlock it.") == 1
    assert len(bill.did("sign_in")) == 1
    assert len(bill.did("keep")) == 1 + int(again)
