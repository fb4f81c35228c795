"""The pages without a form to fill in: what is asked, what was done, what is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from bill_mcp.pages.connecting import Connected, MfaStatus
from bill_mcp.pages.form_parts import actions, button, form
from bill_mcp.pages.layout import ABOUT, document, facts, problem
from bill_mcp.pages.markup import Html, foreign, join, tag
from bill_mcp.pages.questions import Purpose, Question, State
from bill_mcp.pages.visits import Visit

LOCAL_TIME = "%H:%M"
TRUSTED = "✓ BILL trusts this session now. Go back to your agent: it goes on."
REMEMBERED = "✓ BILL remembers this device: the agents' next calls are trusted."
FORGOTTEN = (
    "This device is not remembered: what BILL would know it by did not arrive. The "
    "next session needs a code again."
)


def explanation(question: Question, state: State) -> str:
    """What anybody who has the address sees: what is asked, and no way to answer."""
    if state is State.OPEN:
        how = join(
            tag("p", "On the computer where bill-mcp runs, open a terminal and type"),
            tag("p", tag("code", "bill-mcp open")),
            tag("p", "Your browser then opens the form, with the same four words."),
        )
    else:
        how = tag("p", "The form is open in a browser already, or has been answered.")
    return document(
        "A question for you",
        facts(
            ("What", foreign(question.title)),
            ("Asked by", foreign(question.agent_name)),
            ("Account", foreign(question.profile)),
            ("Until", question.expires.astimezone().strftime(LOCAL_TIME)),
        ),
        how,
        tag(
            "p",
            "This page never has a form: its address may have come to you through an "
            "agent. Never type a password, a passphrase or a code into a page that a "
            "link opened.",
            class_="note",
        ),
        environment=question.environment,
        phrase=question.phrase,
    )


def continue_to(path: str) -> str:
    """The page that leads on to the form.

    Browsers keep back ``SameSite=Strict`` cookies on a redirect that began with a file
    or another site (seen in Chromium 156), but send them when a page of ours leads on.
    """
    return document(
        "Opening the form",
        tag("p", tag("a", "Continue", href=path, class_="button main")),
        head=tag("meta", http_equiv="refresh", content=f"0;url={path}"),
    )


def closed() -> str:
    """The same for what never was, is over, or is not this browser's."""
    return document(
        "There is nothing to answer here",
        tag(
            "p",
            "This question has expired, was answered or closed, or is open in another "
            "browser. If an agent still waits for you, have it ask again; to connect "
            "an account, run",
        ),
        tag("p", tag("code", "bill-mcp login")),
    )


def cancelled() -> str:
    return document(
        "Cancelled",
        tag("p", "Nothing was stored and no agent got anything. You can close this."),
    )


def refused() -> str:
    """For requests that no browser of the person's would send."""
    return document(
        "Refused", tag("p", "This request did not come from a page of bill-mcp.")
    )


def stopped(visit: Visit) -> str:
    """After too many refused sign-ins."""
    return document(
        "Stopped, so that BILL does not lock you out",
        problem(visit.error),
        tag("p", "Check the account in BILL's web app first. To start again, run"),
        tag("p", tag("code", "bill-mcp login")),
        environment=visit.environment,
        failed=True,
    )


def keep(visit: Visit, csrf: str) -> str:
    """BILL has accepted the account, but it could not be stored."""
    return document(
        "Connected, but not stored yet",
        problem(visit.error),
        form(
            csrf,
            actions(
                button("Store again", "keep", main=True, checks=False),
                button("Cancel", "cancel", quiet=True, checks=False),
            ),
        ),
        environment=visit.environment,
        phrase=visit.question.phrase,
        failed=bool(visit.error),
    )


def done(visit: Visit, now: datetime) -> str:
    """What is connected, for how long, and what to do next."""
    if visit.question.purpose is Purpose.MFA:
        return document(
            "Confirmed",
            tag("p", REMEMBERED if visit.remembers else TRUSTED, class_="good"),
            tag("p", FORGOTTEN, class_="note") if visit.is_forgotten else Html(),
            facts(("Account", foreign(visit.question.profile)), _trust(visit, now)),
            tag("p", "You can close this page.", class_="soft"),
            environment=visit.environment,
        )
    profile = foreign(visit.question.profile)
    return document(
        "Your account is connected",
        tag("p", "✓ BILL has accepted it, and it is stored.", class_="good"),
        _account(visit, now),
        tag("h2", "What to do next"),
        tag("p", "Start your agent's server with this profile:"),
        tag("p", tag("code", f"bill-mcp serve --profile {profile}")),
        tag(
            "p",
            tag("code", "bill-mcp status"),
            " shows what is connected, ",
            tag("code", "bill-mcp logout"),
            " removes it. You can close this page.",
            class_="soft",
        ),
        environment=visit.environment,
    )


def _account(visit: Visit, now: datetime) -> Html:
    connected = visit.connected
    if connected is None:
        raise AssertionError("a login ends with an account")
    return facts(
        ("Environment", ABOUT[connected.environment][0]),
        ("Organization", _organization(connected)),
        ("User", foreign(connected.user or "")),
        ("Profile", foreign(visit.question.profile)),
        _trust(visit, now),
        ("Stored in", foreign(visit.kept)),
    )


def _organization(connected: Connected) -> str:
    parts = connected.organization_name, connected.organization_id
    return foreign(", ".join(filter(None, parts)))


def _trust(visit: Visit, now: datetime) -> tuple[str, str]:
    if visit.trusted is not None and visit.trusted.until is not None:
        until = visit.trusted.until.astimezone()
        days = round((visit.trusted.until - now) / timedelta(days=1))
        told = "Remembered until" if visit.remembers else "Trusted until"
        return told, f"{until:%B} {until.day}, {until:%Y} ({days} days)"
    mfa = visit.connected.mfa if visit.connected else None
    if mfa is MfaStatus.TRUSTED or mfa is MfaStatus.OFF:
        return "Codes", "None needed"
    if visit.trusted is not None and visit.question.purpose is Purpose.MFA:
        return "Trusted until", "The session ends"
    return "Payments", "Will ask you for a code first"
