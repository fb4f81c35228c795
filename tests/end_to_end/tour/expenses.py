"""Spend & Expense: what cards paid for, and what people get back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from end_to_end.tour.guide import Guide, Visitor
from end_to_end.tour.replies import fields_in

MERCHANTS = ("Fairmont Vancouver", "Grainger", "Hertz", "Best Buy", "Uline")
"""Where the demo company bought something out of the ordinary."""


async def transactions(guide: Guide, finance: Visitor) -> None:
    """Read transactions of every kind, tag one, and book some elsewhere."""
    await finance.pages("transactions_list")
    seen = []
    for merchant in MERCHANTS:
        named = [{"field": "merchantName", "op": "eq", "value": merchant}]
        asked = {"filters": named, "includeReceipts": True}
        seen += (await finance("transactions_list", **asked))["results"]
    parts = [key for each in seen for key in each.get("childTransactionUuids", ())]
    # A part that was split again is a parent too, so the list has it.
    split = {"parentTransactionId": parts[0], "amount": 5, "isParent": True}
    await guide.fixture("spend_transaction", **split)
    latest = [{"field": "occurredTime", "order": "desc"}]
    await finance("transactions_list", sort=latest)
    [budget, _] = await finance.pages("budgets_list")
    for key in [*telling(seen), parts[0]]:
        await guide.patch(key, isLocked=False)
        await finance("transactions_get", transactionId=key)
        moved = {"transactionId": key, "budgetId": budget["uuid"]}
        await finance("transactions_update", **moved)
    await tag(finance, seen[0]["uuid"])
    noted = next(each["uuid"] for each in seen if has_note(each))
    await finance("transaction_custom_fields_list", transactionId=noted)


def telling(transactions: list[Any]) -> Iterator[str]:
    """Choose those of which each has a field that no earlier one has."""
    seen: set[str] = set()
    for each in transactions:
        fields = set(fields_in(each))
        if fields - seen:
            yield each["uuid"]
        seen |= fields


def has_note(transaction: Any) -> bool:
    return any("note" in field for field in transaction.get("customFields", ()))


async def tag(finance: Visitor, key: str) -> None:
    named = [{"field": "name", "op": "eq", "value": "Project"}]
    [field] = (await finance("custom_fields_list", filters=named))["results"]
    of_field = {"customFieldId": field["uuid"]}
    values = (await finance("custom_field_values_list", **of_field))["results"]
    its = {"transactionId": key}
    # BILL takes the ids here; uuids change nothing.
    chosen = [each["id"] for each in values]
    entry = {"customFieldId": field["id"], "selectedValues": chosen}
    await finance("transaction_custom_fields_update", **its, customFields=[entry])
    await finance("transaction_custom_fields_list", **its)
    await finance.pages("transaction_custom_field_values_list", **its, **of_field)


async def reimbursements(guide: Guide, finance: Visitor) -> None:
    """Ask for money back, with receipt and tags; change it, deny it, archive it."""
    url = (await finance("reimbursements_create_upload_url"))["url"]
    await guide.http.put(url, content=b"x", headers={"content-type": "image/png"})
    named = [{"field": "name", "op": "eq", "value": "Trade show Portland"}]
    [budget] = (await finance("budgets_list", filters=named))["results"]
    members = await finance("budget_members_list", budgetId=budget["uuid"])
    made = await finance(
        "reimbursements_create",
        userId=members["results"][0]["userUuid"],
        budgetId=budget["uuid"],
        amount=20_000,
        note="Booth",
        merchantName="Oregon Convention Center",
        occurredDate="2026-11-20",
        receipts=[{"filename": "booth.png", "url": url}],
        customFields=await tags(finance),
    )
    key = {"reimbursementId": made["uuid"]}
    fields = {"batchId": "B", "batchAmount": 5, "status": "APPROVAL_UNDONE"}
    await guide.patch(made["uuid"], **fields)
    await finance("reimbursements_get", **key)
    await finance("reimbursements_update", **key, note="The booth")
    await finance.pages("reimbursements_list")
    await finance("reimbursements_list", max=100)
    await finance("reimbursements_act", **key, action="DENY", note="Too much")
    await finance("reimbursements_delete", **key)


async def tags(finance: Visitor) -> list[dict[str, Any]]:
    """Choose a value of each custom field, or a note where it takes words."""
    chosen = []
    for field in (await finance("custom_fields_list"))["results"]:
        if field["retired"]:
            continue
        tag: dict[str, Any] = {"customFieldId": field["uuid"]}
        if field["type"] == "NOTE":
            tag["note"] = "Banners"
        else:
            of_field = {"customFieldId": field["uuid"]}
            known = await finance("custom_field_values_list", **of_field)
            tag["selectedValues"] = [known["results"][0]["uuid"]]
        chosen.append(tag)
    return chosen
