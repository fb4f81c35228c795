"""Transactions of the seed ``demo`` that are rare: abroad, taken back, refused."""

from datetime import timedelta
from typing import TYPE_CHECKING

from bill_mcp.simulator.behaviours.transactions import make_transaction
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.times import stamp

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World


def plant(world: "World", cards: dict[str, Thing]) -> None:
    """Add them to the cards of these names."""

    def swipe(card: str, days: float, **fields: object) -> Thing:
        thing = cards[card]
        own = {
            "cardId": thing["uuid"],
            "occurredTime": stamp(world.now - timedelta(days=days)),
            **fields,
        }
        return make_transaction(world, thing["_organizationId"], own)

    swipe("Grace on the road", 33, **ABROAD)
    bought = swipe("Ben Okafor", 20, **DISPUTED, **reviewed(world, cards))
    swipe(
        "Ben Okafor",
        12,
        transactionType="CLEAR",
        amount=-64.99,
        merchantName="Grainger",
        merchantCategoryCode="5085",
        originalAuthTransactionId=bought["uuid"],
    )
    held = swipe(
        "Grace on the road",
        1.5,
        transactionType="AUTHORIZATION",
        amount=300.0,
        merchantName="Hertz",
        merchantCategoryCode="3357",
    )
    swipe(
        "Grace on the road",
        0.5,
        transactionType="AUTHORIZATION",
        amount=-180.0,
        merchantName="Hertz",
        merchantCategoryCode="3357",
        originalAuthTransactionId=held["uuid"],
    )
    swipe("Dana Whitfield", 4, amount=2_899.0, merchantName="Best Buy")
    whole = swipe("Dana Whitfield", 27, **SYNCED)
    for part in (320.0, 164.4):
        swipe(
            "Dana Whitfield",
            27,
            transactionType="CLEAR",
            amount=part,
            merchantName="Uline",
            parentTransactionId=whole["uuid"],
        )


def reviewed(world: "World", cards: dict[str, Thing]) -> Thing:
    """Return a review that was taken back, and whose word counts now."""
    owner = cards["Dana Whitfield"]
    moment = stamp(world.now - timedelta(days=18))
    both = {"userId": owner["userId"], "userUuid": owner["userUuid"]}
    return {
        "reviewRequired": True,
        "reviewers": [
            {
                "approverType": "BUDGET_OWNER",
                "status": "APPROVED",
                "reviewedTime": moment,
                "userName": "Dana Whitfield",
                **both,
            }
        ],
        "reviews": [
            {
                "isApproved": False,
                "note": "Which truck is this for?",
                "createdTime": moment,
                "deletedTime": moment,
                "reviewerId": both["userId"],
                "reviewerUuid": both["userUuid"],
            }
        ],
    }


ABROAD = {
    "transactionType": "CLEAR",
    "amount": 412.37,
    "transactedAmount": 408.25,
    "fees": 4.12,
    "foreignExchangeFee": 4.12,
    "merchantName": "Fairmont Vancouver",
    "merchantCategoryCode": "7011",
    "cardPresent": True,
    "merchantLocation": {
        "city": "Vancouver",
        "state": "BC",
        "postalCode": "V6C 2W6",
        "country": "CA",
    },
    "currencyData": {
        "exchangeRate": 0.7145,
        "exponent": 2,
        "originalCurrencyAmount": "571.38",
        "originalCurrencyCode": "CAD",
        "symbol": "CA$",
    },
    "receipts": [{"filename": "fairmont.jpg"}],
}

DISPUTED = {
    "transactionType": "AUTHORIZATION",
    "amount": 64.99,
    "merchantName": "Grainger",
    "merchantCategoryCode": "5085",
    "disputeStatus": "CLOSED_WON",
}

SYNCED = {
    "transactionType": "CLEAR",
    "amount": 484.4,
    "merchantName": "Uline",
    "merchantCategoryCode": "5046",
    "isLocked": True,
    "isReconciled": True,
    "receiptSyncStatus": "SYNC_ERROR",
    "receipts": [{"filename": "uline-invoice.png"}],
    "accountingIntegrationTransactions": [
        {
            "id": "ait-1",
            "billable": False,
            "integrationTxId": "QB-88213",
            "syncStatus": "SYNCED",
            "syncMessage": "Synced as expense",
            "integrationType": "QUICKBOOKS_ONLINE",
            "integrationId": "int-1",
            "syncRequestId": "req-88213",
        }
    ],
}
