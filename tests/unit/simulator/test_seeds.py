"""All seeds are true and the same every time; large and hostile are as named."""

import json
import unicodedata
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from bill_mcp.simulator import assumed
from bill_mcp.simulator.seeds.planting import SEEDS
from bill_mcp.simulator.state_json import digest
from bill_mcp.simulator.world import World


@pytest.fixture(scope="module")
def large() -> World:
    return World.create("large")


@pytest.fixture(scope="module", params=[*SEEDS])
def seeded(request: pytest.FixtureRequest) -> World:
    if request.param == "large":
        world: World = request.getfixturevalue("large")
        return world
    return World.create(request.param)


@pytest.fixture(scope="module")
def hostile() -> World:
    return World.create("hostile")


def test_every_bill_and_payment_adds_up(seeded: World) -> None:
    for bill in seeded.rows("bill"):
        parts = [bill[f"{name}Amount"] for name in ("credit", "scheduled", "paid")]
        assert bill["dueAmount"] == pytest.approx(bill["amount"] - sum(parts))
        assert bill["dueAmount"] >= 0
        lines = sum(line["amount"] for line in bill["billLineItems"])
        assert bill["amount"] == pytest.approx(lines)
        assert bill["createdTime"] <= bill["updatedTime"] <= seeded.stamp
        assert seeded.get("vendor", bill["vendorId"]) is not None
    for payment in seeded.rows("payment"):
        shares = sum(each["amount"] for each in payment["billPayments"])
        assert payment["amount"] == pytest.approx(shares)
        state = assumed.PAYMENT_STATES[payment["singleStatus"]]
        assert (payment["status"], payment["disbursementStatus"]) == state[:2]
        for each in payment["billPayments"]:
            bill = seeded.state.tables["bill"][each["billId"]]
            assert payment["id"] in bill["_paymentIds"]
            assert bill["vendorId"] == payment["vendorId"]


def test_every_organization_has_what_it_must_have(seeded: World) -> None:
    for organization in seeded.rows("organization"):
        for kind in ("role", "chart_of_account", "user"):
            assert seeded.where(kind, "_organizationId", organization["id"])


def test_nothing_lies_in_the_past_that_is_due(seeded: World) -> None:
    assert all(due.at > seeded.stamp for due in seeded.state.due)


def test_ids_and_references_are_whole(seeded: World) -> None:
    for kind, table in seeded.state.tables.items():
        for key, thing in table.items():
            assert key in {thing.get("id"), thing.get("uuid"), "settings"}, kind
    accounts = seeded.state.tables["chart_of_account"]
    for bill in seeded.rows("bill"):
        for line in bill["billLineItems"]:
            named = line.get("classifications", {}).get("chartOfAccountId")
            assert named is None or named in accounts


@pytest.mark.parametrize("seed", ["empty", "demo", "hostile"])
@pytest.mark.parametrize("now", ["2026-11-23T15:00:00Z", "2028-02-29T01:00:00Z"])
def test_a_seed_is_the_same_every_time(seed: str, now: str) -> None:
    one, other = World.create(seed, now), World.create(seed, now)
    assert digest(one.state) == digest(other.state)
    assert one.stamp == other.stamp == now.replace("Z", ".000+00:00")


# --- large


def test_large_is_large(large: World) -> None:
    assert len(large.state.tables["vendor"]) == 2_000
    assert len(large.state.tables["bill"]) == 20_000
    statuses = Counter(bill["paymentStatus"] for bill in large.rows("bill"))
    assert set(statuses) == {"UNPAID", "SCHEDULED", "PARTIAL", "PAID"}


