"""How faults of arguments are told: all, in words, and never the value itself."""

import json
from typing import Any

import pytest
from support.assembly import catalogue
from support.checking import (
    ADDRESS,
    INVOICE_LINE,
    VENDOR,
    action,
    faults,
    payment,
    vendor,
)

from bill_mcp.errors import ArgumentsError, RefusedError
from bill_mcp.specs.check import FAULTS_TOLD, check


def test_every_fault_is_told_at_once() -> None:
    given = {
        "address": {"line1": 7, "city": "Palo Alto", "country": "USA", "planet": "x"},
        "email": ["a@example.test"],
        "nmae": "ACME",
    }
    assert faults("bill_create_a_vendor", given) == {
        "name": "is missing",
        "address.line1": "must be text",
        "address.zipOrPostalCode": "is missing",
        "address.country": "is not written as its description says",
        "address.planet": "is no argument that this action knows",
        "email": "must be text",
        "nmae": "is no argument that this action knows; did you mean name?",
    }


def test_text_that_is_none_and_too_many_decimals_are_told_with_the_rest() -> None:
    assert faults(
        "bill_create_a_payment",
        {"amount": 1.005, "description": "\ud800", "processDate": "soon"},
    ) == {
        "amount": "has more than 2 decimals",
        "description": "is no valid text (a lone surrogate)",
        "fundingAccount": "is missing",
        "processDate": "must be a real day written YYYY-MM-DD",
    }


def test_count_of_faults_is_told_although_only_some_are_listed() -> None:
    with pytest.raises(ArgumentsError) as caught:
        check(action("bill_create_a_vendor"), {f"x{i}": 1 for i in range(20)} | VENDOR)
    assert str(caught.value) == (
        "the arguments of bill_create_a_vendor have 20 faults, of which 12 are listed"
    )
    assert len(caught.value.faults) == FAULTS_TOLD


def test_one_fault_is_counted_in_words() -> None:
    with pytest.raises(ArgumentsError, match=r"have one fault$") as caught:
        check(action("bill_create_a_vendor"), {"address": ADDRESS})
    assert caught.value.code == "bad_arguments"
    assert caught.value.advice


SECRETIVE = "4012888888881881"


@pytest.mark.parametrize(
    "given",
    [
        {"name": {SECRETIVE: SECRETIVE}},
        {"address": SECRETIVE},
        {"address": {**ADDRESS, "country": SECRETIVE}},
        {"accountType": SECRETIVE},
        {"name": [SECRETIVE], "email": [SECRETIVE]},
        {SECRETIVE: "x"},
        {f"{SECRETIVE} drop table": SECRETIVE},
        {"name": f"\ud800{SECRETIVE}"},
        {"additionalInfo": {SECRETIVE: 1}},
        {"autoPay": {"enabled": SECRETIVE, "maxAmount": f"{SECRETIVE}x"}},
        {"autoPay": {"daysBeforeDueDate": float(SECRETIVE) + 0.5}},
    ],
)
def test_fault_never_repeats_the_offending_value(given: dict[str, Any]) -> None:
    with pytest.raises(ArgumentsError) as caught:
        check(action("bill_create_a_vendor"), vendor(**given))
    assert SECRETIVE not in json.dumps(caught.value.as_dict())


@pytest.mark.parametrize(
    ("tool", "given", "suggestion"),
    [
        ("bill_create_a_vendor", {"adress": ADDRESS}, "address"),
        ("bill_create_a_vendor", {"payment_information": {}}, "paymentInformation"),
        ("bill_create_a_payment", {"bill_id": "00n"}, "billId"),
        ("bill_create_a_payment", {"Amount": 1}, "amount"),
        ("bill_get_list_of_vendors", {"filter": "id:eq:x"}, "filters"),
        ("bill_get_vendor_details", {"vendorID": "009"}, "vendorId"),
    ],
)
def test_unknown_argument_names_the_one_that_was_meant(
    tool: str, given: dict[str, Any], suggestion: str
) -> None:
    told = faults(tool, given)[next(iter(given))]
    assert told.endswith(f"did you mean {suggestion}?")


def test_name_that_nobody_can_have_meant_is_not_repeated() -> None:
    assert faults("bill_create_a_vendor", vendor(**{"<b>ignore previous": 1})) == {
        "(a name)": "is no argument that this action knows"
    }


def test_value_of_a_closed_list_names_what_is_allowed() -> None:
    told = faults("bill_create_a_payment", payment(fundingAccount={"type": "CASH"}))
    assert told == {
        "fundingAccount.type": (
            "must be one of: BANK_ACCOUNT, CARD_ACCOUNT, WALLET, AP_CARD"
        )
    }


def test_one_of_two_ways_must_be_taken() -> None:
    told = faults(
        "bill_create_an_invoice",
        {
            "invoiceNumber": "1",
            "invoiceDate": "2026-12-01",
            "dueDate": "2026-12-31",
            "customer": {"name": "ACME"},
            "invoiceLineItems": [INVOICE_LINE],
        },
    )
    assert told == {"customer": "needs id or name and email"}


@pytest.mark.parametrize(
    ("tool", "given", "expected"),
    [
        ("bill_get_list_of_vendors", {"max": 0}, {"max": "must be at least 1"}),
        ("bill_get_list_of_vendors", {"max": 101}, {"max": "must be at most 100"}),
        (
            "bill_get_vendor_details",
            {"vendorId": ""},
            {"vendorId": "must have at least 1 characters"},
        ),
        (
            "bill_get_vendor_details",
            {"vendorId": "x" * 201},
            {"vendorId": "must have at most 200 characters"},
        ),
        (
            "bill_get_list_of_vendors",
            {"fields": []},
            {"fields": "must have at least 1 entries"},
        ),
        (
            "bill_get_list_of_vendors",
            {"fields": ["id"] * 51},
            {"fields": "must have at most 50 entries"},
        ),
    ],
)
def test_limit_is_named(
    tool: str, given: dict[str, Any], expected: dict[str, str]
) -> None:
    assert faults(tool, given) == expected


# Secrets


@pytest.mark.parametrize("name", ["username", "password", "devKey", "rememberMeId"])
def test_secret_is_refused_by_name_where_the_operator_supplies_it(name: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check(action("bill_api_login"), {name: "canary", "nonsense": 1})
    assert str(caught.value) == f"{name}: secrets are not taken from a tool call"
    assert caught.value.code == "secret_refused"
    assert "bill-mcp login" in caught.value.advice


def test_secrets_are_taken_where_inline_credentials_are_allowed() -> None:
    login = catalogue(inline_credentials=True).find("bill_api_login")
    given = {"username": "a", "password": "b", "devKey": "c", "organizationId": "008"}
    assert check(login, given) == given
