"""Customers, and what they owe."""

from __future__ import annotations

from typing import Any

from end_to_end.tour.data import ADDRESS, FILE
from end_to_end.tour.guide import Visitor

CUSTOMER: dict[str, Any] = {
    "name": "Tour Builders",
    "companyName": "Tour Builders Inc.",
    "contact": {"firstName": "Grace", "lastName": "Tour"},
    "email": "ap@tourbuilders.example",
    "phone": "2065550112",
    "fax": "2065550113",
    "description": "Builds houses",
    "invoiceCurrency": "USD",
    "accountType": "BUSINESS",
    "paymentTermId": "terms-30",
    "accountNumber": "C-17",
    "billingAddress": ADDRESS,
    "shippingAddress": ADDRESS,
}


async def customers(office: Visitor) -> str:
    """Make a customer with everything, and do everything there is to it."""
    made = await office("customers_create", **CUSTOMER)
    customer_id: str = made["id"]
    key = {"customerId": customer_id}
    await office("customers_get", **key)
    await office("customers_update", **key, description="Builds ships")
    await office("customers_archive", **key)
    await office("customers_restore", **key)
    await office.pages("customers_list")
    named = [{"field": "name", "op": "eq", "value": CUSTOMER["name"]}]
    await office("customers_list", filters=named)
    for name in ("order.pdf", "plan.pdf"):
        file = {"name": name, "file_base64": FILE}
        await office("customer_attachments_upload", **key, **file)
    await office.pages("customer_attachments_list", **key)
    return customer_id


async def invoices(office: Visitor, customer_id: str, booked: dict[str, str]) -> None:
    """Make an invoice with everything, sent and paid in part; do everything to it."""
    body = invoice_for(customer_id, booked)
    made = await office("invoices_create", **body)
    key = {"invoiceId": made["id"]}
    paid = {
        "customerId": customer_id,
        "paymentDate": "2026-11-23",
        "paymentType": "CHECK",
        "amount": 20,
        "description": "In part",
        "invoices": [{"id": made["id"], "amount": 20}],
    }
    await office("invoices_record_payment", **paid)
    await office("invoices_get", **key)
    [line] = made["invoiceLineItems"]
    lines = [{**body["invoiceLineItems"][0], "id": line["id"]}]
    await office("invoices_update", **key, **body | {"invoiceLineItems": lines})
    await office("invoices_replace", **key, **body)
    own = await office("auth_get_session")
    mail = {"replyTo": {"userId": own["userId"]}, "recipient": {"to": ["a@b.example"]}}
    await office("invoices_send", **key, **mail)
    await office("invoices_archive", **key)
    await office("invoices_restore", **key)
    await office.pages("invoices_list")
    its = [{"field": "customerId", "op": "eq", "value": customer_id}]
    await office("invoices_list", filters=its)
    for name in ("proof.pdf", "photo.pdf"):
        file = {"name": name, "file_base64": FILE}
        await office("invoice_attachments_upload", **key, **file)
    await office.pages("invoice_attachments_list", **key)


def invoice_for(customer_id: str, booked: dict[str, str]) -> dict[str, Any]:
    of_line = {
        name: key
        for name, key in booked.items()
        if name not in {"employeeId", "customerId"}
    }
    of_invoice = {
        name: key
        for name, key in of_line.items()
        if name not in {"chartOfAccountId", "itemId"}
    }
    return {
        "invoiceNumber": "TI-1",
        "invoiceDate": "2026-11-20",
        "dueDate": "2026-12-20",
        "customer": {"id": customer_id},
        "invoiceLineItems": [
            {
                "quantity": 2,
                "description": "Beams",
                "price": 60.25,
                "classifications": of_line,
            }
        ],
        "processingOptions": {"sendEmail": True},
        "payToChartOfAccountId": booked["chartOfAccountId"],
        "classifications": of_invoice,
        "creditAmount": 5,
        "salesTaxItemId": booked["itemId"],
        "enableCardPayment": True,
        "convenienceFee": {"percentage": 2.5},
    }
