"""Sending invoices, on demand or with the call that writes them."""

from bill_mcp.simulator.behaviours import behaviour
from bill_mcp.simulator.call import Call
from bill_mcp.simulator.errors import invalid
from bill_mcp.simulator.invoice_sending import send
from bill_mcp.simulator.store import Thing


@behaviour("invoices_send")
def send_invoice(call: Call) -> None:
    """Send the invoice to whom the call names; who replies, replies to a user."""
    invoice = call.writable("invoice", call.path["invoiceId"])
    reply_to = call.body["replyTo"].get("userId", call.caller.user_id)
    call.one("user", reply_to)
    addresses: list[str] = call.body["recipient"].get("to", [])
    if not addresses:
        raise invalid(("recipient.to", "must not be empty"))
    wrong = [
        (f"recipient.to[{number}]", "must be a well-formed email address")
        for number, address in enumerate(addresses)
        if not is_address(address)
    ]
    if wrong:
        raise invalid(*wrong)
    send(call.world, invoice, addresses, reply_to)


def is_address(text: str) -> bool:
    name, _, host = text.strip().rpartition("@")
    return bool(name and "." in host and not set(text.strip()) & set(" ,;"))


def email_if_asked(call: Call, invoice: Thing, asked: bool | None) -> Thing:
    """Send the invoice to its customer, where the call asks for that."""
    if not asked:
        return invoice
    customer = call.one("customer", invoice["customerId"])
    return send(call.world, invoice, [customer["email"]], call.caller.user_id)
