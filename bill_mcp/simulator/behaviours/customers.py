"""Customers: who is invoiced."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.addresses import with_country_names
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid
from bill_mcp.simulator.filters import boolean, choice, ident, text
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.patching import merged
from bill_mcp.simulator.reading import NULL
from bill_mcp.simulator.store import Store, Thing

ACCOUNT_TYPES = ("BUSINESS", "PERSON", "NONE", "UNDEFINED")
PAYMENT_STATUSES = ("UNPAID", "SCHEDULED", "PARTIAL", "PAID", "UNDEFINED")
ADDRESSES = ("billingAddress", "shippingAddress")
ADDRESS_NEEDS = ("line1", "city", "zipOrPostalCode", "country")

CUSTOMERS = Listing(
    "customer",
    {
        "id": ident(),
        "archived": boolean(),
        "name": text("eq", "sw"),
        "accountType": choice(ACCOUNT_TYPES),
        "invoiceCurrency": ident("eq", "ne", "in", "nin"),
        # Documented as a filter, yet no reply of a customer has the field: as long as
        # nothing sets it, no customer is found by it.
        "paymentStatus": choice(PAYMENT_STATUSES),
    },
    sortable=("name",),
)


@behaviour("customers_list")
def list_customers(call: Call) -> Thing:
    def row(customer: Thing) -> Thing:
        return with_balance(call.world, customer)

    return page(call, CUSTOMERS, present=row)


@behaviour("customers_get")
def get_customer(call: Call) -> Thing:
    return with_balance(call.world, call.one("customer", call.path["customerId"]))


@behaviour("customers_create")
def create_customer(call: Call) -> Thing:
    return with_balance(call.world, add_customer(call, call.body))


def add_customer(call: Call, given: Thing) -> Thing:
    """Add a customer; a second one of the same name is another customer, no error."""
    country = given.get("billingAddress", {}).get("country", "US")
    if country != "US" and "invoiceCurrency" not in given:
        raise invalid(("invoiceCurrency", NULL))
    return call.add("customer", {**DEFAULTS, **given})


DEFAULTS: Thing = {"archived": False, "accountType": "NONE", "invoiceCurrency": "USD"}


@behaviour("customers_update")
def update_customer(call: Call) -> Thing:
    """Lay the given fields over the customer; an address must be whole afterwards."""
    customer = call.writable("customer", call.path["customerId"])
    new = merged(customer, call.body) | {"updatedTime": call.world.stamp}
    missing = [
        (f"{name}.{part}", NULL)
        for name in ADDRESSES
        if name in call.body
        for part in ADDRESS_NEEDS
        if part not in new[name]
    ]
    if missing:
        raise invalid(*missing)
    return with_balance(call.world, call.world.change("customer", customer["id"], new))


@behaviour("customers_archive")
def archive_customer(call: Call) -> Thing:
    """Set the flag; the customer's open invoices stay open."""
    return with_balance(call.world, call.archive("customer", call.path["customerId"]))


@behaviour("customers_restore")
def restore_customer(call: Call) -> Thing:
    customer = call.archive("customer", call.path["customerId"], archived=False)
    return with_balance(call.world, customer)


def with_balance(store: Store, customer: Thing) -> Thing:
    """Add what the customer owes: what is due, less what it has paid too much."""
    owed = sum(
        cents(invoice["dueAmount"])
        for invoice in store.where("invoice", "customerId", customer["id"])
        if not invoice["archived"]
    )
    if assumed.BALANCES_COUNT_CUSTOMER_CREDIT:
        owed -= credit_of(store, customer["id"])
    return {**with_country_names(customer), "balance": {"amount": dollars(owed)}}


def credit_of(store: Store, customer_id: str) -> int:
    """Return in cents what the customer has paid for no invoice."""
    return sum(
        cents(payment["unappliedAmount"])
        for payment in store.where("received_payment", "customerId", customer_id)
        if payment["status"] == "PAID"
    )
