from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
DAY = 86_400
ADDRESS = {
    "line1": "1 Pier",
    "line2": "Floor 2",
    "city": "Seattle",
    "stateOrProvince": "WA",
    "zipOrPostalCode": "98101",
    "country": "US",
}
MANAGER = {"name": "Jo Lee", "email": "jo@acme.example", "emailDomain": "acme.example"}


async def member(bill: Any, **fields: Any) -> str:
    whole = {"name": "Acme Paper Supply", "addresses": [ADDRESS], **fields}
    wish = {"type": "network_organization", "fields": whole}
    made: str = (await bill.control("POST", "/fixtures", [wish]))[0]["id"]
    return made


async def invite(
    bill: Any, party: str, network_id: str, network_type: str = "BILL"
) -> Any:
    body = {"networkId": network_id, "networkType": network_type}
    return await bill.ask("POST", f"/network/invitation/{party}", body)


async def status(bill: Any, party: str) -> str:
    found: str = (await bill.get(f"/network/invitation/{party}"))["status"]
    return found


async def how_paid(bill: Any, vendor: Any) -> tuple[str, str, str]:
    found = await bill.get(f"/vendors/{vendor['id']}")
    information = found["paymentInformation"]
    return found["networkStatus"], information["payByType"], found["bankAccountStatus"]


async def names(bill: Any, **query: str) -> list[str]:
    return [row["name"] for row in (await bill.get("/network", **query))["results"]]


def customer(bill: Any) -> str:
    session = bill.world.get("session", bill.headers["sessionId"])
    own = {"_organizationId": session["organizationId"], "archived": False}
    made: str = bill.world.add("customer", {**own, "name": "Buyer"})["id"]
    return made


# --- searching


async def test_the_bill_network_is_searched_by_whole_words(bill: Any) -> None:
    key = await member(bill, managedBy=MANAGER)
    assert await names(bill, name="paper ACME") == ["Acme Paper Supply"]
    assert await names(bill, name="pape") == []
    assert (await bill.ask("GET", "/network", name="ac")).status_code == 400
    assert (await bill.ask("GET", "/network")).status_code == 400
    assert (await bill.get("/network", name="acme", scope="BILL"))["results"] == [
        {
            "id": key,
            "name": "Acme Paper Supply",
            "type": "BILL",
            "addresses": [ADDRESS],
            "managedBy": MANAGER,
        }
    ]


async def test_national_vendors_are_found_by_parts_of_the_name(bill: Any) -> None:
    key = await member(bill, type="RPPS", name="Puget Power", accountPattern="[0-9]{6}")
    assert key.startswith("0rv")
    assert await names(bill, name="get Pow", scope="RPPS") == ["Puget Power"]
    assert await names(bill, name="get Pow") == ["Puget Power"]
    assert await names(bill, name="Puget", scope="BILL") == []
    assert await names(bill, name="Puget", accountNumber="123456") == ["Puget Power"]
    assert await names(bill, name="Puget", accountNumber="12-3456") == []


async def test_a_zip_code_narrows_and_private_members_stay_hidden(bill: Any) -> None:
    await member(bill)
    await member(bill, name="Acme Stone", private=True)
    assert await names(bill, name="acme", zipOrPostalCode="98101") == [
        "Acme Paper Supply"
    ]
    assert await names(bill, name="acme", zipOrPostalCode="10001") == []


# --- inviting


async def test_a_member_that_connects_by_itself_is_paid_through_the_network(
    bill: Any,
) -> None:
    vendor = await bill.vendor()
    party = f"vendor/{vendor['id']}"
    assert await bill.get(f"/network/invitation/{party}") == {
        "id": vendor["id"],
        "status": "NOT_CONNECTED",
    }
    key = await member(bill, autoConnect=True)
    answer = await invite(bill, party, key)
    assert (answer.status_code, answer.content) == (200, b"")
    assert await bill.get(f"/network/invitation/{party}") == {
        "id": vendor["id"],
        "status": "CONNECTED",
        "networkId": key,
    }
    paid = ("CONNECTED", "ACH", "NET_LINKED_ACCOUNT")
    assert await how_paid(bill, vendor) == paid


async def test_an_invitation_waits_and_expires_after_60_days(bill: Any) -> None:
    vendor = await bill.vendor()
    party = f"vendor/{vendor['id']}"
    await invite(bill, party, await member(bill))
    assert await how_paid(bill, vendor) == ("PENDING", "CHECK", "NO_ACCOUNT")
    await bill.pass_time(advance_s=60 * DAY - 1)
    assert await status(bill, party) == "PENDING"
    await bill.pass_time(advance_s=1)
    assert await status(bill, party) == "NOT_CONNECTED"
    assert (await how_paid(bill, vendor))[0] == "NOT_CONNECTED"
    assert (await invite(bill, party, await member(bill))).status_code == 200


