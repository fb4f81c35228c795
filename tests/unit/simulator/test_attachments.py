from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


async def upload(bill: Any, path: str, name: str = "w9.pdf", **query: Any) -> Any:
    return await bill.http.post(
        f"/connect/v3/attachments{path}",
        content=b"paper",
        params={"name": name, **query},
        headers={**bill.headers, "content-type": "*/*"},
    )


def add(bill: Any, kind: str) -> str:
    """Add an object with nothing in it that matters here; return its id."""
    own = {"_organizationId": bill.world.get("session", bill.headers["sessionId"])}
    own["_organizationId"] = own["_organizationId"]["organizationId"]
    made: str = bill.world.add(kind, {**own, "archived": False})["id"]
    return made


async def owners(bill: Any) -> list[str]:
    vendor = await bill.vendor()
    return [
        f"/vendors/{vendor['id']}",
        f"/customers/{add(bill, 'customer')}",
        f"/invoices/{add(bill, 'invoice')}",
    ]


async def test_vendors_customers_and_invoices_have_attachments(bill: Any) -> None:
    for path in await owners(bill):
        assert (await bill.get(f"/attachments{path}"))["results"] == []
        answer = await upload(bill, path)
        assert answer.status_code == 200
        attachment = answer.json()
        assert attachment.keys() == {"id", "name", "createdTime", "downloadLink"}
        assert attachment["id"].startswith("att")
        assert (await bill.get(f"/attachments{path}"))["results"] == [attachment]
        assert await bill.get(f"/attachments/{attachment['id']}") == attachment


async def test_the_link_works_some_minutes_later_and_with_a_session_only(
    bill: Any, refused: Refused
) -> None:
    vendor = await bill.vendor()
    attachment = (await upload(bill, f"/vendors/{vendor['id']}")).json()
    link = attachment["downloadLink"]
    session = {"sessionId": bill.headers["sessionId"]}
    early = await bill.http.get(link, headers=session)
    assert refused(early) == (404, "BDC_1205")
    await bill.pass_time(advance_s=120)
    assert refused(await bill.http.get(link)) == (401, "BDC_1109")
    got = await bill.http.get(link, headers=session)
    assert (got.status_code, got.content) == (200, b"paper")
    assert got.headers["content-type"] == "application/pdf"


async def test_a_world_can_be_set_to_no_delay(bill: Any) -> None:
    fields = {"attachmentDelaySeconds": 0}
    await bill.control("PATCH", "/objects/settings", {"fields": fields})
    vendor = await bill.vendor()
    attachment = (await upload(bill, f"/vendors/{vendor['id']}")).json()
    session = {"sessionId": bill.headers["sessionId"]}
    got = await bill.http.get(attachment["downloadLink"], headers=session)
    assert got.content == b"paper"


async def test_a_file_can_take_the_place_of_the_invoices_pdf(bill: Any) -> None:
    path = f"/invoices/{add(bill, 'invoice')}"
    await upload(bill, path, "timesheet.csv")
    await upload(bill, path, "first.pdf", replaceInvoicePdf="true")
    await upload(bill, path, "second.pdf", replaceInvoicePdf="true")
    rows = (await bill.get(f"/attachments{path}"))["results"]
    assert [row["name"] for row in rows] == ["timesheet.csv", "second.pdf"]
    wrong = await upload(bill, path, "third.png", replaceInvoicePdf="true")
    assert wrong.status_code == 400
    assert len((await bill.get(f"/attachments{path}"))["results"]) == 2


async def test_unknown_and_archived_owners_take_no_attachment(
    bill: Any, refused: Refused
) -> None:
    assert refused(await upload(bill, "/vendors/00901NOBODY")) == (404, "BDC_1205")
    vendor = await bill.vendor()
    await bill.post(f"/vendors/{vendor['id']}/archive")
    answer = await upload(bill, f"/vendors/{vendor['id']}")
    assert refused(answer) == (422, "BDC_9001")
    response = await bill.ask("GET", "/attachments/att01NOBODY")
    assert refused(response) == (404, "BDC_1205")


async def test_a_name_is_required(bill: Any) -> None:
    vendor = await bill.vendor()
    answer = await upload(bill, f"/vendors/{vendor['id']}", name="")
    assert answer.status_code == 400
