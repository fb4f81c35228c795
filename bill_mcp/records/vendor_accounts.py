"""The bank accounts that BILL's replies show of vendors, and names for them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

NO_ACCOUNT = ""
"""The fingerprint of having none."""

_VENDOR = frozenset(
    {
        "bill_create_a_vendor",
        "bill_get_vendor_details",
        "bill_update_a_vendor",
        "bill_archive_a_vendor",
        "bill_restore_an_archived_vendor",
    }
)
_ACCOUNT = frozenset(
    {"bill_create_a_vendor_bank_account", "bill_get_vendor_bank_account_details"}
)
_LIST = "bill_get_list_of_vendors"
_DELETE = "bill_delete_a_vendor_bank_account"
_IDENTIFYING = ("accountNumber", "routingNumber", "nameOnAccount")
_NOT_SHOWN = re.compile(r"^[xX*•.\s-]*[xX]{2,}|[^0-9A-Za-z]")
"""Masks and separators. A single X at the start may be a letter of an IBAN."""

Account = Mapping[str, Any]
"""As BILL shows it: with ``accountNumber``, ``routingNumber``, ``nameOnAccount``."""


def fingerprint(account: Account | None, key: bytes) -> str:
    """A name for bank details that equal details share; `NO_ACCOUNT` for none.

    It is made of what BILL shows: the visible part of the account number, the routing
    number and the holder's name. Masks are left out, as they may vary.
    """
    if account is None:
        return NO_ACCOUNT
    holder = " ".join(_text(account.get("nameOnAccount")).casefold().split())
    number, routing = account.get("accountNumber"), account.get("routingNumber")
    shown = [visible_part(number), visible_part(routing), holder]
    content = json.dumps(shown).encode()
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def last4_of(account: Account | None) -> str:
    """The last four visible characters of the account number; empty for no account."""
    return visible_part(account.get("accountNumber"))[-4:] if account else ""


def account_of(vendor: Mapping[str, Any]) -> Account | None:
    """The bank account in a vendor as BILL shows it, if the vendor has one."""
    information = vendor.get("paymentInformation")
    account = _part(information).get("bankAccount")
    return account if _part(account).get("accountNumber") else None


def says_no_account(vendor: Mapping[str, Any]) -> bool:
    """Whether BILL says that the vendor has none; that it shows none is not enough."""
    return vendor.get("bankAccountStatus") == "NO_ACCOUNT"


def shown_in(
    action: str, reply: Mapping[str, Any], vendor_id: str | None
) -> Iterator[tuple[str, Account | None]]:
    """Each vendor of which a reply tells the account: its id, and None for none.

    Args:
        action: What BILL replied to; most replies tell nothing.
        reply: As BILL gave it.
        vendor_id: The call's argument; some replies don't name the vendor.
    """
    if action in _VENDOR:
        yield from _shown_in(reply, account_of(reply))
    elif action == _LIST:
        for row in reply.get("results") or ():
            account = account_of(_part(row)) or {}
            # Rows can be thinner than the vendor itself: half an account looks changed.
            is_whole = all(account.get(name) for name in _IDENTIFYING)
            yield from _shown_in(_part(row), account if is_whole else None)
    elif action in _ACCOUNT and vendor_id and reply.get("accountNumber"):
        yield vendor_id, reply
    elif action == _DELETE and vendor_id:
        yield vendor_id, None


def _shown_in(
    vendor: Mapping[str, Any], account: Account | None
) -> Iterator[tuple[str, Account | None]]:
    if vendor.get("id") and (account is not None or says_no_account(vendor)):
        yield str(vendor["id"]), account


def visible_part(value: Any) -> str:
    """What BILL shows of a number, without masks and separators."""
    return _NOT_SHOWN.sub("", _text(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _part(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
