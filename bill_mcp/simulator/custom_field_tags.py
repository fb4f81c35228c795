"""What a transaction or reimbursement of Spend & Expense is tagged with.

Tags are kept as ``{uuid of the field: {"note": …, "values": (uuids, …)}}``.
"""

from collections.abc import Iterable, Mapping

from bill_mcp.simulator import ids
from bill_mcp.simulator.behaviours.custom_field_values import add_values, values_of
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.money import cents
from bill_mcp.simulator.spend_lookup import found, one
from bill_mcp.simulator.store import Store, Thing

Tags = Mapping[str, Thing]


def applicable_fields(store: Store, thing: Thing) -> list[Thing]:
    """Return the fields that *thing* can have in its budget, or has."""
    budget, tags = thing.get("budgetUuid"), thing.get("_tags", {})
    return [
        field
        for field in store.where(
            "spend_custom_field", "_organizationId", thing["_organizationId"]
        )
        if field["uuid"] in tags
        or (
            not field["retired"]
            and (field["global"] or budget in field["selectedBudgetUuids"])
        )
    ]


def is_required(field: Thing, thing: Thing) -> bool:
    """Say whether *thing* needs the field, by its budget and its amount."""
    least = cents(field.get("minimumAmountForRequirement") or 0)
    if field["retired"] or abs(cents(thing["amount"])) < least:
        return False
    return field["required"] or thing.get("budgetUuid") in field["requiredBudgetUuids"]


def has_what_it_needs(store: Store, thing: Thing) -> bool:
    """Say whether every required field is filled in."""
    tags = thing.get("_tags", {})
    return all(
        field["uuid"] in tags or not is_required(field, thing)
        for field in applicable_fields(store, thing)
    )


def shown_fields(
    store: Store, thing: Thing, only: Iterable[str] | None = None
) -> list[Thing]:
    """Return the fields of *thing* as BILL shows them; *only* holds uuids."""
    chosen = applicable_fields(store, thing)
    if only is not None:
        wanted = set(only)
        chosen = [field for field in chosen if field["uuid"] in wanted]
    return [shown_field(store, field, thing) for field in chosen]


def shown_field(store: Store, field: Thing, thing: Thing) -> Thing:
    tag = thing.get("_tags", {}).get(field["uuid"], {})
    return {
        "id": field["id"],
        "uuid": field["uuid"],
        "name": field["name"],
        "note": tag.get("note"),
        "isRequired": is_required(field, thing),
        "selectedValues": selected(store, tag),
    }


def selected(store: Store, tag: Thing) -> list[Thing]:
    table = store.state.tables.get("spend_custom_field_value", {})
    return [table[uuid] for uuid in tag.get("values", ())]


def tagged(
    call: Call, tags: Tags, entries: list[Thing], *, ignores_uuids: bool
) -> dict[str, Thing]:
    """Return *tags* with what *entries* ask for.

    Args:
        call: whose world and organization it is about.
        tags: what there is.
        entries: of the request: customFieldId, note, selectedValues.
        ignores_uuids: an entry with a uuid in it changes nothing, and is no error: so
            BILL treats the tags of transactions [code (live)].

    Raises:
        BillError: 404 for an unknown field, 400 for what does not fit its field.
    """
    out = dict(tags)
    for number, entry in enumerate(entries):
        path = f"customFields[{number}]"
        if ignores_uuids and names_a_uuid(entry):
            continue
        field = one(call, "spend_custom_field", entry["customFieldId"])
        if field["retired"]:
            raise refusal("BDC_9101")
        tag = tag_of(call, field, entry, path)
        if tag:
            out[field["uuid"]] = {**out.get(field["uuid"], {}), **tag}
        elif tag is not None:
            out.pop(field["uuid"], None)
    return out


def names_a_uuid(entry: Thing) -> bool:
    """Say whether the field or one of the values is named by uuid."""
    field = ids.SPEND_PREFIXES["spend_custom_field"]
    value = ids.SPEND_PREFIXES["spend_custom_field_value"]
    return entry["customFieldId"].startswith(field) or any(
        each.startswith(value) for each in entry.get("selectedValues", ())
    )


def tag_of(call: Call, field: Thing, entry: Thing, path: str) -> Thing | None:
    """Return the tag that *entry* asks for; empty: none any more, None: as before."""
    note, chosen = entry.get("note"), entry.get("selectedValues")
    if field["type"] == "NOTE":
        if chosen:
            reason = "must be empty for a field of type NOTE"
            raise invalid((f"{path}.selectedValues", reason))
        if note is None:
            return None if chosen is None else {}
        return {"note": note} if note else {}
    if note:
        raise invalid((f"{path}.note", "is for fields of type NOTE only"))
    if chosen is None:
        return None
    if len(chosen) > 1 and not field["multiSelect"]:
        reason = "must not hold more than one value for this field"
        raise invalid((f"{path}.selectedValues", reason))
    values = [value_for(call, field, each, path) for each in chosen]
    return {"values": values} if values else {}


def value_for(call: Call, field: Thing, given: str, path: str) -> str:
    """Return the uuid of a value; other words become a value if they may."""
    value = found(call.world, "spend_custom_field_value", given)
    if value is None and field["allowCustomValues"]:
        same = [
            each
            for each in values_of(call.world, field)
            if each["value"] == given and not each["deleted"]
        ]
        value = same[0] if same else add_values(call.world, field, [given])[0]
    if value is None or value["_fieldUuid"] != field["uuid"] or value["deleted"]:
        raise invalid((f"{path}.selectedValues", f"{given!r} is no value of the field"))
    uuid: str = value["uuid"]
    return uuid
