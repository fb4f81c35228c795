"""Objects, lists and numbers may arrive as text; nothing else is read leniently."""

import json
from typing import Any

import pytest
from support.checking import (
    ADDRESS,
    INVOICE_LINE,
    PAYMENT,
    VENDOR,
    action,
    faults,
    payment,
    vendor,
)

from bill_mcp.specs.check import check


def test_fitting_arguments_come_back_unchanged() -> None:
    assert check(action("bill_create_a_vendor"), VENDOR) == VENDOR
    assert check(action("bill_create_a_payment"), PAYMENT) == PAYMENT


@pytest.mark.parametrize(
    ("tool", "given", "name"),
    [
        ("bill_create_a_vendor", vendor(address=json.dumps(ADDRESS)), "address"),
        (
            "bill_create_a_vendor",
            vendor(address=f"\n {json.dumps(ADDRESS)}"),
            "address",
        ),
        ("bill_create_a_payment", payment(fundingAccount='{"type":"WALLET"}'), ""),
        (
            "bill_get_list_of_vendors",
            {"filters": '[{"field":"id","op":"eq","value":"1"}]'},
            "filters",
        ),
    ],
)
def test_object_and_list_may_arrive_as_json_text(
    tool: str, given: dict[str, Any], name: str
) -> None:
    name = name or "fundingAccount"
    assert check(action(tool), given)[name] == json.loads(given[name])


def test_json_text_is_read_inside_json_text_too() -> None:
    line = json.dumps(INVOICE_LINE | {"price": "39.99"})
    given = {
        "invoiceNumber": "1",
        "invoiceDate": "2026-12-01",
        "dueDate": "2026-12-31",
        "customer": '{"id": "0cu"}',
        "invoiceLineItems": f"[{json.dumps(line)}]",
    }
    read = check(action("bill_create_an_invoice"), given)
    assert read["invoiceLineItems"] == [INVOICE_LINE]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("100", 100),
        (" 100 ", 100),
        ("0", 0),
        ("1250.50", 1250.5),
        ("1e2", 100.0),
        ("0.10", 0.1),
        ("999999999999.99", 999999999999.99),
    ],
)
def test_number_may_arrive_as_text(text: str, number: float) -> None:
    read = check(action("bill_create_a_payment"), payment(amount=text))
    assert read["amount"] == number
    assert isinstance(read["amount"], int | float)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "$100",
            "1,000.00",
            "1_000",
            "100 USD",
            "0x10",
            "\u0661\u0660",
            "1/2",
        ),
        *(
            "NaN",
            "Infinity",
            "-Infinity",
            "1e",
            ".5",
            "5.",
            "+5",
            "007",
            "--1",
            "1e9999",
        ),
    ],
)
def test_text_that_is_no_number_is_refused(text: str) -> None:
    assert faults("bill_create_a_payment", payment(amount=text)) == {
        "amount": "must be a number"
    }


@pytest.mark.parametrize(
    "text", ["1.005", "0.001", "10.0000000000000000000001", "1e-3"]
)
def test_number_text_is_never_rounded(text: str) -> None:
    assert set(faults("bill_create_a_payment", payment(amount=text))) == {"amount"}


def test_whole_number_may_arrive_with_a_fraction_of_zero() -> None:
    read = check(action("bill_get_list_of_vendors"), {"max": 20.0})
    assert type(read["max"]) is int
    assert check(action("bill_get_list_of_vendors"), {"max": "20"})["max"] == 20
    assert faults("bill_get_list_of_vendors", {"max": 20.5}) == {
        "max": "must be a whole number"
    }


@pytest.mark.parametrize(
    ("tool", "given", "expected"),
    [
        ("bill_create_a_vendor", vendor(name=5), {"name": "must be text"}),
        ("bill_create_a_vendor", vendor(name=None), {"name": "must be text"}),
        (
            "bill_create_a_vendor",
            vendor(autoPay={"enabled": "true"}),
            {"autoPay.enabled": "must be true or false"},
        ),
        (
            "bill_create_a_payment",
            payment(amount=True),
            {"amount": "must be a number"},
        ),
        (
            "bill_create_a_vendor",
            vendor(address="1 Main St, Palo Alto"),
            {"address": "must be an object"},
        ),
        ("bill_create_a_vendor", vendor(address=[]), {"address": "must be an object"}),
        (
            "bill_create_a_vendor",
            vendor(address="{not json"),
            {"address": "must be an object"},
        ),
        (
            "bill_create_a_vendor",
            vendor(address="[" * 100_000),
            {"": "is nested too deeply"},
        ),
    ],
)
def test_nothing_else_is_read_leniently(
    tool: str, given: dict[str, Any], expected: dict[str, str]
) -> None:
    assert faults(tool, given) == expected


def test_text_stays_text_even_if_it_looks_like_json() -> None:
    given = vendor(name='{"a": 1}', accountNumber="007", phone="[1]")
    assert check(action("bill_create_a_vendor"), given) == given
