"""Every action of Spend & Expense is there, and every field of its replies occurs."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from bill_mcp.simulator.behaviours import behaviours
from bill_mcp.simulator.operations import operations
from bill_mcp.simulator.seeds.demo_spend import plant_spend

pytestmark = pytest.mark.anyio

OPERATIONS = [
    each for each in operations().values() if each.path.startswith("/v3/spend")
]
CANNOT_OCCUR = {
    "cards_create": {"deletedReason"},  # a card is made alive
    "cards_update": {"deletedReason"},  # and a deleted one cannot be changed
    "reimbursements_create": {"batchId", "batchAmount"},  # it has to be approved first
}


def paths_in(schema: Any, start: str = "") -> Iterator[str]:
    if "items" in schema:
        yield from paths_in(schema["items"], start)
    for name, inner in schema.get("properties", {}).items():
        yield f"{start}{name}"
        yield from paths_in(inner, f"{start}{name}.")


def paths_of(value: Any, start: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from paths_of(each, start)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{start}{name}"
            yield from paths_of(inner, f"{start}{name}.")


def schemas() -> dict[str, Any]:
    text = files("bill_mcp.simulator").joinpath("bill_api.json").read_text("utf-8")
    facts: dict[str, Any] = json.loads(text)
    return {name: fact["response"] or {} for name, fact in facts.items()}


class Tour:
    """Calls operations by name, and notes which fields their replies had."""

    def __init__(self, spend: Any) -> None:
        self.spend = spend
        self.seen: dict[str, set[str]] = {each.name: set() for each in OPERATIONS}

    async def __call__(self, name: str, *keys: str, _: Any = None, **query: Any) -> Any:
        path = operations()[name].path
        for key in keys:
            start, _brace, rest = path.partition("{")
            path = start + key + rest.partition("}")[2]
        # Sixty calls a minute are allowed.
        self.spend.world.traffic.forget()
        url = path.removeprefix("/v3")
        answer = await self.spend.ask(operations()[name].method, url, _, **query)
        assert answer.status_code == 200, answer.text
        told = answer.json() if answer.content else None
        self.seen[name].update(paths_of(told))
        return told


async def test_every_operation_has_a_behaviour() -> None:
    assert len(OPERATIONS) == 40
    assert {each.name for each in OPERATIONS} <= behaviours().keys()


async def test_every_field_of_every_reply_occurs_and_no_other(spend: Any) -> None:
    plant_spend(spend.world)
    tour = Tour(spend)
    user = await tour("spend_users_get_current")
    [other] = spend.world.where("spend_user", "firstName", "Marcus")
    await budgets(tour, user, other)
    await cards(tour, user)
    await custom_fields(tour)
    await transactions(tour)
    await reimbursements(tour, user)
    await tour("spend_users_delete", other["uuid"])
    known = schemas()
    for each in OPERATIONS:
        expected = set(paths_in(known[each.name])) - CANNOT_OCCUR.get(each.name, set())
        assert tour.seen[each.name] == expected, each.name


async def budgets(tour: Tour, user: Any, other: Any) -> None:
    [parent] = (await tour("budgets_list", filters="isBudgetGroup:eq:true"))["results"]
    body = {
        "name": "Everything",
        "description": "A budget with every field",
        "owners": [user["uuid"]],
        "members": [other["uuid"]],
        "recurringInterval": "MONTHLY",
        "limit": 1000,
        "recurringLimit": 1000,
        "limitlessOverspend": True,
        "limitlessGoal": 5000,
        "overspendBuffer": 10,
        "maxTxSize": 500,
        "expirationDate": "2027-06-30",
        "parentBudgetId": parent["uuid"],
    }
    made = await tour("budgets_create", _=body)
    key = made["uuid"]
    await tour("budgets_get", key)
    await tour("budgets_update", key, _={"name": "Everything else"})
    await tour("budgets_list", max=1)
    first = await tour("budgets_list", max=2)
    await tour("budgets_list", max=2, nextPage=first["nextPage"])
    await tour("budgets_list", filters="name:eq:Everything else")
    limits = {"limit": 10, "recurringLimit": 10}
    await tour("budget_members_upsert", key, other["id"], _=limits)
    await tour("budget_members_get", key, other["id"])
    first = await tour("budget_members_list", key, max=1)
    await tour("budget_members_list", key, max=1, nextPage=first["nextPage"])
    members = {"members": [{"userId": other["uuid"]}]}
    await tour("budget_members_upsert_bulk", key, _=members)
    await tour("budget_members_delete", key, other["uuid"])
    await tour("budgets_delete", key)


async def cards(tour: Tour, user: Any) -> None:
    [budget] = (await tour("budgets_list", filters="name:eq:Operations"))["results"]
    body = {
        "name": "Everything",
        "userId": user["id"],
        "budgetId": budget["id"],
        "limit": 100,
        "recurringLimit": 100,
        "expirationDate": "2027-06-30",
    }
    made = await tour("cards_create", _=body)
    key = made["uuid"]
    await tour("cards_get", key)
    await tour("cards_update", key, _={"name": "More"})
    await tour("cards_get_pan_jwt", key)
    await tour("cards_delete", key, reason="LOST")
    await tour("cards_get", key)
    first = await tour("cards_list", max=2)
    await tour("cards_list", max=2, nextPage=first["nextPage"])
    await tour("cards_list", max=100)


async def custom_fields(tour: Tour) -> None:
    [budget, *_] = (await tour("budgets_list"))["results"]
    body = {
        "name": "Everything",
        "description": "A field with every field",
        "allowCustomValues": False,
        "minimumAmountForRequirement": 1,
        "global": False,
        "selectedBudgetIds": [budget["id"]],
        "requiredBudgetIds": [budget["id"]],
        "values": ["A", "B"],
    }
    made = await tour("custom_fields_create", _=body)
    key = made["uuid"]
    await tour("custom_fields_get", key)
    await tour("custom_fields_update", key, _={"name": "More"})
    first = await tour("custom_fields_list", max=1)
    await tour("custom_fields_list", max=1, nextPage=first["nextPage"])
    await tour("custom_fields_list", max=100)
    value = await tour("custom_field_values_create", key, _={"values": ["C"]})
    await tour("custom_field_values_get", key, value["id"])
    first = await tour("custom_field_values_list", key, max=1)
    await tour("custom_field_values_list", key, max=1, nextPage=first["nextPage"])
    gone = {"customFieldValueIds": [value["id"]]}
    await tour("custom_field_values_delete", key, _=gone)
    await tour("custom_fields_delete", key)


async def transactions(tour: Tour) -> None:
    first = await tour("transactions_list", max=2)
    await tour("transactions_list", max=2, nextPage=first["nextPage"])
    seen = []
    for merchant in ("Fairmont Vancouver", "Grainger", "Hertz", "Best Buy", "Uline"):
        asked = {"filters": f"merchantName:eq:{merchant}", "includeReceipts": "true"}
        seen += (await tour("transactions_list", max=50, **asked))["results"]
    parts = [child for each in seen for child in each.get("childTransactionUuids", ())]
    fields = {"parentTransactionId": parts[0], "amount": 5, "isParent": True}
    # A part that was split again is a parent too, so the list has it.
    wish = [{"type": "spend_transaction", "fields": fields}]
    await tour.spend.control("POST", "/fixtures", wish)
    await tour("transactions_list", sort="updatedTime:desc")
    [budget] = (await tour("budgets_list", filters="name:eq:Operations"))["results"]
    for key in [each["uuid"] for each in seen] + parts:
        told = await tour("transactions_get", key)
        wish_open = {"fields": {"isLocked": False}}
        await tour.spend.control("PATCH", f"/objects/{key}", wish_open)
        if told["budgetName"] == "Operations" or "Grace" in told["userName"]:
            await tour("transactions_update", key, _={"budgetId": budget["id"]})
    [field] = (await tour("custom_fields_list", filters="name:eq:Project"))["results"]
    values = (await tour("custom_field_values_list", field["id"]))["results"]
    note = "customFieldIds"
    key = seen[0]["uuid"]
    chosen = [each["id"] for each in values]
    entry = {"customFieldId": field["id"], "selectedValues": chosen}
    body = {"customFields": [entry]}
    await tour("transaction_custom_fields_update", key, _=body)
    for each in seen:
        await tour("transaction_custom_fields_list", each["uuid"])
    await tour(
        "transaction_custom_fields_list", key, filters=f"{note}:eq:{field['id']}"
    )
    name = "transaction_custom_field_values_list"
    first = await tour(name, key, field["uuid"], max=1)
    await tour(name, key, field["uuid"], max=1, nextPage=first["nextPage"])


async def reimbursements(tour: Tour, user: Any) -> None:
    fields = {"batchId": "B", "batchAmount": 5, "status": "APPROVAL_UNDONE"}
    [budget] = tour.spend.world.where("spend_budget", "name", "Trade show Portland")
    url = (await tour("reimbursements_create_upload_url"))["url"]
    await tour.spend.http.put(url, content=b"x", headers={"content-type": "image/png"})
    known = (await tour("custom_fields_list"))["results"]
    tags = []
    for field in known:
        values = (await tour("custom_field_values_list", field["id"]))["results"]
        chosen = {"selectedValues": [each["id"] for each in values[:1]]}
        tag = {"note": "Banners"} if field["type"] == "NOTE" else chosen
        if not field["retired"]:
            tags.append({"customFieldId": field["id"], **tag})
    who = tour.spend.world.where("spend_user", "firstName", "Tomás")[0]
    body = {
        "userId": who["uuid"],
        "budgetId": budget["uuid"],
        "amount": 20_000,
        "note": "Booth",
        "merchantName": "Oregon Convention Center",
        "occurredDate": "2026-11-20",
        "receipts": [{"filename": "booth.png", "url": url}],
        "customFields": tags,
    }
    made = await tour("reimbursements_create", _=body)
    key = made["uuid"]
    await tour.spend.control("PATCH", f"/objects/{key}", {"fields": fields})
    await tour("reimbursements_get", key)
    await tour("reimbursements_update", key, _={"note": "The booth"})
    first = await tour("reimbursements_list", max=2)
    await tour("reimbursements_list", max=2, nextPage=first["nextPage"])
    await tour("reimbursements_list", max=100)
    await tour("reimbursements_act", key, _={"action": "DENY", "note": "Too much"})
    await tour("reimbursements_delete", key)
