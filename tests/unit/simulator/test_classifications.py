from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]

KINDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    # path: (key of bulk replies, a whole body, a change)
    "accounting-classes": (
        "accountingClasses",
        {"name": "Retail", "shortName": "R", "description": "Over the counter"},
        {"name": "Wholesale"},
    ),
    "chart-of-accounts": (
        "chartOfAccounts",
        {
            "name": "Lumber",
            "description": "Bought",
            "account": {"type": "EXPENSE", "number": "5000"},
        },
        {"account": {"type": "EXPENSE", "number": "5010"}},
    ),
    "departments": (
        "departments",
        {"name": "Yard", "shortName": "Y", "description": "Outside"},
        {"description": "Inside"},
    ),
    "employees": (
        "employees",
        {"firstName": "Ben", "lastName": "Okafor", "shortName": "BO"},
        {"lastName": "Adeyemi"},
    ),
    "items": (
        "items",
        {
            "type": "INVENTORY",
            "shortName": "DF",
            "name": "Fir",
            "description": "Kiln dried",
            "price": 6.85,
            "purchaseDescription": "Fir",
            "purchaseCost": 4.1,
            "taxable": True,
            "percentage": 0,
        },
        {"price": 7.1},
    ),
    "jobs": (
        "jobs",
        {"name": "Boathouse", "shortName": "BH", "description": "At the lake"},
        {"shortName": "BOAT"},
    ),
    "locations": (
        "locations",
        {"name": "Seattle", "shortName": "SEA", "description": "Main yard"},
        {"name": "Tacoma"},
    ),
}


@pytest.fixture(params=KINDS)
def path(request: pytest.FixtureRequest) -> str:
    return f"/classifications/{request.param}"


