from typing import Any

import pytest

from bill_mcp.simulator.classification_references import REFERENCES
from bill_mcp.simulator.invoice_amounts import settle
from bill_mcp.simulator.seeds.demo import demo_data
from bill_mcp.simulator.seeds.demo_classifications import (
    ACCOUNTS,
    plant_classifications,
)
from bill_mcp.simulator.seeds.demo_receivables import plant_receivables
from bill_mcp.simulator.state_json import digest
from bill_mcp.simulator.world import World


def planted() -> World:
    """Return the seed ``empty`` with these plants in it, whatever ``demo`` calls."""
    world = World.create("empty")
    plant_classifications(world)
    plant_receivables(world)
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return planted()


def test_the_first_accounts_are_those_that_the_demos_bills_name() -> None:
    categories = demo_data()["accounts"]
    assert [each[0] for each in ACCOUNTS[: len(categories)]] == categories


def test_planting_twice_gives_the_same_world(world: World) -> None:
    assert digest(planted().state) == digest(world.state)


def test_the_clock_ends_where_it_was(world: World) -> None:
    assert world.stamp == World.create("empty").stamp
    assert all(each["createdTime"] <= world.stamp for each in world.rows("invoice"))


def test_every_status_of_an_invoice_occurs(world: World) -> None:
    found = {each["status"] for each in world.rows("invoice")}
    assert found == {"OPEN", "PARTIAL_PAYMENT", "PAID", "SCHEDULED"}
    assert any(each["archived"] for each in world.rows("invoice"))
    assert any(each["unappliedAmount"] for each in world.rows("received_payment"))


def test_amounts_are_settled_and_numbers_unique(world: World) -> None:
    invoices = list(world.rows("invoice"))
    assert [settle(world, each["id"]) for each in invoices] == invoices
    assert all(each["dueAmount"] >= 0 for each in invoices)
    assert len({each["invoiceNumber"] for each in invoices}) == len(invoices)


def references(thing: dict[str, Any]) -> list[tuple[str, str]]:
    lines = [line["classifications"] for line in thing["invoiceLineItems"]]
    parts = [thing, thing.get("classifications", {}), *lines]
    return [(REFERENCES[n], part[n]) for part in parts for n in part if n in REFERENCES]


def test_everything_that_invoices_name_is_there(world: World) -> None:
    for invoice in world.rows("invoice"):
        for kind, key in references(invoice):
            assert world.get(kind, key) is not None


def test_who_was_to_pay_online_has_paid_when_the_clock_moves_on() -> None:
    world = planted()
    scheduled = world.where("invoice", "status", "SCHEDULED")
    world.move_to(world.now.replace(day=30))
    assert scheduled
    for each in scheduled:
        assert (world.get("invoice", each["id"]) or {})["status"] == "PAID"
