"""Tagging transactions of Spend & Expense with custom fields."""

from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.custom_field_values import values_listing
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.card_transactions import KIND, after_patch
from bill_mcp.simulator.custom_field_tags import selected, shown_fields, tagged
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.filters import read_filters
from bill_mcp.simulator.lists import page, select
from bill_mcp.simulator.spend_lookup import either_id, one
from bill_mcp.simulator.store import Thing


@behaviour("transaction_custom_fields_list")
def list_fields(call: Call) -> Thing:
    """List the fields that the transaction can have, with what is filled in."""
    transaction = one(call, KIND, call.path["transactionId"])
    conditions = read_filters(
        call.query.get("filters", ""),
        {"uuid": either_id(call.world, "spend_custom_field")},
        {"customFieldIds": "uuid", "id": "uuid"},
        unquoted_times=True,
    )
    fields = shown_fields(call.world, transaction)
    return {"results": select(fields, conditions)}


@behaviour("transaction_custom_fields_update")
def tag_transaction(call: Call) -> Thing:
    """Tag the transaction; entries that name a uuid are answered like the others.

    An integrator found live that only ids take effect: uuids give SUCCESS and change
    nothing, so a client has to read again.
    """
    transaction = one(call, KIND, call.path["transactionId"])
    if transaction["isLocked"]:
        raise refusal("BDC_9103")
    entries = call.body["customFields"]
    tags = tagged(call, transaction["_tags"], entries, ignores_uuids=True)
    if tags != transaction["_tags"]:
        changes = {"_tags": tags}
        new = call.world.change(KIND, transaction["uuid"], changes)
        after_patch(call.world, transaction, new)
    return {"status": "SUCCESS"}


@behaviour("transaction_custom_field_values_list")
def list_values(call: Call) -> Thing:
    """List the values that the transaction has in the field."""
    transaction = one(call, KIND, call.path["transactionId"])
    field = one(call, "spend_custom_field", call.path["customFieldId"])
    rows = selected(call.world, transaction["_tags"].get(field["uuid"], {}))
    return page(call, values_listing(call.world), rows=rows)
