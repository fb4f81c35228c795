"""BILL's network: finding others, inviting them, being invited."""

from __future__ import annotations

from typing import Any

from end_to_end.tour.data import ADDRESS
from end_to_end.tour.guide import Guide, Visitor


async def perform(guide: Guide, office: Visitor, customer_id: str) -> None:
    """Invite a vendor and a customer, part from both, and accept an invitation."""
    found = []
    for name in ("Tour Partners East", "Tour Partners West"):
        domain = "tourpartners.example"
        manager = {"name": name, "email": f"ap@{domain}", "emailDomain": domain}
        member: dict[str, Any] = {
            "name": name,
            "addresses": [ADDRESS],
            "managedBy": manager,
        }
        found.append((await guide.fixture("network_organization", **member))["id"])
    await office("network_search", name="Tour Partners", scope="BILL")
    vendor = await office("vendors_create", name="Tour East", address=ADDRESS)
    invite = {"networkId": found[0], "networkType": "BILL"}
    key = {"vendorId": vendor["id"]}
    await office("network_invite_vendor", **key, **invite)
    await office("network_get_vendor_invitation", **key)
    await office("network_delete_vendor_connection", **key)
    customer = {"customerId": customer_id}
    await office("network_invite_customer", **customer, **invite)
    await office("network_get_customer_invitation", **customer)
    await office("network_delete_customer_connection", **customer)
    sender = await guide.fixture("incoming_invitation", networkId=found[1])
    wish = {"networkId": sender["id"], "type": "VENDOR", "name": "Tour West"}
    await office("network_accept_invitation", **wish)
