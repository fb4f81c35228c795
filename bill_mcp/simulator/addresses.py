"""Addresses as BILL shows them: with the country's name beside its code."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.store import Thing

FIELDS = ("address", "mailingAddress", "billingAddress", "shippingAddress")


def with_country_names(thing: Thing) -> Thing:
    """Return the object with ``countryName`` in its addresses, where it is known."""
    named = {
        name: {**thing[name], "countryName": assumed.COUNTRY_NAMES[code]}
        for name in FIELDS
        if (code := (thing.get(name) or {}).get("country")) in assumed.COUNTRY_NAMES
    }
    return {**thing, **named}
