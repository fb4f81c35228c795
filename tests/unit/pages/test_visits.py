from __future__ import annotations

import re

import pytest
from unit.pages.hall import Hall

from bill_mcp.environments import Environment
from bill_mcp.errors import (
    ApiError,
    LimitError,
    Outcome,
    TextLimitError,
    UnreachableError,
)
from bill_mcp.pages.connecting import MfaStatus
from bill_mcp.pages.questions import Purpose, State

pytestmark = pytest.mark.anyio
ACCOUNT = {
    "username": "dana@example.test",
    "password": "canary-password",
    "organization_id": "00801TEST",
    "dev_key": "canary-key",
}


def refused(code: str) -> ApiError:
    return ApiError(f"BILL refused {code}", advice="Ask the operator.", bill_code=code)


async def to_the_code(hall: Hall) -> None:
    await hall.enter(hall.ask(Purpose.MFA, environment=Environment.PRODUCTION))
    page = await hall.press("text")
    assert "Enter the code from your phone" in page.text


async def test_a_choice_that_is_missing_is_asked_for(hall: Hall) -> None:
    await hall.enter(hall.ask())
    page = await hall.press("choose", environment="moon")
    assert "Choose an environment." in page.text
    assert "Choose a kind of account." in page.text
    await hall.press("choose", environment="sandbox", kind="partner")
    page = await hall.press("choose", environment="production", kind="spend")
    assert "Partner user name" in page.text, "the button of a page that was left"
    page = await hall.press("back")
    assert 'value="partner" checked' in page.text


async def test_a_question_about_one_environment_offers_no_other(hall: Hall) -> None:
    page = await hall.enter(hall.ask(environment=Environment.LOCAL))
    assert "Which BILL?" not in page.text
    assert "Nothing is real." in page.text
    page = await hall.press("choose", environment="production", kind="spend")
    assert "Sign in to BILL simulator" in page.text


async def test_fields_are_checked_before_bill_is_asked(hall: Hall) -> None:
    await hall.enter(hall.ask())
    await hall.press("choose", environment="sandbox", kind="organization")
    wrong = ACCOUNT | {"organization_id": "42", "dev_key": "a\x00b", "username": ""}
    page = await hall.press("sign_in", **wrong)
    for words in ("starts with 008", "cannot be part of it", "User name is missing"):
        assert words in page.text
    assert not hall.bill.did("sign_in")
    assert "canary" not in page.text


async def test_refused_sign_ins_are_told_and_stop_before_bill_locks_anybody_out(
    hall: Hall,
) -> None:
    question = hall.ask()
    await hall.enter(question)
    await hall.press("choose", environment="sandbox", kind="organization")
    hall.bill.failures.extend(refused("BDC_1101") for _ in range(4))
    for left in ("3 tries", "2 tries", "1 try"):
        page = await hall.press("sign_in", **ACCOUNT)
        assert "do not fit together" in page.text
        assert f"{left} left." in page.text
    page = await hall.press("sign_in", **ACCOUNT)
    assert "Stopped" in page.text
    assert hall.desk.state(question.id) is State.CLOSED


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("BDC_1102", "developer key"),
        ("BDC_1105", "API"),
        ("BDC_1107", "15 minutes"),
        ("BDC_1144", "next full hour"),
        ("BDC_9999", "BILL refused BDC_9999. Ask the operator."),
    ],
)
async def test_each_refusal_has_its_words(hall: Hall, code: str, words: str) -> None:
    await hall.enter(hall.ask())
    await hall.press("choose", environment="sandbox", kind="organization")
    hall.bill.failures.append(refused(code))
    page = await hall.press("sign_in", **ACCOUNT)
    assert words in page.text


async def test_bill_out_of_reach_is_told(hall: Hall) -> None:
    await hall.enter(hall.ask())
    await hall.press("choose", environment="sandbox", kind="organization")
    hall.bill.failures.append(UnreachableError("no answer", advice="Wait."))
    page = await hall.press("sign_in", **ACCOUNT)
    assert "could not be reached" in page.text
    page = await hall.press("sign_in", **ACCOUNT)
    assert "Confirm it is you" in page.text


