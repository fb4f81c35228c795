"""The seed demo's Spend & Expense is consistent and goes on by itself."""

from typing import Any

import pytest

from bill_mcp.simulator.seeds.demo_spend import plant_spend
from bill_mcp.simulator.store import Store
from bill_mcp.simulator.world import World

pytestmark = pytest.mark.anyio


async def test_the_demo_is_consistent_and_the_same_every_time() -> None:
    worlds = [World.create("empty") for _ in range(2)]
    for world in worlds:
        plant_spend(world)
    first, second = worlds
    assert first.state.tables == second.state.tables
    for budget in first.rows("spend_budget"):
        period = budget["currentPeriod"]
        if period["limit"] is not None:
            assert 0 <= period["spent"]["total"] <= period["limit"]
            assert period["assigned"] <= period["limit"]
    for card in first.rows("spend_card"):
        limit = card["currentPeriod"]["limit"]
        assert limit is None or card["currentPeriod"]["spent"] <= limit


async def test_the_demo_goes_on_for_a_year(spend: Any) -> None:
    plant_spend(spend.world)
    await spend.pass_time(advance_s=366 * 86_400)
    page = await spend.get("/spend/budgets", filters="retired:eq:false")
    days = {each["currentPeriod"]["startDate"] for each in page["results"]}
    assert max(days) == "2027-11-24"
    statuses = {each["status"] for each in spend.world.rows("spend_reimbursement")}
    assert statuses == {"PAID", "DENIED", "AWAITING_APPROVAL"}
    assert spend.world.now.year == 2027


def rows(world: Store, count: int) -> None:
    """Fill the table of transactions directly, as bulk data for the clock."""
    [card, *_] = world.rows("spend_card")
    [first, *_] = world.rows("spend_transaction")
    for number in range(count):
        own = {
            name: first[name] for name in first if name not in {"id", "uuid", "_seq"}
        }
        own |= {"amount": float(number * 7_919 % 10_007), "cardUuid": card["uuid"]}
        world.add("spend_transaction", own)


async def test_twenty_thousand_transactions_are_filtered_and_in_order(
    spend: Any,
) -> None:
    plant_spend(spend.world)
    rows(spend.world, 20_000)
    page = await spend.get(
        "/spend/transactions",
        filters="type:ne:DECLINE,amount:gte:9000",
        sort="amount:desc",
        max=50,
    )
    amounts = [each["amount"] for each in page["results"]]
    most = sorted(each["amount"] for each in spend.world.rows("spend_transaction"))
    assert amounts == most[:-51:-1]
