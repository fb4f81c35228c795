import json
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.assembly import catalogue

from bill_mcp import present
from bill_mcp.client.request import build
from bill_mcp.environments import Environment
from bill_mcp.errors import CallError, Outcome
from bill_mcp.secret import HELD, LiveSecrets, Secret

LOCAL, SANDBOX, PRODUCTION = Environment


def result(
    tool: str,
    reply: dict[str, Any],
    *,
    environment: Environment = SANDBOX,
    organization: str | None = "008",
    fields: list[str] | None = None,
) -> dict[str, Any]:
    return present.result(
        catalogue().find(tool),
        reply,
        environment=environment,
        organization=organization,
        fields=fields,
    )


ODD = {"id": "009", "amount": 1.1, "big": 10**15, "none": None, "n": [{"a": "\u202e"}]}


@pytest.mark.parametrize("environment", [SANDBOX, PRODUCTION])
def test_values_are_unchanged_and_nothing_is_added_where_there_is_nothing_to_say(
    environment: Environment,
) -> None:
    assert result("bill_get_vendor_details", ODD, environment=environment) == ODD
    assert result("bill_api_logout", {}, environment=environment) == {}


def test_simulator_is_named_in_every_result() -> None:
    assert result("bill_get_vendor_details", ODD, environment=LOCAL) == {
        **ODD,
        "bill_mcp": {"environment": "local", "organization": "008"},
    }
    alone = result("bill_api_logout", {}, environment=LOCAL, organization=None)
    assert alone == {"bill_mcp": {"environment": "local"}}


@pytest.mark.parametrize(
    ("tool", "reply", "notes"),
    [
        (
            "bill_get_list_of_vendors",
            {"results": [], "nextPage": "abc"},
            {"has_more": True, "next": {"page": "abc"}},
        ),
        (
            "bill_get_list_of_transactions",
            {"results": [{"id": "1"}], "nextPage": "abc", "prevPage": "z"},
            {"has_more": True, "next": {"nextPage": "abc"}},
        ),
        ("bill_get_list_of_vendors", {"results": [1]}, {"has_more": False}),
        (
            "bill_get_list_of_vendors",
            {"results": [], "nextPage": ""},
            {"has_more": False},
        ),
        (
            "bill_get_list_of_vendors",
            {"results": [], "nextPage": None},
            {"has_more": False},
        ),
    ],
)
def test_page_says_whether_and_how_to_go_on(
    tool: str, reply: dict[str, Any], notes: dict[str, Any]
) -> None:
    assert result(tool, reply) == {**reply, "bill_mcp": notes}


ROW = {
    "id": "009",
    "name": "ACME",
    "address": {"city": "Palo Alto", "line1": "1 Main St"},
    "lines": [{"id": "a", "amount": 1}, {"amount": 2}, "odd"],
    "tags": ["x", "y"],
}


@pytest.mark.parametrize(
    ("fields", "row"),
    [
        (["id"], {"id": "009"}),
        (["id", "nothing"], {"id": "009"}),
        (["address"], {"address": ROW["address"]}),
        (["address.city"], {"address": {"city": "Palo Alto"}}),
        (["address.moon"], {"address": {}}),
        (["lines.id"], {"lines": [{"id": "a"}, {}, "odd"]}),
        (["lines.id", "lines.amount"], {"lines": ROW["lines"]}),
        (["lines", "lines.id"], {"lines": ROW["lines"]}),
        (["address.city", "address"], {"address": ROW["address"]}),
        (["name.first"], {}),
        (["tags.first"], {"tags": ["x", "y"]}),
    ],
)
def test_rows_are_cut_to_the_members_that_were_asked_for(
    fields: list[str], row: dict[str, Any]
) -> None:
    before = json.dumps(ROW)
    told = result("bill_get_list_of_vendors", {"results": [ROW]}, fields=fields)
    assert told["results"] == [row]
    assert told["bill_mcp"]["omitted"] == "all members but those named in fields"
    assert json.dumps(ROW) == before


def test_rows_that_are_none_are_left_alone() -> None:
    told = result("bill_get_list_of_vendors", {"results": ["odd", 1]}, fields=["id"])
    assert told["results"] == ["odd", 1]
    strange = {"results": {"id": "1"}}
    told = result("bill_get_list_of_vendors", strange, fields=["id"])
    assert told["results"] == strange["results"]


def test_lone_surrogates_of_bill_become_a_replacement_character() -> None:
    told = result("bill_get_vendor_details", {"n\ud800": ["a\udfffb"]})
    assert told == {"n\ufffd": ["a\ufffdb"]}
    present.as_text(told).encode()


# The text that a model reads

