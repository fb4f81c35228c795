from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour, behaviours
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.operations import operations, route
from bill_mcp.simulator.state_json import digest
from bill_mcp.simulator.storage import StateFile
from bill_mcp.simulator.times import central_moment
from bill_mcp.simulator.world import World


def test_hours_are_central_in_summer() -> None:
    assert central_moment(date(2026, 3, 9), 9).hour == 14
    assert central_moment(date(2026, 11, 23), 9).hour == 15


@pytest.mark.parametrize(
    "time", ["2026-11-23T15:00:00Z", "2027-01-01T23:30:00Z", "2026-07-05T01:00:00Z"]
)
def test_the_demo_is_consistent_whenever_it_starts(time: str) -> None:
    world = World.create("demo", time)
    bills, payments = list(world.rows("bill")), list(world.rows("payment"))
    for bill in bills:
        parts = (bill["creditAmount"], bill["scheduledAmount"], bill["paidAmount"])
        assert bill["dueAmount"] == pytest.approx(bill["amount"] - sum(parts))
        assert bill["dueAmount"] >= 0
        assert bill["createdTime"] <= bill["updatedTime"] <= world.stamp
        lines = sum(line["amount"] for line in bill["billLineItems"])
        assert bill["amount"] == pytest.approx(lines)
    for payment in payments:
        shares = sum(each["amount"] for each in payment["billPayments"])
        assert payment["amount"] == pytest.approx(shares)
        status = assumed.PAYMENT_STATES[payment["singleStatus"]][0]
        assert payment["status"] == status
    assert len(list(world.rows("vendor"))) == 40
    assert len(bills) == 120
    assert set(Counter(bill["paymentStatus"] for bill in bills)) == {
        "UNPAID",
        "SCHEDULED",
        "PARTIAL",
        "PAID",
    }


def test_the_demo_has_payments_in_every_usual_state() -> None:
    world = World.create("demo")
    assert {payment["singleStatus"] for payment in world.rows("payment")} == {
        "SCHEDULED",
        "FUNDING_STARTED",
        "PROCESSED",
        "SENT",
        "DELIVERED",
        "CLEARED",
        "CANCELED",
        "VOIDED",
        "DISBURSEMENT_FAILED_ACTION_NEEDED",
        "DISBURSEMENT_ON_HOLD",
    }


def test_every_operation_is_found_by_its_own_path() -> None:
    for each in operations().values():
        found, values = route(each.method, each.path.replace("{", "x").replace("}", ""))
        assert found is each
        assert len(values) == each.path.count("{")


def test_an_encoded_slash_stays_inside_its_segment() -> None:
    found, values = route("GET", "/v3/vendors/a%2Fbank-account")
    assert found.name == "vendors_get"
    assert values == {"vendorId": "a/bank-account"}


def get_nothing(call: Call) -> None:
    """Do what no operation does."""


def test_a_second_behaviour_for_an_operation_is_refused() -> None:
    behaviours()
    with pytest.raises(ValueError, match="two behaviours"):
        behaviour("vendors_list")(get_nothing)
    with pytest.raises(ValueError, match="no operation"):
        behaviour("vendors_dance")


def test_two_worlds_share_nothing() -> None:
    one, other = World.create("empty"), World.create("empty")
    one.add("vendor", {"name": "Acme"})
    assert list(other.rows("vendor")) == []
    assert one.traffic is not other.traffic


def test_a_clock_may_run() -> None:
    passed = [0.0]
    world = World.create("empty", "2026-11-23T15:00:00Z", lambda: passed[0])
    passed[0] = 90.5
    world.tick()
    assert world.stamp == "2026-11-23T15:01:30.500+00:00"


def test_an_index_follows_every_change() -> None:
    world = World.create("empty")
    one = world.add("job", {"name": "a"}, key="1")
    world.add("job", {"name": "a"}, key="2")
    assert [job["id"] for job in world.where("job", "name", "a")] == ["1", "2"]
    world.change("job", one["id"], {"name": "b"})
    assert [job["id"] for job in world.where("job", "name", "a")] == ["2"]
    world.put("job", "2", None)
    assert world.where("job", "name", "a") == []
    with pytest.raises(ZeroDivisionError):
        world.attempt(lambda: world.add("job", {"name": "b"}, key="3")["x" * (1 // 0)])
    assert [job["id"] for job in world.where("job", "name", "b")] == ["1"]


@pytest.mark.anyio
async def test_a_state_file_keeps_the_world(start: Any, tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.db")
    assert file.read() is None
    bill = await start("demo", state_file=file)
    bill.account = bill.world.where("bank_account", "status", "VERIFIED")[0]["id"]
    await bill.sign_in()
    due = await bill.bill((await bill.paid_by_ach())["id"], 100)
    await bill.pay(due, 100)
    await bill.fault(method="POST", path="/v3/vendors", hide_s=60, times=2)
    await bill.vendor("Hidden")
    gone = await bill.vendor("Gone")
    bill.world.put("vendor", gone["id"], None)
    await bill.get("/vendors")
    file.close()
    again = StateFile(tmp_path / "state.db")
    state = again.read()
    assert state is not None
    assert digest(state) == digest(bill.world.state)
    other = World.create("empty")
    other.replace_state(state)
    for world in (bill.world, other):
        world.move_to(world.now + timedelta(days=10))
    assert digest(other.state) == digest(bill.world.state)
    again.close()
