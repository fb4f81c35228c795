"""Reimbursements on their way: what each status brings, until the money is paid.

The way itself is a life cycle (``lifecycle.TRANSITIONS``).
"""

from bill_mcp.simulator import assumed, ids
from bill_mcp.simulator.budget_membership import member_of
from bill_mcp.simulator.card_power import budget_left, member_left
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.lifecycle import after_change, move
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.spend_amounts import (
    book,
    quietly,
    spending_of_reimbursement,
    today,
)
from bill_mcp.simulator.spend_lookup import both_ids, found
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import read_time, stamp
from bill_mcp.simulator.uploads import add_receipt

KIND = "spend_reimbursement"
PAID_IN_BATCHES = ("READY_TO_PAY", "PAID")


def add_reimbursement(store: Store, user: Thing, budget: Thing, fields: Thing) -> Thing:
    """Add a reimbursement that waits for approval."""
    own: Thing = {
        "_organizationId": budget["_organizationId"],
        "_tags": {},
        "status": "AWAITING_APPROVAL",
        "type": "OUT_OF_POCKET",
        "fulfillmentType": "ACH",
        "retired": False,
        "submittedTime": store.stamp,
        "receipts": [],
        **both_ids("user", user),
        **both_ids("budget", budget),
        **funds_missing(store, user, budget, cents(fields["amount"])),
        **fields,
    }
    if "statusHistory" not in own:
        first = {"status": own["status"], "occurredTime": own["submittedTime"]}
        submitter = {"actorId": user["id"], "actorRole": "SUBMITTER"}
        own["statusHistory"] = [{**submitter, **first, "note": own.get("note")}]
    reimbursement = store.add(KIND, own)
    book(store, None, spending_of_reimbursement(reimbursement))
    return reimbursement


def funds_missing(store: Store, user: Thing, budget: Thing, amount: int) -> Thing:
    """Return how much more member and budget need to pay for it, if they do."""
    if not assumed.FUND_REQUESTS_ARE_WHAT_IS_MISSING:
        return {}
    lefts = {
        "fundRequestAmount": member_left(store, budget["uuid"], user["uuid"]),
        "fundRequestBudgetAmount": budget_left(budget),
    }
    return {
        name: dollars(amount - max(0, left))
        for name, left in lefts.items()
        if left is not None and amount > max(0, left)
    }


def role_of(store: Store, reimbursement: Thing, actor: Thing) -> str:
    """Return in which role somebody acts: the budget's owner, or whoever may."""
    member = member_of(store, reimbursement["budgetUuid"], actor.get("uuid", ""))
    owns = member and member["budgetRole"] == "OWNER" and not member["retired"]
    return "BUDGET_OWNER" if owns else str(actor.get("role", "MANAGER"))


@after_change(KIND)
def after_reimbursement(store: Store, before: Thing, after: Thing) -> Thing:
    """Write the history, book the amount, and put what is to be paid into a batch."""
    changes: Thing = {"_act": None}
    if after["status"] != before["status"]:
        entry = {"status": after["status"], "occurredTime": store.stamp}
        history = [*after["statusHistory"], {**entry, **(after.get("_act") or {})}]
        changes["statusHistory"] = history
        if after["status"] in PAID_IN_BATCHES and not after.get("batchId"):
            changes["batchId"] = batch_id(store, after)
    after = quietly(store, KIND, after, changes)
    book(store, spending_of_reimbursement(before), spending_of_reimbursement(after))
    if batch := changes.get("batchId"):
        weigh(store, batch)
    return store.state.tables[KIND][after["uuid"]]


def batch_id(store: Store, reimbursement: Thing) -> str:
    """Return the batch of the day in which the person is paid; a new one if none is."""
    day, user = today(store).isoformat(), reimbursement["userUuid"]
    key = f"{user}/{day}"
    batch = store.get("spend_batch", key)
    if batch is None:
        fields = {"_number": store.text("reimbursement batch", ids.UPPER, 12)}
        batch = store.add("spend_batch", fields, key=key)
    number: str = batch["_number"]
    return number


def weigh(store: Store, batch: str) -> None:
    """Let everything in a batch say how much the batch is."""
    inside = store.where(KIND, "batchId", batch)
    total = dollars(sum(cents(each["amount"]) for each in inside))
    for each in inside:
        quietly(store, KIND, each, {"batchAmount": total})


@fixture("reimbursement")
def make_reimbursement(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Add a reimbursement in any ``status``, from where it goes on by itself.

    ``userId`` and ``budgetId`` are ids or uuids (default: the oldest); receipts need a
    ``filename``.
    """
    own: Thing = {
        "amount": 40.0,
        "note": "Simulated",
        "merchantName": "Simulated merchant",
        "occurredDate": today(store).isoformat(),
        **fields,
    }
    user = chosen(store, organization_id, "spend_user", own.pop("userId", None))
    budget = chosen(store, organization_id, "spend_budget", own.pop("budgetId", None))
    own["receipts"] = [
        each | add_receipt(store, organization_id, each["filename"])
        for each in own.get("receipts", [])
    ]
    if "submittedTime" in own:
        own["submittedTime"] = stamp(read_time(own["submittedTime"]))
    status = own.pop("status", "AWAITING_APPROVAL")
    reimbursement = add_reimbursement(store, user, budget, own)
    if status != "AWAITING_APPROVAL":
        reimbursement = move(store, KIND, reimbursement["uuid"], status)
    return reimbursement


def chosen(store: Store, organization_id: str, kind: str, key: str | None) -> Thing:
    if key is not None:
        thing = found(store, kind, key)
        if thing is None:
            raise LookupError(f"{kind} {key}")
        return thing
    for thing in store.where(kind, "_organizationId", organization_id):
        if not thing["retired"]:
            return thing
    raise ValueError(f"a reimbursement needs a {kind}, and there is none")
