from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


async def trail(bill: Any, vendor: Any, **query: Any) -> Any:
    return await bill.get(f"/reports/audit-trail/vendor/{vendor['id']}", **query)


def edits(rows: Any) -> list[tuple[str, str | None, str | None]]:
    told = [row["field"] for row in rows if row["type"] == "Edit"]
    return [
        (each["name"], each["value"].get("previous"), each["value"].get("current"))
        for each in told
    ]


async def test_the_trail_begins_with_who_created_the_vendor(bill: Any) -> None:
    vendor = await bill.vendor()
    [row] = await trail(bill, vendor)
    session = await bill.get("/login/session")
    person = bill.world.get("user", session["userId"])
    assert row == {
        "source": "API",
        "type": "Create",
        "createdTime": vendor["createdTime"],
        "user": {
            "id": person["id"],
            "name": f"{person['firstName']} {person['lastName']}",
        },
        "field": {},
    }


async def test_each_edited_field_is_a_row_with_both_values(bill: Any) -> None:
    vendor = await bill.vendor()
    edit = {
        "address": {"line1": "2 Main Street", "line2": "Floor 3"},
        "additionalInfo": {"track1099": True},
    }
    await bill.ask("PATCH", f"/vendors/{vendor['id']}", edit)
    await bill.ask("PATCH", f"/vendors/{vendor['id']}", edit)
    assert sorted(edits(await trail(bill, vendor))) == [
        ("additionalInfo.track1099", None, "true"),
        ("address.line1", "1 Main Street", "2 Main Street"),
        ("address.line2", None, "Floor 3"),
    ]


async def test_archiving_and_restoring_are_edits(bill: Any) -> None:
    vendor = await bill.vendor()
    for what in ("archive", "archive", "restore"):
        await bill.post(f"/vendors/{vendor['id']}/{what}")
    assert edits(await trail(bill, vendor)) == [
        ("archived", "false", "true"),
        ("archived", "true", "false"),
    ]


async def test_rows_about_a_deleted_account_are_archived_and_masked(bill: Any) -> None:
    vendor = await bill.vendor()
    path = f"/vendors/{vendor['id']}/bank-account"
    for number in ("111222333", "999888777"):
        if number.startswith("9"):
            await bill.ask("DELETE", path)
        account = {"accountNumber": number, "routingNumber": "074000010"}
        await bill.post(path, {**account, "nameOnAccount": "Acme"})

    def numbers(rows: Any) -> list[tuple[str | None, str | None]]:
        name = "paymentInformation.bankAccount.accountNumber"
        return [each[1:] for each in edits(rows) if each[0] == name]

    assert numbers(await trail(bill, vendor, max=100)) == [(None, "*****8777")]
    rows = await trail(bill, vendor, max=100, includeArchived="true")
    assert numbers(rows) == [
        (None, "*****2333"),
        ("*****2333", None),
        (None, "*****8777"),
    ]
    assert "111222333" not in str(rows)


async def test_start_and_max_cut_the_trail_into_pages(bill: Any) -> None:
    vendor = await bill.vendor()
    for number in range(30):
        edit = {"phone": f"20655501{number:02}"}
        await bill.ask("PATCH", f"/vendors/{vendor['id']}", edit)
    assert len(await trail(bill, vendor)) == 20
    whole = await trail(bill, vendor, max=100)
    assert len(whole) == 31
    pages = [await trail(bill, vendor, start=start, max=9) for start in range(0, 40, 9)]
    assert [row for each in pages for row in each] == whole
    wrong = await bill.ask(
        "GET", f"/reports/audit-trail/vendor/{vendor['id']}", start=-1
    )
    assert wrong.status_code == 400


async def test_the_trail_of_an_unknown_vendor_is_refused(
    bill: Any, refused: Refused
) -> None:
    response = await bill.ask("GET", "/reports/audit-trail/vendor/00901NOBODY")
    assert refused(response) == (404, "BDC_1205")
