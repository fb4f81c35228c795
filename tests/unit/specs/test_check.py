import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.assembly import catalogue
from support.spec_folder import creating_action, spec_files, written

from bill_mcp.errors import ArgumentsError, RefusedError
from bill_mcp.spec_check import samples
from bill_mcp.specs import loading
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.check import DEEPEST, FAULTS_TOLD, check

ADDRESS = {
    "line1": "1 Main St",
    "city": "Palo Alto",
    "zipOrPostalCode": "94301",
    "country": "US",
}
VENDOR = {"name": "ACME", "address": ADDRESS}
PAYMENT = {
    "billId": "00n01AAAAAAAAAAA1a2b",
    "fundingAccount": {"type": "WALLET"},
    "amount": 12.34,
}
INVOICE_LINE = {"quantity": 2, "price": 39.99, "description": "Chairs"}


def action(name: str) -> Action:
    return catalogue().find(name)


def faults(name: str, arguments: Mapping[str, Any]) -> dict[str, str]:
    with pytest.raises(ArgumentsError) as caught:
        check(action(name), arguments)
    return {fault["path"]: fault["message"] for fault in caught.value.faults}


def vendor(**changes: Any) -> dict[str, Any]:
    return VENDOR | changes


def payment(**changes: Any) -> dict[str, Any]:
    return PAYMENT | changes


def test_fitting_arguments_come_back_unchanged() -> None:
    assert check(action("bill_create_a_vendor"), VENDOR) == VENDOR
    assert check(action("bill_create_a_payment"), PAYMENT) == PAYMENT


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


# Lenient reading


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


# Values that JSON Schema alone would let through


@pytest.mark.parametrize(
    "number",
    [
        *(math.nan, math.inf, -math.inf, 1e16, -1e300, 2**63, -(10**400)),
        pytest.param(10**5000, id="more digits than Python writes"),
    ],
)
def test_number_of_no_usable_size_is_refused(number: float) -> None:
    told = faults("bill_create_a_payment", payment(amount=number))
    assert told["amount"] in {"is no number of a usable size", "must be at least 0"}


@pytest.mark.parametrize("amount", [0.005, 1.999, 1e-9, 0.1 + 0.2])
def test_third_decimal_of_an_amount_is_refused(amount: float) -> None:
    assert faults("bill_create_a_payment", payment(amount=amount)) == {
        "amount": "has more than 2 decimals"
    }


@pytest.mark.parametrize("amount", [0, 1, 1.1, 0.01, 1250.50, 99999999.99, 1e3, 1e15])
def test_two_decimals_of_an_amount_are_kept(amount: float) -> None:
    read = check(action("bill_create_a_payment"), payment(amount=amount))
    assert read["amount"] == amount


def test_decimals_are_counted_inside_lists_and_objects_too() -> None:
    bulk = samples.arguments(action("bill_create_a_bulk_payment"), whole=False)
    bulk["payments"] = [
        {"billId": "a", "amount": 1.5},
        {"billId": "b", "amount": 1.555},
    ]
    assert faults("bill_create_a_bulk_payment", bulk) == {
        "payments[1].amount": "has more than 2 decimals"
    }
    taken = [{"id": "vcr1", "amount": 0.001}]
    assert faults("bill_create_a_payment", payment(vendorCredits=taken)) == {
        "vendorCredits[0].amount": "has more than 2 decimals"
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "a\ud800"}, {"name": "is no valid text (a lone surrogate)"}),
        ({"name": '"\udfff"'}, {"name": "is no valid text (a lone surrogate)"}),
        (
            {"address": json.dumps(ADDRESS | {"line2": "\ud83d"})},
            {"address.line2": "is no valid text (a lone surrogate)"},
        ),
    ],
)
def test_lone_surrogate_is_refused_wherever_it_stands(
    given: dict[str, Any], expected: dict[str, str]
) -> None:
    assert faults("bill_create_a_vendor", vendor(**given)) == expected


def test_lone_surrogate_in_a_name_is_refused() -> None:
    told = faults("bill_create_a_vendor", vendor(**{"\ud800": 1}))
    assert told[""] == "has a name that is no valid text"
    assert json.dumps(told, ensure_ascii=False).encode()


def test_pair_of_surrogates_in_json_text_is_one_character() -> None:
    given = vendor(address=json.dumps(ADDRESS | {"line2": "\U0001f600"}))
    read = check(action("bill_create_a_vendor"), given)
    assert read["address"]["line2"] == "\U0001f600"


def nested(depth: int, inner: Any = 1) -> Any:
    value = inner
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [DEEPEST + 1, 200, 900, 50_000])
def test_deep_nesting_is_a_fault_and_no_crash(depth: int) -> None:
    told = faults("bill_create_a_vendor", vendor(email=nested(depth)))
    assert any("deep" in message for message in told.values())


@pytest.mark.parametrize("depth", [200, 900, 50_000])
def test_deep_nesting_in_json_text_is_a_fault_and_no_crash(depth: int) -> None:
    told = faults("bill_create_a_vendor", vendor(address="[" * depth + "]" * depth))
    assert any("deep" in message or "object" in message for message in told.values())


@pytest.mark.parametrize(
    "day",
    [
        *("2026-02-30", "2026-13-01", "2026-00-10", "26-01-01", "2026-1-1"),
        *("20261201", "2026-W01-1", "2026-12-01T00:00:00Z", "01/12/2026", "tomorrow"),
        *("", "\uff12\uff1026-12-01", "2026-12-01\n", " 2026-12-01", "0000-01-01"),
    ],
)
def test_day_must_be_a_real_one(day: str) -> None:
    assert faults("bill_create_a_payment", payment(processDate=day)) == {
        "processDate": "must be a real day written YYYY-MM-DD"
    }


@pytest.mark.parametrize("day", ["2026-12-01", "2028-02-29", "1999-12-31"])
def test_real_day_is_taken(day: str) -> None:
    read = check(action("bill_create_a_payment"), payment(processDate=day))
    assert read["processDate"] == day


@pytest.mark.parametrize(
    ("time", "is_one"),
    [
        ("2026-11-22T09:00:00.000+00:00", True),
        ("2026-11-22T09:00:00Z", True),
        ("2026-11-22T25:00:00Z", False),
        ("2026-02-30T09:00:00Z", False),
        ("2026-11-22", False),
        ("yesterday", False),
        (5, False),
    ],
)
def test_time_must_be_a_real_one(tmp_path: Path, time: Any, is_one: bool) -> None:
    since = {"type": "string", "format": "date-time", "evidence": "client"}
    files = spec_files()
    files["widgets.yaml"]["actions"] = {"bill_x": creating_action(body={"at": since})}
    made_up = loading.load(written(tmp_path, files)).find("bill_x")
    if is_one:
        assert check(made_up, {"at": time}) == {"at": time}
    else:
        with pytest.raises(ArgumentsError):
            check(made_up, {"at": time})


@pytest.mark.parametrize(
    "country", ["USA", "us", "U", "", "US\n", "\nUS", "US ", "\uff35\uff33", "U\u200bS"]
)
def test_pattern_is_of_the_whole_text(country: str) -> None:
    given = vendor(address=ADDRESS | {"country": country})
    assert faults("bill_create_a_vendor", given) == {
        "address.country": "is not written as its description says"
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
