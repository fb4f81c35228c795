"""The lines of a bill: new ones, replaced ones (PUT) and edited ones (PATCH)."""

from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.money import cents, dollars
from bill_mcp.simulator.reading import NULL
from bill_mcp.simulator.store import Store, Thing


def new_lines(store: Store, given: list[Thing]) -> list[Thing]:
    """Return the lines with ids; each says its amount, or quantity and price."""
    return [
        {
            **priced(line, f"billLineItems[{number}]"),
            "id": store.new_id("bill_line_item"),
        }
        for number, line in enumerate(given)
    ]


def priced(line: Thing, path: str) -> Thing:
    """Return the line with its amount; a given one wins over quantity times price."""
    if "amount" in line:
        return {**line, "amount": dollars(cents(line["amount"]))}
    if "quantity" in line and "price" in line:
        return {**line, "amount": dollars(cents(line["quantity"] * line["price"]))}
    raise invalid((f"{path}.amount", NULL))


def replaced_lines(store: Store, old: list[Thing], given: list[Thing]) -> list[Thing]:
    """Return what PUT leaves: known ids kept, lines without one added, others gone."""
    known = {line["id"] for line in old}
    out = []
    for number, line in enumerate(given):
        if line.get("id") and line["id"] not in known:
            raise refusal("BDC_1205")
        key = line.get("id") or store.new_id("bill_line_item")
        out.append({**priced(line, f"billLineItems[{number}]"), "id": key})
    return out


def patched_lines(old: list[Thing], given: list[Thing]) -> list[Thing]:
    """Return all lines, the given ones edited.

    A given line loses its classifications unless it brings them: so BILL does.
    """
    edits = {line["id"]: line for line in given}
    if not edits.keys() <= {line["id"] for line in old}:
        raise refusal("BDC_1205")
    return [edited(line, edits.get(line["id"])) for line in old]


def edited(line: Thing, edit: Thing | None) -> Thing:
    if edit is None:
        return line
    new = {name: value for name, value in line.items() if name != "classifications"}
    new |= edit
    if "amount" not in edit and ("quantity" in edit or "price" in edit):
        del new["amount"]
    return priced(new, "billLineItems")


def total_of(lines: list[Thing]) -> int:
    """Return the bill's amount in cents.

    Raises:
        BillError: 400; the lines add up to less than nothing.
    """
    total = sum(cents(line["amount"]) for line in lines)
    if total < 0:
        raise invalid(("billLineItems", "the bill's amount must not be negative"))
    return total