async def test_a_member_may_answer_after_some_hours(bill: Any) -> None:
    vendor = await bill.vendor()
    await invite(
        bill, f"vendor/{vendor['id']}", await member(bill, answersAfterHours=5)
    )
    await bill.pass_time(advance_s=5 * 3600 - 1)
    assert (await how_paid(bill, vendor))[0] == "PENDING"
    await bill.pass_time(advance_s=1)
    paid = ("CONNECTED", "ACH", "NET_LINKED_ACCOUNT")
    assert await how_paid(bill, vendor) == paid


async def test_the_other_side_accepts_by_a_patch_of_the_vendor(bill: Any) -> None:
    vendor = await bill.vendor()
    party = f"vendor/{vendor['id']}"
    await invite(bill, party, await member(bill))
    fields = {"networkStatus": "CONNECTED"}
    await bill.control("PATCH", f"/objects/{vendor['id']}", {"fields": fields})
    assert await status(bill, party) == "CONNECTED"
    paid = ("CONNECTED", "ACH", "NET_LINKED_ACCOUNT")
    assert await how_paid(bill, vendor) == paid
    await bill.pass_time(advance_s=61 * DAY)
    assert await status(bill, party) == "CONNECTED"


async def test_a_national_vendor_is_connected_at_once(bill: Any) -> None:
    vendor = await bill.vendor()
    key = await member(bill, type="RPPS")
    await invite(bill, f"vendor/{vendor['id']}", key, "RPPS")
    found = await bill.get(f"/vendors/{vendor['id']}")
    assert (found["networkStatus"], found["rppsId"]) == ("CONNECTED_RPPS", key)
    assert found["paymentInformation"]["payByType"] == "RPPS"
    due = await bill.bill(vendor["id"])
    assert (await bill.pay(due, 100))["disbursementType"] == "RPPS"


