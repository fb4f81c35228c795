"""What plant_recurring_bills, _network, _files and _risk add to the seed demo."""

from typing import Any

import pytest

from bill_mcp.simulator.seeds.demo_files import plant_files
from bill_mcp.simulator.seeds.demo_network import plant_network
from bill_mcp.simulator.seeds.demo_recurring import plant_recurring_bills
from bill_mcp.simulator.seeds.demo_risk import plant_risk
from bill_mcp.simulator.state_json import digest

pytestmark = pytest.mark.anyio
PLANTS = (plant_recurring_bills, plant_network, plant_files, plant_risk)
VENDORS = ("Harbor View Properties", "Quick Copy Print Shop", "NorthSound Telecom")


async def planted(start: Any) -> Any:
    """Return a small world with some of the demo's vendors, and what is planted."""
    bill = await start()
    await bill.control("POST", "/fixtures", [{"type": "bank_account"}])
    await bill.sign_in()
    for name in VENDORS:
        await bill.bill((await bill.vendor(name))["id"])
    for plant in PLANTS:
        plant(bill.world)
    return bill


async def test_planting_is_the_same_each_time_and_makes_no_bill(start: Any) -> None:
    one, other = await planted(start), await planted(start)
    assert digest(one.world.state) == digest(other.world.state)
    assert len((await one.get("/bills"))["results"]) == len(VENDORS)


async def test_what_is_planted_can_be_read(start: Any) -> None:
    bill = await planted(start)
    recurring = (await bill.get("/recurringbills"))["results"]
    assert [row["archived"] for row in recurring] == [False, True]
    found = (await bill.get("/network", name="Cascade Freight"))["results"]
    assert len(found) == 3
    [vendor] = (await bill.get("/vendors", filters='name:sw:"Quick"'))["results"]
    assert vendor["networkStatus"] == "PENDING"
    row = (await bill.get("/bills"))["results"][0]
    [document] = (await bill.get(f"/documents/bills/{row['id']}"))["results"]
    session = {"sessionId": bill.headers["sessionId"]}
    got = await bill.http.get(document["downloadLink"], headers=session)
    assert got.content.startswith(b"%PDF")
    assert (await bill.get("/risk-verifications"))["decision"] == "APPROVE"