async def test_three_wrong_codes_pause_the_page_and_bill_is_left_alone(
    hall: Hall,
) -> None:
    await to_the_code(hall)
    hall.bill.failures.extend(refused("BDC_1356") for _ in range(3))
    for left in ("2 attempts", "1 attempt"):
        page = await hall.press("confirm", code="000000")
        assert f"{left} left." in page.text
    page = await hall.press("confirm", code="000000")
    assert "Too many wrong codes" in page.text
    await hall.press("confirm", code="123456")
    await hall.press("text")
    assert len(hall.bill.did("confirm")) == 3
    assert len(hall.bill.did("challenge")) == 1
    hall.clock.advance(9 * 60)
    await hall.press("text")
    hall.clock.advance(61)
    await hall.press("text")
    page = await hall.press("confirm", code="123456")
    assert "Confirmed" in page.text


async def test_bills_own_lock_pauses_the_page_too(hall: Hall) -> None:
    await hall.enter(hall.ask(Purpose.MFA))
    hall.bill.failures.append(refused("BDC_1358"))
    page = await hall.press("text")
    assert "Try again from" in page.text


async def test_an_expired_code_needs_a_new_one(hall: Hall) -> None:
    await to_the_code(hall)
    hall.bill.failures.append(refused("BDC_1374"))
    page = await hall.press("confirm", code="123456")
    assert "This code has expired" in page.text
    assert "Send me a code" in page.text
    await hall.press("confirm", code="123456")
    assert len(hall.bill.did("confirm")) == 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"])
async def test_what_is_no_code_never_reaches_bill(hall: Hall, code: str) -> None:
    await to_the_code(hall)
    page = await hall.press("confirm", code=code)
    assert "A code has 6 digits." in page.text
    assert not hall.bill.did("confirm")


@pytest.mark.parametrize(
    ("device", "words"),
    [("", "Give this device a name"), ("x" * 20, "has at most 19 characters.")],
)
async def test_a_device_needs_a_name_that_bill_takes(
    hall: Hall, device: str, words: str
) -> None:
    await to_the_code(hall)
    page = await hall.press("confirm", code="123456", remember="yes", device=device)
    assert words in page.text
    assert not hall.bill.did("confirm")


async def test_trust_without_remembering_ends_with_the_session(hall: Hall) -> None:
    await to_the_code(hall)
    page = await hall.press("confirm", code="123456", device="ignored")
    assert hall.bill.did("confirm") == [("123456", None)]
    assert "The session ends" in page.text


async def test_device_that_bill_did_not_remember_is_not_called_remembered(
    hall: Hall,
) -> None:
    await to_the_code(hall)
    hall.bill.forgets = True
    page = await hall.press("confirm", code="123456", remember="yes", device="desk")
    assert "Go back to your agent" in page.text
    assert "This device is not remembered" in page.text
    assert "The session ends" in page.text


async def test_login_asks_for_another_code_where_the_device_was_not_remembered(
    hall: Hall,
) -> None:
    await hall.enter(hall.ask())
    await hall.press("choose", environment="sandbox", kind="organization")
    await hall.press("sign_in", **ACCOUNT)
    await hall.press("text")
    hall.bill.forgets = True
    page = await hall.press("confirm", code="123456", remember="yes", device="desk")
    assert "BILL has taken the code, but" in page.text
    assert 'name="code"' not in page.text
    assert not hall.bill.did("keep")
    hall.bill.forgets = False
    await hall.press("text")
    page = await hall.press("confirm", code="123456", remember="yes", device="desk")
    assert "Your account is connected" in page.text
    assert "Trusted until" in page.text


async def test_a_second_text_within_a_minute_is_explained(hall: Hall) -> None:
    await to_the_code(hall)
    limit = LimitError("a text was sent", advice="Wait 42 seconds.", code="text_limit")
    hall.bill.failures.append(limit)
    page = await hall.press("text")
    assert "A text was sent. Wait 42 seconds." in page.text
    assert 'name="code"' in page.text