async def test_a_second_invitation_needs_the_first_to_be_deleted(
    bill: Any, refused: Refused
) -> None:
    vendor = await bill.vendor()
    party, key = f"vendor/{vendor['id']}", await member(bill)
    await invite(bill, party, key)
    assert refused(await invite(bill, party, key)) == (422, "BDC_9012")
    account = {"accountNumber": "111222333", "routingNumber": "074000010"}
    path = f"/vendors/{vendor['id']}/bank-account"
    assert refused(await bill.ask("POST", path, account)) == (422, "BDC_1233")
    answer = await bill.ask("DELETE", f"/network/invitation/{party}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await how_paid(bill, vendor))[0] == "NOT_CONNECTED"
    assert (await invite(bill, party, key)).status_code == 200


async def test_wrong_invitations_are_refused(bill: Any, refused: Refused) -> None:
    vendor = await bill.vendor()
    party, key = f"vendor/{vendor['id']}", await member(bill)
    assert refused(await invite(bill, party, "0rv01NOBODY")) == (404, "BDC_1205")
    assert refused(await invite(bill, party, key, "RPPS")) == (404, "BDC_1205")
    assert (await invite(bill, party, key, "OTHER")).status_code == 400
    assert refused(await invite(bill, "vendor/x", key)) == (404, "BDC_1205")
    buyer = f"customer/{customer(bill)}"
    national = await member(bill, type="RPPS")
    assert (await invite(bill, buyer, national, "RPPS")).status_code == 400
    await bill.post(f"/vendors/{vendor['id']}/archive")
    assert refused(await invite(bill, party, key)) == (422, "BDC_9001")


# --- ending


async def test_a_connection_with_payments_under_way_cannot_be_ended(
    bill: Any, refused: Refused
) -> None:
    vendor = await bill.vendor()
    path = f"/network/invitation/vendor/{vendor['id']}"
    key = await member(bill, autoConnect=True)
    await invite(bill, f"vendor/{vendor['id']}", key)
    payment = await bill.pay(await bill.bill(vendor["id"]), 100)
    assert refused(await bill.ask("DELETE", path)) == (422, "BDC_9002")
    await bill.post(f"/payments/{payment['id']}/cancel")
    assert (await bill.ask("DELETE", path)).status_code == 200
    assert await how_paid(bill, vendor) == ("NOT_CONNECTED", "CHECK", "NO_ACCOUNT")
    assert refused(await bill.ask("DELETE", path)) == (422, "BDC_9002")


async def test_after_the_end_the_vendors_own_account_is_used_again(bill: Any) -> None:
    vendor = await bill.paid_by_ach()
    key = await member(bill, autoConnect=True)
    await invite(bill, f"vendor/{vendor['id']}", key)
    await bill.ask("DELETE", f"/network/invitation/vendor/{vendor['id']}")
    paid = ("NOT_CONNECTED", "ACH", "NO_NET_LINKED_ACCOUNT")
    assert await how_paid(bill, vendor) == paid


async def test_a_vendor_linked_by_bills_staff_can_be_disconnected(bill: Any) -> None:
    vendor = await bill.vendor()
    bill.world.change(
        "vendor",
        vendor["id"],
        {"networkStatus": "CONNECTED_RPPS", "rppsId": "8800201"},
    )
    path = f"/network/invitation/vendor/{vendor['id']}"
    assert (await bill.get(path))["networkId"] == "8800201"
    assert (await bill.ask("DELETE", path)).status_code == 200
    assert "rppsId" not in await bill.get(f"/vendors/{vendor['id']}")


async def test_customers_are_invited_and_disconnected_too(
    bill: Any, refused: Refused
) -> None:
    buyer = customer(bill)
    party, key = f"customer/{buyer}", await member(bill, autoConnect=True)
    path = f"/network/invitation/{party}"
    assert await bill.get(path) == {"id": buyer, "status": "NOT_CONNECTED"}
    await invite(bill, party, key)
    told = {"id": buyer, "status": "CONNECTED", "networkId": key}
    assert await bill.get(path) == told
    own = bill.world.get("customer", buyer)["_organizationId"]
    charge = {"_organizationId": own, "customerId": buyer, "status": "SCHEDULED"}
    charge_id = bill.world.add("received_payment", charge)["id"]
    assert refused(await bill.ask("DELETE", path)) == (422, "BDC_9002")
    bill.world.change("received_payment", charge_id, {"status": "PAID"})
    assert (await bill.ask("DELETE", path)).status_code == 200
    assert await status(bill, party) == "NOT_CONNECTED"


# --- accepting


async def incoming(bill: Any, **fields: Any) -> str:
    whole = {
        "name": "Big Buyer",
        "addresses": [ADDRESS],
        "managedBy": MANAGER,
        **fields,
    }
    wish = {"type": "incoming_invitation", "fields": whole}
    made: str = (await bill.control("POST", "/fixtures", [wish]))[0]["id"]
    return made


async def accept(bill: Any, network_id: str, **more: Any) -> Any:
    body = {"networkId": network_id, "type": "VENDOR", **more}
    return await bill.ask("POST", "/network/invitation/accept", body)


async def test_accepting_connects_an_existing_vendor(
    bill: Any, refused: Refused
) -> None:
    vendor, key = await bill.vendor(), await incoming(bill)
    answer = await accept(bill, key, id=vendor["id"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert await status(bill, f"vendor/{vendor['id']}") == "CONNECTED"
    again = await accept(bill, key, name="Another")
    assert refused(again) == (422, "BDC_9002")


async def test_accepting_without_an_id_adds_a_vendor(bill: Any) -> None:
    await accept(bill, await incoming(bill), name="Paper Mill")
    [vendor] = (await bill.get("/vendors"))["results"]
    assert (vendor["name"], vendor["networkStatus"]) == ("Paper Mill", "CONNECTED")
    assert vendor["address"] == {**ADDRESS, "countryName": "United States"}


async def test_accepting_without_an_id_adds_a_customer(bill: Any) -> None:
    await accept(bill, await incoming(bill), type="CUSTOMER")
    [buyer] = (await bill.get("/customers"))["results"]
    assert (buyer["name"], buyer["email"]) == ("Big Buyer", MANAGER["email"])
    assert await status(bill, f"customer/{buyer['id']}") == "CONNECTED"


async def test_wrong_acceptances_are_refused(bill: Any, refused: Refused) -> None:
    vendor, key = await bill.vendor(), await incoming(bill)
    both = await accept(bill, key, id=vendor["id"], name="Two")
    assert both.status_code == 400
    assert refused(await accept(bill, "0000")) == (404, "BDC_1205")
    assert refused(await accept(bill, key, id="00901NOBODY")) == (404, "BDC_1205")
    [other] = await bill.control("POST", "/fixtures", [{"type": "organization"}])
    await bill.sign_in(organization=other["id"])
    assert refused(await accept(bill, key, name="New")) == (404, "BDC_1205")
    assert (await bill.get("/vendors"))["results"] == []


async def test_an_incoming_invitation_lapses_after_60_days(
    bill: Any, refused: Refused
) -> None:
    key = await incoming(bill, networkId=await member(bill))
    await bill.pass_time(advance_s=60 * DAY)
    assert refused(await accept(bill, key, name="Late")) == (422, "BDC_9002")
    wish = {"type": "incoming_invitation", "fields": {"networkId": "0000"}}
    response = await bill.http.post("/simulator/fixtures", json=[wish])
    assert response.status_code == 404


async def test_the_audit_trail_tells_of_a_new_connection(bill: Any) -> None:
    vendor = await bill.vendor()
    key = await member(bill, autoConnect=True)
    await invite(bill, f"vendor/{vendor['id']}", key)
    rows = await bill.get(f"/reports/audit-trail/vendor/{vendor['id']}")
    changed = {row["field"].get("name") for row in rows}
    assert {"networkStatus", "paymentInformation.payByType"} <= changed
