"""BILL's refusals in words for the person at the page, who can mend most of them.

A `CallError` advises an agent ("ask the operator"); here the operator reads.
"""

from __future__ import annotations

from bill_mcp.errors import CallError, Outcome

_BY_BILL_CODE = {
    "BDC_1101": "The user name, password and organization do not fit together, or they "
    "belong to BILL's other environment. Check each of them, and above all the "
    "environment that is shown above.",
    "BDC_1102": "BILL does not know this developer key or application key. Sandbox and "
    "production have different ones: check that yours is of the environment that is "
    "shown above.",
    "BDC_1105": "This organization does not allow access through the API. An "
    "administrator can have it switched on at BILL.",
    "BDC_1107": "BILL has locked this organization out for a while, after many calls "
    "or failed sign-ins. Wait 15 minutes before you try again.",
    "BDC_1109": "BILL has ended the session meanwhile. Start again from the beginning.",
    "BDC_1121": "BILL has no such operation at the address that was called. Check "
    "BILL_MCP_BASE_URL, and whether there is a newer bill-mcp.",
    "BDC_1143": "BILL does not take this device name. Choose a shorter one, of plain "
    "letters and digits.",
    "BDC_1144": "BILL's limit of sign-ins or calls for this hour is used up. Try again "
    "after the next full hour.",
    "BDC_1354": "BILL has no valid phone of this user to send codes to. Register one "
    "in BILL's web app, then come back.",
    "BDC_1356": "This code is wrong, or it is no longer valid.",
    "BDC_1358": "Too many wrong codes. BILL takes none for up to 10 minutes; wait that "
    "long, then have a new code sent.",
    "BDC_1374": "This code has expired. Have a new one sent.",
    "BDC_1570": "BILL's risk service refused this step. Complete it in BILL's web app, "
    "or contact BILL.",
}
_BY_CODE = {
    "unreachable": "BILL could not be reached. Check this computer's connection, then "
    "try again; nothing that you typed was stored.",
    "busy": "BILL is busy. Try again in a few seconds.",
}

_AGAIN = (
    "Try again in a minute. If it stays so, the fault is at BILL: see whether BILL "
    "reports a disturbance, or ask its support."
)
_LOST = (
    "The connection to BILL broke off before its answer came, so this step may have "
    "taken effect all the same. If a code has reached your phone, use it; otherwise "
    "try again in a minute."
)


def for_person(error: CallError) -> str:
    """What happened and what to do now, in one or two sentences."""
    if error.outcome is Outcome.UNKNOWN:
        return _LOST
    words = _BY_BILL_CODE.get(error.bill_code or "") or _BY_CODE.get(error.code)
    if words is not None:
        return words
    # The operator is who reads this.
    for_agent = "if it persists, ask the operator" in error.advice
    return f"{_sentence(str(error))} {_AGAIN if for_agent else error.advice}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
