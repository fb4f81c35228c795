"""Whether BILL is there."""

from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.store import Thing


@behaviour("health_check")
def check(call: Call) -> Thing:
    return {
        "appId": "bill-simulator",
        "appEnv": "simulator",
        "appVersion": "3",
        "bdcRegion": "us",
    }