def test_large_is_the_same_every_time(large: World) -> None:
    other = World.create("large")
    assert other.state.tables == large.state.tables
    assert other.state.due == large.state.due


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "query", "by"),
    [
        (
            "/bills",
            {"filters": "paymentStatus:eq:UNPAID", "sort": "dueDate:desc"},
            "dueDate",
        ),
        ("/payments", {"filters": "amount:gte:1000", "sort": "amount:desc"}, "amount"),
        ("/vendors", {"filters": 'name:sw:"Cedar"', "sort": "name:desc"}, "name"),
    ],
)
async def test_the_lists_of_large_are_in_order_from_page_to_page(
    large: World, start: Any, path: str, query: dict[str, str], by: str
) -> None:
    bill = await start()
    bill.world.replace_state(large.state.copy())
    await bill.sign_in()
    first = await bill.get(path, max=100, **query)
    rows = first["results"]
    if "nextPage" in first:
        following = await bill.get(path, max=100, page=first["nextPage"], **query)
        rows += following["results"]
    assert len({row["id"] for row in rows}) == len(rows) > 20
    assert [row[by] for row in rows] == sorted((row[by] for row in rows), reverse=True)


def test_the_run_of_large_goes_on_with_the_clock(large: World) -> None:
    world = World.create("empty")
    world.replace_state(large.state.copy())
    before = Counter(row["status"] for row in world.rows("payment"))
    world.move_to(world.now + timedelta(days=30))
    after = Counter(row["status"] for row in world.rows("payment"))
    assert before["SCHEDULED"] > 500
    assert after == {"PAID": before.total()}


# --- hostile


def names(world: World) -> list[str]:
    return [vendor["name"] for vendor in world.rows("vendor")]


def plain(text: str) -> str:
    """Return what a careless eye reads."""
    looks = str.maketrans("\u0430\u0435\u03bf", "aeo")
    shown = unicodedata.normalize("NFKC", text).translate(looks)
    return "".join(each for each in shown if unicodedata.category(each) != "Cf").lower()


def test_one_name_is_read_where_several_vendors_are_meant(hostile: World) -> None:
    alike = [name for name in names(hostile) if plain(name) == "cascade freight lines"]
    assert len(alike) == len(set(alike)) == 4
    numbers = {
        vendor["_accountNumber"]
        for vendor in hostile.rows("vendor")
        if vendor["name"] in alike
    }
    assert len(numbers) == 4


def test_texts_hold_what_cannot_be_seen(hostile: World) -> None:
    text = json.dumps(dict(hostile.state.tables), ensure_ascii=False)
    for hidden in ("\u200b", "\u202e", "\u00ad", "\U000e0050", "\u2067"):
        assert hidden in text
    assert "\\u001b[31m" in text
    assert "\\u0000" in text
    longest = max(len(bill["description"]) for bill in hostile.rows("bill"))
    assert 3_900 < longest <= 4_000
    assert max(len(bill["billLineItems"]) for bill in hostile.rows("bill")) == 200


@pytest.mark.anyio
async def test_a_vendors_account_changed_two_days_ago(start: Any) -> None:
    bill = await start("hostile")
    await bill.sign_in()
    [vendor] = bill.world.where("vendor", "name", "Evergreen Sawmill Co-op")
    found = await bill.get(f"/vendors/{vendor['id']}")
    account = found["paymentInformation"]["bankAccount"]
    assert account["accountNumber"].endswith("6655")
    assert found["updatedTime"].startswith("2026-11-21")
    paid = bill.world.where("payment", "vendorId", vendor["id"])
    assert {row["status"] for row in paid} == {"PAID"}
    assert all(row["processDate"] < "2026-11-21" for row in paid)


@pytest.mark.anyio
async def test_what_is_hostile_is_served_as_it_is(start: Any) -> None:
    bill = await start("hostile")
    await bill.sign_in()
    shown = (await bill.get("/vendors", max=100))["results"]
    assert [row["name"] for row in shown] == names(bill.world)
    rows = (await bill.get("/bills", max=100))["results"]
    assert any("SYSTEM:" in row["description"] for row in rows)
    assert len({row["invoice"]["invoiceNumber"] for row in rows}) < len(rows)
    first = (await bill.get(f"/documents/bills/{rows[0]['id']}"))["results"]
    told = list(bill.world.rows("document"))
    assert first[0]["name"] in {row["name"] for row in told}
    assert any("../" in row["name"] for row in told)
