"""The organizations that a partner made and looks after."""

from bill_mcp.simulator.addresses import with_country_names
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.behaviours.organizations import require_known_industry
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.filters import boolean, ident
from bill_mcp.simulator.lists import Listing, page
from bill_mcp.simulator.seeds.empty import PARTNER_NAME, found_organization
from bill_mcp.simulator.store import Thing

ORGANIZATIONS = Listing("organization", {"id": ident(), "archived": boolean()})


@behaviour("partner_organizations_list")
def list_organizations(call: Call) -> Thing:
    own = call.world.where("organization", "_partnerId", call.organization_id)
    return page(call, ORGANIZATIONS, rows=own, present=with_country_names)


@behaviour("partner_organizations_create")
def create_organization(call: Call) -> Thing:
    """Add an organization; two may have one name.

    Nobody is in it, and no action adds a first user: a fixture does.
    """
    body = call.body
    require_known_industry(body)
    fields = {
        "accountType": "NONE",
        **body,
        "partnerName": PARTNER_NAME,
        "_partnerId": call.organization_id,
    }
    if body.get("processingOptions", {}).get("mailingAddressSameAsPhysical"):
        fields["mailingAddress"] = body["address"]
    return with_country_names(found_organization(call.world, fields))
