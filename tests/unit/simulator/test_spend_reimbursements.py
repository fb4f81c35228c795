from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
PNG = b"\x89PNG\r\n\x1a\n, more or less"


async def upload(spend: Any, content_type: str = "image/png") -> str:
    url: str = (await spend.post("/spend/reimbursements/image-upload-url"))["url"]
    # The url is the right: no token goes along.
    headers = {"content-type": content_type}
    answer = await spend.http.put(url, content=PNG, headers=headers)
    assert answer.status_code == 200
    return url


async def body(spend: Any, **fields: Any) -> dict[str, Any]:
    if not list(spend.world.rows("spend_budget")):
        await spend.control("POST", "/fixtures", [{"type": "spend_budget"}])
    [budget, *_] = spend.world.rows("spend_budget")
    return {
        "userId": (await spend.get("/spend/users/current"))["uuid"],
        "budgetId": budget["uuid"],
        "amount": 64.2,
        "note": "First-aid kits",
        "merchantName": "Fred Meyer",
        "occurredDate": "2026-11-20",
        "receipts": [],
        **fields,
    }


async def ask(spend: Any, **fields: Any) -> Any:
    return await spend.post("/spend/reimbursements", await body(spend, **fields))


async def read(spend: Any, made: Any) -> Any:
    return await spend.get(f"/spend/reimbursements/{made['uuid']}")


async def act(spend: Any, made: Any, action: str, **more: Any) -> Any:
    path = f"/spend/reimbursements/{made['uuid']}/action"
    return await spend.ask("POST", path, {"action": action, **more})


async def spent(spend: Any) -> dict[str, float]:
    [budget, *_] = spend.world.rows("spend_budget")
    found = await spend.get(f"/spend/budgets/{budget['uuid']}")
    told: dict[str, float] = found["currentPeriod"]["spent"]
    return told


async def test_a_new_reimbursement_waits_for_approval(spend: Any) -> None:
    url = await upload(spend)
    made = await ask(spend, receipts=[{"filename": "kit.png", "url": url}])
    assert made["uuid"].startswith("rmb_")
    assert (made["status"], made["type"]) == ("AWAITING_APPROVAL", "OUT_OF_POCKET")
    assert made["submittedTime"] == "2026-11-23T15:00:00.000+00:00"
    [entry] = made["statusHistory"]
    assert (entry["status"], entry["actorRole"]) == ("AWAITING_APPROVAL", "SUBMITTER")
    [receipt] = made["receipts"]
    assert receipt["uuid"].startswith("rct_")
    assert (await spend.http.get(receipt["url"])).content == PNG
    assert await read(spend, made) == made
    assert (await spent(spend))["total"] == 0


async def test_what_is_approved_is_paid_by_the_clock(spend: Any) -> None:
    made = await ask(spend)
    told = (await act(spend, made, "APPROVE", note="Fine")).json()
    assert told["status"] == "APPROVED"
    assert told["statusHistory"][-1]["actorRole"] == "BUDGET_OWNER"
    assert told["statusHistory"][-1]["note"] == "Fine"
    assert await spent(spend) == {"cleared": 0, "pending": 64.2, "total": 64.2}
    await spend.pass_time(advance_s=3600)
    told = await read(spend, made)
    assert (told["status"], told["batchAmount"]) == ("READY_TO_PAY", 64.2)
    # Two bank days later; Thursday is Thanksgiving.
    await spend.pass_time(now="2026-11-25T14:00:00Z")
    assert (await read(spend, made))["status"] == "READY_TO_PAY"
    await spend.pass_time(now="2026-11-25T15:30:00Z")
    told = await read(spend, made)
    assert told["status"] == "PAID"
    assert [each["status"] for each in told["statusHistory"]] == [
        "AWAITING_APPROVAL",
        "APPROVED",
        "READY_TO_PAY",
        "PAID",
    ]
    assert "actorId" not in told["statusHistory"][-1]
    assert await spent(spend) == {"cleared": 64.2, "pending": 0, "total": 64.2}


async def test_one_day_of_one_person_is_one_batch(spend: Any) -> None:
    first, second = await ask(spend, amount=10), await ask(spend, amount=15)
    for made in (first, second):
        await act(spend, made, "APPROVE")
    await spend.pass_time(advance_s=3600)
    told = [await read(spend, made) for made in (first, second)]
    assert {each["batchAmount"] for each in told} == {25}
    assert len({each["batchId"] for each in told}) == 1


async def test_what_is_denied_stays_denied(spend: Any, refused: Refused) -> None:
    made = await ask(spend)
    assert (await act(spend, made, "DENY")).json()["status"] == "DENIED"
    await spend.pass_time(advance_s=30 * 86_400)
    assert (await read(spend, made))["status"] == "DENIED"
    assert refused(await act(spend, made, "APPROVE")) == (422, "BDC_9107")
    assert (await spent(spend))["total"] == 0
    assert (await act(spend, made, "PONDER")).status_code == 400


