"""What the organization pays from: bank accounts, card accounts, AP cards."""

from __future__ import annotations

from end_to_end.tour.data import ADDRESS
from end_to_end.tour.guide import Guide, Visitor

ACCOUNT = {
    "nameOnAccount": "Tour & Co.",
    "routingNumber": "322271627",
    "accountNumber": "9988776655",
    "type": "SAVINGS",
    "ownerType": "BUSINESS",
    "bankName": "Tour Savings",
    "accessToAdmins": True,
}


async def bank_accounts(office: Visitor, account_id: str) -> str:
    """Open one account and close it, and another that pays; return its id."""
    keys: list[dict[str, str]] = []
    for number in ("9988776655", "9988776656"):
        body = {**ACCOUNT, "accountNumber": number, "chartOfAccountId": account_id}
        made = await office("bank_accounts_create", **body)
        key = {"bankAccountId": made["id"]}
        await office("bank_accounts_verify", **key, depositAmount=0.5)
        changes = {"default": {"payables": True, "receivables": False}}
        await office("bank_accounts_update", **key, **changes)
        keys.append(key)
    own = await office("auth_get_session")
    [closed, kept] = keys
    await office("bank_accounts_get", **kept)
    await office("bank_accounts_archive", **closed)
    await office.pages("bank_accounts_list")
    newest = [{"field": "createdTime", "order": "desc"}]
    await office("bank_accounts_list", sort=newest, max=3)
    [_, other] = await office.pages("users_list")
    assert other["id"] != own["userId"]
    await office("bank_account_users_nominate", userId=other["id"], **kept)
    await office.pages("bank_account_users_list")
    its = [{"field": "bankAccountId", "op": "eq", "value": closed["bankAccountId"]}]
    [user] = (await office("bank_account_users_list", filters=its))["results"]
    await office("bank_account_users_archive", bankAccountUserId=user["id"])
    return kept["bankAccountId"]


async def cards(guide: Guide, office: Visitor) -> str:
    """Look at cards, of which one cannot pay; return the one that can."""
    own = await office("auth_get_session")
    about = {"default": {"payables": True}, "createdBy": own["userId"]}
    card = await guide.fixture("card_account", **about)
    await guide.fixture("card_account", status="INACTIVE")
    await guide.fixture("ap_card")
    promotion = {
        "startDate": "2026-11-01T00:00:00.000+00:00",
        "endDate": "2027-12-01T00:00:00.000+00:00",
        "creditCardRate": 1.9,
        "debitCardRate": 0.9,
    }
    await guide.patch(own["organizationId"], _cardPromotion=promotion)
    key: str = card["id"]
    await office("card_accounts_list", cardUserStatus="VERIFIED")
    await office("card_accounts_get", cardAccountId=key)
    await office.pages("card_account_users_list")
    await office("ap_cards_list")
    await office("funding_accounts_get_permissions")
    return key


async def purposes(office: Visitor, card_id: str) -> None:
    """Pay with the card, since BILL then tells what it was paid for last."""
    vendor = await office("vendors_create", name="Tour Ads", address=ADDRESS)
    asked = {"vendorId": vendor["id"], "brand": "VISA"}
    told = await office("card_accounts_list_funding_purposes", **asked)
    await office(
        "payments_create",
        vendorId=vendor["id"],
        amount=12,
        fundingAccount={"type": "CARD_ACCOUNT", "id": card_id},
        processingOptions={"createBill": True},
        cardFundingPurpose=told["results"][0]["subCategories"][0],
    )
    await office("card_accounts_list_funding_purposes", **asked)
    await office("payments_list_options", vendorId=vendor["id"], amount=10)
