"""What paying a vendor abroad asks for."""

from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.store import Thing

PURPOSE_CODES = (
    ("GOODS", "Purchase of goods"),
    ("SERVICES", "Payment for services"),
    ("SALARY", "Salary or contractor fee"),
    ("RENT", "Rent or lease"),
)

COUNTRIES_THAT_ASK_FOR_A_PURPOSE = ("AE", "CN", "IN", "MY", "PH", "TH")
"""[assumed] Real lists differ; some countries ask, most do not."""

FIELDS_BY_COUNTRY = {
    "CA": (("transitNumber", "Transit number", "^[0-9]{5}$"),),
    "GB": (("sortCode", "Sort code", "^[0-9]{6}$"),),
    "IN": (("ifsc", "IFSC code", "^[A-Z]{4}0[A-Z0-9]{6}$"),),
    "MX": (("clabe", "CLABE", "^[0-9]{18}$"),),
    "AU": (("bsb", "BSB number", "^[0-9]{6}$"),),
}
"""[assumed] Field names and patterns of the regulatory fields."""


@behaviour("vendors_get_configuration")
def get_configuration(call: Call) -> Thing:
    vendor = call.one("vendor", call.path["vendorId"])
    country = vendor["address"].get("country", "US")
    return {"internationalPayments": asked_by(country)}


@behaviour("vendors_get_international_payments_config")
def get_international_payments_config(call: Call) -> Thing:
    return asked_by(call.query["country"])


def asked_by(country: str) -> Thing:
    fields = [
        {
            "name": name,
            "description": description,
            "regularExpression": pattern,
            "required": True,
        }
        for name, description, pattern in FIELDS_BY_COUNTRY.get(country, ())
    ]
    purpose: Thing = {"required": country in COUNTRIES_THAT_ASK_FOR_A_PURPOSE}
    if purpose["required"]:
        purpose["type"] = "CODE"
        purpose["codes"] = [
            {"name": name, "value": value} for value, name in PURPOSE_CODES
        ]
    return {"paymentPurpose": purpose, "validations": {"fields": fields}}
