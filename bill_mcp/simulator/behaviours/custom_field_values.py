"""Values that a custom field of Spend & Expense offers."""

from collections.abc import Iterable

from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.filters import boolean, text
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.spend_lookup import either_id, one, unretired
from bill_mcp.simulator.store import Store, Thing


def values_listing(store: Store) -> Listing:
    return Listing(
        "spend_custom_field_value",
        {
            "uuid": either_id(store, "spend_custom_field_value"),
            "deleted": boolean(),
            "value": text("eq", "ne", "sw"),
        },
        sortable=("value",),
        # BILL's own sample filters by this name, which no reply has.
        aliases={"retired": "deleted", "id": "uuid", "customFieldValueIds": "uuid"},
        unquoted_times=True,
    )


@behaviour("custom_field_values_list")
def list_values(call: Call) -> Thing:
    field = one(call, "spend_custom_field", call.path["customFieldId"])
    rows = values_of(call.world, field)
    return page(call, values_listing(call.world), rows=rows)


@behaviour("custom_field_values_get")
def get_value(call: Call) -> Thing:
    field = one(call, "spend_custom_field", call.path["customFieldId"])
    return value_of(call, field, call.path["customFieldValueId"])


@behaviour("custom_field_values_create")
def create_values(call: Call) -> Thing:
    """Add all the values; the reply tells the first of them, as BILL's sample does."""
    key = call.path["customFieldId"]
    field = unretired(call, "spend_custom_field", key)
    if not all(call.body["values"]):
        raise invalid(("values", "must not hold an empty value"))
    added = add_values(call.world, field, call.body["values"])
    # From its first value on a field is chosen from, whatever it was made as.
    call.world.change("spend_custom_field", field["uuid"], {"type": "CUSTOM_SELECTOR"})
    return added[0]


@behaviour("custom_field_values_delete")
def delete_values(call: Call) -> None:
    """Take values out of the choice; what was tagged with them keeps its tags."""
    field = one(call, "spend_custom_field", call.path["customFieldId"])
    for key in call.body["customFieldValueIds"]:
        value = value_of(call, field, key)
        if not value["deleted"]:
            kind = "spend_custom_field_value"
            call.world.change(kind, value["uuid"], {"deleted": True})


def value_of(call: Call, field: Thing, key: str) -> Thing:
    value = one(call, "spend_custom_field_value", key)
    if value["_fieldUuid"] != field["uuid"]:
        raise refusal("BDC_1205")
    return value


def values_of(store: Store, field: Thing) -> list[Thing]:
    return store.where("spend_custom_field_value", "_fieldUuid", field["uuid"])


def add_values(store: Store, field: Thing, values: Iterable[str]) -> list[Thing]:
    """Add values to a field.

    Raises:
        BillError: 422; a value that is there already and not deleted.
    """
    taken = {each["value"] for each in values_of(store, field) if not each["deleted"]}
    added = []
    for value in values:
        if value in taken:
            raise refusal("BDC_9109", value)
        taken.add(value)
        fields = {
            "_organizationId": field["_organizationId"],
            "_fieldUuid": field["uuid"],
            "value": value,
            "deleted": False,
        }
        added.append(store.add("spend_custom_field_value", fields))
    return added
