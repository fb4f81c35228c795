"""Files of the seed ``demo``: scans of bills, papers about vendors and customers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bill_mcp.simulator import credentials
from bill_mcp.simulator.invoice_pdf import content_of, document
from bill_mcp.simulator.seeds.administrator import administrator
from bill_mcp.simulator.store import Thing

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

EVERY_NTH_BILL = 4
EVERY_NTH_VENDOR = 5
EVERY_NTH_CUSTOMER = 3


def plant_files(world: "World") -> None:
    """Attach them, as if uploaded with the object; all can be downloaded."""
    with administrator(world) as do, no_delays(world):
        for bill in own_rows(world, "bill")[::EVERY_NTH_BILL]:
            name = f"{bill['invoice']['invoiceNumber']}.pdf"
            text = [
                f"Invoice {bill['invoice']['invoiceNumber']}",
                f"Due {bill['dueDate']}",
                f"Total {bill['amount']:.2f}",
            ]
            page, query = document(content_of(text)), {"name": name}
            made = do("bill_documents_upload", page, query, billId=bill["id"])
            backdate(world, "document", made["id"], bill["createdTime"])
        for vendor in own_rows(world, "vendor")[::EVERY_NTH_VENDOR]:
            page = document(content_of(["Form W-9", vendor["name"]]))
            query = {"name": "Form W-9.pdf"}
            made = do("vendor_attachments_upload", page, query, vendorId=vendor["id"])
            backdate(world, "attachment", made["id"], vendor["createdTime"])
        for customer in own_rows(world, "customer")[::EVERY_NTH_CUSTOMER]:
            page = document(content_of(["Resale certificate", customer["name"]]))
            query, key = {"name": "Resale certificate.pdf"}, customer["id"]
            made = do("customer_attachments_upload", page, query, customerId=key)
            backdate(world, "attachment", made["id"], customer["createdTime"])


def own_rows(world: "World", kind: str) -> list[Thing]:
    own = credentials.ORGANIZATION_ID
    found = world.where(kind, "_organizationId", own)
    return [row for row in found if not row["archived"]]


def backdate(world: "World", kind: str, key: str, moment: str) -> None:
    thing = world.state.tables[kind][key]
    world.put(kind, key, {**thing, "createdTime": moment, "updatedTime": moment})


@contextmanager
def no_delays(world: "World") -> Iterator[None]:
    """Let uploads be ready at once; the world's clock stands where the seed ends."""
    before = world.state.tables["settings"]["settings"]
    none = {"documentDelaySeconds": 0, "attachmentDelaySeconds": 0}
    world.put("settings", "settings", {**before, **none})
    try:
        yield
    finally:
        world.put("settings", "settings", before)
