import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


class Budget:
    """A budget with its owner, on which cards are made."""

    def __init__(self, spend: Any, uuid: str, owner: str) -> None:
        self.spend, self.uuid, self.owner = spend, uuid, owner

    def body(self, **fields: Any) -> dict[str, Any]:
        return {
            "name": "Card",
            "budgetId": self.uuid,
            "userId": self.owner,
            **fields,
        }

    async def card(self, **fields: Any) -> Any:
        return await self.spend.post("/spend/cards", self.body(**fields))

    async def refusal(self, **fields: Any) -> Any:
        return await self.spend.ask("POST", "/spend/cards", self.body(**fields))

    async def patch(self, card: Any, **fields: Any) -> Any:
        return await self.spend.ask("PATCH", f"/spend/cards/{card['uuid']}", fields)

    async def period(self) -> Any:
        found = await self.spend.get(f"/spend/budgets/{self.uuid}")
        return found["currentPeriod"]


@pytest.fixture
async def budget(spend: Any) -> Budget:
    return await make(spend)


async def make(spend: Any, **fields: Any) -> Budget:
    owner = (await spend.get("/spend/users/current"))["uuid"]
    body = {
        "name": "Operations",
        "recurringInterval": "MONTHLY",
        "limit": 1000,
        "recurringLimit": 1000,
        "owners": [owner],
        **fields,
    }
    return Budget(spend, (await spend.post("/spend/budgets", body))["uuid"], owner)


async def swipe(spend: Any, card: Any, amount: float, **fields: Any) -> Any:
    own = {"cardId": card["id"], "amount": amount, **fields}
    wish = [{"type": "spend_transaction", "fields": own}]
    [made] = await spend.control("POST", "/fixtures", wish)
    return await spend.get(f"/spend/transactions/{made['uuid']}")


async def test_a_new_card_is_active_virtual_and_assigned(
    spend: Any, budget: Budget
) -> None:
    card = await budget.card(limit="250", expirationDate="2027-01-31")
    assert card["uuid"].startswith("crd_")
    assert len(card["lastFour"]) == 4
    assert {
        **card,
        "id": "",
        "uuid": "",
        "lastFour": "",
        "userId": "",
        "budgetId": "",
    } == {
        "id": "",
        "uuid": "",
        "name": "Card",
        "userId": "",
        "userUuid": budget.owner,
        "budgetId": "",
        "budgetUuid": budget.uuid,
        "lastFour": "",
        "validThru": "11/30",
        "expirationDate": "2027-01-31",
        "status": "ACTIVATED",
        "type": "VIRTUAL",
        "shareBudgetFunds": False,
        "recurring": False,
        "currentPeriod": {"limit": 250, "spent": 0},
        "createdTime": "2026-11-23T15:00:00.000+00:00",
        "updatedTime": "2026-11-23T15:00:00.000+00:00",
    }
    assert (await budget.period())["assigned"] == 250


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, ["limit"]),
        ({"shareBudgetFunds": False}, ["limit"]),
        ({"limit": 5, "shareBudgetFunds": True}, ["limit"]),
        (
            {"limit": 5, "recurringLimit": 6, "shareBudgetFunds": True},
            ["limit", "recurringLimit"],
        ),
    ],
)
async def test_a_card_has_a_limit_or_shares_the_funds(
    budget: Budget, fields: dict[str, Any], named: list[str]
) -> None:
    answer = await budget.refusal(**fields)
    assert answer.status_code == 400
    assert [fault["message"].partition(":")[0] for fault in answer.json()] == named


async def test_a_card_is_for_members_of_a_budget_that_lives(
    spend: Any, budget: Budget, refused: Refused
) -> None:
    wish = [{"type": "spend_user"}]
    [stranger] = await spend.control("POST", "/fixtures", wish)
    answer = await budget.refusal(limit=5, userId=stranger["uuid"])
    assert refused(answer) == (422, "BDC_9105")
    await spend.ask("DELETE", f"/spend/budgets/{budget.uuid}")
    assert refused(await budget.refusal(limit=5)) == (422, "BDC_9101")
    answer = await budget.refusal(limit=5, budgetId="bgt_none")
    assert refused(answer) == (404, "BDC_1205")


async def test_a_card_pays_up_to_its_limit(spend: Any, budget: Budget) -> None:
    card = await budget.card(limit=100)
    paid = await swipe(spend, card, 60)
    assert paid["transactionType"] == "AUTHORIZATION"
    declined = await swipe(spend, card, 41)
    assert declined["transactionType"] == "DECLINE"
    assert declined["declineInternalReasonCode"] == "INSUFFICIENT_FUNDS"
    await swipe(spend, card, 40)
    found = await spend.get(f"/spend/cards/{card['uuid']}")
    assert found["currentPeriod"] == {"limit": 100, "spent": 100}
    assert (await budget.period())["spent"]["pending"] == 100


async def test_the_budget_bounds_every_card(spend: Any) -> None:
    budget = await make(spend, overspendBuffer=50, maxTxSize=900)
    card = await budget.card(limit=5000)

    async def outcome(amount: float) -> str:
        told = await swipe(spend, card, amount)
        found: str = told.get("declineInternalReasonCode", "PAID")
        return found

    assert await outcome(901) == "MAX_TX_SIZE"
    assert await outcome(900) == "PAID"
    assert await outcome(151) == "INSUFFICIENT_FUNDS"
    assert await outcome(150) == "PAID"


