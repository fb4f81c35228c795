"""Ending a payment: cancel while it waits, void once it is on its way; check images."""

from bill_mcp.simulator import assumed
from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid, refusal
from bill_mcp.simulator.files import link_to
from bill_mcp.simulator.lifecycle import move
from bill_mcp.simulator.payment_rules import require_payer
from bill_mcp.simulator.store import Thing


@behaviour("payments_cancel")
def cancel_payment(call: Call) -> Thing:
    """Ask for the end of a payment that is still SCHEDULED.

    ``cancelRequestSubmitted`` says that the request was received; done is only
    ``status`` CANCELLED, which in production comes later.
    """
    payment = call.one("payment", call.path["paymentId"])
    if payment["singleStatus"] != "SCHEDULED":
        raise refusal("BDC_9003")
    return move(
        call.world,
        "payment",
        payment["id"],
        "CANCELLATION_IN_PROGRESS",
        cancelRequestSubmitted=True,
    )


@behaviour("payments_void")
def void_payment(call: Call) -> Thing:
    """Ask for the payment to be void; the bills are open again when it is."""
    payment = call.one("payment", call.path["paymentId"])
    kind = call.body["type"]
    if kind not in assumed.VOID_TYPES:
        raise invalid(("type", f"must be one of {', '.join(assumed.VOID_TYPES)}"))
    if not call.body["reason"].strip():
        raise invalid(("reason", "must not be empty"))
    if not payment["disbursementInfo"]["isVoidable"]:
        raise refusal("BDC_9004")
    if "REISSUE" in kind:
        require_payer(call, payment["fundingAccount"])
    request = {
        "id": call.world.new_id("void_request"),
        "requestedBy": call.caller.user_id,
        "type": kind,
        "status": "TO_BE_PROCESSED",
        "reason": call.body["reason"],
        "createdTime": call.world.stamp,
        "updatedTime": call.world.stamp,
    }
    failed = payment["singleStatus"] == "FUNDING_FAILED_ACTION_NEEDED"
    return move(
        call.world,
        "payment",
        payment["id"],
        "VOID_PENDING",
        voidInfo=[*payment["voidInfo"], request],
        _fundingFailed=failed,
    )


@behaviour("payments_get_check_image")
def get_check_image(call: Call) -> Thing:
    """Link to front and back; empty until the bank has processed the check."""
    payment = call.one("payment", call.path["paymentId"])
    images = payment.get("_checkImages", ())
    return {"results": [{"downloadLink": link_to(call, each)} for each in images]}
