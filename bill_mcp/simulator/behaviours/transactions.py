"""Transactions of Spend & Expense: what cards have paid."""

from collections.abc import Iterable

from bill_mcp.simulator import assumed_spend
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.card_transactions import after_patch, review_id, swipe
from bill_mcp.simulator.custom_field_tags import shown_fields
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.filters import boolean, choice, ident, number, text, time
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.spend_lookup import (
    both_ids,
    either_id,
    found,
    full_name,
    one,
    unretired,
)
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import read_time
from bill_mcp.simulator.uploads import add_receipt, shown_receipts

KIND = "spend_transaction"
TYPES = ("AUTHORIZATION", "DECLINE", "CLEAR")
SYNC_STATUSES = ("PENDING", "SYNCED", "ERROR", "MANUAL_SYNCED", "NOT_SYNCED")


def transactions_listing(store: Store) -> Listing:
    return Listing(
        KIND,
        {
            "uuid": either_id(store, KIND),
            "cardUuid": either_id(store, "spend_card"),
            "userUuid": either_id(store, "spend_user"),
            "budgetUuid": either_id(store, "spend_budget"),
            "transactionType": choice(TYPES),
            "_syncStatus": choice(SYNC_STATUSES),
            "_reviewStatus": ident("eq", "ne", "in", "nin"),
            "receiptStatus": ident("eq", "ne", "in", "nin"),
            "complete": boolean(),
            "isLocked": boolean(),
            "merchantName": text("eq", "ne", "sw"),
            "amount": number(),
            "occurredTime": time(),
            # For these two BILL takes no other operators [doc].
            "updatedTime": time("lte", "gte"),
            "authorizedTime": time("lte", "gte"),
        },
        sortable=("occurredTime", "authorizedTime", "amount", "merchantName"),
        aliases={
            "id": "uuid",
            "transactionIds": "uuid",
            "type": "transactionType",
            "locked": "isLocked",
            "syncStatus": "_syncStatus",
            "reviewStatus": "_reviewStatus",
            **{
                f"{name}Id{plural}": f"{name}Uuid"
                for name in ("card", "user", "budget")
                for plural in ("", "s")
            },
        },
        unquoted_times=True,
    )


@behaviour("transactions_list")
def list_transactions(call: Call) -> Thing:
    """List transactions; parts of a split are found by their parent only."""
    own = call.organization_id
    rows = (
        each
        for each in call.world.rows(KIND)
        if each["_organizationId"] == own and each["isParent"]
    )
    asked = call.query.get(
        "includeReceipts", not assumed_spend.RECEIPTS_ONLY_WHEN_ASKED
    )

    def row(transaction: Thing) -> Thing:
        told = shown(call, transaction)
        return told if asked else {**told, "receipts": None}

    return page(call, transactions_listing(call.world), rows=rows, present=row)


@behaviour("transactions_get")
def get_transaction(call: Call) -> Thing:
    return shown(call, one(call, KIND, call.path["transactionId"]))


@behaviour("transactions_update")
def update_transaction(call: Call) -> Thing:
    """Book the transaction to another budget."""
    transaction = one(call, KIND, call.path["transactionId"])
    if transaction["isLocked"]:
        raise refusal("BDC_9103")
    budget = unretired(call, "spend_budget", call.body["budgetId"])
    moved = call.world.change(KIND, transaction["uuid"], both_ids("budget", budget))
    return shown(call, after_patch(call.world, transaction, moved))


def shown(call: Call, transaction: Thing) -> Thing:
    """Return the transaction with names, tags and receipts."""
    store = call.world
    user = store.get("spend_user", transaction.get("userUuid") or "")
    budget = store.get("spend_budget", transaction.get("budgetUuid") or "") or {}
    card = store.get("spend_card", transaction.get("cardUuid") or "") or {}
    return {
        "userName": full_name(user),
        "budgetName": budget.get("name"),
        "cardLastFour": card.get("lastFour"),
        "cardType": card.get("type"),
        **transaction,
        "customFields": shown_fields(store, transaction, wanted_fields(call)),
        "receipts": shown_receipts(call, transaction["receipts"]),
    }


def wanted_fields(call: Call) -> Iterable[str] | None:
    """Return the uuids of the fields to be shown, or None for all."""
    asked = call.query.get("showCustomFieldIds", "")
    if not asked and assumed_spend.FIELDS_SHOWN_UNASKED:
        return None
    known = (
        found(call.world, "spend_custom_field", key.strip()) for key in asked.split(",")
    )
    return [field["uuid"] for field in known if field]


@fixture("spend_transaction")
def make_transaction(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Swipe a card: ``cardId`` (default: the oldest active one) and ``amount``.

    ``transactionType`` decides what else the card's spending power would; budgetId,
    userId, parentTransactionId and originalAuthTransactionId may be ids or uuids;
    receipts need a ``filename``. Any other field of a transaction is taken as given.
    """
    own: Thing = {"amount": 25.0, **fields}
    if "occurredTime" in own and read_time(own["occurredTime"]) > store.now:
        raise ValueError("occurredTime lies in the future")
    card = card_of(store, organization_id, own.pop("cardId", None))
    for name, kind in (
        ("budget", "spend_budget"),
        ("user", "spend_user"),
        ("parentTransaction", KIND),
        ("originalAuthTransaction", KIND),
    ):
        if key := own.get(f"{name}Id"):
            thing = found(store, kind, key)
            if thing is None:
                raise LookupError(f"{kind} {key}")
            own |= both_ids(name, thing)
    own["receipts"] = [
        each | add_receipt(store, organization_id, each["filename"])
        for each in own.get("receipts", [])
    ]
    own["reviews"] = [
        {"id": review_id(store), "createdTime": store.stamp, **each}
        for each in own.get("reviews", [])
    ]
    return swipe(store, card, own)


def card_of(store: Store, organization_id: str, key: str | None) -> Thing:
    if key is not None:
        card = found(store, "spend_card", key)
        if card is None:
            raise LookupError(f"card {key}")
        return card
    for card in store.where("spend_card", "_organizationId", organization_id):
        if card["status"] == "ACTIVATED":
            return card
    raise ValueError("a transaction needs a card, and there is none")
