"""Custom fields of Spend & Expense: what transactions can be tagged with."""

from collections.abc import Iterable

from bill_mcp.simulator import assumed_spend
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.custom_field_values import add_values
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.filters import boolean, choice, text
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.spend_lookup import both_lists, either_id, one, unretired
from bill_mcp.simulator.store import Store, Thing

SELECTOR, _ = TYPES = ("CUSTOM_SELECTOR", "NOTE")
BUDGET_LISTS = ("selectedBudget", "requiredBudget")


def fields_listing(store: Store) -> Listing:
    return Listing(
        "spend_custom_field",
        {
            "uuid": either_id(store, "spend_custom_field"),
            "retired": boolean(),
            "global": boolean(),
            "required": boolean(),
            "type": choice(TYPES),
            "name": text("eq", "ne", "sw"),
        },
        sortable=("name",),
        aliases={"id": "uuid", "customFieldIds": "uuid"},
        unquoted_times=True,
    )


@behaviour("custom_fields_list")
def list_fields(call: Call) -> Thing:
    return page(call, fields_listing(call.world))


@behaviour("custom_fields_get")
def get_field(call: Call) -> Thing:
    return one(call, "spend_custom_field", call.path["customFieldId"])


@behaviour("custom_fields_create")
def create_field(call: Call) -> Thing:
    """Add a field with its values."""
    body = dict(call.body)
    values = body.pop("values", [])
    any_words = body["allowCustomValues"] and not values
    kind = assumed_spend.FIELD_OF_ANY_WORDS if any_words else SELECTOR
    return add_field(
        call.world,
        call.organization_id,
        {**body, **budgets_in(call, body, BUDGET_LISTS), "type": kind},
        values,
    )


def add_field(
    store: Store, organization_id: str, fields: Thing, values: Iterable[str]
) -> Thing:
    own = {
        "_organizationId": organization_id,
        "required": False,
        "multiSelect": False,
        "retired": False,
        **both_lists("selectedBudget", ()),
        **both_lists("requiredBudget", ()),
        **fields,
    }
    field = store.add("spend_custom_field", own)
    add_values(store, field, values)
    return field


def budgets_in(call: Call, body: Thing, names: Iterable[str]) -> Thing:
    """Return ids and uuids of the budgets that the body names."""
    out: Thing = {}
    for name in names:
        keys = body.get(f"{name}Ids")
        if keys is not None:
            budgets = [one(call, "spend_budget", key) for key in keys]
            out |= both_lists(name, budgets)
    return out


@behaviour("custom_fields_update")
def update_field(call: Call) -> Thing:
    key = call.path["customFieldId"]
    field = unretired(call, "spend_custom_field", key)
    changes = {**call.body, **budgets_in(call, call.body, BUDGET_LISTS)}
    return call.world.change("spend_custom_field", field["uuid"], changes)


@behaviour("custom_fields_delete")
def delete_field(call: Call) -> None:
    """Retire the field; what was tagged with it keeps its tags."""
    field = one(call, "spend_custom_field", call.path["customFieldId"])
    if not field["retired"]:
        call.world.change("spend_custom_field", field["uuid"], {"retired": True})
