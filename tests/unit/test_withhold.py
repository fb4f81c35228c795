from pathlib import Path
from typing import Any

import pytest
from support.assembly import catalogue
from support.spec_folder import creating_action, spec_files, written

from bill_mcp import withhold
from bill_mcp.client.request import build
from bill_mcp.secret import HELD, LiveSecrets, Secret
from bill_mcp.specs import loading


def withheld(tool: str, reply: dict[str, Any], *live: str) -> Any:
    found = LiveSecrets()
    found.add(Secret(value) for value in live)
    return withhold.from_reply(catalogue().find(tool), reply, found)


@pytest.mark.parametrize(
    ("tool", "reply", "shown"),
    [
        (
            "bill_api_login",
            {"sessionId": "abc", "trusted": True},
            {"sessionId": HELD, "trusted": True},
        ),
        ("bill_api_login", {"sessionId": None}, {"sessionId": HELD}),
        ("bill_api_login", {"sessionId": ["a"]}, {"sessionId": HELD}),
        ("bill_api_login", {"trusted": False}, {"trusted": False}),
        ("bill_get_pan_jwt", {"token": "eyJ"}, {"token": HELD}),
        (
            "bill_validate_mfa_challenge",
            {"rememberMeId": "abc"},
            {"rememberMeId": HELD},
        ),
        (
            "bill_get_transaction_details",
            {"receipts": [{"url": "https://x", "uuid": "1"}, {"uuid": "2"}, "odd"]},
            {"receipts": [{"url": HELD, "uuid": "1"}, {"uuid": "2"}, "odd"]},
        ),
        (
            "bill_get_list_of_transactions",
            {"results": [{"receipts": [{"url": "https://x"}]}, {"id": "1"}]},
            {"results": [{"receipts": [{"url": HELD}]}, {"id": "1"}]},
        ),
        ("bill_get_transaction_details", {"receipts": None}, {"receipts": None}),
    ],
)
def test_named_places_of_a_reply_are_withheld_whatever_stands_there(
    tool: str, reply: dict[str, Any], shown: dict[str, Any]
) -> None:
    before = str(reply)
    assert withheld(tool, reply) == shown
    assert str(reply) == before


def test_live_secret_is_withheld_wherever_bill_repeats_it() -> None:
    link = "https://bill.test/AttachDownload?id=1&sessionId=canary%2Fsession"
    reply = {"results": [{"downloadLink": link, "canary/session": "x canary/session"}]}
    assert withheld("bill_get_list_of_documents", reply, "canary/session") == {
        "results": [
            {
                "downloadLink": link.replace("canary%2Fsession", HELD),
                HELD: f"x {HELD}",
            }
        ]
    }


def test_secret_arguments_of_a_request_are_withheld_by_name_and_by_value() -> None:
    login = catalogue(inline_credentials=True).find("bill_api_login")
    given = {
        "username": "ap@example.test",
        "password": "short",
        "devKey": "key",
        "organizationId": "008 canary-secret",
    }
    request = build(login, given, new_id="N".__mul__)
    live = LiveSecrets()
    live.add([Secret("canary-secret")])
    assert withhold.from_request(request, live) == {
        "username": HELD,
        "password": HELD,
        "devKey": HELD,
        "organizationId": f"008 {HELD}",
    }


def test_body_that_is_a_list_is_searched_too(tmp_path: Path) -> None:
    files = spec_files()
    items = {"type": ["object"], "required": True, "evidence": "client", "fields": {}}
    files["widgets.yaml"]["actions"] = {
        "bill_create_a_widget": creating_action(
            body={"items": items}, body_form="items"
        )
    }
    action = loading.load(written(tmp_path, files)).find("bill_create_a_widget")
    given = {"items": [{"description": "canary-secret"}]}
    live = LiveSecrets()
    live.add([Secret("canary-secret")])
    shown = withhold.from_request(build(action, given, new_id="N".__mul__), live)
    assert shown == [{"description": HELD}]