def told(path: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    return KINDS[path.rpartition("/")[2]]


async def test_what_is_created_is_read_and_listed(bill: Any, path: str) -> None:
    _, body, _ = told(path)
    response = await bill.ask("POST", path, body)
    assert response.status_code == 201
    made = response.json()
    assert made.items() >= body.items()
    assert made["archived"] is False
    assert made.keys() - body.keys() == {"id", "archived", "createdTime", "updatedTime"}
    assert await bill.get(f"{path}/{made['id']}") == made
    assert (await bill.get(path))["results"][-1] == made


async def test_a_change_keeps_what_it_does_not_name(bill: Any, path: str) -> None:
    _, body, change = told(path)
    made = await bill.post(path, body)
    await bill.pass_time(advance_s=60)
    changed = (await bill.ask("PATCH", f"{path}/{made['id']}", change)).json()
    assert changed["updatedTime"] > made["updatedTime"]
    assert changed | {"updatedTime": made["updatedTime"]} == made | change
    assert await bill.get(f"{path}/{made['id']}") == changed


async def test_archiving_and_restoring_twice_changes_nothing_more(
    bill: Any, path: str, refused: Refused
) -> None:
    _, body, change = told(path)
    here = f"{path}/{(await bill.post(path, body))['id']}"
    archived = await bill.post(f"{here}/archive")
    assert archived["archived"] is True
    assert refused(await bill.ask("PATCH", here, change)) == (422, "BDC_9001")
    await bill.pass_time(advance_s=60)
    assert await bill.post(f"{here}/archive") == archived
    restored = await bill.post(f"{here}/restore")
    assert restored["archived"] is False
    assert await bill.post(f"{here}/restore") == restored


async def test_many_are_archived_and_restored_at_once(bill: Any, path: str) -> None:
    key, body, _ = told(path)
    made = [await bill.post(path, body) for _ in range(3)]
    ids = [each["id"] for each in made]
    for action, expected in (("archive", True), ("restore", False)):
        response = await bill.ask("POST", f"{path}/bulk/{action}", ids=",".join(ids))
        assert response.status_code == 200
        done = response.json()[key]
        assert [each["id"] for each in done] == ids
        assert {each["archived"] for each in done} == {expected}
        assert done == (await bill.get(path))["results"][-3:]


async def test_one_unknown_id_of_many_undoes_all(bill: Any, path: str) -> None:
    _, body, _ = told(path)
    good = await bill.post(path, body)
    ids = f"{good['id']},nobody"
    response = await bill.ask("POST", f"{path}/bulk/archive", ids=ids)
    assert response.status_code == 404
    assert [each["code"] for each in response.json()] == ["BDC_1246", "BDC_1205"]
    assert response.json()[1]["message"].startswith("nobody : ")
    assert await bill.get(f"{path}/{good['id']}") == good


@pytest.mark.parametrize("ids", ["", " , ", ",".join(f"id{n}" for n in range(51))])
async def test_a_bulk_call_has_one_to_fifty_ids(bill: Any, ids: str) -> None:
    response = await bill.ask("POST", "/classifications/jobs/bulk/archive", ids=ids)
    assert response.status_code == 400


async def test_the_tree_shows_the_parent_and_is_filtered_by_it(
    bill: Any, path: str
) -> None:
    _, body, _ = told(path)
    top = await bill.post(path, body)
    below = await bill.post(path, body | {"parentId": top["id"]})
    found = await bill.get(path, filters=f"parentId:eq:{top['id']}")
    assert found["results"] == [below]


async def test_nothing_comes_below_itself_a_stranger_or_the_archived(
    bill: Any, path: str, refused: Refused
) -> None:
    _, body, _ = told(path)
    top = await bill.post(path, body)
    middle = await bill.post(path, body | {"parentId": top["id"]})
    low = await bill.post(path, body | {"parentId": middle["id"]})
    for above in (top, middle, low):
        change = {"parentId": above["id"]}
        response = await bill.ask("PATCH", f"{path}/{top['id']}", change)
        assert response.status_code == 400
    stranger = body | {"parentId": "nobody"}
    assert refused(await bill.ask("POST", path, stranger)) == (404, "BDC_1205")
    await bill.post(f"{path}/{top['id']}/archive")
    orphan = body | {"parentId": top["id"]}
    assert refused(await bill.ask("POST", path, orphan)) == (422, "BDC_9001")


async def test_lists_are_filtered_and_sorted_by_name(bill: Any) -> None:
    path = "/classifications/departments"
    for name in ("Yard", "Office", "Yard Two"):
        await bill.post(path, {"name": name, "shortName": name[:1]})
    yards = await bill.get(path, filters="name:sw:Yard", sort="name:desc")
    assert [each["name"] for each in yards["results"]] == ["Yard Two", "Yard"]
    office = await bill.get(path, filters="shortName:eq:O,archived:eq:false")
    assert [each["name"] for each in office["results"]] == ["Office"]


@pytest.mark.parametrize(
    ("path", "filters", "found"),
    [
        # One that every organization has, and the new one.
        ("chart-of-accounts", "account.type:in:EXPENSE", 2),
        ("chart-of-accounts", "account.number:sw:51", 0),
        ("employees", "lastName:eq:Okafor", 1),
        ("items", "type:ne:INVENTORY", 0),
    ],
)
async def test_kinds_are_filtered_by_their_own_fields(
    bill: Any, path: str, filters: str, found: int
) -> None:
    await bill.post(f"/classifications/{path}", KINDS[path][1])
    page = await bill.get(f"/classifications/{path}", filters=filters)
    assert len(page["results"]) == found


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("chart-of-accounts", {"filters": "shortName:eq:x"}),
        ("employees", {"filters": "name:eq:x"}),
        ("employees", {"sort": "name:asc"}),
        ("jobs", {"filters": "name:gt:x"}),
        ("jobs", {"filters": "archived:eq:maybe"}),
    ],
)
async def test_what_a_list_does_not_know_is_refused(
    bill: Any, path: str, query: dict[str, str]
) -> None:
    response = await bill.ask("GET", f"/classifications/{path}", **query)
    assert response.status_code == 400


async def test_an_account_without_a_type_is_unspecified(bill: Any) -> None:
    made = await bill.post("/classifications/chart-of-accounts", {"name": "Plain"})
    assert made["account"] == {"type": "UNSPECIFIED"}


async def test_an_item_is_booked_on_accounts_that_exist(
    bill: Any, refused: Refused
) -> None:
    account = await bill.post("/classifications/chart-of-accounts", {"name": "Sales"})
    body = {
        "type": "INVENTORY",
        "name": "Fir",
        "chartOfAccountId": account["id"],
        "expenseChartOfAccountId": account["id"],
    }
    made = await bill.post("/classifications/items", body)
    assert made.items() >= body.items()
    response = await bill.ask(
        "PATCH", f"/classifications/items/{made['id']}", {"chartOfAccountId": "0ca?"}
    )
    assert refused(response) == (404, "BDC_1205")
    assert "chartOfAccountId" in response.json()[0]["message"]


async def test_other_organizations_classifications_are_not_there(
    bill: Any, path: str, refused: Refused
) -> None:
    _, body, _ = told(path)
    made = await bill.post(path, body)
    other = await bill.control("POST", "/fixtures", [{"type": "organization"}])
    await bill.sign_in(organization=other[0]["id"])
    assert refused(await bill.ask("GET", f"{path}/{made['id']}")) == (404, "BDC_1205")
    bulk = await bill.ask("POST", f"{path}/bulk/archive", ids=made["id"])
    assert refused(bulk) == (404, "BDC_1205")
    assert made not in (await bill.get(path))["results"]
