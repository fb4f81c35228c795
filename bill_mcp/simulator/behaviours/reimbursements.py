"""Reimbursements of Spend & Expense: what people paid themselves and get back."""

from typing import Any

from bill_mcp.simulator import assumed_spend
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.custom_field_tags import shown_fields, tagged
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.filters import boolean, choice, day, ident, number, text, time
from bill_mcp.simulator.lifecycle import move
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.reimbursing import (
    KIND,
    add_reimbursement,
    after_reimbursement,
    role_of,
)
from bill_mcp.simulator.spend_lookup import both_ids, either_id, one, unretired
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.uploads import new_upload_url, receipt_of, shown_receipts


def reimbursements_listing(store: Store) -> Listing:
    return Listing(
        KIND,
        {
            "uuid": either_id(store, KIND),
            "userUuid": either_id(store, "spend_user"),
            "budgetUuid": either_id(store, "spend_budget"),
            # Statuses are known in part only; a new one is no mistake.
            "status": ident("eq", "ne", "in", "nin"),
            "type": choice(("OUT_OF_POCKET", "MILEAGE")),
            "retired": boolean(),
            "amount": number(),
            "merchantName": text("eq", "ne", "sw"),
            "occurredDate": day(),
            "submittedTime": time(),
        },
        sortable=("submittedTime", "occurredDate", "amount", "status", "merchantName"),
        aliases={
            "id": "uuid",
            "reimbursementIds": "uuid",
            **{
                f"{name}Id{plural}": f"{name}Uuid"
                for name in ("user", "budget")
                for plural in ("", "s")
            },
        },
        unquoted_times=True,
    )


@behaviour("reimbursements_list")
def list_reimbursements(call: Call) -> Thing:
    listing = reimbursements_listing(call.world)
    return page(call, listing, present=lambda each: shown(call, each))


@behaviour("reimbursements_get")
def get_reimbursement(call: Call) -> Thing:
    return shown(call, one(call, KIND, call.path["reimbursementId"]))


@behaviour("reimbursements_create_upload_url")
def create_upload_url(call: Call) -> Thing:
    return {"url": new_upload_url(call)}


@behaviour("reimbursements_create")
def create_reimbursement(call: Call) -> Thing:
    """Ask for money back; somebody has to approve it."""
    body = dict(call.body)
    user = unretired(call, "spend_user", body.pop("userId"))
    budget = unretired(call, "spend_budget", body.pop("budgetId"))
    fields = {**body, **files_and_tags(call, body, {})}
    fields.pop("customFields", None)
    return shown(call, add_reimbursement(call.world, user, budget, fields))


@behaviour("reimbursements_update")
def update_reimbursement(call: Call) -> Thing:
    """Change what nobody has approved yet; given receipts replace all others."""
    store, body = call.world, dict(call.body)
    before = editable(call)
    changes: Thing = {"updatedTime": store.stamp}
    if key := body.pop("userId", None):
        changes |= both_ids("user", unretired(call, "spend_user", key))
    if key := body.pop("budgetId", None):
        changes |= both_ids("budget", unretired(call, "spend_budget", key))
    changes |= {**body, **files_and_tags(call, body, before["_tags"])}
    changes.pop("customFields", None)
    after = store.change(KIND, before["uuid"], changes)
    return shown(call, after_reimbursement(store, before, after))


def files_and_tags(call: Call, body: Thing, tags: Thing) -> Thing:
    """Return receipts and tags that the body asks for."""
    out: Thing = {}
    if "receipts" in body:
        out["receipts"] = [
            receipt_of(call, each, f"receipts[{number}]")
            for number, each in enumerate(body["receipts"])
        ]
    entries = body.get("customFields", [])
    return {**out, "_tags": tagged(call, tags, entries, ignores_uuids=False)}


@behaviour("reimbursements_act")
def act_on_reimbursement(call: Call) -> Thing:
    """Approve or deny. Approved ones are paid out by themselves."""
    before = editable(call)
    actor = call.world.get("spend_user", call.caller.user_id) or {}
    act = {
        "actorId": actor.get("id"),
        "actorRole": role_of(call.world, before, actor),
        "note": call.body.get("note"),
    }
    status = {"APPROVE": "APPROVED", "DENY": "DENIED"}[call.body["action"]]
    after = move(call.world, KIND, before["uuid"], status, _act=act)
    return shown(call, after)


@behaviour("reimbursements_delete")
def delete_reimbursement(call: Call) -> None:
    """Archive what has not been approved; a repeated call changes nothing."""
    before = one(call, KIND, call.path["reimbursementId"])
    if before["retired"]:
        return
    if before["status"] not in {*assumed_spend.REIMBURSEMENT_OPEN, "DENIED"}:
        raise refusal("BDC_9107", status=before["status"])
    move(call.world, KIND, before["uuid"], "ARCHIVED", retired=True)


def editable(call: Call) -> Thing:
    found = unretired(call, KIND, call.path["reimbursementId"])
    if found["status"] not in assumed_spend.REIMBURSEMENT_OPEN:
        raise refusal("BDC_9107", status=found["status"])
    return found


def shown(call: Call, reimbursement: Thing) -> dict[str, Any]:
    return {
        **reimbursement,
        "customFields": shown_fields(call.world, reimbursement),
        "receipts": shown_receipts(call, reimbursement["receipts"]),
    }
