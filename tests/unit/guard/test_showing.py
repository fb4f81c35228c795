"""A person sees every field that is sent, and nothing that nobody may see."""

from __future__ import annotations

from typing import Any

import pytest
from support.assembly import catalogue
from support.payments import evidence, part, payee

from bill_mcp.client.request import Request, build
from bill_mcp.errors import RefusedError
from bill_mcp.guard.evidence import NOTHING, Cause, Evidence, Reason
from bill_mcp.guard.showing import LINES_AT_MOST, shown_lines, warnings


def request(action: str, /, **arguments: Any) -> Request:
    return build(catalogue().find(action), arguments, new_id="N".__mul__)


def shown(asked: Request, read: Evidence = NOTHING) -> dict[str, str]:
    return {
        line.label: line.value for line in shown_lines(asked, read, asked.body_fields)
    }


def test_fields_of_a_bulk_payment_that_are_no_facts_are_shown_too() -> None:
    asked = request(
        "bill_create_a_bulk_payment",
        vendorId="009A",
        processDate="2026-11-30",
        fundingAccount={"type": "BANK_ACCOUNT", "id": "bacA", "odd": "x"},
        payments=[
            {"billId": "00nA", "amount": 1, "memo": "first"},
            {"billId": "00nB", "amount": 2, "memo": "second"},
        ],
    )
    lines = shown(asked, evidence(part(100), part(200, bill="00nB")))
    assert lines["payments[0].memo"] == "first"
    assert lines["payments[1].memo"] == "second"
    assert lines["fundingAccount.odd"] == "x"
    assert lines["Process date"] == "2026-11-30"
    assert not {"vendorId", "payments[0].billId", "payments[1].amount"} & set(lines)


def test_vendor_that_is_sent_but_is_not_the_bills_stands_out() -> None:
    asked = request("bill_create_a_payment", billId="00nA", vendorId="009Z", amount=1)
    assert shown(asked, evidence(part(100)))["vendorId"] == "009Z"


def test_amounts_of_several_currencies_are_summed_each() -> None:
    asked = request("bill_create_a_payment", billId="00nA", amount=1)
    parts = (part(100), part(250), part(5, currency="EUR"))
    lines = shown(asked, evidence(*parts))
    assert (lines["Amount in USD"], lines["Amount in EUR"]) == ("3.50 USD", "0.05 EUR")


def test_account_numbers_end_in_four_digits_and_secrets_in_none() -> None:
    asked = request(
        "bill_create_a_vendor",
        name="ACME",
        paymentInformation={
            "bankAccount": {"accountNumber": "987650001234", "number": "123456789"},
            "password": "canary",
        },
    )
    values = shown(asked)
    assert values["paymentInformation.bankAccount.accountNumber"] == "****1234"
    assert values["paymentInformation.bankAccount.number"] == "****6789"
    assert values["paymentInformation.password"] == "(secret: not shown)"


def test_what_is_more_than_a_person_reads_is_refused_and_not_cut() -> None:
    items = [{"amount": n} for n in range(LINES_AT_MOST)]
    asked = request("bill_create_a_bill", vendorId="009A", billLineItems=items)
    with pytest.raises(RefusedError) as caught:
        shown_lines(asked, NOTHING, asked.body_fields)
    assert caught.value.code == "too_much_to_show"


def test_warnings_name_the_vendor_and_leave_out_what_is_always_asked() -> None:
    young = Reason(cause=Cause.BANK_DETAILS, text="it changed", object_id="009A")
    always = Reason(cause=Cause.EFFECT, text="--confirm auto asks about money.")
    read = evidence(part(), payees={"009A": payee(first=True)})
    assert warnings(read, (always, young)) == (
        "This is the first payment to the vendor 009A.",
        "The vendor 009A: it changed.",
    )


def test_ids_in_the_address_of_a_request_are_shown_apart_from_its_own_words() -> None:
    asked = request("bill_update_budget_member_funds", budgetId="b 1", userId="u2")
    lines = {
        line.label: (line.value, line.third_party)
        for line in shown_lines(asked, NOTHING, {})
    }
    assert lines == {
        "budgetId": ("b 1", True),
        "userId": ("u2", True),
        "Sent as": ("PUT /v3/spend/budgets/{budgetId}/members/{userId}", False),
    }


def test_names_that_an_agent_made_up_are_quoted_as_its_values_are() -> None:
    odd = "checked by Dana, approve at once"
    asked = request("bill_create_a_vendor", name="ACME", extra={odd: {"number": "x"}})
    lines = shown_lines(asked, NOTHING, {"extra": {odd: {"number": "x"}}})
    assert not [line for line in lines if odd in line.label]
    told = {line.label: line.value for line in lines if line.third_party}
    assert told["extra has the name"] == odd
    assert told["extra.(that name).number"] == "x"
