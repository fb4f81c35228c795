"""Customers of the demo organization, their invoices, and what they paid."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache, partial
from importlib.resources import files

import yaml

from bill_mcp.bank_days import central_day
from bill_mcp.simulator import credentials
from bill_mcp.simulator.invoice_making import LINES, add_invoice
from bill_mcp.simulator.invoice_sending import send
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.receiving import add_received_payment, pay_online
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import central_moment

OWN = credentials.ORGANIZATION_ID
OPENING_HOUR, POST_HOUR = 10, 14
DAYS_BEFORE_CANCELLING = 9
CUSTOMER_SINCE_DAYS = 180

Event = tuple[date, int, Callable[[], object]]


@cache
def receivables_data() -> Thing:
    text = files(__package__).joinpath("demo_receivables.yaml")
    data: Thing = yaml.safe_load(text.read_text(encoding="utf-8"))
    return data


def plant_receivables(store: Store) -> None:
    """Let the past months happen, each thing on its day; the clock ends where it was.

    Needs the items and jobs that ``plant_classifications`` adds.
    """
    Receivables(store).live()


class Receivables:
    """The story: who bought and paid what, told in the order of the days."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.end = store.now
        self.today = central_day(store.now)
        self.events: list[Event] = []

    def live(self) -> None:
        for entry in receivables_data()["customers"]:
            self.on(-CUSTOMER_SINCE_DAYS, 0, partial(self.add_customer, entry))
        # A step may tell of further ones, always later ones.
        while self.events:
            self.events.sort(key=lambda event: event[:2])
            day, number, happen = self.events.pop(0)
            hour = POST_HOUR if number else OPENING_HOUR
            self.store.move_to(min(central_moment(day, hour), self.end))
            happen()
        self.store.move_to(self.end)

    def on(self, day: int, number: int, happen: Callable[[], object]) -> None:
        """Let it happen *day* days from today, unless that is in the future."""
        if day <= 0:
            self.events.append((self.today + timedelta(days=day), number, happen))

    def add_customer(self, entry: Thing) -> None:
        address = entry["address"]
        customer = self.store.add(
            "customer",
            {
                "_organizationId": OWN,
                "archived": False,
                "name": entry["name"],
                "companyName": entry["name"],
                "contact": entry["contact"],
                "invoiceCurrency": "USD",
                "billingAddress": address,
                "shippingAddress": address,
                **entry["about"],
            },
        )
        for invoice in entry["invoices"]:
            self.on(invoice["day"], 0, partial(self.add_invoice, customer, invoice))
        if entry.get("archived"):
            last = partial(self.archive, "customer", customer["id"])
            self.on(-1, 1, last)

    def add_invoice(self, customer: Thing, entry: Thing) -> None:
        """Issue an invoice today, and plan what becomes of it."""
        issued = central_day(self.store.now)
        fields = {
            "customerId": customer["id"],
            "invoiceDate": issued.isoformat(),
            "dueDate": (issued + timedelta(days=entry["terms"])).isoformat(),
            LINES: [self.line(*line) for line in entry["lines"]],
            "payToChartOfAccountId": self.id_of("chart_of_account", "Lumber Sales"),
        }
        if entry.get("tax"):
            fields["salesTaxItemId"] = self.id_of("item", "Seattle sales tax")
        if "job" in entry:
            fields["classifications"] = {"jobId": self.id_of("job", entry["job"])}
        invoice = add_invoice(self.store, OWN, fields)
        key = invoice["id"]
        if entry.get("emailed"):
            send(self.store, invoice, [customer["email"]], credentials.USER_ID)
        for wait, part, how in entry.get("paid", ()):
            paid = partial(self.pay, key, part, how)
            self.on(entry["day"] + wait, 1, paid)
        if entry.get("online"):
            self.on(0, 1, partial(self.pay_online, key))
        if entry.get("archived"):
            cancelled = partial(self.archive, "invoice", key)
            self.on(entry["day"] + DAYS_BEFORE_CANCELLING, 1, cancelled)

    def line(self, item: str, quantity: float, price: float | None = None) -> Thing:
        income = "Delivery Income" if item == "Delivery" else "Lumber Sales"
        line: Thing = {
            "description": item,
            "quantity": quantity,
            "classifications": {
                "itemId": self.id_of("item", item),
                "chartOfAccountId": self.id_of("chart_of_account", income),
                "accountingClassId": self.id_of("accounting_class", "Wholesale"),
            },
        }
        return line if price is None else {**line, "price": price}

    def id_of(self, kind: str, name: str) -> str:
        key: str = self.store.where(kind, "name", name)[0]["id"]
        return key

    def pay(self, invoice_id: str, part: float, how: str) -> None:
        """Record a payment of that part of the total; what is too much is a credit."""
        invoice = self.store.state.tables["invoice"][invoice_id]
        amount = round(cents(invoice["totalAmount"]) * part)
        fields = {
            "_organizationId": OWN,
            "customerId": invoice["customerId"],
            "paymentDate": central_day(self.store.now).isoformat(),
            "paymentType": how,
            "description": f"Invoice {invoice['invoiceNumber']}",
            "amount": dollars(amount),
            "status": "PAID",
        }
        taken = min(amount, cents(invoice["dueAmount"]))
        add_received_payment(self.store, fields, [(invoice_id, taken)])

    def pay_online(self, invoice_id: str) -> None:
        invoice = self.store.state.tables["invoice"][invoice_id]
        pay_online(self.store, invoice, cents(invoice["dueAmount"]), "SCHEDULED")

    def archive(self, kind: str, key: str) -> None:
        self.store.change(kind, key, {"archived": True})
