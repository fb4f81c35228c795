from __future__ import annotations

import re

import httpx
import pytest
from unit.pages.hall import Hall

from bill_mcp.pages.connecting import MfaStatus
from bill_mcp.pages.questions import Purpose, State

pytestmark = pytest.mark.anyio
OWN = {"origin": "http://127.0.0.1:4711"}
ACCOUNT = {
    "username": "dana@example.test",
    "password": " canary-password ",
    "organization_id": " 00801TEST ",
    "dev_key": "canary-key",
}


async def test_every_answer_keeps_to_itself(hall: Hall) -> None:
    question = hall.ask()
    answers = [
        await hall.browser.get(f"/q/{question.id}"),
        await hall.browser.get("/nothing"),
        await hall.browser.put("/enter"),
        await hall.browser.get("/", headers={"host": "evil.example"}),
        await hall.enter(question),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "http://" not in answer.text
        assert "https://" not in answer.text
        assert "<script" not in answer.text
    assert [answer.status_code for answer in answers] == [200, 404, 403, 403, 200]


async def test_the_pointer_explains_and_has_no_form(hall: Hall) -> None:
    question = hall.ask(agent_name="<b>Eve</b>\u202e", title='"quoted"')
    page = (await hall.browser.get(f"/q/{question.id}")).text
    assert question.phrase in page
    assert "bill-mcp open" in page
    assert "&lt;b&gt;Eve&lt;/b&gt;</dd>" in page
    assert "&quot;quoted&quot;" in page
    assert "<form" not in page
    await hall.enter(question)
    page = (await hall.browser.get(f"/q/{question.id}")).text
    assert "<form" not in page
    assert "open in a browser already" in page


async def test_the_cookie_is_for_one_path_and_for_no_script(hall: Hall) -> None:
    question = hall.ask()
    page = await hall.enter(question)
    [cookie] = hall.browser.cookies.jar
    assert cookie.path == hall.form
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "strict"
    assert page.status_code == 200
    hall.browser.cookies.clear()
    assert (await hall.browser.get(hall.form)).status_code == 404
    assert hall.desk.state(question.id) is State.ENTERED


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://127.0.0.1:4711"}, 303),
        ({"origin": "http://127.0.0.1:4711", "sec-fetch-site": "same-origin"}, 303),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, 303),
        ({"origin": "null"}, 403),
        ({"origin": "null", "sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://127.0.0.1:4711", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({}, 403),
        ({"origin": "http://127.0.0.1:4711", "host": "evil.example:4711"}, 403),
        ({"origin": "http://localhost:4711", "host": "localhost:4711"}, 303),
    ],
)
async def test_only_a_page_of_ours_may_send_the_form(
    hall: Hall, headers: dict[str, str], status: int
) -> None:
    await hall.enter(hall.ask())
    assert hall.question is not None
    csrf = hall.desk.csrf_token(hall.question.id)
    [cookie] = hall.browser.cookies.jar
    answer = await hall.browser.post(
        hall.form,
        data={"csrf": csrf, "do": "nothing"},
        headers=headers | {"cookie": f"{cookie.name}={cookie.value}"},
    )
    assert answer.status_code == status


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é"])
async def test_a_form_without_its_token_does_nothing(hall: Hall, csrf: str) -> None:
    await hall.enter(hall.ask())
    data = {"csrf": csrf, "do": "cancel"}
    answer = await hall.browser.post(hall.form, data=data, headers=OWN)
    assert answer.status_code == 403
    assert hall.desk.state(str(hall.question and hall.question.id)) is State.ENTERED


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"do=cancel", "text/plain"),
        (b"x" * 20_000, "application/x-www-form-urlencoded"),
        (b"&".join([b"a=1"] * 30), "application/x-www-form-urlencoded"),
        (b"\xff", "application/x-www-form-urlencoded"),
    ],
)
async def test_what_is_no_form_counts_as_empty(
    hall: Hall, content: bytes, kind: str
) -> None:
    await hall.enter(hall.ask())
    headers = OWN | {"content-type": kind}
    answer = await hall.browser.post(hall.form, content=content, headers=headers)
    assert answer.status_code == 403


