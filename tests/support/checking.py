"""Arguments that fit their actions, and the faults that are told of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from support.assembly import catalogue

from bill_mcp.errors import ArgumentsError
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.check import check

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