async def test_only_what_waits_is_changed(spend: Any, refused: Refused) -> None:
    made = await ask(spend)
    path = f"/spend/reimbursements/{made['uuid']}"
    changes = {"amount": "70", "note": "More", "occurredDate": "2026-11-19"}
    told = (await spend.ask("PATCH", path, changes)).json()
    assert (told["amount"], told["note"], told["merchantName"]) == (
        70,
        "More",
        "Fred Meyer",
    )
    receipts = [{"filename": "b.png", "url": await upload(spend)}]
    told = (await spend.ask("PATCH", path, {"receipts": receipts})).json()
    assert [each["filename"] for each in told["receipts"]] == ["b.png"]
    told = (await spend.ask("PATCH", path, {"receipts": []})).json()
    assert told["receipts"] == []
    await act(spend, made, "APPROVE")
    answer = await spend.ask("PATCH", path, {"note": "Less"})
    assert refused(answer) == (422, "BDC_9107")


async def test_only_what_is_not_approved_is_archived(
    spend: Any, refused: Refused
) -> None:
    made, approved = await ask(spend), await ask(spend)
    path = f"/spend/reimbursements/{made['uuid']}"
    for _ in range(2):
        answer = await spend.ask("DELETE", path)
        assert (answer.status_code, answer.content) == (200, b"")
    told = await read(spend, made)
    assert (told["status"], told["retired"]) == ("ARCHIVED", True)
    assert refused(await act(spend, made, "APPROVE")) == (422, "BDC_9101")
    await act(spend, approved, "APPROVE")
    answer = await spend.ask("DELETE", f"/spend/reimbursements/{approved['uuid']}")
    assert refused(answer) == (422, "BDC_9107")


async def test_fields_are_tagged_by_either_id(spend: Any) -> None:
    field = {"name": "Category", "allowCustomValues": False, "global": True}
    made = await spend.post("/spend/custom-fields", {**field, "values": ["A", "B"]})
    path = f"/spend/custom-fields/{made['uuid']}/values"
    [first, second] = (await spend.get(path))["results"]
    tags = [{"customFieldId": made["uuid"], "selectedValues": [first["uuid"]]}]
    told = await ask(spend, customFields=tags)
    assert told["customFields"][0]["selectedValues"][0]["value"] == "A"
    tags = [{"customFieldId": made["id"], "selectedValues": [second["id"]]}]
    path = f"/spend/reimbursements/{told['uuid']}"
    told = (await spend.ask("PATCH", path, {"customFields": tags})).json()
    assert told["customFields"][0]["selectedValues"][0]["value"] == "B"


async def test_more_than_is_left_asks_for_funds(spend: Any) -> None:
    made = await ask(spend, amount=1200)
    assert made["fundRequestBudgetAmount"] == 200
    assert "fundRequestAmount" not in made


async def test_an_upload_needs_a_live_url(spend: Any) -> None:
    url = (await spend.post("/spend/reimbursements/image-upload-url"))["url"]
    assert "/connect" not in url
    for method, target in (("GET", url), ("PUT", f"{url}x"), ("DELETE", url)):
        answer = await spend.http.request(method, target, content=PNG)
        assert answer.status_code == 403
    await spend.pass_time(advance_s=3600)
    assert (await spend.http.put(url, content=PNG)).status_code == 403


async def test_receipts_need_a_safe_file_that_is_there(
    spend: Any, refused: Refused
) -> None:
    async def outcome(url: str) -> Any:
        receipts = [{"filename": "a.png", "url": url}]
        wish = await body(spend, receipts=receipts)
        return await spend.ask("POST", "/spend/reimbursements", wish)

    empty = (await spend.post("/spend/reimbursements/image-upload-url"))["url"]
    answer = await outcome(empty)
    assert answer.status_code == 400
    assert "receipts[0].url: no file" in answer.text
    assert (await outcome("https://elsewhere.example/uploads/x")).status_code == 400
    unsafe = await upload(spend, "application/x-msdownload")
    assert refused(await outcome(unsafe)) == (422, "BDC_9104")
    assert (await outcome(await upload(spend, "image/jpeg"))).status_code == 200


async def test_lists_are_filtered_and_sorted(spend: Any) -> None:
    first = await ask(spend, amount=5)
    second = await ask(spend, amount=9)
    await act(spend, second, "DENY")

    async def amounts(**query: Any) -> list[float]:
        page = await spend.get("/spend/reimbursements", **query)
        return [each["amount"] for each in page["results"]]

    assert await amounts(sort="amount:desc") == [9, 5]
    assert await amounts(sort="submittedTime:desc") == [5, 9]
    assert await amounts(filters="status:eq:DENIED") == [9]
    assert await amounts(filters=f"reimbursementIds:eq:{first['id']}") == [5]
    assert await amounts(filters=f"userId:eq:{first['userId']},amount:gt:5") == [9]
    answer = await spend.ask("GET", "/spend/reimbursements", filters="colour:eq:red")
    assert answer.status_code == 400


async def test_a_fixture_goes_on_from_its_status(spend: Any) -> None:
    await body(spend)
    fields = {
        "status": "READY_TO_PAY",
        "type": "MILEAGE",
        "receipts": [{"filename": "a"}],
    }
    wish = [{"type": "reimbursement", "fields": fields}]
    [made] = await spend.control("POST", "/fixtures", wish)
    told = await read(spend, made)
    assert (told["status"], told["type"]) == ("READY_TO_PAY", "MILEAGE")
    assert told["batchAmount"] == 40
    await spend.pass_time(advance_s=4 * 86_400)
    assert (await read(spend, made))["status"] == "PAID"
