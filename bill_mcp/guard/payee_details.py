"""Where a vendor's money goes, by all that BILL shows of the vendor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bill_mcp.records.vendor_accounts import account_of, visible_part

_ELSEWHERE = frozenset(
    {"autoPay", "balance", "paymentStatus", "recurringPayments", "updatedTime"}
)
"""What changes without money going another way: what is owed, who pays it, and when."""

_MASKED = ("accountNumber", "routingNumber")

_OTHER_WAYS = frozenset({"ACH", "OFFLINE", "RPPS", "VIRTUAL_CARD", "WALLET"})
"""Of ``payByType``; by these no check goes out, also where no account is shown."""

_ADDRESS = (
    "line1",
    "line2",
    "city",
    "stateOrProvince",
    "zipOrPostalCode",
    "country",
)


def digest_of(vendor: Mapping[str, Any]) -> str:
    """A name for where the vendor's money goes; another one once any of it changes.

    Of the whole reply but for what is known to be about something else, so that what
    BILL shows of a payee one day is in it too.
    """
    told = {name: value for name, value in vendor.items() if name not in _ELSEWHERE}
    information = dict(_part(vendor.get("paymentInformation")))
    # Another payment of the same day would void the approval of this one.
    information.pop("lastPaymentDate", None)
    account = dict(_part(information.get("bankAccount")))
    # Without the masks, as they may vary.
    account |= {name: visible_part(account.get(name)) for name in _MASKED}
    told["paymentInformation"] = {**information, "bankAccount": account}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def on_check(vendor: Mapping[str, Any]) -> tuple[str, str] | None:
    """The name and the address that a check to the vendor bears.

    None where the vendor is not paid by check. A way of being paid that BILL does not
    name is one, as long as there is no account.
    """
    information = _part(vendor.get("paymentInformation"))
    way = information.get("payByType")
    if way != "CHECK" and (account_of(vendor) is not None or way in _OTHER_WAYS):
        return None
    address = _part(vendor.get("address"))
    parts = [_text(address.get(name)) for name in _ADDRESS]
    name = _text(information.get("payeeName")) or _text(vendor.get("name"))
    return name, ", ".join(part for part in parts if part)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _part(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
