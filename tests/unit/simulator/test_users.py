from collections.abc import Callable
from typing import Any

import pytest

from bill_mcp.simulator import credentials

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


async def role(bill: Any, kind: str) -> str:
    rows = (await bill.get("/roles", filters=f"type:eq:{kind}"))["results"]
    key: str = rows[0]["id"]
    return key


async def person(bill: Any, **more: Any) -> dict[str, Any]:
    return {
        "firstName": "Ada",
        "lastName": "Moss",
        "email": "ada.moss@pacifictimber.example",
        "roleId": await role(bill, "CLERK"),
        "acceptTermsOfService": True,
        **more,
    }


async def test_a_created_user_is_read_listed_and_has_the_role(bill: Any) -> None:
    await bill.pass_time(advance_s=60)
    response = await bill.ask("POST", "/users", await person(bill))
    assert response.status_code == 201
    made = response.json()
    assert made["role"]["type"] == "CLERK"
    assert made["archived"] is False
    assert await bill.get(f"/users/{made['id']}") == made
    clerks = await bill.get("/users", filters="role.type:eq:CLERK")
    assert clerks["results"] == [made]
    newest = await bill.get("/users", sort="createdTime:desc", max=1)
    assert newest["results"] == [made]


async def test_nobody_can_sign_in_who_has_chosen_no_password(
    bill: Any, login: dict[str, str], refused: Refused
) -> None:
    made = await bill.post("/users", await person(bill))
    for password in ("", "None", "null"):
        body = {**login, "username": made["email"], "password": password}
        assert refused(await bill.ask("POST", "/login", body)) == (401, "BDC_1101")


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"acceptTermsOfService": False}, (400, None)),
        ({"email": "no address"}, (400, None)),
        ({"firstName": " "}, (400, None)),
        ({"roleId": "0po00000000000000000"}, (404, "BDC_1205")),
        ({"email": credentials.USERNAME.upper()}, (422, "BDC_9014")),
        ({"roleId": None}, (400, None)),
    ],
)
async def test_a_user_that_cannot_be_is_refused(
    bill: Any, refused: Refused, change: dict[str, Any], answer: tuple[int, str | None]
) -> None:
    before = await bill.get("/users")
    response = await bill.ask("POST", "/users", await person(bill, **change))
    assert refused(response) == answer
    assert await bill.get("/users") == before


async def test_a_role_of_another_organization_is_none(
    bill: Any, refused: Refused
) -> None:
    other = await bill.control("POST", "/fixtures", [{"type": "organization"}])
    rows = bill.world.where("role", "_organizationId", other[0]["id"])
    response = await bill.ask(
        "POST", "/users", await person(bill, roleId=rows[0]["id"])
    )
    assert refused(response) == (404, "BDC_1205")


async def test_name_and_role_change_and_the_rest_stays(bill: Any) -> None:
    made = await bill.post("/users", await person(bill))
    await bill.pass_time(advance_s=60)
    path, payer = f"/users/{made['id']}", await role(bill, "PAYER")
    changed = (await bill.ask("PATCH", path, {"roleId": payer})).json()
    assert changed["role"]["type"] == "PAYER"
    assert changed["updatedTime"] > made["updatedTime"]
    response = await bill.ask("PATCH", path, {"lastName": "Reed", "email": "x@y.z"})
    assert response.json()["lastName"] == "Reed"
    assert response.json()["email"] == made["email"]
    assert await bill.get(path) == response.json()


async def test_only_an_administrator_manages_users(bill: Any, refused: Refused) -> None:
    body = await person(bill)
    made = await bill.post("/users", body)
    await bill.sign_in(role="ACCOUNTANT")
    path = f"/users/{made['id']}"
    for method, where, sent in (
        ("POST", "/users", {**body, "email": "b@c.example"}),
        ("PATCH", path, {"lastName": "Reed"}),
        ("POST", f"{path}/archive", None),
        ("POST", f"{path}/restore", None),
    ):
        assert refused(await bill.ask(method, where, sent)) == (403, "BDC_9403")
    assert await bill.get(path) == made


async def test_an_archived_user_is_out_at_once_and_back_when_restored(
    bill: Any, refused: Refused
) -> None:
    administrator = dict(bill.headers)
    data = await bill.sign_in(role="CLERK")
    clerk, path = dict(bill.headers), f"/users/{data['userId']}"
    bill.headers = administrator
    archived = await bill.post(f"{path}/archive")
    assert archived["archived"] is True
    await bill.pass_time(advance_s=60)
    assert await bill.post(f"{path}/archive") == archived
    assert refused(await bill.ask("PATCH", path, {"lastName": "X"})) == (
        422,
        "BDC_9001",
    )
    bill.headers = clerk
    assert refused(await bill.ask("GET", "/vendors")) == (401, "BDC_1109")
    sign_in = {
        "username": data["BILL_USERNAME"],
        "password": data["BILL_PASSWORD"],
        "organizationId": data["BILL_ORGANIZATION_ID"],
        "devKey": data["BILL_DEV_KEY"],
    }
    assert refused(await bill.ask("POST", "/login", sign_in)) == (401, "BDC_1101")
    bill.headers = administrator
    assert (await bill.post(f"{path}/restore"))["archived"] is False
    assert (await bill.ask("POST", "/login", sign_in)).status_code == 200


async def test_an_administrator_cannot_lock_the_organization_out(
    bill: Any, refused: Refused
) -> None:
    data = await bill.sign_in()
    path = f"/users/{data['userId']}"
    assert refused(await bill.ask("POST", f"{path}/archive")) == (422, "BDC_9015")
    lower = {"roleId": await role(bill, "MEMBER")}
    assert refused(await bill.ask("PATCH", path, lower)) == (422, "BDC_9013")
    same = {"roleId": await role(bill, "ADMINISTRATOR"), "firstName": "Dee"}
    assert (await bill.ask("PATCH", path, same)).json()["firstName"] == "Dee"


async def test_roles_are_read_and_the_demo_has_a_custom_one(demo: Any) -> None:
    rows = (await demo.get("/roles", max=50))["results"]
    assert {"ADMINISTRATOR", "ACCOUNTANT", "PAYER", "CUSTOM"} <= {
        row["type"] for row in rows
    }
    assert await demo.get(f"/roles/{rows[-1]['id']}") == rows[-1]


async def test_a_user_fixture_signs_in_with_its_own_name(
    start: Any, login: dict[str, str]
) -> None:
    bill = await start()
    fields = {"username": "Bo.Vance", "password": "pw", "role": "PAYER"}
    await bill.control("POST", "/fixtures", [{"type": "user", "fields": fields}])
    body = {**login, "username": "bo.vance", "password": "pw"}
    assert (await bill.ask("POST", "/login", body)).status_code == 200


async def test_health_needs_no_sign_in(start: Any) -> None:
    bill = await start()
    found = await bill.get("/health")
    assert found.keys() == {"appId", "appEnv", "appVersion", "bdcRegion"}
