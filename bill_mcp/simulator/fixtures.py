"""Objects that no action of BILL can make, on order of a test.

Each type is made by a function with ``@fixture``; a resource's module registers the
types that belong to it.
"""

from collections.abc import Callable

from bill_mcp.simulator import credentials
from bill_mcp.simulator.store import Store, Thing

TYPES = (
    "bank_account",
    "card_account",
    "mfa_phone",
    "network_organization",
    "incoming_invitation",
    "spend_user",
    "spend_budget",
    "spend_transaction",
    "reimbursement",
    "organization",
    "user",
    "partner_organization",
    "partner_user",
)
"""The types that the design names; one without a maker answers 501."""

MORE_TYPES = ("ap_card", "vendor_credit", "exchange_rate_batch")
"""Types beyond the design's: what bills and payments refer to, and no action makes."""

Maker = Callable[[Store, str, Thing], Thing]

_makers: dict[str, Maker] = {}


def fixture(kind: str) -> Callable[[Maker], Maker]:
    """Make a function the maker of fixtures of this type.

    It gets the store, the organization's id and the fields, and returns the object.
    """
    if kind not in (*TYPES, *MORE_TYPES):
        raise ValueError(f"the design names no fixture {kind}")

    def register(function: Maker) -> Maker:
        if kind in _makers:
            raise ValueError(f"{kind} has two makers")
        _makers[kind] = function
        return function

    return register


def make_fixture(store: Store, wish: Thing) -> Thing:
    """Make one object; return its type, id, and uuid where it has one.

    Raises:
        ValueError: the wish is not a fixture.
        LookupError: there is no such organization.
    """
    if not wish.keys() <= {
        "type",
        "organization",
        "fields",
    }:
        raise ValueError("a fixture has type, organization and fields")
    kind = wish.get("type")
    if kind not in (*TYPES, *MORE_TYPES):
        raise ValueError(f"type is one of {', '.join((*TYPES, *MORE_TYPES))}")
    organization_id = wish.get("organization") or credentials.ORGANIZATION_ID
    if store.get("organization", organization_id) is None:
        raise LookupError(f"organization {organization_id}")
    thing = _makers[kind](store, organization_id, wish.get("fields", {}))
    return {"type": kind} | {
        name: thing[name] for name in ("id", "uuid") if name in thing
    }
