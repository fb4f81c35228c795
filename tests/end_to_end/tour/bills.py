"""Bills, their documents, and bills that recur."""

from __future__ import annotations

from typing import Any

from end_to_end.tour.data import ADDRESS, FILE
from end_to_end.tour.guide import Guide, Visitor

APPROVERS = [
    {
        "userId": "00601DEMOADMINSd7Ls2",
        "status": "APPROVED",
        "approverOrder": 0,
        "statusChangedTime": "2026-11-20T10:00:00.000+00:00",
    }
]


def bill_for(vendor_id: str, number: str, booked: dict[str, str]) -> dict[str, Any]:
    """Return a body with everything; *booked* is what its line is booked on."""
    of_bill = {
        name: key
        for name, key in booked.items()
        if name not in {"employeeId", "jobId", "customerId"}
    }
    return {
        "vendorId": vendor_id,
        "description": "Boards",
        "dueDate": "2026-12-15",
        "invoice": {"invoiceNumber": number, "invoiceDate": "2026-11-15"},
        "billLineItems": [
            {
                "quantity": 4,
                "price": 25.5,
                "description": "Cedar",
                "classifications": booked,
            }
        ],
        "payFromChartOfAccountId": booked["chartOfAccountId"],
        "classifications": of_bill,
        "purchaseOrderNumber": "PO-17",
    }


async def perform(guide: Guide, office: Visitor, booked: dict[str, str]) -> None:
    """Make a bill with everything, and do everything there is to it."""
    vendor = await office("vendors_create", name="Tour Boards", address=ADDRESS)
    body = bill_for(vendor["id"], "T-1", booked)
    made = await office("bills_create", **body, billApprovals=True)
    key = made["id"]
    await guide.patch(key, approvers=APPROVERS)
    await office("bills_get", billId=key)
    [line] = made["billLineItems"]
    changes = {
        **body,
        "billLineItems": [{**body["billLineItems"][0], "id": line["id"]}],
    }
    await office("bills_update", billId=key, **changes, billApprovals=True)
    await office("bills_replace", billId=key, **body, billApprovals=True)
    await office("bills_archive", billId=key)
    await office("bills_restore", billId=key)
    await office.pages("bills_list")
    its = [{"field": "vendorId", "op": "eq", "value": vendor["id"]}]
    await office("bills_list", filters=its)
    await documents(guide, office, key)
    await recurring(guide, office, vendor["id"], booked)


async def documents(guide: Guide, office: Visitor, bill_id: str) -> None:
    """Upload one document that takes its time, and one that is there at once."""
    file = {"billId": bill_id, "name": "scan.pdf", "file_base64": FILE}
    upload = await office("bill_documents_upload", **file)
    await office("documents_get_upload_status", ids=[upload["id"]])
    await guide.pass_days(20 / 86_400)
    await office("documents_get_upload_status", ids=[upload["id"]])
    await guide.patch("settings", documentDelaySeconds=0)
    await office("bill_documents_upload", **file | {"name": "scan 2.pdf"})
    [document, _] = await office.pages("bill_documents_list", billId=bill_id)
    await office("documents_get", documentId=document["id"])


async def recurring(
    guide: Guide, office: Visitor, vendor_id: str, booked: dict[str, str]
) -> None:
    account = await guide.fixture("bank_account")
    line = {
        "amount": 30.25,
        "description": "Rent",
        "classifications": {
            name: key for name, key in booked.items() if name != "customerId"
        },
    }
    body: dict[str, Any] = {
        "vendorId": vendor_id,
        "description": "Yard",
        "schedule": {
            "period": "MONTHLY",
            "frequency": 1,
            "nextDueDate": "2027-01-31",
            "endDate": "2027-12-31",
            "daysInAdvance": 5,
        },
        "recurringBillLineItems": [line],
        "processingOptions": {"autoPayment": True},
        "paymentInformation": {"bankAccountId": account["id"]},
    }
    made = await office("recurring_bills_create", **body)
    key = {"recurringBillId": made["id"]}
    await office("recurring_bills_get", **key)
    await office("recurring_bills_update", **key, description="Yard and office")
    await office("recurring_bills_replace", **key, **body)
    await office("recurring_bills_archive", **key)
    await office("recurring_bills_restore", **key)
    await office.pages("recurring_bills_list")
    its = [{"field": "vendorId", "op": "eq", "value": vendor_id}]
    await office("recurring_bills_list", filters=its)
