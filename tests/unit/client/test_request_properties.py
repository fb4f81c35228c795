"""Whatever fits a schema becomes a request that says exactly the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.assembly import catalogue
from support.valid_arguments import valid_arguments

from bill_mcp.client.request import Request, build
from bill_mcp.errors import ArgumentsError
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.check import check
from bill_mcp.transaction_numbers import bare

BASE_URL = "https://gateway.stage.bill.com/connect"
NAMES = [action.name for action in catalogue()]
VENDOR = catalogue().find("bill_get_vendor_details")
PAYMENT = catalogue().find("bill_create_a_payment")
NASTY = st.text(st.sampled_from("./\\%2eEfF5cC?#;&= ~aé\u202e\u2028\n\x00\x7f"))


def built(action: Action, arguments: Mapping[str, Any]) -> Request:
    return build(action, arguments, new_id="N".__mul__, file=b"a file")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_valid_arguments_come_back_out_of_the_request(data: st.DataObject) -> None:
    action = catalogue().find(data.draw(st.sampled_from(NAMES)))
    arguments = check(action, data.draw(valid_arguments(action)))
    request = built(action, arguments)
    sent = httpx.Request(request.method, f"{BASE_URL}{request.target}")
    path, _, query = sent.url.raw_path.decode().partition("?")
    read = {
        **ids_in(path.removeprefix("/connect"), action),
        **values_in(query, action),
        **members_in(request, meant(action, arguments)),
    }
    assert read == as_told(action, meant(action, arguments))


def meant(action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments but for a blank transaction number: ours takes its place."""
    kinds = action.spec.fill
    return {
        name: value
        for name, value in arguments.items()
        if kinds.get(name) != "transaction_number" or bare(value)
    }


def ids_in(path: str, action: Action) -> dict[str, str]:
    template = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", action.spec.path_template)
    match = re.fullmatch(template, path)
    assert match is not None
    return {name: unquote(part) for name, part in match.groupdict().items()}


def values_in(query: str, action: Action) -> dict[str, Any]:
    """The query as a server reads it, each value as its kind of argument."""
    read: dict[str, Any] = {}
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    for name, text in pairs:
        assert name not in read
        field = action.fields[name]
        if field.encode == "filters":
            read[name] = filters_in(text)
        elif field.encode == "sort":
            parts = [part.split(":") for part in text.split(",")]
            read[name] = [{"field": field, "order": order} for field, order in parts]
        elif field.encode == "comma":
            read[name] = text.split(",")
        else:
            read[name] = text if field.type == "string" else json.loads(text)
    return read


def filters_in(text: str) -> list[dict[str, Any]]:
    """BILL's notation, read as its guide describes it: quotes protect `:` and `,`."""
    one = re.compile(r'([\w.]+):(\w+):(?:"([^"]*)"|([^",:]*))(?:,|$)')
    read, at = [], 0
    while at < len(text):
        match = one.match(text, at)
        assert match is not None, text
        field, operator, quoted, plain = match.groups()
        value: Any = plain if quoted is None else quoted
        if operator in {"in", "nin"}:
            value = value.split(",")
        read.append({"field": field, "op": operator, "value": value})
        at = match.end()
    return read


def members_in(request: Request, arguments: Mapping[str, Any]) -> dict[str, Any]:
    spec = request.action.spec
    if spec.body_form == "bytes":
        assert request.body == b"a file"
    if spec.body_form == "bytes" or request.body is None:
        return {}
    body = json.loads(request.body)
    if spec.body_form == "items":
        return {"items": body}
    filled = {name for name in spec.fill if name not in arguments}
    return {name: value for name, value in body.items() if name not in filled}


def as_told(action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the query can say them: texts, and no list that is empty."""
    told = dict(arguments)
    for name in set(told) & set(action.spec.query):
        if told[name] == []:
            del told[name]
        elif action.fields[name].encode == "filters":
            told[name] = [
                {**part, "value": as_text(part["value"])} for part in told[name]
            ]
    return told


def as_text(value: Any) -> Any:
    if isinstance(value, list):
        return [as_text(one) for one in value]
    return value if isinstance(value, str) else json.dumps(value)


def refused_at(path: str, call: Callable[[], object]) -> bool:
    """Whether *call* is refused, and for the argument at *path* alone."""
    try:
        call()
    except ArgumentsError as error:
        return {fault["path"] for fault in error.faults} == {path}
    return False


@given(st.text() | NASTY)
@example("..")
@example("a/../../admin")
@example("%2e%2e")
@example("%252e%252e%252f")
@example("x?admin=1#")
@example("\\..\\")
def test_any_text_stays_inside_its_path_segment_or_is_refused(text: str) -> None:
    if refused_at("vendorId", lambda: built(VENDOR, {"vendorId": text})):
        return
    sent = httpx.URL(f"{BASE_URL}{built(VENDOR, {'vendorId': text}).target}")
    segment = sent.raw_path.decode().removeprefix("/connect/v3/vendors/")
    assert not sent.fragment
    plain = segment
    for _ in range(5):  # however often it is decoded on its way
        assert plain not in {"", ".", ".."}
        assert not set(plain) & set("/\\?#")
        plain = unquote(plain)
    assert unquote(segment) == text


def payment(amount: Any) -> dict[str, Any]:
    account = {"type": "BANK_ACCOUNT", "id": "bac01"}
    return {"billId": "00n01", "amount": amount, "fundingAccount": account}


@given(st.decimals(0, Decimal("9999999999999.99"), places=2), st.booleans())
@example(Decimal("0.10"), False)
@example(Decimal(100), True)
def test_money_survives_as_it_was_written(amount: Decimal, as_json_text: bool) -> None:
    written = str(amount)
    value = written if as_json_text else json.loads(written)
    request = built(PAYMENT, check(PAYMENT, payment(value)))
    assert request.body is not None
    body = json.loads(request.body, parse_float=Decimal, parse_int=Decimal)
    assert body["amount"] == amount


@given(st.decimals(0, 10**9, places=5).filter(lambda one: round(one, 2) != one))
def test_money_with_more_than_two_decimals_is_refused_and_never_rounded(
    amount: Decimal,
) -> None:
    assert refused_at("amount", lambda: check(PAYMENT, payment(float(amount))))
