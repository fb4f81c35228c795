"""Risk verification: BILL's check of the organization, before money moves freely."""

from bill_mcp.simulator import assumed, ids
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.lifecycle import after_change, plan
from bill_mcp.simulator.store import Store, Thing

PHONE_DIGITS = 10


@behaviour("risk_get_phone_status")
def get_phone_status(call: Call) -> Thing:
    return {"hasPhone": has_phone(call)}


def has_phone(call: Call) -> bool:
    return bool(call.world.where("risk_phone", "_userId", call.caller.user_id))


@behaviour("risk_add_phone")
def add_phone(call: Call) -> None:
    """Link a phone to the user, in place of an earlier one; MFA phones are others."""
    digits = "".join(each for each in call.body["phoneNumber"] if each.isdigit())
    if len(digits) < PHONE_DIGITS:
        raise invalid(("phoneNumber", "must end with a ten-digit phone number"))
    call.send_text_message()
    world, user_id = call.world, call.caller.user_id
    for earlier in world.where("risk_phone", "_userId", user_id):
        world.put("risk_phone", earlier["id"], None)
    fields = {"_userId": user_id, "phoneType": call.body["phoneType"]}
    key = world.text("risk_phone", ids.MIXED, 20)
    world.add("risk_phone", {**fields, "phoneNumber": digits}, key=key)


@behaviour("risk_initiate_verification")
def initiate_verification(call: Call) -> Thing:
    """Start the check, once; a repeated call is told of the one there is."""
    if not has_phone(call):
        raise refusal("BDC_9002", "The user needs a phone for risk verification.")
    known = verification_of(call)
    if known and known["decision"] != "DECLINE":
        return known
    key = call.world.text("risk_verification", ids.UPPER, 20)
    fields = {
        "_organizationId": call.organization_id,
        "referenceId": key,
        "processingStatus": "IN_PROGRESS",
        "decision": "IN_PROGRESS",
    }
    verification = call.world.add("risk_verification", fields, key=key)
    return plan(call.world, "risk_verification", key, verification)


@behaviour("risk_get_verification")
def get_verification(call: Call) -> Thing:
    known = verification_of(call)
    if known is None:
        raise refusal("BDC_1205", "Risk verification was not initiated.")
    return known


def verification_of(call: Call) -> Thing | None:
    own = call.organization_id
    found = call.world.where("risk_verification", "_organizationId", own)
    return found[-1] if found else None


@after_change("risk_verification")
def after_decision(store: Store, before: Thing, after: Thing) -> Thing:
    """Let decision and processing status agree, whichever of them was moved."""
    if after["processingStatus"] == "IN_PROGRESS":
        if after["decision"] == "IN_PROGRESS":
            return after
        changes = {"processingStatus": "COMPLETED"}
    elif after["decision"] == "IN_PROGRESS":
        changes = {"decision": assumed.RISK_OUTCOME}
    else:
        return after
    return store.change("risk_verification", after["id"], changes)
