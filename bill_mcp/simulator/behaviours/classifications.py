"""Classifications: what lines are booked on. Seven kinds, one set of rules.

Item and account types are open: one that no sample shows is taken as it is [assumed].
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.classification_references import require_known
from bill_mcp.simulator.errors import CODES, BillError, Fault, invalid
from bill_mcp.simulator.filters import Field, boolean, ident, text
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.patching import merged
from bill_mcp.simulator.reading import NULL
from bill_mcp.simulator.store import Store, Thing

BULK_MOST = 50
"""[doc] Objects in one bulk request."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets one kind of classification apart from the others."""

    table: str
    operations: str
    """What the names of its eight operations start with."""
    reply_key: str
    """Where bulk replies hold the objects."""
    fields: Mapping[str, Field]
    """What its list filters by, besides id, archived, parentId and the times."""
    sortable: tuple[str, ...] = ("name",)

    @property
    def listing(self) -> Listing:
        common = {"id": ident(), "archived": boolean(), "parentId": ident()}
        return Listing(self.table, {**common, **self.fields}, sortable=self.sortable)


NAMES = {"name": text(), "shortName": text()}
PERSONS = {"firstName": text(), "lastName": text(), "shortName": text()}
TYPE = ident("eq", "ne", "in", "nin")
ACCOUNTS = {"name": text(), "account.type": TYPE, "account.number": text()}

KINDS = (
    Kind("accounting_class", "accounting_classes", "accountingClasses", NAMES),
    Kind("chart_of_account", "chart_of_accounts", "chartOfAccounts", ACCOUNTS),
    Kind("department", "departments", "departments", NAMES),
    Kind("employee", "employees", "employees", PERSONS, ("firstName", "lastName")),
    Kind("item", "items", "items", {**NAMES, "type": TYPE}),
    Kind("job", "jobs", "jobs", NAMES),
    Kind("location", "locations", "locations", NAMES),
)


def register(kind: Kind) -> None:
    """Give the eight operations of one kind their behaviours."""
    listing, name = kind.listing, kind.operations

    @behaviour(f"{name}_list")
    def list_them(call: Call) -> Thing:
        return page(call, listing)

    @behaviour(f"{name}_get")
    def get_one(call: Call) -> Thing:
        return call.one(kind.table, call.path["id"])

    @behaviour(f"{name}_create")
    def create(call: Call) -> Thing:
        check_references(call, kind, call.body)
        return call.add(kind.table, new_fields(kind, call.body))

    @behaviour(f"{name}_update")
    def update(call: Call) -> Thing:
        thing = call.writable(kind.table, call.path["id"])
        check_references(call, kind, call.body, thing["id"])
        changes = merged(thing, call.body) | {"updatedTime": call.world.stamp}
        return call.world.change(kind.table, thing["id"], changes)

    @behaviour(f"{name}_archive")
    def archive(call: Call) -> Thing:
        return call.archive(kind.table, call.path["id"])

    @behaviour(f"{name}_restore")
    def restore(call: Call) -> Thing:
        return call.archive(kind.table, call.path["id"], archived=False)

    @behaviour(f"{name}_archive_bulk")
    def archive_many(call: Call) -> Thing:
        return {kind.reply_key: set_archived(call, kind, archived=True)}

    @behaviour(f"{name}_restore_bulk")
    def restore_many(call: Call) -> Thing:
        return {kind.reply_key: set_archived(call, kind, archived=False)}


def new_fields(kind: Kind, given: Thing) -> Thing:
    """Return the fields of a new object; an account without a type gets one."""
    fields: Thing = {"archived": False, **given}
    if kind.table == "chart_of_account":
        default = {"type": assumed.ACCOUNT_TYPE_WHEN_NONE_IS_GIVEN}
        fields["account"] = {**default, **given.get("account", {})}
    return fields


def check_references(call: Call, kind: Kind, given: Thing, own_id: str = "") -> None:
    """Refuse an unknown account, an unknown or archived parent, and a circle."""
    require_known(call, given)
    parent_id = given.get("parentId")
    if parent_id is None:
        return
    call.writable(kind.table, parent_id)
    if own_id in line_of(call.world, kind.table, parent_id):
        raise invalid(("parentId", "must not be the object itself or one below it"))


def line_of(store: Store, table: str, key: str) -> list[str]:
    """Return the ids from *key* up to the top of its tree."""
    line: list[str] = []
    while key and key not in line:
        line.append(key)
        key = (store.get(table, key) or {}).get("parentId", "")
    return line


def set_archived(call: Call, kind: Kind, *, archived: bool) -> list[Thing]:
    """Archive or restore what ``ids`` names, separated by commas: all or none."""
    named = (each.strip() for each in call.query["ids"].split(","))
    keys = list(dict.fromkeys(each for each in named if each))
    if not keys:
        raise invalid(("ids", NULL))
    if len(keys) > BULK_MOST:
        raise invalid(("ids", f"size must be between 1 and {BULK_MOST}"))
    done: list[Thing] = []
    refused: dict[str, BillError] = {}
    for key in keys:
        try:
            done.append(call.archive(kind.table, key, archived=archived))
        except BillError as error:
            refused[key] = error
    if refused:
        raise bulk_refusal(keys, refused)
    return done


def bulk_refusal(keys: list[str], refused: dict[str, BillError]) -> BillError:
    """Return one error for all: the faults of some, BDC_1246 for the others."""
    undone = CODES["BDC_1246"]
    sibling = Fault(undone.message, "BDC_1246", undone.category)
    faults = [
        Fault(f"{key} : {fault.message}", fault.code, fault.category)
        for key in keys
        for fault in (refused[key].faults if key in refused else (sibling,))
    ]
    return BillError(next(iter(refused.values())).status, faults)


for each_kind in KINDS:
    register(each_kind)
