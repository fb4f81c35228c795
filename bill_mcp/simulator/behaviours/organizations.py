"""Organizations: their legal data, their price plan, and the industries there are."""

from bill_mcp.simulator import assumed, ids
from bill_mcp.simulator.addresses import with_country_names
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.patching import merged
from bill_mcp.simulator.seeds.empty import (
    ORGANIZATION,
    PARTNER_ID,
    found_organization,
)
from bill_mcp.simulator.store import Store, Thing

INDUSTRIES = (
    "Accounting and bookkeeping",
    "Agriculture and forestry",
    "Architecture and engineering",
    "Construction",
    "Education",
    "Financial services",
    "Health care",
    "Hospitality and food services",
    "Information technology",
    "Insurance",
    "Legal services",
    "Lumber and building materials",
    "Manufacturing",
    "Marketing and advertising",
    "Non-profit",
    "Professional services",
    "Property management",
    "Real estate",
    "Retail trade",
    "Transportation and logistics",
    "Wholesale trade",
    "Other",
)
"""[assumed] Names of our choice; BILL's own list is not published."""

PRICE_PLAN: Thing = {
    "name": "PricePlan1",
    "monthlyPrice": 79.0,
    "allowTrial": True,
    "priceVariesPerUser": True,
    "planTerms": [
        {"type": "USER", "name": "User", "tier": 1, "quantity": 5, "price": 79.0},
        {"type": "USER", "name": "User", "tier": 2, "quantity": 10, "price": 69.0},
        {"type": "ACH", "name": "ACH payment", "tier": 1, "quantity": 1, "price": 0.59},
        {"type": "CHECK", "name": "Check", "tier": 1, "quantity": 1, "price": 1.99},
    ],
}
"""[assumed] One plan for all organizations, with prices of our choice."""


@behaviour("organizations_list_industries")
def list_industries(call: Call) -> Thing:
    return {"results": list(INDUSTRIES)}


@behaviour("organizations_get")
def get_organization(call: Call) -> Thing:
    return with_country_names(own_organization(call))


@behaviour("organizations_update")
def update_organization(call: Call) -> Thing:
    """Lay the given fields over the organization's data."""
    organization = own_organization(call)
    if organization.get("archived"):
        raise refusal("BDC_9001")
    require_known_industry(call.body)
    changes = merged(organization, call.body)
    options = changes.get("processingOptions", {})
    if options.get("mailingAddressSameAsPhysical"):
        changes["mailingAddress"] = changes.get("address")
    changes["updatedTime"] = call.world.stamp
    changed = call.world.change("organization", organization["id"], changes)
    return with_country_names(changed)


def require_known_industry(body: Thing) -> None:
    industry = body.get("industry")
    if assumed.INDUSTRIES_ARE_CHECKED and industry not in {None, *INDUSTRIES}:
        raise invalid(("industry", "must be a name of the list of industries"))


@behaviour("organizations_get_price_plan")
def get_price_plan(call: Call) -> Thing:
    own_organization(call)
    return {"id": ids.bill_id(call.world.state.seed, "price_plan", 1), **PRICE_PLAN}


def own_organization(call: Call) -> Thing:
    organization = call.world.get("organization", call.path["organizationId"])
    if organization is None or organization["id"] != call.organization_id:
        raise refusal("BDC_1205")
    return organization


@fixture("organization")
def make_organization(store: Store, organization_id: str, fields: Thing) -> Thing:
    """Add an organization with roles and accounts, and nobody in it."""
    name = f"Simulated Company {store.count('organization fixture')}"
    return found_organization(store, {**ORGANIZATION, "name": name, **fields})


@fixture("partner_organization")
def make_partner_organization(
    store: Store, organization_id: str, fields: Thing
) -> Thing:
    own = {"_partnerId": PARTNER_ID, **fields}
    return make_organization(store, organization_id, own)
