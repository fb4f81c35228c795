"""Vendors: who gets paid, and how."""

from __future__ import annotations

from typing import Any

from end_to_end.tour.data import ACCOUNT, ADDRESS, FILE, PURPOSE
from end_to_end.tour.guide import Guide, Visitor

VENDOR: dict[str, Any] = {
    "name": "Tour Lumber",
    "shortName": "TL",
    "accountNumber": "4711",
    "accountType": "BUSINESS",
    "email": "ar@tourlumber.example",
    "phone": "2065550111",
    "address": ADDRESS,
    "additionalInfo": {
        "taxId": "12-3456789",
        "taxIdType": "EIN",
        "track1099": True,
        "leadTimeInDays": 2,
        "combinePayments": False,
        "paymentTermId": "terms-30",
        "companyName": "Tour Lumber LLC",
    },
    "billCurrency": "USD",
}
HOW = {
    "payeeName": "Tour Lumber LLC",
    "email": "remit@tourlumber.example",
    "paymentPurpose": PURPOSE,
}
VIRTUAL_CARD = {
    "status": "ENROLLED",
    "remitEmail": "cards@tourlumber.example",
    "enrollDate": "2026-10-01",
    "declineDate": "2026-09-01",
    "alternatePayByType": "ACH",
}


async def perform(guide: Guide, office: Visitor, account_id: str) -> None:
    """Make a vendor with everything, and do everything there is to it."""
    auto_pay = {
        "enabled": True,
        "bankAccountId": account_id,
        "maxAmount": 5,
        "daysBeforeDueDate": 3,
    }
    made = await office(
        "vendors_create",
        **VENDOR,
        paymentInformation={**HOW, "bankAccount": ACCOUNT},
        autoPay=auto_pay,
    )
    key = made["id"]
    await guide.patch(
        key,
        rppsId="8800417",
        paymentInformation__virtualCard=VIRTUAL_CARD,
        paymentInformation__lastPaymentDate="2026-11-02",
    )
    await office("vendors_get", vendorId=key)
    await office("vendors_update", vendorId=key, name="Tour Lumber Mill")
    await office("vendors_archive", vendorId=key)
    await office("vendors_restore", vendorId=key)
    await office.pages("vendors_list")
    named = [{"field": "name", "op": "eq", "value": "Tour Lumber Mill"}]
    await office("vendors_list", filters=named)
    await office("vendors_get_configuration", vendorId=key)
    await office("reports_get_vendor_audit_trail", vendorId=key, max=20)
    for name in ("contract.pdf", "terms.pdf"):
        file = {"name": name, "file_base64": FILE}
        await office("vendor_attachments_upload", vendorId=key, **file)
    [attached, _] = await office.pages("vendor_attachments_list", vendorId=key)
    await office("attachments_get", attachmentId=attached["id"])
    await bank_account(office)
    await abroad(office)


async def bank_account(office: Visitor) -> None:
    key = (await office("vendors_create", name="Tour Mill", address=ADDRESS))["id"]
    await office("vendors_create_bank_account", vendorId=key, **ACCOUNT)
    await office("vendors_get_bank_account", vendorId=key)
    await office("vendors_delete_bank_account", vendorId=key)


async def abroad(office: Visitor) -> None:
    """Ask what vendors in a country need that wants fields and a purpose."""
    address = {**ADDRESS, "country": "IN", "stateOrProvince": "KA"}
    country = {"country": "IN", "billCurrency": "INR", "accountType": "BUSINESS"}
    await office("vendors_get_international_payments_config", **country)
    made = await office("vendors_create", name="Tour Exports", address=address)
    await office("vendors_get_configuration", vendorId=made["id"])
