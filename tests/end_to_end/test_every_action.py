"""Every action, called through the real server over stdio, leaves as the facts say."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.process import CREDENTIALS, client_of, result_of
from support.recording_bill import Arrival, recording_bill

from bill_mcp.spec_check import samples
from bill_mcp.specs import loading
from bill_mcp.specs.catalogue import Action

pytestmark = pytest.mark.anyio

FACTS = json.loads(
    (Path(__file__).parents[1] / "facts" / "operations.json").read_text(
        encoding="utf-8"
    )
)
HEADERS = {
    "session": {"devkey", "sessionid"},
    "partner": {"appkey", "sessionid"},
    "api_token": {"apitoken"},
    "login": set(),
    "none": set(),
}
ALL_AUTH_HEADERS = {"devkey", "appkey", "sessionid", "apitoken", "organizationid"}


async def test_every_action_leaves_with_the_documented_method_path_and_headers() -> (
    None
):
    catalogue = loading.load(inline_credentials=True)
    with recording_bill() as bill:
        bill.shows_what_is_asked = True
        variables = {
            **CREDENTIALS,
            "BILL_MCP_ENVIRONMENT": "local",
            "BILL_MCP_BASE_URL": bill.url,
            "BILL_MCP_ALLOW_INLINE_CREDENTIALS": "1",
        }
        async with client_of(variables=variables) as client:
            for action in catalogue:
                given = samples.arguments(action, whole=True)
                if "transactionNumber" in given:  # or the same bill is a duplicate
                    given["transactionNumber"] = f"NUMBER{len(bill.arrivals)}"
                if action.spec.body_form == "bytes":
                    given["file_base64"] = "aGVsbG8="
                paid = given.get("payments", ())
                bill.answer = {
                    "id": "0001",
                    "amount": 10.25,
                    "payments": [{"id": "1", "billId": one["billId"]} for one in paid],
                }
                before = len(bill.arrivals)
                result_of(await client.call_tool(action.name, given))
                _compare(action, given, bill.arrivals[before:])


def _compare(
    action: Action, given: dict[str, object], arrivals: Sequence[Arrival]
) -> None:
    fact = FACTS[action.name]
    template = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(fact["path"]))
    # The guard reads before; a session that a sign-in replaces is ended after it.
    arrival = [
        each
        for each in arrivals
        if each.method == fact["method"] and re.fullmatch(template, each.path)
    ][-1]
    assert set(arrival.query) == {entry["name"] for entry in fact["query_params"]}
    sent = ALL_AUTH_HEADERS & set(arrival.headers)
    assert sent == HEADERS[fact["auth"]], action.name
    if fact["body_kind"] == "binary":
        assert arrival.body == b"hello"
    elif fact["body_kind"] == "json":
        _compare_body(action, given, arrival)
    else:
        assert arrival.body == b"", action.name


def _compare_body(action: Action, given: dict[str, object], arrival: Arrival) -> None:
    assert arrival.headers["content-type"] == "application/json"
    body = json.loads(arrival.body)
    expected = {name: given[name] for name in action.spec.body if name in given}
    assert {name: body[name] for name in expected} == expected, action.name
    assert set(body) - set(expected) <= set(action.spec.fill)
