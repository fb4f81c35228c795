"""From arguments to the one canonical request."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from support.assembly import catalogue

from bill_mcp.client.request import Request, build
from bill_mcp.errors import ArgumentsError

ACCOUNT = {"type": "BANK_ACCOUNT", "id": "bac01"}


def request_of(action: str, file: bytes | None = None, /, **arguments: Any) -> Request:
    return build(catalogue().find(action), arguments, new_id="N".__mul__, file=file)


def body_of(request: Request) -> Any:
    assert request.body is not None
    return json.loads(request.body)


def test_list_goes_out_with_its_query_and_no_body() -> None:
    filters = [{"field": "name", "op": "eq", "value": "Acme & Söhne, Inc"}]
    request = request_of("bill_get_list_of_vendors", max=100, filters=filters)
    assert (request.method, request.path) == ("GET", "/v3/vendors")
    assert request.query == (
        "max=100&filters=name%3Aeq%3A%22Acme%20%26%20S%C3%B6hne%2C%20Inc%22"
    )
    assert request.target == f"/v3/vendors?{request.query}"
    assert (request.body, request.content_type) == (None, None)


def test_read_without_a_query_has_no_question_mark() -> None:
    request = request_of("bill_get_vendor_details", vendorId="00901")
    assert request.target == "/v3/vendors/00901"


def test_empty_list_of_filters_is_left_out() -> None:
    assert request_of("bill_get_list_of_vendors", filters=[], sort=[]).query == ""


def test_truth_values_are_written_as_bill_writes_them() -> None:
    request = request_of(
        "bill_upload_invoice_attachment",
        b"%PDF",
        invoiceId="00e01",
        name="a b.pdf",
        replaceInvoicePdf=True,
    )
    told = parse_qs(request.query)
    assert told == {"name": ["a b.pdf"], "replaceInvoicePdf": ["true"]}


def test_upload_sends_the_bytes_as_they_are() -> None:
    content = bytes(range(256))
    request = request_of(
        "bill_upload_vendor_attachment", content, vendorId="00901", name="a.pdf"
    )
    assert request.body == content
    assert request.content_type == "application/octet-stream"
    assert request.body_fields is None


def test_array_body_is_sent_as_an_array() -> None:
    items = [{"name": "North"}, {"name": "South"}]
    department = catalogue().find("bill_create_a_department")
    spec = department.spec.model_copy(update={"body_form": "items"})
    action = replace(department, spec=spec)
    request = build(action, {"items": items}, new_id="N".__mul__)
    assert body_of(request) == items


def test_payment_gets_what_bill_demands_and_a_number_of_ours() -> None:
    body = body_of(
        request_of(
            "bill_create_a_payment", billId="00n1", amount=1.5, fundingAccount=ACCOUNT
        )
    )
    assert body["processingOptions"] == {}
    assert body["transactionNumber"] == "N" * 20


def test_payment_keeps_the_callers_own_number() -> None:
    options = {"requestPayFaster": True}
    body = body_of(
        request_of(
            "bill_create_a_payment",
            amount=1.5,
            fundingAccount=ACCOUNT,
            processingOptions=options,
            transactionNumber="MINE-1",
        )
    )
    assert (body["processingOptions"], body["transactionNumber"]) == (options, "MINE-1")


def test_text_reaches_bill_in_utf_8_and_unchanged() -> None:
    name = "Søren \u202e & Co \u2028 €"
    request = request_of("bill_create_a_department", name=name)
    assert request.body is not None
    assert name.encode() in request.body


def test_body_is_absent_where_the_action_has_none() -> None:
    request = request_of("bill_archive_a_vendor", vendorId="00901")
    assert (request.body, request.content_type) == (None, None)


@pytest.mark.parametrize(
    "text", ["", " ", "..", "a/b", "a\\b", "a?b", "a#b", "%2f", " a"]
)
def test_id_that_is_no_single_segment_is_refused_without_its_value(text: str) -> None:
    with pytest.raises(ArgumentsError) as caught:
        request_of("bill_get_vendor_details", vendorId=text)
    assert [fault["path"] for fault in caught.value.faults] == ["vendorId"]
    assert caught.value.advice == "Use the id exactly as BILL gave it."


@pytest.mark.parametrize("text", ["a\r\nx: y", "a\x00", "\x1b[2J"])
def test_control_character_in_a_query_is_refused(text: str) -> None:
    with pytest.raises(ArgumentsError, match="page has a control character"):
        request_of("bill_get_list_of_vendors", page=text)


def test_request_shows_no_body_when_printed() -> None:
    request = request_of("bill_create_a_department", name="canary-name")
    assert "canary-name" not in repr(request)
