"""Signing in, MFA, risk verification, the organization, its users, and partners."""

from __future__ import annotations

from end_to_end.tour.data import ADDRESS
from end_to_end.tour.guide import Guide, Visitor

ORGANIZATION = {
    "name": "Tour & Co.",
    "address": ADDRESS,
    "mailingAddress": ADDRESS,
    "phone": "2065550100",
    "companyOwner": {"name": "Grace Tour", "dateOfBirth": "1974-05-09"},
    "taxId": "12-3456789",
    "taxIdType": "EIN",
    "industry": "Construction",
    "businessCategory": "LLC",
    "accountType": "BUSINESS",
    "processingOptions": {
        "mailingAddressSameAsPhysical": False,
        "individualTransferOut": True,
        "individualTransferIn": True,
    },
}


async def sign_in(newcomer: Visitor) -> None:
    """Sign in without an MFA phone, and end up trusted."""
    await newcomer("auth_login")
    await newcomer("auth_get_session")
    await newcomer("mfa_setup_phone", phone="2065550123", type="TEXT", primary=True)
    await newcomer("mfa_validate_setup", type="TEXT", token="123456")
    await newcomer("mfa_list_phones")
    await newcomer("mfa_generate_challenge", useBackup=False)
    known = {"device": "tour", "machineName": "tour", "rememberMe": True}
    await newcomer("mfa_validate_challenge", token="123456", **known)
    await newcomer("mfa_step_up_session")
    await newcomer("risk_add_phone", phoneNumber="2065550123", phoneType="MOBILE")
    await newcomer("risk_get_phone_status")
    await newcomer("risk_initiate_verification")
    await newcomer("risk_get_verification")
    await newcomer("health_check")
    await newcomer("auth_logout")


async def manage(office: Visitor) -> None:
    """Change the organization, and who works in it."""
    own = (await office("auth_get_session"))["organizationId"]
    await office("organizations_get", organizationId=own)
    await office("organizations_update", organizationId=own, **ORGANIZATION)
    await office("organizations_get", organizationId=own)
    await office("organizations_get_price_plan", organizationId=own)
    await office("organizations_list_industries")
    [role, _] = await office.pages("roles_list")
    await office("roles_get", roleId=role["id"])
    person = {"firstName": "Grace", "lastName": "Tour", "email": "grace@tour.example"}
    made = await office(
        "users_create", roleId=role["id"], acceptTermsOfService=True, **person
    )
    await office("users_get", userId=made["id"])
    await office("users_update", userId=made["id"], lastName="Hopper")
    await office("users_archive", userId=made["id"])
    await office("users_restore", userId=made["id"])
    await office.pages("users_list")


async def look_after(guide: Guide, partner: Visitor) -> None:
    """Found an organization as a partner, and act as somebody in it."""
    await partner("partner_login")
    made = await partner("partner_organizations_create", **ORGANIZATION)
    await partner.pages("partner_organizations_list")
    newest = [{"field": "createdTime", "order": "desc"}]
    await partner("partner_organizations_list", sort=newest)
    user = await guide.fixture("user", organization=made["id"], role="ADMINISTRATOR")
    who = {"userId": user["id"], "organizationId": made["id"]}
    await partner("partner_login_as_user", **who)
