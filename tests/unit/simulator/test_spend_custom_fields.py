from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


async def field(spend: Any, *values: str, **more: Any) -> Any:
    body = {
        "name": "Category",
        "allowCustomValues": False,
        "global": True,
        "values": list(values),
        **more,
    }
    return await spend.post("/spend/custom-fields", body)


async def values_of(spend: Any, made: Any, **query: Any) -> list[Any]:
    path = f"/spend/custom-fields/{made['uuid']}/values"
    rows: list[Any] = (await spend.get(path, **query))["results"]
    return rows


async def transaction(spend: Any, amount: float = 10) -> Any:
    """Return a cleared transaction, of a card that is made where there is none."""
    if not list(spend.world.rows("spend_card")):
        wish = [{"type": "spend_budget", "fields": {"limit": 5000}}]
        [budget] = await spend.control("POST", "/fixtures", wish)
        user = await spend.get("/spend/users/current")
        body = {"name": "Card", "budgetId": budget["uuid"], "userId": user["uuid"]}
        await spend.post("/spend/cards", {**body, "limit": 5000})
    fields = {"amount": amount, "transactionType": "CLEAR"}
    wish = [{"type": "spend_transaction", "fields": fields}]
    [made] = await spend.control("POST", "/fixtures", wish)
    return await read(spend, made)


async def read(spend: Any, made: Any, **query: Any) -> Any:
    return await spend.get(f"/spend/transactions/{made['uuid']}", **query)


async def tag(spend: Any, made: Any, field_id: str, **entry: Any) -> Any:
    path = f"/spend/transactions/{made['uuid']}/custom-fields"
    body = {"customFields": [{"customFieldId": field_id, **entry}]}
    return await spend.ask("PUT", path, body)


async def chosen(spend: Any, made: Any, of: Any) -> list[str]:
    path = f"/spend/transactions/{made['uuid']}/custom-fields/{of['uuid']}/values"
    return [each["value"] for each in (await spend.get(path))["results"]]


async def test_a_field_is_made_read_changed_and_retired(
    spend: Any, refused: Refused
) -> None:
    made = await field(
        spend, "A", "B", description="Books", minimumAmountForRequirement=5
    )
    assert made["uuid"].startswith("tty_")
    assert (made["type"], made["required"], made["retired"]) == (
        "CUSTOM_SELECTOR",
        False,
        False,
    )
    path = f"/spend/custom-fields/{made['id']}"
    assert await spend.get(path) == made
    changed = (
        await spend.ask("PATCH", path, {"name": "Kind", "required": True})
    ).json()
    assert (changed["name"], changed["required"]) == ("Kind", True)
    for _ in range(2):
        answer = await spend.ask("DELETE", path)
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await spend.get(path))["retired"] is True
    page = await spend.get("/spend/custom-fields", filters="retired:eq:false")
    assert page == {"results": []}
    assert refused(await spend.ask("PATCH", path, {"name": "X"})) == (422, "BDC_9101")
    answer = await spend.ask("POST", f"{path}/values", {"values": ["C"]})
    assert refused(answer) == (422, "BDC_9101")


async def test_a_field_names_its_budgets_by_either_id(spend: Any) -> None:
    [budget] = await spend.control("POST", "/fixtures", [{"type": "spend_budget"}])
    made = await field(
        spend,
        selectedBudgetIds=[budget["uuid"]],
        requiredBudgetIds=[budget["id"]],
        **{"global": False},
    )
    assert made["selectedBudgetIds"] == made["requiredBudgetIds"] == [budget["id"]]
    assert (
        made["selectedBudgetUuids"] == made["requiredBudgetUuids"] == [budget["uuid"]]
    )


async def test_values_are_added_deleted_and_not_doubled(
    spend: Any, refused: Refused
) -> None:
    made = await field(spend, "A")
    path = f"/spend/custom-fields/{made['uuid']}/values"
    added = await spend.post(path, {"values": ["B", "C"]})
    assert (added["value"], added["deleted"]) == ("B", False)
    assert added["uuid"].startswith("tvl_")
    assert await spend.get(f"{path}/{added['id']}") == added
    answer = await spend.ask("POST", path, {"values": ["D", "B"]})
    assert refused(answer) == (422, "BDC_9109")
    body = {"customFieldValueIds": [added["uuid"]]}
    for _ in range(2):
        assert (await spend.ask("DELETE", path, body)).status_code == 200
    left = await values_of(spend, made, filters="retired:eq:false")
    assert [each["value"] for each in left] == ["A", "C"]
    assert [each["value"] for each in await values_of(spend, made)] == ["A", "B", "C"]
    await spend.post(path, {"values": ["B"]})
    other = await field(spend)
    answer = await spend.ask(
        "GET", f"/spend/custom-fields/{other['uuid']}/values/{added['uuid']}"
    )
    assert refused(answer) == (404, "BDC_1205")


async def test_tags_take_effect_by_base64_ids(spend: Any) -> None:
    made, paid = await field(spend, "A", "B"), await transaction(spend)
    [first, second] = await values_of(spend, made)
    answer = await tag(spend, paid, made["id"], selectedValues=[first["id"]])
    assert answer.json() == {"status": "SUCCESS"}
    assert await chosen(spend, paid, made) == ["A"]
    # An integrator found that one plain string does as well as a list of one.
    await tag(spend, paid, made["id"], selectedValues=second["id"])
    assert await chosen(spend, paid, made) == ["B"]
    [shown] = (await read(spend, paid))["customFields"]
    value = {name: second[name] for name in ("id", "uuid", "value")}
    assert shown == {
        "id": made["id"],
        "uuid": made["uuid"],
        "name": "Category",
        "isRequired": False,
        "selectedValues": [value],
    }
    await tag(spend, paid, made["id"], selectedValues=[])
    assert await chosen(spend, paid, made) == []


