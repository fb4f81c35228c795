"""Connections in the network, and what a vendor's fields say about its connection."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import refusal
from bill_mcp.simulator.lifecycle import after_change, move
from bill_mcp.simulator.store import Store, Thing

CONNECTED = ("CONNECTED", "CONNECTED_RPPS")


def connection_of(store: Store, party: Thing) -> Thing:
    """Return the connection or invitation of a vendor or customer.

    Without one it is what the vendor's own fields say: BILL's staff may have set them.
    """
    found = store.where("network_connection", "_partyId", party["id"])
    if found:
        return found[-1]
    status = party.get("networkStatus", "NOT_CONNECTED")
    return {"status": status, "networkId": party.get("rppsId")}


def connect(
    call: Call, kind: str, party: Thing, network_id: str, status: str, **notes: object
) -> Thing:
    """Bring the vendor or customer (*kind*) into *status* with the organization.

    Raises:
        BillError: BDC_9012; there is a connection or an open invitation already.
    """
    earlier = connection_of(call.world, party)
    if earlier["status"] != "NOT_CONNECTED":
        raise refusal("BDC_9012", "Delete the connection or invitation first.")
    if "id" in earlier:
        call.world.put("network_connection", earlier["id"], None)
    fields = {
        "networkId": network_id,
        "status": "NOT_CONNECTED",
        "_partyId": party["id"],
        "_partyKind": kind,
        **notes,
    }
    connection = call.add("network_connection", fields)
    return move(call.world, "network_connection", connection["id"], status)


def disconnect(call: Call, kind: str, party: Thing) -> None:
    """End the connection or withdraw the invitation.

    Raises:
        BillError: BDC_9002; there is none, or payments are still under way.
    """
    connection = connection_of(call.world, party)
    if connection["status"] == "NOT_CONNECTED":
        raise refusal("BDC_9002", "There is no connection or invitation.")
    if connection["status"] in CONNECTED and pays_now(call.world, kind, party):
        raise refusal("BDC_9002", "Payments are scheduled or in process.")
    if "id" in connection:
        call.world.put("network_connection", connection["id"], None)
    if kind == "vendor":
        set_vendor(call.world, party, "NOT_CONNECTED", None)


def pays_now(store: Store, kind: str, party: Thing) -> bool:
    """Say whether a payment between the two is scheduled or in process."""
    if kind == "vendor":
        return any(
            payment["disbursementStatus"] == "IN_PROGRESS"
            for payment in store.where("payment", "vendorId", party["id"])
        )
    return any(
        payment.get("status") == "SCHEDULED"
        for payment in store.where("received_payment", "customerId", party["id"])
    )


@after_change("network_connection")
def after_answer(store: Store, before: Thing, after: Thing) -> Thing:
    """Let the vendor's fields follow; a customer has none that show a connection."""
    vendor = store.get("vendor", after["_partyId"])
    if vendor and before["status"] != after["status"]:
        set_vendor(store, vendor, after["status"], after["networkId"])
    return after


@after_change("vendor")
def after_patch(store: Store, before: Thing, after: Thing) -> Thing:
    """Let the connection follow when somebody sets a vendor's ``networkStatus``."""
    status = after["networkStatus"]
    if before["networkStatus"] == status:
        return after
    found = store.where("network_connection", "_partyId", after["id"])
    if found:
        store.change("network_connection", found[-1]["id"], {"status": status})
    network_id = found[-1]["networkId"] if found else after.get("rppsId")
    earlier = {**after, "networkStatus": before["networkStatus"]}
    now = set_vendor(store, earlier, status, network_id)
    if after["paymentInformation"] == before["paymentInformation"]:
        return now
    # How the vendor is paid was set as well; that counts more than what follows.
    asked = {"paymentInformation": after["paymentInformation"]}
    return store.change("vendor", after["id"], asked)


def set_vendor(
    store: Store, vendor: Thing, status: str, network_id: str | None
) -> Thing:
    """Set what of a vendor depends on its connection: how it is paid, and to where."""
    own_account = "_accountNumber" in vendor
    changes: Thing = {
        "networkStatus": status,
        "rppsId": network_id if status == "CONNECTED_RPPS" else None,
    }
    if status in CONNECTED:
        by, how = assumed.NETWORK_PAY_BY[status]
        changes |= pay_by(vendor, by, how)
        if status == "CONNECTED":
            changes["bankAccountStatus"] = "NET_LINKED_ACCOUNT"
    elif vendor["networkStatus"] in CONNECTED:
        changes |= pay_by(
            vendor, *(("ACH", "ACH") if own_account else ("CHECK", "NONE"))
        )
        changes["bankAccountStatus"] = (
            "NO_NET_LINKED_ACCOUNT" if own_account else "NO_ACCOUNT"
        )
    return store.change("vendor", vendor["id"], changes)


def pay_by(vendor: Thing, by: str, how: str) -> Thing:
    information = {
        **vendor["paymentInformation"],
        "payByType": by,
        "payBySubType": how,
    }
    return {"paymentInformation": information}
