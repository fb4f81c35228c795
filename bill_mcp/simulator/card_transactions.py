"""Transactions of cards: how they come about and clear, and what follows from them.

No request makes one. A card is swiped by a fixture or a seed; the AUTHORIZATION then
clears by itself, as another transaction that points back to it.
"""

from datetime import datetime, timedelta

from bill_mcp.bank_days import central_day
from bill_mcp.simulator import assumed_spend, ids
from bill_mcp.simulator.card_power import decline
from bill_mcp.simulator.custom_field_tags import has_what_it_needs
from bill_mcp.simulator.lifecycle import after_change, due_event
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.spend_amounts import (
    book,
    quietly,
    spending_of_transaction,
)
from bill_mcp.simulator.spend_lookup import both_ids
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import read_time, stamp

KIND = "spend_transaction"
OF_ITS_OWN = frozenset(
    {"id", "uuid", "_seq", "pointsAwarded", "complete", "receiptStatus"}
    | {"childTransactionIds", "childTransactionUuids", "createdTime", "updatedTime"}
)
"""What a clearing does not take over from its authorization."""


def swipe(store: Store, card: Thing, fields: Thing) -> Thing:
    """Add a transaction of *card*: authorized or declined, unless *fields* say what.

    An authorization that lies so far back that it has cleared meanwhile does.
    """
    own = {"occurredTime": store.stamp, **fields}
    own |= {
        name: stamp(read_time(value))
        for name, value in own.items()
        if name.endswith("Time")
    }
    occurred = own["occurredTime"]
    own["amount"] = dollars(cents(float(fields["amount"])))
    if "transactionType" not in own:
        day = central_day(read_time(occurred)).isoformat()
        why = decline(store, card, cents(own["amount"]), day)
        own["transactionType"] = "DECLINE" if why else "AUTHORIZATION"
        if why:
            own.setdefault("declineReason", assumed_spend.DECLINES[why])
            own.setdefault("declineInternalReasonCode", why)
    budget = store.get("spend_budget", card["budgetUuid"])
    transaction = add_transaction(
        store,
        {
            "_organizationId": card["_organizationId"],
            "_tags": {},
            "createdTime": occurred,
            "updatedTime": occurred,
            "authorizedTime": occurred,
            **both_ids("card", card),
            **both_ids("user", store.get("spend_user", card["userUuid"])),
            **both_ids("budget", budget),
            **about_the_merchant(own),
            "transactedAmount": own["amount"],
            "receiptRequired": bool(budget and budget["receiptRequired"]),
            **own,
        },
    )
    clears = transaction["transactionType"] == "AUTHORIZATION"
    if clears and transaction["amount"] > 0 and transaction["isParent"]:
        hours = timedelta(hours=assumed_spend.CLEARING_HOURS)
        moment = read_time(occurred) + hours
        if moment <= store.now:
            clear(store, transaction, moment)
        else:
            store.schedule(moment, "clear_transaction", uuid=transaction["uuid"])
    return store.state.tables[KIND][transaction["uuid"]]


def about_the_merchant(fields: Thing) -> Thing:
    """Return what every transaction shows of where, and in which currency, it was."""
    merchant = fields.get("merchantName", "Simulated merchant")
    return {
        "merchantName": merchant,
        "rawMerchantName": merchant.upper(),
        "merchantCategoryCode": "5734",
        "network": "VISA",
        "cardPresent": False,
        "isLocked": False,
        "isReconciled": False,
        "reviewRequired": False,
        "fees": 0.0,
        "foreignExchangeFee": 0.0,
        "receipts": [],
        "currencyData": {
            "exchangeRate": 1.0,
            "exponent": 2,
            "originalCurrencyAmount": f"{fields['amount']:.2f}",
            "originalCurrencyCode": "USD",
            "symbol": "$",
        },
    }


def add_transaction(store: Store, fields: Thing) -> Thing:
    """Add a transaction, book it, and link it with what it belongs to."""
    transaction = store.add(KIND, fields)
    follows = {**what_follows(store, transaction), **fields}
    transaction = quietly(store, KIND, transaction, follows)
    book(store, None, spending_of_transaction(transaction))
    if parent := transaction.get("parentTransactionUuid"):
        split(store, store.state.tables[KIND][parent], transaction)
    if transaction["transactionType"] == "CLEAR":
        settle(store, transaction)
    return transaction


