"""BILL's refusals in words for the person at the page, who can mend most of them.

A `CallError` advises an agent ("ask the operator"); here the operator reads.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bill_mcp.errors import CallError, Outcome, TextLimitError

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
    "challenge_gone": "BILL takes this code no longer: it was used before, or it has "
    "expired. Have a new one sent.",
    "unreachable": "BILL could not be reached. Check this computer's connection, then "
    "try again; nothing that you typed was stored.",
    "busy": "BILL is busy. Try again in a few seconds.",
}

_AGAIN = (
    "Try again in a minute. If it stays so, the fault is at BILL: see whether BILL "
    "reports a disturbance, or ask its support."
)

NOT_REMEMBERED = (
    "BILL has taken the code, but what this device would be remembered by did not "
    "arrive. Have another code sent."
)
_LOST = (
    "The connection to BILL broke off before its answer came, so this step may have "
    "taken effect all the same. Try again in a minute."
)


def for_person(error: CallError, lost: str = _LOST) -> str:
    """What happened and what to do now, in one or two sentences.

    *lost* is what to say where nobody knows whether the step took effect.
    """
    if isinstance(error, TextLimitError):
        return _text_limit(error)
    words = _BY_BILL_CODE.get(error.bill_code or "")
    if words is None and error.outcome is Outcome.UNKNOWN:
        return lost
    words = words or _BY_CODE.get(error.code)
    if words is not None:
        return words
    # The operator is who reads this.
    for_agent = "if it persists, ask the operator" in error.advice
    return f"{_sentence(str(error))} {_AGAIN if for_agent else error.advice}"


def lost_code(again: datetime) -> str:
    """That no code can be given, and from when on a new one can be sent."""
    # Rounded up to the minute: at the time that is told it has passed.
    moment = (again + timedelta(seconds=59)).astimezone().strftime("%H:%M")
    return (
        "The connection to BILL broke off before its answer came. If a code has "
        "reached your phone all the same, it cannot be used. You can have a new one "
        f"sent from {moment} on."
    )


def _text_limit(error: TextLimitError) -> str:
    use_it = "use its code, or " if error.is_usable else ""
    return (
        "A code was sent less than a minute ago: "
        f"{use_it}have another one sent in {error.wait_s} seconds."
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
