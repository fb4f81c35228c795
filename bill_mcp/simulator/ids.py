"""Ids in BILL's form, the same for the same seed and the same creations.

Each kind counts for itself, so the id of the third vendor does not depend on how many
sessions were opened before it.
"""

import base64
import hashlib
from functools import cache

PREFIXES = {
    "organization": "008",
    "user": "006",
    "role": "0po",
    "system_user": "syu",
    "vendor": "009",
    "bill": "00n",
    "bill_line_item": "bli",
    "payment": "stp",
    "bill_payment": "blp",
    "void_request": "0vr",
    "vendor_credit": "vcr",
    "customer": "0cu",
    "customer_bank_account": "cba",
    "invoice": "00e",
    "invoice_line_item": "ili",
    "received_payment": "0rp",
    "chart_of_account": "0ca",
    "accounting_class": "cls",
    "department": "0de",
    "employee": "0em",
    "item": "0ii",
    "job": "0jb",
    "location": "0lo",
    "recurring_bill": "btp",
    "recurring_bill_line_item": "btl",
    "bank_account": "bac",
    "bank_account_user": "bau",
    "card_account": "cat",
    "card_account_user": "cau",
    "ap_card": "apc",
    "exchange_rate_batch": "xrb",
    "attachment": "att",
    "document_upload": "0du",
    "document": "00h",
    "network_organization": "0rv",
    "incoming_invitation": "0ni",
    "network_connection": "0nc",
    "price_plan": "0pp",
}
"""Kind -> first three characters. Those of behaviour.md 7; the others are our choice.

[assumed] bill_line_item and below where behaviour.md says "unknown to us".
"""

SPEND_PREFIXES = {
    "spend_user": "usr_",
    "spend_budget": "bgt_",
    "spend_card": "crd_",
    "spend_transaction": "trx_",
    "spend_reimbursement": "rmb_",
    "spend_receipt": "rct_",
    "spend_custom_field": "tty_",
    "spend_custom_field_value": "tvl_",
}
"""Kind of Spend & Expense -> prefix of its uuid. [assumed] trx_, rmb_."""

DIGITS = "0123456789"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
UPPER = CAPITALS + "0123456789"
MIXED = UPPER + "abcdefghijklmnopqrstuvwxyz"


def digest(seed: str, stream: str, number: int) -> bytes:
    return hashlib.blake2b(
        f"{seed}|{stream}|{number}".encode(), digest_size=64
    ).digest()


def letters(source: bytes, alphabet: str, count: int) -> str:
    value = int.from_bytes(source, "big")
    pairs = pairs_of(alphabet)
    out = []
    for _ in range(0, count, 2):
        value, index = divmod(value, len(pairs))
        out.append(pairs[index])
    return "".join(out)[:count]


@cache
def pairs_of(alphabet: str) -> tuple[str, ...]:
    """Return all pairs of letters; drawing two at a time halves the work."""
    return tuple(first + second for second in alphabet for first in alphabet)


def bill_id(seed: str, kind: str, number: int) -> str:
    """Return twenty characters such as ``stp01ZZRCUFIQWHP6ldb``."""
    source = digest(seed, kind, number)
    tail = letters(source[:16], UPPER, 10) + letters(source[16:32], MIXED, 5)
    return PREFIXES[kind] + f"0{1 + source[0] % 2}" + tail


def spend_ids(seed: str, kind: str, number: int) -> tuple[str, str]:
    """Return the ``id`` (base64 text) and the ``uuid`` of a Spend & Expense object."""
    text = digest(seed, kind, number)[:16].hex()
    uuid = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    name = kind.removeprefix("spend_").title().replace("_", "")
    plain = base64.b64encode(f"{name}:{number}".encode()).decode()
    return plain, SPEND_PREFIXES[kind] + uuid
