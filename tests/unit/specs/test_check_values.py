"""Values that JSON Schema alone would let through."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from support.checking import ADDRESS, action, faults, payment, vendor
from support.spec_folder import creating_action, spec_files, written

from bill_mcp.errors import ArgumentsError
from bill_mcp.spec_check import samples
from bill_mcp.specs import loading
from bill_mcp.specs.check import DEEPEST, check


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
