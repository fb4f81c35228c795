"""The page that has BILL send a code and takes it."""

from __future__ import annotations

from datetime import datetime

from bill_mcp.pages import layout
from bill_mcp.pages.form_parts import actions, button, form, labelled
from bill_mcp.pages.forms import CODE_DIGITS
from bill_mcp.pages.layout import document, facts
from bill_mcp.pages.markup import Html, foreign, join, tag
from bill_mcp.pages.questions import Purpose
from bill_mcp.pages.visits import Visit
from bill_mcp.sessions.credentials import DEVICE, LONGEST_DEVICE

WHY = "BILL asks for a code before payments. It comes as a text message to you."
LOCKED = "Codes have to wait, so that BILL does not lock you out."
NO_PHONE = (
    "BILL has no phone of yours to send codes to. Register one in BILL's web app "
    "under your own user, then come back. Without it BILL refuses payments, new "
    "bank accounts and auto-pay; everything else works."
)
REMEMBER = "Remember this device for 30 days"
REMEMBERS = "This device is remembered, so that agents work without codes meanwhile."
SKIP = "Connect without payments"


def code(visit: Visit, csrf: str) -> str:
    """Phones, the button that sends a code, and the field that takes it."""
    problem = layout.problem(visit.told, list(visit.faults.items()))
    if visit.is_locked:
        content = join(problem, _locked(visit), _leave(visit, csrf))
    elif visit.needs_phone:
        content = join(problem, _no_phone(), _leave(visit, csrf))
    else:
        content = join(problem, _phones(visit), _form(visit, csrf))
    title = "Enter the code from your phone" if visit.text_sent else "Confirm it is you"
    is_login = visit.question.purpose is Purpose.LOGIN
    return document(
        title,
        content,
        environment=visit.environment,
        phrase=visit.question.phrase,
        step="Step 3 of 3" if is_login else "",
        failed=bool(visit.error or visit.faults),
    )


def _phones(visit: Visit) -> Html:
    shown = [
        tag("dd", foreign(f"{phone.type.capitalize()} ending in {phone.last4}"))
        for phone in visit.phones or ()
    ]
    listed = tag("dl", tag("dt", "Your phone"), *shown) if shown else Html()
    return join(tag("p", WHY, class_="soft"), listed)


def _form(visit: Visit, csrf: str) -> Html:
    if visit.text_sent is None:
        return form(
            csrf,
            actions(
                button("Send me a code", "text", main=True, checks=False),
                *_leaving(visit),
            ),
        )
    sent = tag(
        "p",
        f"A code was sent at {time_of(visit.text_sent)}. It is good for a few minutes; "
        "another can be sent once a minute.",
        class_="note",
        role="status",
    )
    field = labelled(
        "code",
        "Code",
        f"{CODE_DIGITS} digits",
        visit.faults.get("code"),
        class_="field code",
        type="text",
        inputmode="numeric",
        autocomplete="one-time-code",
        # One more than the digits: messages group them by a space.
        maxlength=CODE_DIGITS + 1,
        required=True,
        autofocus=not (visit.error or visit.faults),
    )
    return form(
        csrf,
        sent,
        field,
        _remember(visit),
        actions(
            button("Confirm", "confirm", main=True, environment=visit.environment),
            button("Send another code", "text", checks=False),
        ),
        actions(*_leaving(visit)),
    )


def _remember(visit: Visit) -> Html:
    name = labelled(
        "device",
        "Name of this device",
        f"At most {LONGEST_DEVICE} characters.",
        visit.faults.get("device"),
        type="text",
        value=visit.typed.get("device", DEVICE),
        maxlength=LONGEST_DEVICE,
        autocomplete="off",
    )
    if visit.remembers:
        return tag(
            "fieldset",
            tag("legend", "For the next 30 days"),
            tag("p", REMEMBERS, class_="hint"),
            name,
        )
    first_time = "remember" not in visit.typed
    box = tag(
        "input",
        type="checkbox",
        name="remember",
        value="yes",
        checked=first_time or bool(visit.typed["remember"]),
    )
    hint = (
        "Agents can then work without asking you for codes. You can log out any time."
    )
    about = tag(
        "span",
        tag("b", REMEMBER),
        tag("span", hint, class_="hint"),
    )
    return tag(
        "fieldset",
        tag("legend", "Next time"),
        tag("label", box, about, class_="option"),
        name,
    )


def _no_phone() -> Html:
    return tag("p", NO_PHONE, class_="note")


def _locked(visit: Visit) -> Html:
    until = time_of(visit.locked_until) if visit.locked_until else ""
    return join(
        tag("p", LOCKED),
        facts(("Try again from", until)),
    )


def _leave(visit: Visit, csrf: str) -> Html:
    return form(csrf, actions(*_leaving(visit)))


def _leaving(visit: Visit) -> list[Html]:
    cancel = button("Cancel", "cancel", quiet=True, checks=False)
    if visit.question.purpose is Purpose.MFA:
        return [cancel]
    return [
        button(SKIP, "skip", quiet=True, checks=False),
        cancel,
    ]


def time_of(moment: datetime) -> str:
    """The time of day where the server runs, which is where the person sits."""
    return moment.astimezone().strftime("%H:%M")
