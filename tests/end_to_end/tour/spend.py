"""Spend & Expense: budgets, cards, custom fields."""

from __future__ import annotations

from typing import Any

from end_to_end.tour.guide import Guide, Visitor

LIMITS = {"limit": 10, "recurringLimit": 10}


async def budgets(guide: Guide, finance: Visitor) -> None:
    """Make a budget with everything, and do everything there is to it."""
    user = await finance("spend_users_get_current")
    other = await guide.fixture("spend_user", firstName="Grace", lastName="Tour")
    group = [{"field": "isBudgetGroup", "op": "eq", "value": True}]
    [parent] = (await finance("budgets_list", filters=group))["results"]
    body: dict[str, Any] = {
        "name": "Tour",
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
    made = await finance("budgets_create", **body)
    key = {"budgetId": made["uuid"]}
    await finance("budgets_get", **key)
    await finance("budgets_update", **key, name="Grand tour")
    await finance.pages("budgets_list")
    named = [{"field": "name", "op": "eq", "value": "Grand tour"}]
    await finance("budgets_list", filters=named)
    member = {**key, "userId": other["uuid"]}
    await finance("budget_members_upsert", **member, **LIMITS)
    await finance("budget_members_get", **member)
    await finance.pages("budget_members_list", **key)
    await finance("budget_members_list", **key)
    members = [{"userId": other["uuid"], **LIMITS}]
    await finance("budget_members_upsert_bulk", **key, members=members)
    await cards(finance, user["uuid"], made["uuid"])
    await finance("budget_members_delete", **member)
    await finance("budgets_delete", **key)
    await finance("spend_users_delete", userId=other["uuid"])


async def cards(finance: Visitor, user_id: str, budget_id: str) -> None:
    made = await finance(
        "cards_create",
        name="Tour",
        userId=user_id,
        budgetId=budget_id,
        expirationDate="2027-06-30",
        limit=100,
        recurringLimit=100,
    )
    key = {"cardId": made["uuid"]}
    await finance("cards_get", **key)
    await finance("cards_update", **key, name="Grand tour")
    await finance("cards_get_pan_jwt", **key)
    await finance("cards_delete", **key, reason="LOST")
    await finance("cards_get", **key)
    await finance.pages("cards_list")
    await finance("cards_list", max=100)


async def custom_fields(finance: Visitor) -> None:
    [budget, _] = await finance.pages("budgets_list")
    made = await finance(
        "custom_fields_create",
        name="Tour",
        description="A field with every field",
        allowCustomValues=False,
        minimumAmountForRequirement=1,
        selectedBudgetIds=[budget["uuid"]],
        requiredBudgetIds=[budget["uuid"]],
        values=["A", "B"],
        **{"global": False},
    )
    key = {"customFieldId": made["uuid"]}
    await finance("custom_fields_get", **key)
    await finance("custom_fields_update", **key, name="Grand tour")
    await finance.pages("custom_fields_list")
    await finance("custom_fields_list", max=100)
    value = await finance("custom_field_values_create", **key, values=["C"])
    one = {"customFieldValueId": value["uuid"]}
    await finance("custom_field_values_get", **key, **one)
    await finance.pages("custom_field_values_list", **key)
    gone = {"customFieldValueIds": [value["uuid"]]}
    await finance("custom_field_values_delete", **key, **gone)
    await finance("custom_fields_delete", **key)