async def test_uuids_are_answered_with_success_and_change_nothing(spend: Any) -> None:
    made, paid = await field(spend, "A"), await transaction(spend)
    [value] = await values_of(spend, made)
    before = await spend.control("GET", "/state/hash")
    for field_id, value_id in (
        (made["uuid"], value["id"]),
        (made["id"], value["uuid"]),
        (made["uuid"], value["uuid"]),
        ("tty_nothing", "tvl_nothing"),
    ):
        answer = await tag(spend, paid, field_id, selectedValues=[value_id])
        assert answer.json() == {"status": "SUCCESS"}
    assert await spend.control("GET", "/state/hash") == before


async def test_free_text_goes_into_the_note_of_a_note_field(spend: Any) -> None:
    made = await field(spend, name="Purpose", allowCustomValues=True)
    assert made["type"] == "NOTE"
    paid = await transaction(spend)
    await tag(spend, paid, made["id"], note="Lunch with a customer")
    path = f"/spend/transactions/{paid['uuid']}/custom-fields"
    page = await spend.get(path, filters=f"customFieldIds:eq:{made['uuid']}")
    assert page["results"][0]["note"] == "Lunch with a customer"
    page = await spend.get(path, filters="customFieldIds:eq:tty_none")
    assert page == {"results": []}
    assert (await tag(spend, paid, made["id"], selectedValues=["x"])).status_code == 400


async def test_a_note_field_with_values_is_chosen_from(spend: Any) -> None:
    made = await field(spend, allowCustomValues=True)
    path = f"/spend/custom-fields/{made['uuid']}"
    await spend.post(f"{path}/values", {"values": ["A"]})
    assert (await spend.get(path))["type"] == "CUSTOM_SELECTOR"
    paid = await transaction(spend)
    # Words of one's own become a value where the field allows it.
    await tag(spend, paid, made["id"], selectedValues=["New"])
    await tag(spend, paid, made["id"], selectedValues=["New"])
    assert [each["value"] for each in await values_of(spend, made)] == ["A", "New"]
    assert await chosen(spend, paid, made) == ["New"]


async def test_wrong_tags_are_refused(spend: Any, refused: Refused) -> None:
    made, paid = await field(spend, "A", "B"), await transaction(spend)
    [first, second] = await values_of(spend, made)
    both = [first["id"], second["id"]]
    assert (await tag(spend, paid, made["id"], selectedValues=both)).status_code == 400
    assert (await tag(spend, paid, made["id"], note="x")).status_code == 400
    assert (await tag(spend, paid, made["id"], selectedValues=["?"])).status_code == 400
    answer = await tag(spend, paid, "bm90aGluZw==", selectedValues=[first["id"]])
    assert refused(answer) == (404, "BDC_1205")
    many = await field(spend, "C", "D", multiSelect=True)
    both = [each["id"] for each in await values_of(spend, many)]
    assert (await tag(spend, paid, many["id"], selectedValues=both)).status_code == 200
    assert await chosen(spend, paid, many) == ["C", "D"]


async def test_a_locked_transaction_keeps_its_tags(
    spend: Any, refused: Refused
) -> None:
    made, paid = await field(spend, "A"), await transaction(spend)
    wish = {"fields": {"isLocked": True}}
    await spend.control("PATCH", f"/objects/{paid['uuid']}", wish)
    answer = await tag(spend, paid, made["id"], selectedValues=[])
    assert refused(answer) == (422, "BDC_9103")


async def test_a_transaction_is_complete_with_its_required_fields(spend: Any) -> None:
    made = await field(spend, "A", required=True, minimumAmountForRequirement=50)
    small, large = await transaction(spend, 49), await transaction(spend, 50)
    assert (small["complete"], large["complete"]) == (True, False)
    assert large["customFields"][0]["isRequired"] is True
    [value] = await values_of(spend, made)
    await tag(spend, large, made["id"], selectedValues=[value["id"]])
    assert (await read(spend, large))["complete"] is True


async def test_only_the_fields_that_are_asked_for_are_shown(spend: Any) -> None:
    first, second = await field(spend, name="1"), await field(spend, name="2")
    paid = await transaction(spend)
    assert len((await read(spend, paid))["customFields"]) == 2
    told = await read(spend, paid, showCustomFieldIds=f"{second['id']},tty_none")
    assert [each["name"] for each in told["customFields"]] == ["2"]
    page = await spend.get("/spend/transactions", showCustomFieldIds=first["uuid"])
    assert [each["name"] for each in page["results"][0]["customFields"]] == ["1"]


async def test_fields_of_other_budgets_are_not_offered(spend: Any) -> None:
    [other] = await spend.control("POST", "/fixtures", [{"type": "spend_budget"}])
    await transaction(spend)
    paid = await transaction(spend)
    made = await field(spend, selectedBudgetIds=[other["id"]], **{"global": False})
    assert (await read(spend, paid))["customFields"] == []
    path = f"/spend/transactions/{paid['uuid']}"
    moved = (await spend.ask("PUT", path, {"budgetId": other["uuid"]})).json()
    assert [each["uuid"] for each in moved["customFields"]] == [made["uuid"]]
