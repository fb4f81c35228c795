from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


async def test_the_current_user_is_the_tokens_maker(spend: Any) -> None:
    user = await spend.get("/spend/users/current")
    assert user.keys() == {
        "id",
        "uuid",
        "firstName",
        "lastName",
        "email",
        "receiptEmail",
        "retired",
        "useCompanyMailingAddress",
        "smsOptIn",
        "hasDateOfBirth",
        "role",
        "createdTime",
    }
    assert (user["firstName"], user["role"]) == ("Dana", "ADMIN")


async def test_a_deleted_user_loses_cards_memberships_and_token(
    spend: Any, refused: Refused
) -> None:
    admin = await spend.get("/spend/users/current")
    other = await spend.control("POST", "/credentials", {"kind": "spend"})
    body = {
        "name": "Operations",
        "recurringInterval": "NONE",
        "limit": 100,
        "owners": [admin["uuid"]],
        "members": [other["userId"]],
    }
    budget = await spend.post("/spend/budgets", body)
    body = {"name": "Card", "budgetId": budget["id"], "userId": other["userId"]}
    card = await spend.post("/spend/cards", {**body, "limit": 10})
    path = f"/spend/users/{other['userId']}"
    for _ in range(2):
        answer = await spend.ask("DELETE", path)
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await spend.get(f"/spend/cards/{card['uuid']}"))["status"] == "DELETED"
    members = f"/spend/budgets/{budget['uuid']}/members"
    assert (await spend.get(f"{members}/{other['userId']}"))["retired"] is True
    period = (await spend.get(f"/spend/budgets/{budget['uuid']}"))["currentPeriod"]
    assert period["assigned"] == 0
    spend.headers = {"apiToken": other["BILL_API_TOKEN"]}
    answer = await spend.ask("GET", "/spend/users/current")
    assert refused(answer) == (401, "UNAUTHORIZED")


async def test_nobody_deletes_themselves_or_strangers(
    spend: Any, refused: Refused
) -> None:
    user = await spend.get("/spend/users/current")
    answer = await spend.ask("DELETE", f"/spend/users/{user['id']}")
    assert refused(answer) == (422, "BDC_9108")
    answer = await spend.ask("DELETE", "/spend/users/usr_nobody")
    assert refused(answer) == (404, "BDC_1205")


async def test_the_last_owner_stays_in_the_budget(spend: Any) -> None:
    other = await spend.control("POST", "/credentials", {"kind": "spend"})
    body = {
        "name": "Alone",
        "recurringInterval": "NONE",
        "limit": 100,
        "owners": [other["userId"]],
    }
    budget = await spend.post("/spend/budgets", body)
    await spend.ask("DELETE", f"/spend/users/{other['userId']}")
    members = await spend.get(f"/spend/budgets/{budget['uuid']}/members")
    assert [each["retired"] for each in members["results"]] == [False]


async def test_objects_of_another_organization_are_not_found(spend: Any) -> None:
    """No fixture makes organizations yet, so the world is asked directly."""
    stranger = spend.world.add("spend_user", {"_organizationId": "008other"})
    answer = await spend.ask("DELETE", f"/spend/users/{stranger['uuid']}")
    assert answer.status_code == 404
