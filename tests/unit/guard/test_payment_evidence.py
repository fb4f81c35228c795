"""What is read at BILL before a payment: everything once, in few rounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from support.assembly import catalogue

from bill_mcp.guard.bank_details import BankFinding
from bill_mcp.guard.payment_evidence import PaymentEvidence
from bill_mcp.guard.payments import asked_by

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)


class Books:
    """Bills of two vendors by turns; notes what is read, and how much at once."""

    def __init__(self) -> None:
        self.read_ids: Counter[str] = Counter()
        self.under_way = self.most = 0

    async def read(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        key = str(arguments.get("billId") or arguments.get("vendorId") or name)
        self.read_ids[key] += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await anyio.lowlevel.checkpoint()
        self.under_way -= 1
        if name == "bill_get_bill_details":
            vendor = "009A" if int(key[3:]) % 2 else "009B"
            return {"id": key, "vendorId": vendor, "dueAmount": 10.0}
        if name == "bill_get_vendor_details":
            return {"id": key, "name": f"Vendor {key}"}
        return {"results": []}

    async def examine(self, vendor: Mapping[str, Any]) -> BankFinding:
        return BankFinding(last4=str(vendor["id"]), old_last4=None, reason=None)


async def test_bulk_payment_reads_each_bill_and_vendor_once_and_side_by_side() -> None:
    books = Books()
    bills = [f"00n{number}" for number in range(7)]
    arguments = {
        "fundingAccount": {"type": "WALLET"},
        "payments": [{"billId": bill, "amount": 10} for bill in bills],
    }
    asked = asked_by(catalogue().find("bill_create_a_bulk_payment"), arguments)
    gathering = PaymentEvidence(
        books.read, books.examine, lambda: NOW, is_relied_on=True
    )
    evidence = await gathering.of(asked, arguments)
    assert [part.bill_id for part in evidence.parts] == bills
    assert [part.vendor_id for part in evidence.parts[:2]] == ["009B", "009A"]
    assert {key: payee.last4 for key, payee in evidence.payees.items()} == {
        "009B": "009B",
        "009A": "009A",
    }
    assert list(evidence.payees) == ["009B", "009A"], "in the order of the call"
    assert {books.read_ids[key] for key in (*bills, "009A", "009B")} == {1}
    assert books.most == 3
