"""The network's invitations: sent, answered, withdrawn."""

from dataclasses import replace
from datetime import timedelta

from bill_mcp.simulator.behaviours import behaviour, behaviours
from bill_mcp.simulator.behaviours.network_connections import (
    connect,
    connection_of,
    disconnect,
)
from bill_mcp.simulator.behaviours.network_directory import (
    NETWORKS,
    make_network_organization,
)
from bill_mcp.simulator.behaviours.vendor_audit import note_edit
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.lifecycle import plan
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import stamp


@behaviour("network_invite_vendor")
def invite_vendor(call: Call) -> None:
    """Ask a member of the BILL network, or join a national vendor at once."""
    vendor = call.writable("vendor", call.path["vendorId"])
    invite(call, "vendor", vendor)
    note_edit(call, vendor, call.one("vendor", vendor["id"]))


@behaviour("network_invite_customer")
def invite_customer(call: Call) -> None:
    customer = call.writable("customer", call.path["customerId"])
    if call.body["networkType"] == "RPPS":
        raise invalid(("networkType", "must be BILL for a customer"))
    invite(call, "customer", customer)


def invite(call: Call, kind: str, party: Thing) -> None:
    wanted = call.body["networkType"]
    if wanted not in NETWORKS:
        raise invalid(("networkType", f"must be one of {', '.join(NETWORKS)}"))
    other = call.world.get("network_organization", call.body["networkId"])
    if other is None or other["type"] != wanted:
        raise refusal("BDC_1205", "No such organization in this network.")
    if wanted == "RPPS":
        connect(call, kind, party, other["id"], "CONNECTED_RPPS")
    elif other["autoConnect"]:
        connect(call, kind, party, other["id"], "CONNECTED")
    else:
        hours = other.get("answersAfterHours")
        accepted = call.world.now + timedelta(hours=hours or 0)
        connect(
            call,
            kind,
            party,
            other["id"],
            "PENDING",
            _accepts=hours is not None,
            _acceptedTime=stamp(accepted),
        )


@behaviour("network_get_vendor_invitation")
def get_vendor_invitation(call: Call) -> Thing:
    return status_of(call, call.one("vendor", call.path["vendorId"]))


@behaviour("network_get_customer_invitation")
def get_customer_invitation(call: Call) -> Thing:
    return status_of(call, call.one("customer", call.path["customerId"]))


def status_of(call: Call, party: Thing) -> Thing:
    """Return the status; the id in it is the vendor's or customer's [assumed]."""
    connection = connection_of(call.world, party)
    return {**connection, "id": party["id"]}


@behaviour("network_delete_vendor_connection")
def delete_vendor_connection(call: Call) -> None:
    vendor = call.one("vendor", call.path["vendorId"])
    disconnect(call, "vendor", vendor)
    note_edit(call, vendor, call.one("vendor", vendor["id"]))


@behaviour("network_delete_customer_connection")
def delete_customer_connection(call: Call) -> None:
    disconnect(call, "customer", call.one("customer", call.path["customerId"]))


@behaviour("network_accept_invitation")
def accept_invitation(call: Call) -> None:
    """Join the sender to one of our vendors or customers, or to a new one."""
    body = call.body
    if "id" in body and "name" in body:
        raise invalid(("name", "must be null when id is set"))
    invitation = invitation_from(call, body["networkId"])
    kind = body["type"].lower()
    party_id = body["id"] if "id" in body else add_party(call, kind, invitation)
    party = call.writable(kind, party_id)
    connect(call, kind, party, body["networkId"], "CONNECTED")
    accepted = {"status": "ACCEPTED", "_partyId": party_id}
    call.world.change("incoming_invitation", invitation["id"], accepted)
    if kind == "vendor":
        note_edit(call, party, call.one("vendor", party_id))


def invitation_from(call: Call, network_id: str) -> Thing:
    """Return the open invitation that the organization with this id sent to us.

    Raises:
        BillError: BDC_1205 without one, BDC_9002 if it has lapsed or was accepted.
    """
    own = [
        each
        for each in call.world.where("incoming_invitation", "networkId", network_id)
        if each["_organizationId"] == call.organization_id
    ]
    if not own:
        raise refusal("BDC_1205")
    if own[-1]["status"] != "PENDING":
        raise refusal("BDC_9002", "The invitation is no longer open.")
    return own[-1]


def add_party(call: Call, kind: str, invitation: Thing) -> str:
    """Add a vendor or customer for the sender, with what the network knows of it."""
    sender = call.world.state.tables["network_organization"][invitation["networkId"]]
    body: Thing = {"name": call.body.get("name", sender["name"])}
    address = sender["addresses"][0] if sender["addresses"] else {"country": "US"}
    if kind == "vendor":
        body["address"] = address
    else:
        body["email"] = sender.get("managedBy", {}).get("email", "")
        if sender["addresses"]:
            body["billingAddress"] = address
    create = behaviours()[f"{kind}s_create"]
    made: str = create(replace(call, body=body))["id"]
    return made


@fixture("incoming_invitation")
def make_incoming_invitation(
    store: Store, organization_id: str, fields: Thing
) -> Thing:
    """Let an organization of the network invite this one; answer with its network id.

    ``networkId`` names the sender; without it one is made from the other fields.

    Raises:
        LookupError: the network has no such organization.
    """
    network_id = fields.get("networkId")
    if network_id is None:
        network_id = make_network_organization(store, organization_id, fields)["id"]
    elif store.get("network_organization", network_id) is None:
        raise LookupError(f"network organization {network_id}")
    invitation = store.add(
        "incoming_invitation",
        {
            "_organizationId": organization_id,
            "networkId": network_id,
            "status": "PENDING",
        },
    )
    plan(store, "incoming_invitation", invitation["id"], invitation)
    return {**invitation, "id": network_id}
