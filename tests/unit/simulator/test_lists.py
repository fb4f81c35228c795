from typing import Any

import pytest

pytestmark = pytest.mark.anyio


async def names(bill: Any, **query: Any) -> list[str]:
    return [row["name"] for row in (await bill.get("/vendors", **query))["results"]]


async def test_a_page_has_twenty_rows_and_says_how_to_go_on(demo: Any) -> None:
    first = await demo.get("/vendors")
    assert len(first["results"]) == 20
    assert "prevPage" not in first
    second = await demo.get("/vendors", page=first["nextPage"])
    assert len(second["results"]) == 20
    assert "nextPage" not in second
    back = await demo.get("/vendors", page=second["prevPage"])
    assert back["results"] == first["results"]


@pytest.mark.parametrize("most", [0, 101, "many"])
async def test_max_is_between_1_and_100(bill: Any, most: Any) -> None:
    assert (await bill.ask("GET", "/vendors", max=most)).status_code == 400


@pytest.mark.parametrize("sort", ["name:asc", "name:desc", "createdTime:desc", ""])
async def test_no_row_is_lost_or_repeated_while_rows_are_added(
    bill: Any, sort: str
) -> None:
    before = [(await bill.vendor(f"Vendor {n % 7} {n}"))["id"] for n in range(25)]
    query: dict[str, Any] = {"max": 4, "sort": sort}
    seen: list[str] = []
    for step in range(60):
        page = await bill.get("/vendors", **query)
        seen += [row["id"] for row in page["results"]]
        if "nextPage" not in page:
            break
        # The cursor alone carries sort and filters.
        query = {"max": 4, "page": page["nextPage"]}
        await bill.vendor(f"Vendor {step % 9} added")
        await bill.pass_time(advance_s=1)
    assert len(seen) == len(set(seen))
    assert set(before) <= set(seen)


async def test_a_cursor_that_was_tampered_with_is_refused(demo: Any) -> None:
    cursor = (await demo.get("/vendors"))["nextPage"]
    changed = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for page in (changed, "2", "%00"):
        assert (await demo.ask("GET", "/vendors", page=page)).status_code == 400


async def test_filters_are_joined_by_and(bill: Any) -> None:
    for name in ("Alpha", "Alphabet", "Beta"):
        await bill.vendor(name)
    gone = await bill.vendor("Alpine")
    await bill.post(f"/vendors/{gone['id']}/archive")
    assert await names(bill, filters="name:sw:Al") == ["Alpha", "Alphabet", "Alpine"]
    both = "name:sw:Al,archived:eq:false"
    assert await names(bill, filters=both, sort="name:desc") == ["Alphabet", "Alpha"]
    assert await names(bill, filters='name:eq:"Alpha"') == ["Alpha"]
    assert await names(bill, filters=f'id:in:"{gone["id"]},x"') == ["Alpine"]


async def test_times_are_filtered_in_every_documented_form(bill: Any) -> None:
    await bill.vendor("Old")
    await bill.pass_time(advance_s=3600)
    await bill.vendor("New")
    for since in (
        "2026-11-23T16:00:00.000Z",
        "2026-11-23T16:00:00.000",
        "2026-11-23T16:00:00",
        "2026-11-23T16:00",
        "2026-11-23T10:00:00.000-06:00",
    ):
        assert await names(bill, filters=f'updatedTime:gte:"{since}"') == ["New"]
    assert await names(bill, filters="createdTime:gt:2026-11-24") == []


@pytest.mark.parametrize(
    "filters",
    [
        "colour:eq:red",
        "name:gt:A",
        "accountType:eq:COMPANY",
        "archived:eq:perhaps",
        "createdTime:gte:2026-11-23T16:00:00Z",
        'name:eq:"open',
        "name:eq",
        "createdTime:gte:soon",
    ],
)
async def test_what_bill_does_not_know_is_refused(bill: Any, filters: str) -> None:
    assert (await bill.ask("GET", "/vendors", filters=filters)).status_code == 400


async def test_an_unknown_sort_is_refused(bill: Any) -> None:
    assert (await bill.ask("GET", "/vendors", sort="email:asc")).status_code == 400
    assert (await bill.ask("GET", "/vendors", sort="name:up")).status_code == 400


async def test_a_nested_field_can_be_filtered(demo: Any) -> None:
    found = await demo.get("/users", filters='role.type:eq:"APPROVER"')
    assert [user["firstName"] for user in found["results"]] == ["Tomás", "Grace"]


async def test_bills_are_found_by_what_is_documented(demo: Any) -> None:
    filters = "paymentStatus:eq:UNPAID,archived:eq:false,dueDate:lt:2026-11-23"
    found = await demo.get("/bills", filters=filters, sort="dueDate:asc", max=100)
    dates = [bill["dueDate"] for bill in found["results"]]
    assert dates == sorted(dates)
    assert dates[-1] < "2026-11-23"
    assert all(bill["vendorName"] for bill in found["results"])
