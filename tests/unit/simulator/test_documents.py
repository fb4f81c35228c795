from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
PDF = b"%PDF-1.4 scan \x00\xff"


async def upload(
    bill: Any, bill_id: str, content: bytes = PDF, name: str = "scan.pdf", **more: str
) -> Any:
    return await bill.http.post(
        f"/connect/v3/documents/bills/{bill_id}",
        content=content,
        params={"name": name},
        headers={**bill.headers, "content-type": "application/octet-stream", **more},
    )


async def new_bill(bill: Any) -> str:
    made: str = (await bill.bill((await bill.vendor())["id"]))["id"]
    return made


async def status(bill: Any, *ids: str) -> Any:
    return await bill.get("/documents/upload-status", ids=",".join(ids))


async def no_delay(bill: Any) -> None:
    fields = {"documentDelaySeconds": 0}
    await bill.control("PATCH", "/objects/settings", {"fields": fields})


async def test_an_upload_becomes_a_document_after_a_while(
    bill: Any, refused: Refused
) -> None:
    bill_id = await new_bill(bill)
    answer = await upload(bill, bill_id)
    assert answer.status_code == 200
    [upload_id] = answer.json().values()
    assert upload_id.startswith("0du")
    waiting = [{"uploadId": upload_id, "status": "IN_PROGRESS"}]
    assert await status(bill, upload_id) == waiting
    assert (await bill.get(f"/documents/bills/{bill_id}"))["results"] == []
    await bill.pass_time(advance_s=10)
    [done] = await status(bill, upload_id)
    assert done["status"] == "UPLOADED"
    assert done["documentId"].startswith("00h")
    document = await bill.get(f"/documents/{done['documentId']}")
    assert document.keys() == {"id", "name", "createdTime", "downloadLink"}
    assert document["name"] == "scan.pdf"
    assert (await bill.get(f"/documents/bills/{bill_id}"))["results"] == [document]
    response = await bill.ask("GET", f"/documents/{upload_id}")
    assert refused(response) == (404, "BDC_1205")


async def test_a_document_is_downloaded_with_the_sessions_header(
    bill: Any, refused: Refused
) -> None:
    await no_delay(bill)
    bill_id = await new_bill(bill)
    document = (await upload(bill, bill_id)).json()
    assert document["id"].startswith("00h")
    link = document["downloadLink"]
    assert link.startswith("http://simulator.localhost/connect/AttachDownload?id=")
    session = {"sessionId": bill.headers["sessionId"]}
    got = await bill.http.get(link, headers=session)
    assert got.content == PDF
    assert got.headers["content-type"] == "application/pdf"
    assert refused(await bill.http.get(link)) == (401, "BDC_1109")
    [other] = await bill.control("POST", "/fixtures", [{"type": "organization"}])
    await bill.sign_in(organization=other["id"])
    session = {"sessionId": bill.headers["sessionId"]}
    assert refused(await bill.http.get(link, headers=session)) == (404, "BDC_1205")


async def test_in_production_bill_also_reads_the_document(bill: Any) -> None:
    await bill.control("PATCH", "/objects/settings", {"fields": {"production": True}})
    [upload_id] = (await upload(bill, await new_bill(bill))).json().values()
    await bill.pass_time(advance_s=10)
    assert (await status(bill, upload_id))[0]["status"] == "IVA_PROCESSING"
    await bill.pass_time(advance_s=10)
    assert (await status(bill, upload_id))[0]["status"] == "UPLOADED"


async def test_the_status_of_several_uploads_is_asked_at_once(
    bill: Any, refused: Refused
) -> None:
    bill_id = await new_bill(bill)
    ids = [(await upload(bill, bill_id)).json()["id"] for _ in range(2)]
    assert [each["uploadId"] for each in await status(bill, *ids)] == ids
    response = await bill.ask("GET", "/documents/upload-status", ids="0du01NOBODY")
    assert refused(response) == (404, "BDC_1205")
    response = await bill.ask("GET", "/documents/upload-status", ids=",")
    assert refused(response) == (404, "BDC_1205")


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": b""},
        {"content": b"x" * (6 * 1024 * 1024 + 1)},
        {"name": "program.exe"},
        {"name": "pdf"},
        {"content-type": "multipart/form-data; boundary=x"},
    ],
    ids=["empty", "too large", "type", "no extension", "form"],
)
async def test_a_wrong_upload_is_refused_and_leaves_nothing(
    bill: Any, wrong: dict[str, Any]
) -> None:
    bill_id = await new_bill(bill)
    assert (await upload(bill, bill_id, **wrong)).status_code == 400
    assert list(bill.world.rows("file")) == []


async def test_six_megabytes_are_accepted(bill: Any) -> None:
    whole = await upload(bill, await new_bill(bill), b"x" * (6 * 1024 * 1024))
    assert whole.status_code == 200


async def test_an_unknown_or_archived_bill_takes_no_document(
    bill: Any, refused: Refused
) -> None:
    assert refused(await upload(bill, "00n01NOBODY")) == (404, "BDC_1205")
    bill_id = await new_bill(bill)
    await bill.post(f"/bills/{bill_id}/archive")
    assert refused(await upload(bill, bill_id)) == (422, "BDC_9001")


async def test_the_list_comes_in_pages(bill: Any) -> None:
    await no_delay(bill)
    bill_id = await new_bill(bill)
    for number in range(3):
        await upload(bill, bill_id, name=f"{number}.png")
    path = f"/documents/bills/{bill_id}"
    first = await bill.get(path, max=2)
    assert [row["name"] for row in first["results"]] == ["0.png", "1.png"]
    second = await bill.get(path, max=2, page=first["nextPage"])
    assert [row["name"] for row in second["results"]] == ["2.png"]
    assert "nextPage" not in second
    assert await bill.get(path, max=2, page=second["prevPage"]) == first