def split(store: Store, parent: Thing, child: Thing) -> None:
    """Note in *parent* that *child* is a part of it."""
    changes = {
        "childTransactionIds": [*parent.get("childTransactionIds", ()), child["id"]],
        "childTransactionUuids": [
            *parent.get("childTransactionUuids", ()),
            child["uuid"],
        ],
    }
    quietly(store, KIND, parent, changes)


def what_follows(store: Store, transaction: Thing) -> Thing:
    """Return the fields that follow from the others."""
    kind, receipts = transaction["transactionType"], transaction["receipts"]
    needs_receipt = transaction["receiptRequired"] and not receipts
    missing = "MISSING" if needs_receipt else "NOT_ATTACHED"
    synced = transaction.get("accountingIntegrationTransactions") or [{}]
    points = int(transaction["amount"] * assumed_spend.POINTS_PER_DOLLAR)
    return {
        "isCredit": transaction["amount"] < 0,
        "isParent": not transaction.get("parentTransactionId"),
        "receiptStatus": "ATTACHED" if receipts else missing,
        "receiptSyncStatus": transaction.get("receiptSyncStatus")
        or (None if receipts else "NO_ATTACHMENTS"),
        "complete": kind in assumed_spend.COMPLETE_TYPES
        and not needs_receipt
        and has_what_it_needs(store, transaction),
        "pointsAwarded": points if kind == "CLEAR" else 0,
        "_syncStatus": synced[0].get("syncStatus", "NOT_SYNCED"),
        "_reviewStatus": review_status(transaction),
    }


def review_status(transaction: Thing) -> str | None:
    """Return what the reviewers together say: the first thing that is not approval."""
    said = [each.get("status") for each in transaction.get("reviewers") or ()]
    for status in ("DENIED", "WAITING", "APPROVED"):
        if status in said:
            return status
    return "WAITING" if transaction["reviewRequired"] else None


@after_change(KIND)
def after_patch(store: Store, before: Thing, after: Thing) -> Thing:
    """Keep budgets and fields true after a change; what was set by hand stays."""
    follows = what_follows(store, after)
    changes = {
        name: value
        for name, value in follows.items()
        if after.get(name) == before.get(name)
    }
    after = quietly(store, KIND, after, changes)
    book(store, spending_of_transaction(before), spending_of_transaction(after))
    return after


@due_event("clear_transaction")
def clear_when_due(store: Store, about: Thing) -> None:
    transaction = store.get(KIND, about["uuid"])
    if transaction is not None:
        clear(store, transaction, store.now)


def clear(store: Store, authorization: Thing, moment: datetime) -> None:
    """Add the CLEAR of an authorization, less what was reversed of it meanwhile."""
    is_open = authorization["transactionType"] == "AUTHORIZATION"
    if not is_open or authorization.get("matchedClearTransactionUuid"):
        return
    amounts = [cents(each["amount"]) for each in with_reversals(store, authorization)]
    if sum(amounts) <= 0:
        return
    kept = {
        name: value for name, value in authorization.items() if name not in OF_ITS_OWN
    }
    told = stamp(moment)
    own = {
        "transactionType": "CLEAR",
        "amount": dollars(sum(amounts)),
        "transactedAmount": dollars(sum(amounts)),
        **dict.fromkeys(("occurredTime", "createdTime", "updatedTime"), told),
        **both_ids("originalAuthTransaction", authorization),
    }
    add_transaction(store, {**kept, **own})


def with_reversals(store: Store, authorization: Thing) -> list[Thing]:
    """Return the authorization and what was taken back of it before it cleared."""
    later = store.where(KIND, "originalAuthTransactionUuid", authorization["uuid"])
    return [
        authorization,
        *(each for each in later if each["transactionType"] == "AUTHORIZATION"),
    ]


def settle(store: Store, cleared: Thing) -> None:
    """Let an authorization count no more, now that its clearing does."""
    original = store.get(KIND, cleared.get("originalAuthTransactionUuid") or "")
    if original is None or original.get("matchedClearTransactionUuid"):
        return
    matched = {
        **both_ids("matchedClearTransaction", cleared),
        "updatedTime": cleared["updatedTime"],
    }
    for each in with_reversals(store, original):
        settled = quietly(store, KIND, each, matched)
        book(store, spending_of_transaction(each), spending_of_transaction(settled))


def review_id(store: Store) -> str:
    """Return an id for a review, which has no kind of its own."""
    return store.text("review", ids.UPPER, 16)
