"""What of a call's arguments is recorded, and what never is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bill_mcp.records.masking import DEEPEST, LONGEST_TEXT, last_four, masked
from bill_mcp.secret import HELD, LiveSecrets, Secret
from bill_mcp.specs import loading

CATALOGUE = loading.load(inline_credentials=True)
WITHOUT_INLINE = loading.load(inline_credentials=False)
VENDOR = "bill_create_a_vendor"


def recorded(tool: str, arguments: dict[str, Any], *live: str) -> dict[str, Any]:
    secrets = LiveSecrets()
    secrets.add(Secret(value) for value in live)
    return masked(CATALOGUE.find(tool), arguments, secrets)


def test_what_a_record_is_for_stays_as_it_is() -> None:
    arguments = {
        "vendorId": "00901RMTXUXDLQQ1a2b3",
        "billId": "00n02ABCDEFGHJ123456",
        "amount": 1250.5,
        "processDate": "2026-11-24",
        "createBill": False,
        "transactionNumber": "20261124093000123456",
        "invoice": {"number": "20261123001", "date": None},
        "description": "Paper, 3 boxes - Zoë's desk",
    }
    assert recorded("bill_create_a_payment", arguments) == arguments


def test_secrets_by_the_spec_are_held() -> None:
    arguments = {"username": "ap@example.test", "password": "pw-1", "devKey": "dk"}
    for catalogue in (CATALOGUE, WITHOUT_INLINE):
        action = catalogue.find("bill_api_login")
        told = masked(action, arguments, LiveSecrets())
        assert told["password"] == told["devKey"] == HELD


def test_codes_and_birth_dates_are_not_recorded_even_in_part() -> None:
    told = recorded(
        "bill_validate_mfa_challenge", {"token": "123456", "challengeId": "c1"}
    )
    assert told == {"token": HELD, "challengeId": "c1"}
    told = recorded(
        "bill_create_an_organization", {"companyOwner": {"dateOfBirth": "1970-01-02"}}
    )
    assert told == {"companyOwner": {"dateOfBirth": HELD}}


def test_live_secrets_are_found_in_every_text_and_name() -> None:
    told = recorded(VENDOR, {"name": "a canary-session b", "x": {"canary-session": 1}},
                    "canary-session")  # fmt: skip
    assert "canary" not in json.dumps(told)
    assert told["name"] == f"a {HELD} b"


@pytest.mark.parametrize("value", ["123456789012", 123456789012, " 123456789012 "])
def test_bank_data_keeps_its_last_four(value: object) -> None:
    told = recorded(
        VENDOR,
        {
            "paymentInformation": {
                "bankAccount": {"accountNumber": value, "routingNumber": "021000021"}
            },
            "additionalInfo": {"taxId": "12-3456789", "taxIdType": "EIN"},
        },
    )
    assert told["paymentInformation"]["bankAccount"] == {
        "accountNumber": "****9012",
        "routingNumber": "****0021",
    }
    assert told["additionalInfo"] == {"taxId": "****6789", "taxIdType": "EIN"}


def test_an_account_number_is_found_in_other_texts_too() -> None:
    told = recorded(
        VENDOR, {"accountNumber": "AC-778899-XY", "name": "old AC-778899-XY!"}
    )
    assert "778899" not in json.dumps(told)


def test_number_inside_a_bank_account_is_one_of_an_account() -> None:
    told = recorded(VENDOR, {"items": [{"bankAccount": [{"number": "1234567890"}]}]})
    assert told == {"items": [{"bankAccount": [{"number": "****7890"}]}]}


@pytest.mark.parametrize(
    ("text", "masked_text"),
    [
        ("card 4111 1111 1111 1111 ok", "card ****1111 ok"),
        ("card 4111-1111-1111-1111", "card ****1111"),
        ("no card 4111111111111112", "no card 4111111111111112"),
        ("DE89 3704 0044 0532 0130 00", "****3000"),
        ("to DE89370400440532013000.", "to ****3000."),
        ("DE89370400440532013001", "DE89370400440532013001"),
        ("SSN 123-45-6789", "SSN ****6789"),
        ("EIN 12-3456789", "EIN ****6789"),
        (
            "2026-11-24, 415-555-1234, 94105-1234",
            "2026-11-24, 415-555-1234, 94105-1234",
        ),
        ("see https://x.test/a?sig=abc#d now", "see https://x.test/a?(withheld) now"),
    ],
)
def test_numbers_that_prove_what_they_are_are_masked_anywhere(
    text: str, masked_text: str
) -> None:
    assert recorded(VENDOR, {"name": text}) == {"name": masked_text}


def test_files_are_their_size() -> None:
    for size in (0, 1, 2, 3, 1000):
        text = base64.b64encode(b"x" * size).decode()
        told = recorded("bill_upload_bill_document", {"file_base64": text, "name": "a"})
        assert told == {"file_base64": f"({size} bytes)", "name": "a"}


def test_long_and_strange_texts_are_cut_and_made_visible() -> None:
    told = recorded(VENDOR, {"name": "a\x1b[1m\u202e\n" + "b" * 300, "k\x00": 1})
    assert told["name"].startswith("a\\u001b[1m\\u202e\\u000abbb")
    assert len(told["name"]) == LONGEST_TEXT
    assert "k\\u0000" in told


def test_what_is_too_large_or_too_deep_is_cut() -> None:
    told = recorded(VENDOR, {"items": [{"name": "y" * 150}] * 400})
    assert set(told) == {"cut"}
    assert len(told["cut"]) == 32_000
    deep: Any = "bottom"
    for _ in range(DEEPEST + 5):
        deep = {"accountNumber": [deep]}
    assert "bottom" not in json.dumps(recorded(VENDOR, {"x": deep}))


def test_numbers_that_json_does_not_have_are_texts() -> None:
    told = recorded(VENDOR, {"amount": float("inf")})
    assert json.dumps(told, allow_nan=False) == '{"amount": "inf"}'


def test_short_numbers_show_at_most_half() -> None:
    assert [last_four("1" * n) for n in range(10)] == [
        "****", "****", "****1", "****1", "****11", "****11",
        "****111", "****111", "****1111", "****1111",
    ]  # fmt: skip


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "accountNumber", "number", "bankAccount"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=3))
def test_any_arguments_are_recorded_as_json_without_live_secrets(
    arguments: dict[str, Any],
) -> None:
    arguments["canary-name"] = ["canary-secret", {"canary-secret": "é canary-secret"}]
    text = json.dumps(recorded(VENDOR, arguments, "canary-secret"), allow_nan=False)
    assert "canary-secret" not in text
    assert "canary-name" in text