async def test_a_holders_own_limit_bounds_a_card_that_shares_funds(
    spend: Any, budget: Budget
) -> None:
    member = f"/spend/budgets/{budget.uuid}/members/{budget.owner}"
    await spend.ask("PUT", member, {"limit": 30, "recurringLimit": 30})
    card = await budget.card(shareBudgetFunds=True)
    assert (await swipe(spend, card, 31))["transactionType"] == "DECLINE"
    assert (await swipe(spend, card, 30))["transactionType"] == "AUTHORIZATION"
    assert (await spend.get(member))["spent"] == 30


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "FROZEN"}, "CARD_NOT_ACTIVE"),
        ({"expirationDate": "2026-11-22"}, "CARD_EXPIRED"),
    ],
)
async def test_a_card_that_is_frozen_or_expired_declines(
    spend: Any, budget: Budget, fields: dict[str, Any], code: str
) -> None:
    card = await budget.card(limit=100)
    await spend.control("PATCH", f"/objects/{card['uuid']}", {"fields": fields})
    declined = await swipe(spend, card, 5)
    assert declined["declineInternalReasonCode"] == code


async def test_recurring_cards_begin_anew_and_one_time_cards_do_not(
    spend: Any, budget: Budget
) -> None:
    recurring = await budget.card(recurringLimit=100)
    once = await budget.card(limit=100)
    assert recurring["recurring"] is True
    assert recurring["currentPeriod"]["limit"] == 100
    for card in (recurring, once):
        await swipe(spend, card, 80)
    await spend.pass_time(now="2026-12-02T12:00:00Z")

    async def spent(card: Any) -> float:
        found = await spend.get(f"/spend/cards/{card['uuid']}")
        amount: float = found["currentPeriod"]["spent"]
        return amount

    assert await spent(recurring) == 0
    assert await spent(once) == 80


async def test_a_card_is_changed_field_by_field(spend: Any, budget: Budget) -> None:
    card = await budget.card(limit=100, expirationDate="2027-01-31")
    changed = (await budget.patch(card, name="New", expirationDate=None)).json()
    assert changed["name"] == "New"
    assert "expirationDate" not in changed
    changed = (await budget.patch(card, recurring=True)).json()
    assert (changed["recurring"], changed["recurringLimit"]) == (True, 100)
    changed = (await budget.patch(card, recurringLimit=70, limit=80)).json()
    assert changed["currentPeriod"]["limit"] == 80
    assert (await budget.period())["assigned"] == 80
    changed = (await budget.patch(card, recurring=False)).json()
    assert (changed["recurring"], changed.get("recurringLimit")) == (False, None)
    changed = (await budget.patch(card, shareBudgetFunds=True)).json()
    assert "limit" not in changed["currentPeriod"]
    assert (await budget.period())["assigned"] == 0
    assert (await budget.patch(card, limit=5)).status_code == 400
    assert (await budget.patch(card, shareBudgetFunds=False)).status_code == 400
    back = await budget.patch(card, shareBudgetFunds=False, limit=20)
    assert back.json()["currentPeriod"]["limit"] == 20


async def test_a_card_moves_with_its_limit_to_another_budget(
    spend: Any, budget: Budget
) -> None:
    other = await make(spend, name="Other")
    card = await budget.card(limit=100)
    moved = (await budget.patch(card, budgetId=other.uuid)).json()
    assert moved["budgetUuid"] == other.uuid
    assert (await budget.period())["assigned"] == 0
    assert (await other.period())["assigned"] == 100


@pytest.mark.parametrize(
    ("query", "reason"), [({}, "CANCELLED"), ({"reason": "STOLEN"}, "STOLEN")]
)
async def test_deleting_a_card_is_final(
    spend: Any, budget: Budget, refused: Refused, query: dict[str, str], reason: str
) -> None:
    card = await budget.card(limit=100)
    path = f"/spend/cards/{card['uuid']}"
    for _ in range(2):
        answer = await spend.ask("DELETE", path, **query)
        assert (answer.status_code, answer.content) == (200, b"")
    found = await spend.get(path)
    assert (found["status"], found["deletedReason"]) == ("DELETED", reason)
    assert (await budget.period())["assigned"] == 0
    assert refused(await budget.patch(card, name="X")) == (422, "BDC_9102")
    assert refused(await spend.ask("GET", f"{path}/pan-jwt")) == (422, "BDC_9102")


async def test_an_unknown_reason_is_refused(spend: Any, budget: Budget) -> None:
    card = await budget.card(limit=100)
    path = f"/spend/cards/{card['uuid']}"
    answer = await spend.ask("DELETE", path, reason="BORED")
    assert answer.status_code == 400


async def test_the_token_for_the_number_lives_five_minutes(
    spend: Any, budget: Budget
) -> None:
    card = await budget.card(limit=100)
    path = f"/spend/cards/{card['uuid']}/pan-jwt"
    token = (await spend.get(path))["token"]
    _, claims, _ = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert told["sub"] == card["uuid"]
    assert told["exp"] - told["iat"] == 300
    assert (await spend.get(path))["token"] == token
    await spend.pass_time(advance_s=1)
    assert (await spend.get(path))["token"] != token


async def test_lists_are_filtered_and_sorted(spend: Any, budget: Budget) -> None:
    first = await budget.card(name="B", limit=1)
    second = await budget.card(name="A", limit=1)
    await spend.ask("DELETE", f"/spend/cards/{second['uuid']}")

    async def names(**query: Any) -> list[str]:
        page = await spend.get("/spend/cards", **query)
        return [each["name"] for each in page["results"]]

    assert await names(sort="name") == ["A", "B"]
    assert await names(sort="status:desc,lastFour:asc") == ["A", "B"]
    assert await names(filters="status:eq:ACTIVATED") == ["B"]
    assert await names(filters=f"cardIds:eq:{first['id']}") == ["B"]
    assert await names(filters=f"userIds:eq:{budget.owner},types:eq:VIRTUAL") == [
        "B",
        "A",
    ]
    assert await names(filters="budgetIds:eq:bgt_none") == []
