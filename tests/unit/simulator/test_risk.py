from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
PATH = "/risk-verifications"
PHONE = {"phoneNumber": "+1 415 555 0123", "phoneType": "MOBILE"}


async def started(bill: Any) -> Any:
    await bill.post(f"{PATH}/phone", PHONE)
    return await bill.post(PATH)


async def test_a_verification_needs_a_phone_first(bill: Any, refused: Refused) -> None:
    assert await bill.get(f"{PATH}/phone") == {"hasPhone": False}
    assert refused(await bill.ask("POST", PATH)) == (422, "BDC_9002")
    assert refused(await bill.ask("GET", PATH)) == (404, "BDC_1205")
    response = await bill.ask("POST", f"{PATH}/phone", PHONE)
    assert (response.status_code, response.content) == (200, b"")
    assert await bill.get(f"{PATH}/phone") == {"hasPhone": True}
    verification = await bill.post(PATH)
    assert verification.keys() == {"processingStatus", "decision", "referenceId"}
    assert await bill.get(PATH) == verification


async def test_a_phone_belongs_to_one_user(bill: Any) -> None:
    await bill.post(f"{PATH}/phone", PHONE)
    await bill.post(f"{PATH}/phone", PHONE)
    assert len(list(bill.world.rows("risk_phone"))) == 1
    await bill.sign_in()
    assert await bill.get(f"{PATH}/phone") == {"hasPhone": False}


async def test_a_wrong_phone_is_refused(bill: Any) -> None:
    for wrong in ({**PHONE, "phoneNumber": "555 0123"}, {"phoneType": "MOBILE"}):
        response = await bill.ask("POST", f"{PATH}/phone", wrong)
        assert response.status_code == 400
    assert await bill.get(f"{PATH}/phone") == {"hasPhone": False}


async def test_a_sixth_phone_in_a_minute_is_refused(bill: Any) -> None:
    for _ in range(5):
        await bill.post(f"{PATH}/phone", PHONE)
    response = await bill.ask("POST", f"{PATH}/phone", PHONE)
    assert response.status_code == 429


async def test_the_clock_brings_the_decision(bill: Any) -> None:
    verification = await started(bill)
    assert verification["processingStatus"] == "IN_PROGRESS"
    assert verification["decision"] == "IN_PROGRESS"
    await bill.pass_time(now="2026-11-24T15:00:00Z")
    found = await bill.get(PATH)
    assert (found["processingStatus"], found["decision"]) == ("COMPLETED", "APPROVE")


async def test_bills_staff_can_decide_otherwise(bill: Any) -> None:
    key = (await started(bill))["referenceId"]
    path = f"/objects/{key}"
    await bill.control("PATCH", path, {"fields": {"decision": "HOLD"}})
    await bill.pass_time(advance_s=10 * 86_400)
    found = await bill.get(PATH)
    assert (found["processingStatus"], found["decision"]) == ("COMPLETED", "HOLD")
    await bill.control("PATCH", path, {"fields": {"decision": "APPROVE"}})
    assert (await bill.get(PATH))["decision"] == "APPROVE"


async def test_starting_again_answers_what_there_is_unless_declined(bill: Any) -> None:
    first = await started(bill)
    assert await bill.post(PATH) == first
    path = f"/objects/{first['referenceId']}"
    await bill.control("PATCH", path, {"fields": {"decision": "DECLINE"}})
    second = await bill.post(PATH)
    assert second["referenceId"] != first["referenceId"]
    assert await bill.get(PATH) == second


async def test_only_an_administrator_starts_it(bill: Any, refused: Refused) -> None:
    await bill.sign_in(role="CLERK")
    await bill.post(f"{PATH}/phone", PHONE)
    assert refused(await bill.ask("POST", PATH)) == (403, "BDC_9403")
