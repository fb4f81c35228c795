from collections.abc import Callable
from typing import Any

import pytest

from bill_mcp.simulator import credentials
from bill_mcp.simulator.behaviours import behaviours
from bill_mcp.simulator.operations import operations

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


@pytest.mark.parametrize("seed", ["empty", "demo"])
async def test_the_well_known_login_gives_an_untrusted_session(
    start: Any, login: dict[str, str], seed: str
) -> None:
    bill = await start(seed)
    session = await bill.post("/login", login)
    assert session["trusted"] is False
    bill.headers = {"devKey": login["devKey"], "sessionId": session["sessionId"]}
    details = await bill.get("/login/session")
    assert details == {
        "organizationId": credentials.ORGANIZATION_ID,
        "userId": credentials.USER_ID,
        "mfaStatus": "CHALLENGE",
        "mfaBypass": False,
    }


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("password", "wrong", (401, "BDC_1101")),
        ("username", "nobody", (401, "BDC_1101")),
        ("devKey", "wrong", (401, "BDC_1102")),
    ],
)
async def test_wrong_sign_in_data_is_refused_by_its_own_code(
    start: Any,
    login: dict[str, str],
    refused: Refused,
    field: str,
    value: str,
    expected: Any,
) -> None:
    bill = await start()
    assert refused(await bill.ask("POST", "/login", login | {field: value})) == expected


async def test_a_developer_key_in_the_header_of_a_login_is_a_missing_field(
    start: Any, login: dict[str, str]
) -> None:
    bill = await start()
    bill.headers = {"devKey": login.pop("devKey")}
    response = await bill.ask("POST", "/login", login)
    assert response.status_code == 400
    assert response.json()[0]["message"] == "devKey: must not be null"


async def test_failed_sign_ins_lock_the_organization_for_ten_minutes(
    start: Any, login: dict[str, str], refused: Refused
) -> None:
    bill = await start()
    for _ in range(5):
        await bill.ask("POST", "/login", login | {"password": "wrong"})
    assert refused(await bill.ask("POST", "/login", login)) == (423, "BDC_1107")
    await bill.pass_time(advance_s=601)
    assert (await bill.ask("POST", "/login", login)).status_code == 200


async def test_a_session_dies_after_35_idle_minutes_and_lives_while_used(
    bill: Any, refused: Refused
) -> None:
    for _ in range(3):
        await bill.control("POST", "/clock", {"advance_s": 34 * 60})
        await bill.get("/vendors")
    await bill.control("POST", "/clock", {"advance_s": 35 * 60})
    assert refused(await bill.ask("GET", "/vendors")) == (401, "BDC_1109")


async def test_a_session_is_dead_at_once_after_logout(
    bill: Any, refused: Refused
) -> None:
    response = await bill.ask("POST", "/logout")
    assert (response.status_code, response.content) == (200, b"")
    assert refused(await bill.ask("GET", "/vendors")) == (401, "BDC_1109")


async def test_a_session_belongs_to_its_developer_key(
    bill: Any, refused: Refused
) -> None:
    bill.headers["devKey"] = "another"
    assert refused(await bill.ask("GET", "/vendors")) == (401, "BDC_1102")


async def test_the_two_hundred_and_first_login_of_an_hour_is_refused(
    start: Any, login: dict[str, str], refused: Refused
) -> None:
    bill = await start()
    for _ in range(200):
        assert (await bill.ask("POST", "/login", login)).status_code == 200
    assert refused(await bill.ask("POST", "/login", login)) == (429, "BDC_1144")
    await bill.control("POST", "/clock", {"now": "2026-11-23T16:00:00Z"})
    assert (await bill.ask("POST", "/login", login)).status_code == 200


async def test_a_partner_signs_in_and_acts_as_a_user(start: Any) -> None:
    bill = await start()
    data = await bill.control("POST", "/credentials", {"kind": "partner"})
    session = await bill.post(
        "/partner/login",
        {
            "username": data["BILL_USERNAME"],
            "password": data["BILL_PASSWORD"],
            "appKey": data["BILL_APP_KEY"],
        },
    )
    bill.headers = {"appKey": data["BILL_APP_KEY"], "sessionId": session["sessionId"]}
    wanted = {
        "userId": credentials.USER_ID,
        "organizationId": credentials.ORGANIZATION_ID,
    }
    as_user = await bill.post("/partner/login-as-user", wanted)
    assert as_user["trusted"] is False
    bill.headers = {
        "devKey": credentials.DEVELOPER_KEY,
        "sessionId": as_user["sessionId"],
    }
    assert (await bill.get("/vendors"))["results"] == []


async def test_spend_takes_an_api_token_and_sixty_calls_a_minute(
    start: Any, refused: Refused
) -> None:
    bill = await start()
    assert refused(await bill.ask("GET", "/spend/users/current"))[0] == 401
    bill.headers = {"apiToken": credentials.API_TOKEN}
    for _ in range(60):
        assert (await bill.get("/spend/users/current"))["role"] == "ADMIN"
    assert refused(await bill.ask("GET", "/spend/users/current"))[0] == 429
    await bill.pass_time(advance_s=60)
    await bill.get("/spend/users/current")


def test_every_operation_has_a_behaviour() -> None:
    assert set(operations()) == set(behaviours())


async def test_unknown_paths_and_methods_are_bdc_1121(
    bill: Any, refused: Refused
) -> None:
    assert refused(await bill.ask("GET", "/Vendors")) == (404, "BDC_1121")
    assert refused(await bill.ask("PUT", "/vendors")) == (404, "BDC_1121")


async def test_only_an_administrator_adds_a_bank_account(
    bill: Any, refused: Refused
) -> None:
    await bill.sign_in(role="CLERK")
    response = await bill.ask("POST", "/funding-accounts/banks", {})
    assert refused(response)[0] == 403
