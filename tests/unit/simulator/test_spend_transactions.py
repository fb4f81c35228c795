from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bill_mcp.simulator import credentials
from bill_mcp.simulator.behaviours.budgets import make_budget
from bill_mcp.simulator.behaviours.cards import add_card, limits_of
from bill_mcp.simulator.behaviours.transactions import make_transaction
from bill_mcp.simulator.objects import patch_object
from bill_mcp.simulator.spend_amounts import recount, recount_card
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.world import World

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
OWN = credentials.ORGANIZATION_ID


class Spender:
    """A card of a budget, and what is paid with it."""

    def __init__(self, spend: Any, card: Thing, budget: Thing) -> None:
        self.spend, self.card, self.budget = spend, card, budget

    async def pay(self, amount: float, **fields: Any) -> Any:
        own = {"cardId": self.card["uuid"], "amount": amount, **fields}
        wish = [{"type": "spend_transaction", "fields": own}]
        [made] = await self.spend.control("POST", "/fixtures", wish)
        return await self.get(made["uuid"])

    async def get(self, key: str, **query: Any) -> Any:
        return await self.spend.get(f"/spend/transactions/{key}", **query)

    async def list(self, **query: Any) -> list[Any]:
        page = await self.spend.get("/spend/transactions", **query)
        rows: list[Any] = page["results"]
        return rows

    async def spent(self) -> dict[str, float]:
        path = f"/spend/budgets/{self.budget['uuid']}"
        found: dict[str, float]
        found = (await self.spend.get(path))["currentPeriod"]["spent"]
        return found


@pytest.fixture
async def spender(spend: Any) -> Spender:
    return await make(spend)


async def make(spend: Any, **fields: Any) -> Spender:
    wish = [{"type": "spend_budget", "fields": fields}]
    [budget] = await spend.control("POST", "/fixtures", wish)
    user = await spend.get("/spend/users/current")
    body = {"name": "Card", "budgetId": budget["uuid"], "userId": user["uuid"]}
    card = await spend.post("/spend/cards", {**body, "limit": 1000})
    return Spender(spend, card, budget)


async def test_an_authorization_clears_with_a_new_id(spender: Spender) -> None:
    paid = await spender.pay(49.9, merchantName="Uline")
    assert paid["uuid"].startswith("trx_")
    assert (paid["transactionType"], paid["complete"]) == ("AUTHORIZATION", False)
    assert paid["userName"] == "Dana Whitfield"
    assert paid["cardLastFour"] == spender.card["lastFour"]
    assert await spender.spent() == {"pending": 49.9, "cleared": 0, "total": 49.9}
    await spender.spend.pass_time(advance_s=48 * 3600)
    first, second = await spender.list(sort="occurredTime:asc")
    assert first["uuid"] == paid["uuid"]
    assert second["uuid"] != paid["uuid"]
    assert first["matchedClearTransactionUuid"] == second["uuid"]
    assert second["originalAuthTransactionId"] == first["id"]
    assert (second["transactionType"], second["complete"]) == ("CLEAR", True)
    assert second["authorizedTime"] == first["occurredTime"]
    assert second["pointsAwarded"] == 49
    assert await spender.spent() == {"pending": 0, "cleared": 49.9, "total": 49.9}
    await spender.spend.pass_time(advance_s=48 * 3600)
    assert len(await spender.list()) == 2


async def test_reads_move_nothing(spender: Spender) -> None:
    await spender.pay(5)
    before = await spender.spend.control("GET", "/state/hash")
    await spender.list()
    assert await spender.spend.control("GET", "/state/hash") == before


async def test_a_reversal_lessens_what_clears(spender: Spender) -> None:
    held = await spender.pay(100)
    taken = {"originalAuthTransactionId": held["id"]}
    back = await spender.pay(-30, transactionType="AUTHORIZATION", **taken)
    assert back["isCredit"] is True
    assert (await spender.spent())["pending"] == 70
    await spender.spend.pass_time(advance_s=48 * 3600)
    assert await spender.spent() == {"pending": 0, "cleared": 70, "total": 70}


async def test_what_was_reversed_whole_never_clears(spender: Spender) -> None:
    held = await spender.pay(100)
    await spender.pay(-100, originalAuthTransactionId=held["uuid"])
    await spender.spend.pass_time(advance_s=48 * 3600)
    assert {each["transactionType"] for each in await spender.list()} == {
        "AUTHORIZATION"
    }
    assert (await spender.spent())["total"] == 0


