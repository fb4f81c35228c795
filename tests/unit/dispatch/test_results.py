"""From name and arguments to BILL's answer, and what is said beside it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from support.answering import CREATE, READ, outcomes, server_with
from support.assembly import ACCOUNT

from bill_mcp.environments import Environment
from bill_mcp.errors import (
    ArgumentsError,
    CallError,
    Earlier,
    Outcome,
    RefusedError,
    UnknownActionError,
)

pytestmark = pytest.mark.anyio

LIST = "bill_get_list_of_vendors"


@pytest.mark.parametrize("name", ["bill_get_vendor_details", "BILL_GET_VENDOR_DETAILS"])
async def test_read_goes_from_name_and_arguments_to_bills_answer(name: str) -> None:
    server = server_with({"id": "00901", "name": "Søren \u202e"})
    result = await server.call(name, {"vendorId": "00901"})
    assert result == {
        "id": "00901",
        "name": "Søren \u202e",
        "bill_mcp": {"untrusted_text": ["name"]},
    }
    (arrival,) = server.upstream.calls
    assert (arrival.method, arrival.target) == ("GET", "/v3/vendors/00901")
    assert outcomes(server) == []


async def test_write_leaves_one_row() -> None:
    server = server_with({"id": "0de1"})
    assert await server.call(*CREATE) == {"id": "0de1"}
    assert server.outcomes == [("bill_create_a_department", Outcome.DONE)]


async def test_the_very_same_write_within_ten_minutes_is_a_duplicate() -> None:
    server = server_with({"id": "0de1"})
    await server.call(*CREATE)
    begun = server.clock.now()
    server.clock.advance(599)
    with pytest.raises(CallError) as caught:
        await server.call(*CREATE)
    told = caught.value
    assert (told.code, told.outcome) == ("duplicate", Outcome.DONE)
    assert told.earlier == Earlier(at=begun, id="0de1", agent_is_you=True)
    assert len(server.upstream.writes) == 1
    server.clock.advance(2)
    assert await server.call(*CREATE) == {"id": "0de1"}
    assert len(server.upstream.writes) == 2


async def test_unknown_name_and_bad_arguments_reach_nobody() -> None:
    server = server_with()
    with pytest.raises(UnknownActionError):
        await server.call("bill_do_anything", {})
    with pytest.raises(ArgumentsError):
        await server.call(CREATE[0], {"nmae": "North"})
    with pytest.raises(ArgumentsError):
        await server.call(READ[0], {"vendorId": "../users"})
    assert server.upstream.arrivals == []


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        ([{"id": "1"}], {"items": [{"id": "1"}]}),
        ({}, {}),
        ({"amount": 1250.5, "absent": None}, {"amount": 1250.5, "absent": None}),
    ],
)
async def test_reply_of_any_shape_becomes_an_object(reply: Any, result: Any) -> None:
    assert await server_with(reply).call(*READ) == result


async def test_list_says_whether_there_is_more_and_how_to_go_on() -> None:
    page = {"results": [{"id": "1"}], "nextPage": "cursor"}
    result = await server_with(page).call(LIST, {"max": 1})
    assert result["bill_mcp"] == {"has_more": True, "next": {"page": "cursor"}}
    result = await server_with({"results": []}).call(LIST, {})
    assert result["bill_mcp"] == {"has_more": False}
    result = await server_with(page).call("bill_get_list_of_budgets", {})
    assert result["bill_mcp"]["next"] == {"nextPage": "cursor"}


async def test_only_wanted_members_of_rows_come_back() -> None:
    rows = [{"id": "1", "name": "A", "address": {"city": "B", "line1": "C"}}]
    server = server_with({"results": rows})
    result = await server.call(LIST, {"fields": ["id", "address.city"]})
    assert result["results"] == [{"id": "1", "address": {"city": "B"}}]
    assert "omitted" in result["bill_mcp"]
    assert server.upstream.calls[0].query == ""


async def test_local_results_say_where_they_come_from() -> None:
    server = server_with({"id": "1"}, environment=Environment.LOCAL)
    result = await server.call(*READ)
    assert result["bill_mcp"] == {
        "environment": "local",
        "organization": ACCOUNT.organization_id,
    }
    result = await server.call("bill_get_list_of_budgets", {})
    assert result["bill_mcp"]["environment"] == "local"


# Uploads

CONTENT = bytes(range(256))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path.resolve() / "a.pdf"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize("source", ["file_base64", "file_path"])
async def test_upload_reaches_bill_byte_for_byte(file: Path, source: str) -> None:
    sources = {
        "file_base64": base64.b64encode(CONTENT).decode(),
        "file_path": str(file),
    }
    server = server_with({"id": "att1"}, upload_roots=(file.parent,))
    given = {"vendorId": "00901", "name": "a.pdf", source: sources[source]}
    assert await server.call("bill_upload_vendor_attachment", given) == {"id": "att1"}
    (arrival,) = server.upstream.calls
    assert arrival.body == CONTENT
    assert arrival.target == "/v3/attachments/vendors/00901?name=a.pdf"
    assert arrival.headers["content-type"] == "application/octet-stream"


async def test_refused_file_is_never_sent() -> None:
    server = server_with()
    given = {"vendorId": "00901", "name": "a.pdf", "file_path": "/etc/passwd"}
    with pytest.raises(RefusedError):
        await server.call("bill_upload_vendor_attachment", given)
    assert server.upstream.arrivals == []
