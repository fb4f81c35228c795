"""The simulated BILL of a crash test: one process, many bills, each paid once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from support.simulator_process import Simulator, simulator_process

PAYMENTS = "/v3/payments"
WHOLE = 10_000.0
"""The amount of each bill."""
VAULT_KEY = "key-of-a-crash-test"
VENDOR_KINDS = frozenset({"ACH", "CHECK"})
"""How a vendor is paid that takes any amount of any bill."""


@dataclass(frozen=True, kw_only=True)
class Bill:
    """A bill that nobody else pays.

    Attributes:
        amount: What the agent pays: a part, since BILL itself refuses to be paid more
            than is due, and would hide that a payment went out twice.
    """

    id: str
    amount: float


@dataclass
class BillSide:
    """BILL as its staff see it, over the control plane and BILL's own API."""

    simulator: Simulator
    login: dict[str, str] = field(default_factory=dict)
    _api: httpx.Client = field(default_factory=httpx.Client)
    _vendors: list[str] = field(default_factory=list)
    _made: int = 0

    def begin_anew(self) -> None:
        """A fresh world, with a login that is trusted."""
        self.simulator.control("POST", "reset", {"seed": "demo"})
        self.login = self.simulator.credentials(mfa="trusted")
        base_url = self.simulator.base_url
        self._api.close()
        self._api = httpx.Client(base_url=base_url, timeout=20)
        names = {
            "username": "BILL_USERNAME",
            "password": "BILL_PASSWORD",
            "organizationId": "BILL_ORGANIZATION_ID",
            "devKey": "BILL_DEV_KEY",
        }
        given = {name: self.login[variable] for name, variable in names.items()}
        session = self._told("POST", "/v3/login", given)
        self._api.headers.update(
            {"devKey": given["devKey"], "sessionId": session["sessionId"]}
        )
        vendors = self._told("GET", "/v3/vendors?max=50&filters=archived:eq:false")
        self._vendors = [
            vendor["id"]
            for vendor in vendors["results"]
            if vendor.get("paymentInformation", {}).get("payByType") in VENDOR_KINDS
            and vendor.get("billCurrency", "USD") == "USD"
        ]
        banks = self._told("GET", "/v3/funding-accounts/banks")["results"]
        self.bank = next(b["id"] for b in banks if b["status"] == "VERIFIED")

    def new_bill(self, amount: float | None = None) -> Bill:
        """A bill to pay a part of, by default one that no other bill has."""
        self._made += 1
        amount = amount or 200 + self._made + self._made % 100 / 100
        vendor = self._vendors[self._made % len(self._vendors)]
        made = self._told(
            "POST",
            "/v3/bills",
            {
                "vendorId": vendor,
                "dueDate": "2026-12-15",
                "billLineItems": [{"amount": WHOLE, "description": "Timber"}],
                "invoice": {
                    "invoiceNumber": f"CRASH-{self._made}",
                    "invoiceDate": "2026-11-20",
                },
            },
        )
        return Bill(id=made["id"], amount=amount)

    def go_wrong(self, fault: Mapping[str, Any]) -> None:
        """Let the next payment meet a fault."""
        order = {"method": "POST", "path": PAYMENTS, **fault}
        self.simulator.control("POST", "faults", [order])

    def move_clock(self, seconds: float) -> None:
        self.simulator.control("POST", "clock", {"advance_s": seconds})

    def sent(self, bill: Bill | None = None) -> list[dict[str, Any]]:
        """The requests that asked BILL to pay this bill, or any."""
        return [
            each
            for each in self.simulator.control("GET", "requests")
            if (each["method"], each["path"]) == ("POST", PAYMENTS)
            and (bill is None or each["body"].get("billId") == bill.id)
        ]

    def payments(self, bill: Bill) -> tuple[str, ...]:
        """Ids of all payments of the bill, also of those that no read shows yet."""
        state = self.simulator.control("GET", "state")
        return tuple(
            key
            for key, payment in state["objects"]["payment"].items()
            if bill.id
            in {payment["billId"], *(p["billId"] for p in payment["billPayments"])}
        )

    def variables(self, home: Path) -> dict[str, str]:
        """What a server of that `BILL_MCP_HOME` needs to pay here and ask nobody."""
        return {
            **self.login,
            "BILL_MCP_ENVIRONMENT": "sandbox",
            "BILL_MCP_BASE_URL": self.simulator.base_url,
            "BILL_MCP_HOME": str(home),
            "BILL_MCP_KEY": VAULT_KEY,
            "BILL_MCP_CONFIRM": "never",
        }

    def close(self) -> None:
        self._api.close()

    def _told(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self._api.request(method, path, json=body)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


@contextmanager
def bill_side() -> Iterator[BillSide]:
    """A simulator of its own until the block ends."""
    with simulator_process() as simulator:
        side = BillSide(simulator)
        side.begin_anew()
        try:
            yield side
        finally:
            side.close()
