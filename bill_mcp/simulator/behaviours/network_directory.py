"""Who can be found in BILL's network and among the national vendors (RPPS)."""

import re
from collections.abc import Mapping
from typing import Any

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.fixtures import fixture
from bill_mcp.simulator.store import Store, Thing

NETWORKS = ("BILL", "RPPS")
PNI_LENGTH = 16
"""[assumed] A payment network id is this many digits; national vendors have 0rv ids."""


@behaviour("network_search")
def search(call: Call) -> Thing:
    """Find by name: whole words in the BILL network, parts of it among RPPS."""
    scope = call.query.get("scope", assumed.NETWORK_SCOPE)
    networks = NETWORKS if scope == "ALL" else (scope,)
    found = [
        each
        for each in call.world.rows("network_organization")
        if each["type"] in networks and not each["private"] and fits(each, call.query)
    ]
    return {"results": found}


def fits(organization: Thing, query: Mapping[str, Any]) -> bool:
    if not has_name(organization, query["name"]):
        return False
    if code := query.get("zipOrPostalCode"):
        codes = {each.get("zipOrPostalCode") for each in organization["addresses"]}
        if code not in codes:
            return False
    number, pattern = query.get("accountNumber"), organization.get("accountPattern")
    if number and pattern and organization["type"] == "RPPS":
        return re.fullmatch(pattern, number) is not None
    return True


def has_name(organization: Thing, wanted: str) -> bool:
    name, wanted = organization["name"].lower(), wanted.lower()
    if organization["type"] == "RPPS":
        return wanted.strip() in name
    return set(words(wanted)) <= set(words(name)) and bool(words(wanted))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@fixture("network_organization")
def make_network_organization(
    store: Store, organization_id: str, fields: Thing
) -> Thing:
    """Add an organization to the directory that all organizations search.

    Its ``type`` is BILL or RPPS. ``autoConnect`` connects without being asked,
    ``answersAfterHours`` says when a pending invitation is accepted (default: never),
    ``private`` is never found, and ``accountPattern`` is what customer numbers of a
    national vendor look like.

    Raises:
        ValueError: the type is another.
    """
    kind = fields.get("type", "BILL")
    if kind not in NETWORKS:
        raise ValueError(f"type is one of {', '.join(NETWORKS)}")
    if kind == "RPPS":
        key = store.new_id("network_organization")
    else:
        key = store.text("payment network id", "0123456789", PNI_LENGTH)
    number = store.count("network organization fixture")
    defaults = {
        "name": f"Network Company {number}",
        "type": kind,
        "addresses": [],
        "private": False,
        "autoConnect": False,
    }
    return store.add("network_organization", {**defaults, **fields}, key=key)
