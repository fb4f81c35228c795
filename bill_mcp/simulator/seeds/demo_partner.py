"""More clients of the demo's partner, each with somebody to sign in as."""

from typing import TYPE_CHECKING

from bill_mcp.simulator import credentials
from bill_mcp.simulator.seeds.empty import PARTNER_ID, PARTNER_NAME, found_organization
from bill_mcp.simulator.sign_in_data import add_user
from bill_mcp.simulator.store import Thing

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

CLIENTS: tuple[tuple[Thing, tuple[str, str]], ...] = (
    (
        {
            "name": "Harborline Catering LLC",
            "address": {
                "line1": "77 S Washington Street",
                "city": "Seattle",
                "stateOrProvince": "WA",
                "zipOrPostalCode": "98104",
                "country": "US",
                "countryName": "United States",
            },
            "phone": "2065550611",
            "taxId": "84-2290117",
            "taxIdType": "EIN",
            "industry": "Hospitality and food services",
            "businessCategory": "LLC",
            "accountType": "BUSINESS",
        },
        ("Mina", "Solberg"),
    ),
    (
        {
            "name": "Juniper & Oak Design",
            "address": {
                "line1": "3102 N Mason Avenue",
                "city": "Tacoma",
                "stateOrProvince": "WA",
                "zipOrPostalCode": "98407",
                "country": "US",
            },
            "phone": "2535550627",
            "companyOwner": {"name": "Cleo Adair", "dateOfBirth": "1981-11-30"},
            "industry": "Architecture and engineering",
            "businessCategory": "INDIVIDUAL",
            "accountType": "PERSON",
            "processingOptions": {
                "mailingAddressSameAsPhysical": False,
                "individualTransferIn": True,
                "individualTransferOut": True,
            },
        },
        ("Cleo", "Adair"),
    ),
)


def plant_partner(world: "World") -> None:
    """Add them; their administrators sign in with the well-known password."""
    for fields, (first, last) in CLIENTS:
        own = {
            "mailingAddress": fields["address"],
            "partnerName": PARTNER_NAME,
            "_partnerId": PARTNER_ID,
        }
        organization = found_organization(world, {**fields, **own})
        email = f"{first}.{last}@{last}.example".lower()
        person = {
            "_username": email,
            "_password": credentials.PASSWORD,
            "firstName": first,
            "lastName": last,
            "email": email,
        }
        add_user(world, organization["id"], person, "ADMINISTRATOR")
