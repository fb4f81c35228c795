from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
RIGHT = "123456"


async def challenge(bill: Any, **answer: Any) -> Any:
    asked = await bill.post("/mfa/challenge", {})
    body = {"challengeId": asked["challengeId"], "token": RIGHT, **answer}
    return await bill.ask("POST", "/mfa/challenge/validate", body)


async def status(bill: Any) -> str:
    found: str = (await bill.get("/login/session"))["mfaStatus"]
    return found


async def test_a_right_code_makes_the_session_trusted(bill: Any) -> None:
    await bill.sign_in(mfa="registered")
    assert await status(bill) == "CHALLENGE"
    assert (await challenge(bill)).json() == {}
    assert await status(bill) == "COMPLETE"


async def test_a_remembered_device_gives_trust_for_30_days(bill: Any) -> None:
    await bill.sign_in(mfa="registered")
    answer = await challenge(bill, rememberMe=True, device="mac", machineName="mac")
    kept = {"rememberMeId": answer.json()["rememberMeId"], "device": "mac"}
    bill.world.put("session", bill.headers["sessionId"], bill_session(bill))
    assert await status(bill) == "CHALLENGE"
    other = {**kept, "device": "other"}
    assert await bill.post("/mfa/step-up", other) == {"trusted": False}
    assert await bill.post("/mfa/step-up", kept) == {"trusted": True}
    assert await status(bill) == "COMPLETE"
    await bill.pass_time(advance_s=30 * 86_400)
    assert await bill.post("/mfa/step-up", kept) == {"trusted": False}


def bill_session(bill: Any) -> dict[str, Any]:
    session = bill.world.get("session", bill.headers["sessionId"])
    return {**session, "trusted": False}


async def test_a_stale_remember_me_id_still_signs_in(bill: Any) -> None:
    data = await bill.sign_in(mfa="trusted")
    await bill.pass_time(advance_s=31 * 86_400)
    session = await bill.post(
        "/login",
        {
            "username": data["BILL_USERNAME"],
            "password": data["BILL_PASSWORD"],
            "organizationId": data["BILL_ORGANIZATION_ID"],
            "devKey": data["BILL_DEV_KEY"],
            "rememberMeId": data["BILL_REMEMBER_ME_ID"],
            "device": data["BILL_DEVICE"],
        },
    )
    assert session["trusted"] is False


async def test_a_phone_is_registered_by_its_code(bill: Any, refused: Refused) -> None:
    await bill.sign_in(mfa="none")
    assert await status(bill) == "SETUP"
    assert refused(await bill.ask("POST", "/mfa/challenge", {})) == (400, "BDC_1354")
    wish = {"phone": "206-555-0199", "type": "TEXT", "primary": True}
    setup = await bill.post("/mfa/setup", wish)
    proof = {"setupId": setup["setupId"], "type": "TEXT", "token": RIGHT}
    assert await bill.post("/mfa/setup/validate", proof) == {"status": "SUCCESS"}
    phones = (await bill.get("/mfa/phones"))["results"]
    assert phones == [{"type": "MOBILE", "last4digits": "0199", "primary": True}]
    assert await status(bill) == "CHALLENGE"
    assert refused(await bill.ask("POST", "/mfa/setup", wish)) == (400, "BDC_5324")


async def test_three_wrong_codes_bring_a_pause(bill: Any, refused: Refused) -> None:
    await bill.sign_in(mfa="registered")
    wrong = [refused(await challenge(bill, token="000000")) for _ in range(3)]
    assert wrong == [(400, "BDC_1356"), (400, "BDC_1356"), (400, "BDC_1358")]
    assert refused(await challenge(bill)) == (400, "BDC_1358")
    await bill.pass_time(advance_s=601)
    assert (await challenge(bill)).status_code == 200


async def test_a_code_lives_ten_minutes(bill: Any, refused: Refused) -> None:
    await bill.sign_in(mfa="registered")
    asked = await bill.post("/mfa/challenge", {})
    await bill.pass_time(advance_s=600)
    body = {"challengeId": asked["challengeId"], "token": RIGHT}
    response = await bill.ask("POST", "/mfa/challenge/validate", body)
    assert refused(response) == (400, "BDC_1374")


async def test_a_sixth_text_message_in_a_minute_is_refused(
    bill: Any, refused: Refused
) -> None:
    for _ in range(5):
        await bill.post("/mfa/challenge", {})
    assert refused(await bill.ask("POST", "/mfa/challenge", {}))[0] == 429


async def test_money_needs_a_trusted_session(bill: Any, refused: Refused) -> None:
    due = await bill.bill((await bill.vendor())["id"])
    await bill.sign_in(mfa="registered")
    response = await bill.ask("POST", "/payments", bill.payment(due, 100))
    assert refused(response) == (403, "BDC_1361")
    response = await bill.ask("POST", "/payments/bulk", {})
    assert refused(response) == (403, "BDC_1361")
    auto_pay = {"autoPay": {"enabled": True, "bankAccountId": bill.account}}
    path = f"/vendors/{due['vendorId']}"
    assert refused(await bill.ask("PATCH", path, auto_pay)) == (403, "BDC_1361")


async def test_a_device_name_may_not_be_too_long(bill: Any, refused: Refused) -> None:
    await bill.sign_in(mfa="registered")
    answer = await challenge(bill, rememberMe=True, device="x" * 49, machineName="m")
    assert refused(answer) == (400, "BDC_1143")
