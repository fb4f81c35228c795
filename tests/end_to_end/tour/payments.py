"""Payments, by every rail there is: made, cancelled, sent, voided, cashed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from end_to_end.tour.data import ABROAD, ACCOUNT, ADDRESS, PURPOSE
from end_to_end.tour.guide import Guide, Visitor

MAIL = {"email": "remit@tour.example"}
ISSUE_DAYS, CASH_DAYS = 5, 20
"""From the demo's Monday until all is sent, and then until checks are cashed."""


class Cashier:
    """Makes vendors, bills and payments of them."""

    def __init__(self, guide: Guide, office: Visitor, bank: str, card: str) -> None:
        self.guide = guide
        self.office = office
        self.bank = {"type": "BANK_ACCOUNT", "id": bank}
        self.card = {"type": "CARD_ACCOUNT", "id": card}
        self.numbers: Iterator[int] = count(1)

    async def vendors(self) -> dict[str, str]:
        """Make one vendor for each way of paying."""
        mail = {"paymentInformation": MAIL}
        account = {"paymentInformation": {**MAIL, "bankAccount": ACCOUNT}}
        made = {
            "CHECK": await self.vendor("CHECK", **mail),
            "ACH": await self.vendor("ACH", **account),
            "RPPS": await self.vendor("RPPS", **mail),
            "INTERNATIONAL": await self.vendor(
                "INTERNATIONAL", address=ABROAD, billCurrency="EUR", **account
            ),
            "VIRTUAL_CARD": await self.vendor("VIRTUAL_CARD", **mail),
            "WALLET": await self.vendor("WALLET", **mail),
        }
        for kind in ("VIRTUAL_CARD", "WALLET"):
            await self.guide.patch(made[kind], paymentInformation__payByType=kind)
        search = {"name": "Continental Wireless", "scope": "RPPS"}
        [national] = (await self.office("network_search", **search))["results"]
        await self.office(
            "network_invite_vendor",
            vendorId=made["RPPS"],
            networkId=national["id"],
            networkType="RPPS",
        )
        return made

    async def vendor(self, name: str, **more: Any) -> str:
        body = {"name": f"Tour {name}", "address": ADDRESS, **more}
        key: str = (await self.office("vendors_create", **body))["id"]
        return key

    async def bill(self, vendor_id: str) -> str:
        number = f"P-{next(self.numbers)}"
        made = await self.office(
            "bills_create",
            vendorId=vendor_id,
            dueDate="2026-12-15",
            invoice={"invoiceNumber": number, "invoiceDate": "2026-11-15"},
            billLineItems=[{"amount": 102}],
        )
        key: str = made["id"]
        return key

    async def pay(self, vendor_id: str, **more: Any) -> str:
        """Pay the vendor with what makes its own bill; return the payment."""
        made = await self.office(
            "payments_create",
            vendorId=vendor_id,
            amount=40.5 + next(self.numbers),  # or it would be the same payment
            fundingAccount=self.bank,
            processingOptions={"createBill": True},
            **more,
        )
        key: str = made["id"]
        return key

    async def pay_with_everything(self, vendor_id: str) -> str:
        """Pay a bill by card, with a credit and all that a payment can say."""
        credit = await self.guide.fixture("vendor_credit", vendorId=vendor_id)
        made = await self.office(
            "payments_create",
            vendorId=vendor_id,
            billId=await self.bill(vendor_id),
            amount=40.5,
            description="In part",
            processDate="2026-11-24",
            fundingAccount=self.card,
            processingOptions={
                "requestPayFaster": True,
                "requestCheckDeliveryType": "UPS_2DAY",
            },
            paymentPurpose=PURPOSE,
            transactionNumber=f"TOUR{next(self.numbers)}",
            cardFundingPurpose="Inventory",
            vendorCredits=[{"id": credit["id"], "amount": 10}],
        )
        key: str = made["id"]
        return key

    async def pay_many(self, vendor_id: str) -> None:
        bills = [await self.bill(vendor_id) for _ in range(2)]
        await self.office(
            "payments_create_bulk",
            vendorId=vendor_id,
            description="Both",
            processDate="2026-11-24",
            fundingAccount=self.card,
            processingOptions={
                "requestPayFaster": True,
                "requestCheckDeliveryType": "UPS_2DAY",
            },
            transactionNumber=f"TOUR{next(self.numbers)}",
            cardFundingPurpose="Inventory",
            payments=[{"billId": key, "amount": 51} for key in bills],
        )


async def perform(guide: Guide, office: Visitor, bank: str, card: str) -> None:
    """Pay by each rail, cancel some, void some, and let a check be cashed."""
    cashier = Cashier(guide, office, bank, card)
    vendors = await cashier.vendors()
    check = vendors["CHECK"]
    whole = [await cashier.pay_with_everything(check) for _ in range(2)]
    by_rail = {kind: await cashier.pay(key) for kind, key in vendors.items()}
    cashed = await cashier.pay(check)
    await cashier.pay_many(check)
    for key in (whole[0], await cashier.pay(check)):
        await office("payments_cancel", paymentId=key)
    await guide.pass_days(ISSUE_DAYS)
    rejected = "DISBURSEMENT_FAILED_VENDOR_BANK_REJECTED"
    await guide.patch(by_rail["ACH"], singleStatus=rejected)
    for key in (whole[1], *by_rail.values()):
        await office("payments_get", paymentId=key)
        void = {"type": "VOID_ONLY", "reason": "Never arrived"}
        await office("payments_void", paymentId=key, **void)
        await office("payments_get", paymentId=key)
    await office.pages("payments_list")
    its = [{"field": "vendorId", "op": "in", "value": list(vendors.values())}]
    await office("payments_list", filters=its, max=50)
    await guide.pass_days(CASH_DAYS)
    await office("payments_get_check_image", paymentId=cashed)
