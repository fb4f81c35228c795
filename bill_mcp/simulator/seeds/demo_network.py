"""The network of the seed ``demo``: members, national vendors, and open invitations."""

from typing import TYPE_CHECKING

from bill_mcp.simulator import credentials
from bill_mcp.simulator.behaviours.network import make_incoming_invitation
from bill_mcp.simulator.behaviours.network_directory import make_network_organization
from bill_mcp.simulator.seeds.administrator import administrator, vendor_named
from bill_mcp.simulator.store import Thing

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

Place = tuple[str, str, str, str]

MEMBERS: tuple[tuple[str, Place, str, Thing], ...] = (
    # name, line1, city, state, ZIP, domain, more
    (
        "Cascade Freight Lines",
        ("4410 Marginal Way S", "Seattle", "WA", "98134"),
        "cascadefreight.example",
        {"answersAfterHours": 26},
    ),
    (
        "Cascade Freight Logistics LLC",
        ("880 NE Columbia Blvd", "Portland", "OR", "97211"),
        "cascadelogistics.example",
        {},
    ),
    (
        "Cascade Freight Brokers",
        ("61 Dock Street", "Tacoma", "WA", "98402"),
        "cascadebrokers.example",
        {},
    ),
    (
        "Evergreen Sawmill Co-op",
        ("12900 Mill Road", "Forks", "WA", "98331"),
        "evergreensawmill.example",
        {"autoConnect": True},
    ),
    (
        "Blue Mountain Timberlands",
        ("3025 Isaacs Avenue", "Walla Walla", "WA", "99362"),
        "bluemtntimber.example",
        {"answersAfterHours": 3},
    ),
    (
        "Quick Copy Print Shop",
        ("112 Broadway E", "Seattle", "WA", "98102"),
        "quickcopy.example",
        {},
    ),
    (
        "Sound Insurance Brokers",
        ("1201 Third Avenue", "Seattle", "WA", "98101"),
        "soundinsurance.example",
        {"private": True},
    ),
)

NATIONAL_VENDORS = (
    # name, box, city, state, ZIP, what customer numbers look like
    ("Puget Power & Light", "PO Box 91269", "Bellevue", "WA", "98009", r"\d{12}"),
    (
        "Emerald City Water District",
        "PO Box 35177",
        "Seattle",
        "WA",
        "98124",
        r"\d{10}",
    ),
    ("NorthSound Telecom", "PO Box 4400", "Everett", "WA", "98206", r"\d{9}"),
    ("Continental Wireless", "PO Box 660108", "Dallas", "TX", "75266", r"\d{9}-\d{5}"),
    (
        "Continental Gas & Electric",
        "PO Box 997300",
        "Sacramento",
        "CA",
        "95899",
        r"\d{11}",
    ),
)

SENDER: Thing = {
    "name": "Rainier Pallet Works",
    "addresses": [
        {
            "line1": "2700 16th Avenue SW",
            "line2": "Building 4",
            "city": "Seattle",
            "stateOrProvince": "WA",
            "zipOrPostalCode": "98134",
            "country": "US",
        }
    ],
    "managedBy": {
        "name": "Olga Brandt",
        "email": "office@rainierpallet.example",
        "emailDomain": "rainierpallet.example",
    },
}


def plant_network(world: "World") -> None:
    """Fill the directory; one invitation of ours is open, and one to us."""
    own = credentials.ORGANIZATION_ID
    ids = {}
    for name, (line1, city, state, code), domain, more in MEMBERS:
        fields = {
            "name": name,
            "addresses": [address(line1, city, state, code)],
            "managedBy": {
                "name": name,
                "email": f"accounts@{domain}",
                "emailDomain": domain,
            },
            **more,
        }
        ids[name] = make_network_organization(world, own, fields)["id"]
    for name, line1, city, state, code, pattern in NATIONAL_VENDORS:
        fields = {
            "type": "RPPS",
            "name": name,
            "addresses": [address(line1, city, state, code)],
            "accountPattern": pattern,
        }
        make_network_organization(world, own, fields)
    make_incoming_invitation(world, own, SENDER)
    invited = "Quick Copy Print Shop"
    vendor_id = vendor_named(world, invited)
    if vendor_id is not None:
        with administrator(world) as do:
            wish = {"networkId": ids[invited], "networkType": "BILL"}
            do("network_invite_vendor", wish, vendorId=vendor_id)


def address(line1: str, city: str, state: str, code: str) -> Thing:
    return {
        "line1": line1,
        "city": city,
        "stateOrProvince": state,
        "zipOrPostalCode": code,
        "country": "US",
    }