async def test_all_that_is_not_there_is_answered_alike(hall: Hall) -> None:
    question = hall.ask()
    wrong = {"question": question.id, "ticket": "A" * 43}
    unknown = {"question": "x", "ticket": "A" * 43}
    answers = [
        await hall.browser.post("/enter", data=wrong, headers={"origin": "null"}),
        await hall.browser.post("/enter", data=unknown, headers={"origin": "null"}),
        await hall.browser.get("/q/unknown"),
        await hall.browser.get(f"/q/{question.id}/guess"),
        await hall.browser.post(f"/q/{question.id}/guess", headers=OWN),
    ]
    assert {(a.status_code, a.text) for a in answers} == {(404, answers[0].text)}


async def test_the_form_of_a_code_takes_no_sign_in(hall: Hall) -> None:
    await hall.enter(hall.ask(Purpose.MFA))
    page = await hall.press("sign_in", **ACCOUNT)
    assert "Confirm it is you" in page.text
    assert not hall.bill.did("sign_in")


async def test_a_person_connects_an_account(hall: Hall) -> None:
    question = hall.ask()
    page = await hall.enter(question)
    assert "Connect a BILL account" in page.text
    page = await hall.press("choose", environment="sandbox", kind="organization")
    assert "Sign in to BILL sandbox" in page.text
    page = await hall.press("sign_in", **ACCOUNT)
    [account] = hall.bill.did("sign_in")
    assert account.credentials.password.reveal() == " canary-password "
    assert account.credentials.organization_id == "00801TEST"
    assert "Mobile ending in 0142" in page.text
    page = await hall.press("text")
    assert 'autocomplete="one-time-code"' in page.text
    page = await hall.press("confirm", code="123-456", remember="yes", device="desk")
    assert hall.bill.did("confirm") == [("123456", "desk")]
    assert "December 23, 2026 (30 days)" in page.text
    assert "&lt;Timber&gt;, 00801TEST" in page.text
    assert hall.desk.state(question.id) is State.ANSWERED
    assert hall.bill.asked[-1] == ("aclose", None)
    again = await hall.press("cancel")
    assert "Your account is connected" in again.text
    assert "canary" not in page.text


async def test_an_account_without_mfa_is_connected_at_once(hall: Hall) -> None:
    hall.bill.mfa = MfaStatus.OFF
    await hall.enter(hall.ask())
    await hall.press("choose", environment="production", kind="spend")
    page = await hall.press("sign_in", api_token="canary-token")
    assert "None needed" in page.text
    assert len(hall.bill.did("keep")) == 1


async def test_cancelling_stores_nothing_and_ends_the_question(hall: Hall) -> None:
    question = hall.ask()
    await hall.enter(question)
    page = await hall.press("cancel")
    assert "Nothing was stored" in page.text
    assert hall.desk.state(question.id) is State.CLOSED
    assert hall.bill.did("aclose")
    assert (await hall.browser.get(hall.form)).status_code == 404


async def test_what_a_person_left_open_is_forgotten(hall: Hall) -> None:
    await hall.enter(hall.ask())
    hall.clock.advance(11 * 60)
    assert (await hall.browser.get(hall.form)).status_code == 404
    assert hall.bill.did("aclose")
    await hall.enter(hall.ask())
    await hall.pages.aclose()
    assert len(hall.bill.did("aclose")) == 2


async def test_every_input_has_a_label_and_every_page_a_language(hall: Hall) -> None:
    await hall.enter(hall.ask())
    pages: list[httpx.Response] = [
        await hall.press("choose", environment="sandbox", kind=kind)
        for kind in ("organization",)
    ]
    pages.append(await hall.press("sign_in", username="dana"))
    pages.append(await hall.press("sign_in", **ACCOUNT))
    pages.append(await hall.press("text"))
    for page in pages:
        assert '<html lang="en">' in page.text
        for name in re.findall(r'<input id="([^"]+)" [^>]*type="(?!radio)', page.text):
            assert f'<label for="{name}">' in page.text
    assert "<title>Error: Sign in" in pages[1].text
    assert 'href="#password"' in pages[1].text
    assert 'role="alert" tabindex="-1" autofocus' in pages[1].text
    assert 'aria-describedby="password-fault" aria-invalid="true"' in pages[1].text
    assert 'value="dana"' in pages[1].text
