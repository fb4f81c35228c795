"""Making an invoice: its number and dates, its lines, its amounts."""

from datetime import date, timedelta

from bill_mcp.bank_days import central_day
from bill_mcp.simulator import assumed
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.invoice_amounts import amounts, totals
from bill_mcp.simulator.money import cents
from bill_mcp.simulator.store import Store, Thing

LINES = "invoiceLineItems"
PRICE_DECIMALS = 6


def add_invoice(store: Store, organization_id: str, given: Thing) -> Thing:
    """Add an invoice; number and dates that are not given are BILL's.

    Args:
        store: the world.
        organization_id: whose invoice it is.
        given: checked fields, with ``customerId`` instead of ``customer``.
    """
    today = central_day(store.now).isoformat()
    issued = date.fromisoformat(given.get("invoiceDate", today))
    due = issued + timedelta(days=assumed.INVOICE_DAYS_UNTIL_DUE)
    fields: Thing = {
        "_organizationId": organization_id,
        "_paymentIds": (),
        "archived": False,
        "exchangeRate": 1.0,
        "invoiceDate": issued.isoformat(),
        "dueDate": due.isoformat(),
        **given,
        LINES: new_lines(store, given[LINES]),
    }
    if "invoiceNumber" not in given:
        fields["invoiceNumber"] = next_number(store, organization_id)
    fields |= tax_rate(store, given)
    invoice_id = store.new_id("invoice")
    counted = counted_up(store, {**fields, "id": invoice_id})
    return store.add("invoice", counted, key=invoice_id)


def counted_up(store: Store, invoice: Thing) -> Thing:
    """Return the invoice with all its amounts.

    Raises:
        BillError: 400; it comes to less than nothing, or than its credit.
    """
    new = {**invoice, **totals(store, invoice)}
    if new["totalAmount"] < 0:
        raise invalid((LINES, "the invoice's total must not be negative"))
    if cents(new.get("creditAmount", 0)) > cents(new["totalAmount"]):
        raise invalid(("creditAmount", "must not be greater than the total"))
    return {**new, **amounts(store, new)}


def tax_rate(store: Store, given: Thing) -> Thing:
    """Return the percentage of the given sales tax item, unless one is given too."""
    if "salesTaxItemId" not in given or "salesTaxPercentage" in given:
        return {}
    item = store.get("item", given["salesTaxItemId"]) or {}
    return {"salesTaxPercentage": item.get("percentage")}


def next_number(store: Store, organization_id: str) -> str:
    """Return the next number that no invoice of the organization has."""
    first = assumed.FIRST_INVOICE_NUMBER - 1
    while True:
        number = str(first + store.count(f"invoice number of {organization_id}"))
        if not is_taken(store, organization_id, number):
            return number


def is_taken(store: Store, organization_id: str, number: str, but: str = "") -> bool:
    """Say whether another invoice has this number, archived ones as assumed."""
    return any(
        invoice["_organizationId"] == organization_id
        and invoice["id"] != but
        and (assumed.DUPLICATE_NUMBERS_COUNT_ARCHIVED or not invoice["archived"])
        for invoice in store.where("invoice", "invoiceNumber", number)
    )


# --- lines


def new_lines(store: Store, given: list[Thing]) -> list[Thing]:
    return [
        {**priced(store, line), "id": store.new_id("invoice_line_item")}
        for line in given
    ]


def replaced_lines(store: Store, old: list[Thing], given: list[Thing]) -> list[Thing]:
    """Return what PUT leaves: known ids kept, lines without one added, others gone."""
    known = {line["id"] for line in old}
    out = []
    for line in given:
        if line.get("id") and line["id"] not in known:
            raise refusal("BDC_1205")
        key = line.get("id") or store.new_id("invoice_line_item")
        out.append({**priced(store, line), "id": key})
    return out


def patched_lines(old: list[Thing], given: list[Thing]) -> list[Thing]:
    """Return all lines, the given ones edited.

    A given line loses its classifications unless it brings them: so BILL does.
    """
    edits = {line["id"]: line for line in given}
    if not edits.keys() <= {line["id"] for line in old}:
        raise refusal("BDC_1205")
    return [
        {**without_classifications(line), **edits[line["id"]]}
        if line["id"] in edits
        else line
        for line in old
    ]


def without_classifications(line: Thing) -> Thing:
    return {name: value for name, value in line.items() if name != "classifications"}


def priced(store: Store, line: Thing) -> Thing:
    """Return the line with a price: its own, from its amount, its item's, or none."""
    plain = {name: value for name, value in line.items() if name != "amount"}
    if "price" in line:
        return plain
    if "amount" in line and line["quantity"]:
        price = round(line["amount"] / line["quantity"], PRICE_DECIMALS)
        return {**plain, "price": price}
    item_id = line.get("classifications", {}).get("itemId", "")
    item = store.get("item", item_id) or {}
    takes = assumed.LINES_TAKE_THEIR_ITEMS_PRICE
    return {**plain, "price": item.get("price", 0.0) if takes else 0.0}