async def test_a_refund_is_a_negative_clearing(spender: Spender) -> None:
    await spender.pay(80, transactionType="CLEAR")
    refund = await spender.pay(-20, transactionType="CLEAR")
    assert refund["isCredit"] is True
    assert (await spender.spent())["cleared"] == 60


async def test_parts_of_a_split_are_not_listed_and_count_once(spender: Spender) -> None:
    whole = await spender.pay(100, transactionType="CLEAR")
    parts = [
        await spender.pay(
            50, transactionType="CLEAR", parentTransactionId=whole["uuid"]
        )
        for _ in range(2)
    ]
    [listed] = await spender.list()
    assert listed["uuid"] == whole["uuid"]
    assert listed["isParent"] is True
    assert listed["childTransactionUuids"] == [part["uuid"] for part in parts]
    assert (await spender.get(parts[0]["id"]))["parentTransactionId"] == whole["id"]
    assert (await spender.spent())["total"] == 100


async def test_a_transaction_moves_to_another_budget(
    spend: Any, spender: Spender, refused: Refused
) -> None:
    other = await make(spend, name="Other")
    paid = await spender.pay(10)
    path = f"/spend/transactions/{paid['uuid']}"
    body = {"budgetId": other.budget["id"]}
    moved = (await spend.ask("PUT", path, body)).json()
    assert (moved["budgetUuid"], moved["budgetName"]) == (
        other.budget["uuid"],
        "Other",
    )
    assert (await spender.spent())["total"] == 0
    assert (await other.spent())["total"] == 10
    await spend.pass_time(advance_s=48 * 3600)
    assert (await other.spent())["cleared"] == 10
    wish = {"fields": {"isLocked": True}}
    await spend.control("PATCH", f"/objects/{paid['uuid']}", wish)
    answer = await spend.ask("PUT", path, {"budgetId": spender.budget["id"]})
    assert refused(answer) == (422, "BDC_9103")
    assert (await spend.ask("PUT", path, {})).status_code == 400


async def test_receipts_are_asked_for_in_lists(spend: Any) -> None:
    spender = await make(spend, receiptRequired=True)
    bare = await spender.pay(10, transactionType="CLEAR")
    assert (bare["receiptStatus"], bare["complete"]) == ("MISSING", False)
    good = await spender.pay(
        10, transactionType="CLEAR", receipts=[{"filename": "a.png"}]
    )
    assert (good["receiptStatus"], good["complete"]) == ("ATTACHED", True)
    [receipt] = good["receipts"]
    # The url is the right: no token goes along.
    got = await spend.http.get(receipt["url"])
    assert got.content.startswith(b"\x89PNG")
    assert "receipts" not in (await spender.list())[1]
    assert (await spender.list(includeReceipts="true"))[1]["receipts"] == [receipt]


async def test_lists_are_filtered_sorted_and_paged(
    spend: Any, spender: Spender
) -> None:
    await spender.pay(10, merchantName="Anchor", occurredTime="2026-11-20T10:00:00Z")
    await spender.pay(3000, merchantName="Beacon")
    await spender.pay(
        20,
        merchantName="Cove",
        accountingIntegrationTransactions=[{"syncStatus": "ERROR"}],
        reviewers=[{"status": "DENIED"}, {"status": "APPROVED"}],
    )

    async def names(filters: str, **query: Any) -> str:
        rows = await spender.list(filters=filters, **query)
        return "".join(each["merchantName"][0] for each in rows)

    assert await names("", sort="amount:desc") == "BCAA"
    assert await names("type:ne:DECLINE", sort="occurredTime:desc") == "CAA"
    assert await names("complete:eq:true") == "A"
    assert await names("syncStatus:eq:ERROR") == "C"
    assert await names('syncStatus:nin:"ERROR,SYNCED"') == "AAB"
    assert await names("reviewStatus:eq:DENIED") == "C"
    assert await names("amount:gte:20.00,merchantName:sw:B") == "B"
    assert await names("authorizedTime:lte:2026-11-21T00:00:00.000Z") == "AA"
    assert await names('updatedTime:gte:"2026-11-23T00:00:00.000Z"') == "BC"
    assert await names(f"cardId:eq:{spender.card['id']},locked:eq:false") == "AABC"
    assert await names(f"budgetId:eq:{spender.budget['uuid']}") == "AABC"
    assert await names("userId:eq:usr_none,receiptStatus:eq:NOT_ATTACHED") == ""
    first = await spend.get("/spend/transactions", max=3)
    assert len(first["results"]) == 3
    rest = await spend.get("/spend/transactions", max=3, nextPage=first["nextPage"])
    assert len(rest["results"]) == 1
    assert "nextPage" not in rest