INVISIBLE = [
    *("\0", "\x07", "\x1b", "\x7f", "\x85", "\x9b"),
    *("\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff", "\u180e"),
    *("\u202a", "\u202e", "\u2066", "\u2069", "\u200f", "\u061c"),
    *("\u2028", "\u2029", "\ue000", "\U000e0041", "\U000e0001"),
    *("\u034f", "\u115f", "\u3164", "\uffa0", "\ufe0f", "\U000e0100"),
]


@pytest.mark.parametrize("character", INVISIBLE, ids=ascii)
def test_invisible_character_is_shown_as_an_escape(character: str) -> None:
    text = present.as_text({"name": f"a{character}b"})
    assert character not in text
    assert "\\u" in text
    assert json.loads(text) == {"name": f"a{character}b"}


@pytest.mark.parametrize(
    "text", ["ACME & Söhne", "日本語 株式会社", "Ωμέγα 50 €", "🙂"]
)
def test_what_people_write_stays_readable(text: str) -> None:
    assert present.as_text({"name": text}) == f'{{"name":"{text}"}}'


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
@example("\u2028\u202e\U000e0041\U0001f600\ud800")
def test_text_is_the_same_json_and_has_no_hidden_character(value: Any) -> None:
    text = present.as_text(value)
    assert json.loads(text) == value
    text.encode()
    kinds = {unicodedata.category(character) for character in text}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


# Previews


def preview(tool: str, arguments: dict[str, Any], file: bytes | None = None) -> Any:
    live = LiveSecrets()
    live.add([Secret("canary-secret")])
    request = build(catalogue().find(tool), arguments, new_id="N".__mul__, file=file)
    return present.preview(
        request, live, environment=SANDBOX, base_url="https://bill.test/connect"
    )


def test_preview_shows_the_very_request() -> None:
    given = {"vendorId": "009 x", "name": "ACME \u202e canary-secret"}
    assert preview("bill_update_a_vendor", given) == {
        "bill_mcp": {
            "preview": {
                "method": "PATCH",
                "url": "https://bill.test/connect/v3/vendors/009%20x",
                "body": {"name": f"ACME \u202e {HELD}"},
            },
            "environment": "sandbox",
        }
    }


def test_preview_of_an_upload_tells_its_size_only() -> None:
    given = {"billId": "00n", "name": "a.pdf"}
    shown = preview("bill_upload_bill_document", given, b"12345")["bill_mcp"]["preview"]
    assert shown["body"] == "(5 bytes of a file)"
    assert shown["url"].endswith("/v3/documents/bills/00n?name=a.pdf")


def test_preview_of_a_request_without_a_body_has_none() -> None:
    shown = preview("bill_archive_a_vendor", {"vendorId": "009"})["bill_mcp"]
    assert set(shown["preview"]) == {"method", "url"}


# Errors


def failure(message: str = "it failed", **more: Any) -> CallError:
    return CallError(message, advice="Do something else.", **more)


def test_error_is_one_object_without_empty_members() -> None:
    assert present.error(failure(), LiveSecrets()) == {
        "error": "call_failed",
        "message": "it failed",
        "advice": "Do something else.",
        "outcome": "not_done",
    }


def test_error_tells_bills_code_and_status_and_the_faults() -> None:
    faults = [{"path": "name", "message": "is missing"}]
    error = failure(
        outcome=Outcome.UNKNOWN, bill_code="BDC_1", http_status=500, faults=faults
    )
    assert present.error(error, LiveSecrets()) == {
        "error": "call_failed",
        "message": "it failed",
        "advice": "Do something else.",
        "outcome": "unknown",
        "bill_code": "BDC_1",
        "http_status": 500,
        "faults": faults,
    }


def test_error_holds_no_live_secret() -> None:
    live = LiveSecrets()
    live.add([Secret("canary-secret")])
    faults = [{"path": "canary-secret", "message": "BILL says: canary-secret"}]
    told = present.error(failure("canary-secret", faults=faults), live)
    assert "canary" not in json.dumps(told)


@pytest.mark.parametrize("letter", ["x", "\u202e"])
def test_error_is_never_longer_than_two_kilobytes(letter: str) -> None:
    faults = [{"path": f"p{i}", "message": letter * 150} for i in range(12)]
    told = present.error(failure("m" * 5000, faults=faults), LiveSecrets())
    assert len(present.as_text(told).encode()) <= present.ERROR_BYTES
    assert told["message"] == "m" * 599 + "…"
    assert told["faults"][0]["path"] == "p0"
    assert len(told["faults"]) < 12


def test_error_that_is_too_long_ends_at_a_word_and_shows_that_it_was_cut() -> None:
    whole = "the end " * 75
    told = present.error(failure(whole.strip()), LiveSecrets())
    assert told["message"] == whole.strip()
    told = present.error(failure(f"{whole}never comes"), LiveSecrets())
    assert told["message"] == f"{'the end ' * 74}the…"
    assert len(told["message"]) <= 600
