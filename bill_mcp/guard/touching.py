"""Which objects a write makes or changes that its agent may not pay afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bill_mcp.guard.evidence import Evidence
from bill_mcp.guard.payments import Asked
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Effect, Pays

BILL, PAYEE, RECURRING_BILL = "bill", "payee", "recurring_bill"
"""What was done to an object: a bill was entered, or where a vendor's money goes, or
what BILL makes bills of."""


def objects_of(
    action: Action,
    effects: frozenset[Effect],
    arguments: Mapping[str, Any],
    reply: Mapping[str, Any],
    owed_to: str | None = None,
) -> tuple[tuple[str, str], ...]:
    """Pairs of an object's id and what the write did to it.

    Args:
        action: What was called.
        effects: Of this very call.
        arguments: As BILL got them.
        reply: BILL's; empty where it is not known. It has BILL's own ids; those in the
            arguments may be in another spelling, but may be all that is known.
        owed_to: The vendor of the recurring bill that was changed, as it was before.
    """
    keys: tuple[Any, ...] = ()
    what = PAYEE
    if action.resource == "bills":
        keys, what = (arguments.get("billId"), reply.get("id")), BILL
    elif action.resource == "recurring_bills":
        # A bill does not say whether BILL made it, nor of which recurring bill.
        vendors = (owed_to, arguments.get("vendorId"), reply.get("vendorId"))
        made = [made_for(each) for each in vendors if each]
        keys = (arguments.get("recurringBillId"), reply.get("id"), *made)
        what = RECURRING_BILL
    elif action.resource == "vendors" and Effect.PAYEE in effects:
        keys = (arguments.get("vendorId"), reply.get("id"))
    elif action.resource == "network" and Effect.PAYEE in effects:
        # Who accepts an invitation names a vendor by its id, or a new one by name.
        key = arguments.get("vendorId") or arguments.get("id")
        keys = (key or by_name(arguments.get("name")),)
    return tuple((key, what) for key in dict.fromkeys(str(key) for key in keys if key))


def perhaps(
    action: Action,
    effects: frozenset[Effect],
    arguments: Mapping[str, Any],
    owed_to: str | None = None,
) -> tuple[str, ...]:
    """What a write may have made or changed while nobody knows how it ended.

    A new object has no id that is known; then who is named in the arguments: the vendor
    of a new bill, and a new vendor by its name.
    """
    known = objects_of(action, effects, arguments, {}, owed_to)
    if known:
        return tuple(key for key, _ in known)
    if action.resource == "bills" and arguments.get("vendorId"):
        return (str(arguments["vendorId"]),)
    if Effect.PAYEE in effects and arguments.get("name"):
        return (by_name(arguments["name"]),)
    return ()


def keys_of(evidence: Evidence) -> frozenset[str]:
    """What is paid, by all the names under which it may have been touched."""
    payees = evidence.payees.values()
    return (
        evidence.object_ids
        | {by_name(payee.name) for payee in payees}
        | {made_for(payee.vendor_id) for payee in payees}
    )


def made_for(vendor_id: Any) -> str:
    """Stands for the bills that BILL makes of a vendor's recurring bills."""
    return f"bills made for {vendor_id}"


def by_name(name: Any) -> str:
    """Stands for a vendor of which only the name is known; no id has a space."""
    return f"vendor named {' '.join(str(name).split()).casefold()}"


def ids_in(reply: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the objects that a reply shows, a few levels of lists down."""
    return tuple(dict.fromkeys(_ids(reply, 0)))[:100]


def _ids(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name in ("id", "uuid"):
            if isinstance(value.get(name), str):
                yield value[name]
        if depth == 0:
            for part in value.values():
                if isinstance(part, list):
                    yield from _ids(part, depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _ids(part, depth + 1)


def payments_in(asked: tuple[Asked, ...], reply: Mapping[str, Any]) -> dict[str, str]:
    """Ids of the payments that BILL says it made, by their subject.

    A subject is missing where the reply shows no payment of it, whatever its shape.
    """
    found = {}
    for each in asked:
        key = _payment_of(each, reply)
        if key:
            found[each.subject] = key
    return found


def _payment_of(asked: Asked, reply: Mapping[str, Any]) -> str | None:
    if asked.pays is Pays.REIMBURSEMENT:
        return asked.object_id if _text(reply, "uuid", "id") else None
    if asked.pays is not Pays.BILLS:
        return _text(reply, "id")
    for payment in _objects(reply.get("payments")):
        shares = _objects(payment.get("billPayments")) or [payment]
        if any(share.get("billId") == asked.bill_id for share in shares):
            return _text(payment, "id")
    return None


def _objects(value: Any) -> list[Mapping[str, Any]]:
    parts = value if isinstance(value, list) else ()
    return [part for part in parts if isinstance(part, Mapping)]


def _text(shown: Mapping[str, Any], *names: str) -> str | None:
    values = (shown.get(name) for name in names)
    return next((each for each in values if each and isinstance(each, str)), None)