@pytest.mark.parametrize(
    "query",
    [
        {"max": 51},
        {"filters": "updatedTime:gt:2026-01-01"},
        {"filters": "authorizedTime:lt:2026-01-01"},
        {"filters": "syncStatus:eq:LOST"},
        {"filters": "type:eq:REFUND"},
        {"filters": "colour:eq:red"},
    ],
)
async def test_what_the_list_does_not_know_is_refused(
    spend: Any, query: dict[str, Any]
) -> None:
    answer = await spend.ask("GET", "/spend/transactions", **query)
    assert answer.status_code == 400


async def test_fixtures_that_make_no_sense_are_refused(spender: Spender) -> None:
    async def status(**fields: Any) -> int:
        wish = [{"type": "spend_transaction", "fields": fields}]
        answer = await spender.spend.http.post("/simulator/fixtures", json=wish)
        code: int = answer.status_code
        return code

    assert await status(cardId="crd_none") == 404
    assert await status(parentTransactionId="trx_none") == 404
    assert await status(occurredTime="2027-01-01T00:00:00Z") == 400
    await spender.spend.ask("DELETE", f"/spend/cards/{spender.card['uuid']}")
    assert await status() == 400


def fresh() -> tuple[World, list[str], list[str]]:
    """Return a world with two budgets and three cards, of every kind."""
    world = World.create("empty")
    user = next(iter(world.rows("spend_user")))
    budgets = [
        make_budget(world, OWN, {"recurringInterval": interval, "limit": 500.0})
        for interval in ("DAILY", "NONE")
    ]
    wishes = ({"recurringLimit": 90.0}, {"limit": 400.0}, {"shareBudgetFunds": True})
    cards = [
        add_card(world, budget, user, {"name": "Card", **limits_of(wish)})
        for budget in budgets
        for wish in wishes
    ]
    return world, [each["uuid"] for each in budgets], [each["uuid"] for each in cards]


steps = st.lists(
    st.tuples(
        st.sampled_from(("pay", "pay", "clear", "refund", "wait", "move", "amount")),
        st.integers(0, 5),
        st.integers(1, 9_999),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps)
async def test_what_is_spent_is_what_the_transactions_add_up_to(
    told: list[tuple[str, int, int]],
) -> None:
    world, budgets, cards = fresh()
    for what, which, size in told:
        paid = list(world.rows("spend_transaction"))
        fields: Thing = {"cardId": cards[which], "amount": size / 100}
        if what == "pay":
            make_transaction(world, OWN, fields)
        elif what == "clear":
            make_transaction(world, OWN, fields | {"transactionType": "CLEAR"})
        elif what == "refund":
            taken = {"transactionType": "CLEAR", "amount": -size / 100}
            make_transaction(world, OWN, fields | taken)
        elif what == "wait":
            world.move_to(world.now.replace(hour=size % 24))
            world.move_to(world.now.fromtimestamp(world.now.timestamp() + size * 30))
        elif paid and what == "move":
            budget = world.state.tables["spend_budget"][budgets[which % 2]]
            ids = {"budgetId": budget["id"], "budgetUuid": budget["uuid"]}
            patch_object(world, paid[size % len(paid)]["uuid"], ids)
        elif paid:
            changed = {"amount": size / 100}
            patch_object(world, paid[size % len(paid)]["uuid"], changed)
    for uuid in cards:
        card = world.state.tables["spend_card"][uuid]
        assert recount_card(world, card)["currentPeriod"] == card["currentPeriod"]
    for uuid in budgets:
        budget = world.state.tables["spend_budget"][uuid]
        members = world.where("spend_budget_member", "_budgetUuid", uuid)
        assert recount(world, uuid)["currentPeriod"] == budget["currentPeriod"]
        assert world.where("spend_budget_member", "_budgetUuid", uuid) == members