async def test_code_whose_challenge_got_lost_is_never_asked_for(hall: Hall) -> None:
    await to_the_code(hall)
    lost = UnreachableError("lost", advice="Look up.", outcome=Outcome.UNKNOWN)
    hall.bill.failures.append(lost)
    page = await hall.press("text")
    assert "it cannot be used" in page.text
    assert re.search(r"a new one sent from \d\d:\d\d on\.", page.text)
    assert 'name="code"' not in page.text
    await hall.press("confirm", code="123456")
    assert not hall.bill.did("confirm")
    page = await hall.press("text")
    assert 'name="code"' in page.text


async def test_word_of_bills_own_on_a_code_counts_more_than_that_nobody_knows(
    hall: Hall,
) -> None:
    await hall.enter(hall.ask(Purpose.MFA))
    refusal = refused("BDC_1570")
    refusal.outcome = Outcome.UNKNOWN
    hall.bill.failures.append(refusal)
    page = await hall.press("text")
    assert "risk service refused this step" in page.text
    assert 'name="code"' not in page.text


@pytest.mark.parametrize("is_usable", [True, False])
async def test_code_that_an_agent_had_sent_before_has_a_field_if_it_can_be_used(
    hall: Hall, is_usable: bool
) -> None:
    await hall.enter(hall.ask(Purpose.MFA))
    limit = TextLimitError(42)
    limit.is_usable = is_usable
    hall.bill.failures.append(limit)
    page = await hall.press("text")
    assert "have another one sent in 42 seconds." in page.text
    assert ("use its code" in page.text) is is_usable
    assert ('name="code"' in page.text) is is_usable


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.NOT_DONE])
async def test_bill_that_breaks_off_while_taking_the_code_asks_for_no_second_text(
    hall: Hall, outcome: Outcome
) -> None:
    await to_the_code(hall)
    lost = UnreachableError("lost", advice="Look up.", outcome=outcome)
    hall.bill.failures.append(lost)
    page = await hall.press("confirm", code="123456")
    broken_off = outcome is Outcome.UNKNOWN
    words = "broke off before its answer came" if broken_off else "could not be reached"
    assert words in page.text
    assert 'name="code"' in page.text
    page = await hall.press("confirm", code="123456")
    assert "Confirmed" in page.text
    assert len(hall.bill.did("challenge")) == 1


async def test_a_user_without_a_phone_can_connect_without_payments(hall: Hall) -> None:
    hall.bill.mfa, hall.bill.has = MfaStatus.NO_PHONE, ()
    await hall.enter(hall.ask())
    await hall.press("choose", environment="sandbox", kind="organization")
    page = await hall.press("sign_in", **ACCOUNT)
    assert "no phone of yours" in page.text
    page = await hall.press("skip")
    assert "Will ask you for a code first" in page.text


async def test_nobody_skips_the_code_that_an_agent_waits_for(hall: Hall) -> None:
    await to_the_code(hall)
    page = await hall.press("skip")
    assert "Enter the code" in page.text
    assert not hall.bill.did("keep")


async def test_phones_that_cannot_be_read_do_not_stop_the_code(hall: Hall) -> None:
    hall.bill.failures.append(refused("BDC_1001"))
    page = await hall.enter(hall.ask(Purpose.MFA))
    assert "BILL refused BDC_1001" in page.text
    assert "Send me a code" in page.text
    page = await hall.press("text")
    assert 'name="code"' in page.text
    assert "no phone of yours" not in page.text


async def test_storing_is_repeated_without_a_second_code(hall: Hall) -> None:
    question = hall.ask()
    hall.bill.mfa = MfaStatus.TRUSTED
    await hall.enter(question)
    await hall.press("choose", environment="sandbox", kind="organization")
    hall.bill.failures.extend([None, ApiError("the keyring is locked", advice="Go.")])
    page = await hall.press("sign_in", **ACCOUNT)
    assert "not stored yet" in page.text
    assert "The keyring is locked. Go." in page.text
    assert hall.desk.state(question.id) is State.ENTERED
    page = await hall.press("keep")
    assert "Your account is connected" in page.text
    assert len(hall.bill.did("sign_in")) == 1
