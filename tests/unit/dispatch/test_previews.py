"""A preview shows what would be sent; neither it nor what is refused is sent."""

from __future__ import annotations

from typing import Any

import pytest
from support.answering import CREATE, outcomes, server_with
from support.payments import rules

from bill_mcp.errors import Outcome, RefusedError
from bill_mcp.secret import HELD

pytestmark = pytest.mark.anyio

WRITES: list[tuple[str, dict[str, Any]]] = [
    CREATE,
    ("bill_archive_a_vendor", {"vendorId": "00901"}),
    ("bill_api_login", {}),
    ("bill_api_logout", {}),
    (
        "bill_create_a_payment",
        {"billId": "00n1", "amount": 1.5, "fundingAccount": {"type": "WALLET"}},
    ),
    (
        "bill_upload_vendor_attachment",
        {"vendorId": "00901", "name": "a.pdf", "file_base64": "YWJj"},
    ),
]


@pytest.mark.parametrize(("name", "arguments"), WRITES, ids=[w[0] for w in WRITES])
async def test_preview_shows_the_request_and_sends_nothing_that_changes_anything(
    name: str, arguments: dict[str, Any]
) -> None:
    server = server_with()
    result = await server.call(name, arguments | {"preview": True})
    notes = result["bill_mcp"]
    assert set(result) == {"bill_mcp"}
    assert notes["environment"] == "sandbox"
    assert notes["preview"]["method"] == "POST"
    url = notes["preview"]["url"]
    assert url.startswith("https://gateway.stage.bill.com/connect/v3/")
    assert "canary" not in str(result)
    assert server.upstream.writes == []
    assert outcomes(server) == []


@pytest.mark.parametrize("name", ["bill_api_login", "bill_api_logout"])
async def test_preview_of_signing_in_or_out_asks_bill_nothing(name: str) -> None:
    server = server_with()
    await server.call(name, {"preview": True})
    assert server.upstream.arrivals == []


async def test_preview_shows_the_very_body_and_names_the_size_of_a_file() -> None:
    server = server_with()
    login = await server.call("bill_api_login", {"preview": True})
    body = login["bill_mcp"]["preview"]["body"]
    assert {body["password"], body["devKey"], body["rememberMeId"]} == {HELD}
    shown = await server.call(CREATE[0], CREATE[1] | {"preview": True})
    assert shown["bill_mcp"]["preview"]["body"] == {"name": "North"}
    upload = WRITES[-1]
    shown = await server.call(upload[0], upload[1] | {"preview": True})
    assert shown["bill_mcp"]["preview"]["body"] == "(3 bytes of a file)"


async def test_preview_false_is_an_ordinary_call() -> None:
    server = server_with()
    await server.call(CREATE[0], CREATE[1] | {"preview": False})
    assert len(server.upstream.calls) == 1


NOT_SESSIONS = [w for w in WRITES if not w[0].startswith("bill_api_")]


@pytest.mark.parametrize(
    ("name", "arguments"), NOT_SESSIONS, ids=[w[0] for w in NOT_SESSIONS]
)
async def test_approval_that_nobody_can_have_given_is_refused(
    name: str, arguments: dict[str, Any]
) -> None:
    server = server_with()
    with pytest.raises(RefusedError) as caught:
        await server.call(name, arguments | {"approval_id": "made-up"})
    assert caught.value.code == "approval_unknown"
    assert caught.value.outcome is Outcome.NOT_DONE
    assert server.upstream.writes == []
    assert outcomes(server) == []


@pytest.mark.parametrize("preview", [True, False])
async def test_what_policy_refuses_is_neither_shown_nor_sent(preview: bool) -> None:
    server = server_with(read_only=True)
    with pytest.raises(RefusedError):
        await server.call(CREATE[0], CREATE[1] | {"preview": preview})
    server = server_with(rules=rules(deny_actions=[CREATE[0]]))
    with pytest.raises(RefusedError):
        await server.call(CREATE[0], CREATE[1] | {"preview": preview})
    assert server.upstream.arrivals == []
