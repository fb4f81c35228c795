"""Risk verification of the seed ``demo``: long passed."""

from datetime import timedelta
from typing import TYPE_CHECKING

from bill_mcp.simulator import credentials, ids
from bill_mcp.simulator.times import stamp

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

KNOWN_SINCE = timedelta(days=200)


def plant_risk(world: "World") -> None:
    """Let the administrator have a phone, and the organization be approved."""
    since = stamp(world.now - KNOWN_SINCE)
    times = {"createdTime": since, "updatedTime": since}
    phone = {
        "_userId": credentials.USER_ID,
        "phoneType": "MOBILE",
        "phoneNumber": "2065550142",
    }
    key = world.text("risk_phone", ids.MIXED, 20)
    world.add("risk_phone", {**phone, **times}, key=key)
    key = world.text("risk_verification", ids.UPPER, 20)
    verification = {
        "_organizationId": credentials.ORGANIZATION_ID,
        "referenceId": key,
        "processingStatus": "COMPLETED",
        "decision": "APPROVE",
    }
    world.add("risk_verification", {**verification, **times}, key=key)
