"""The page on which an approver approves, and what it says afterwards.

In the order of what matters: which organization and which BILL, what speaks against
it, what will be sent. All that third parties wrote comes below that, quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bill_mcp.environments import Environment
from bill_mcp.pages import layout
from bill_mcp.pages.form_parts import actions, button, form, labelled
from bill_mcp.pages.layout import ABOUT, document, facts
from bill_mcp.pages.markup import Html, join, tag
from bill_mcp.pages.questions import Question
from bill_mcp.quoting import quoted, visible
from bill_mcp.records.approvals import Approval, ApprovalLine, State
from bill_mcp.records.payments import amount_of

APPROVER, PASSPHRASE = "approver", "passphrase"
_ABOVE_ALL = "organization"
"""The label of the line that stands above the warnings, if there is one."""

_BECOME: Mapping[State, tuple[str, str]] = MappingProxyType(
    {
        State.GRANTED: (
            "Approved",
            "✓ The agent may make this one call. Go back to it: it goes on.",
        ),
        State.SPENT: (
            "Approved and used",
            "✓ The agent has made this call. What you approved serves no other.",
        ),
        State.DENIED: ("Denied", "The call is not made. The agent is told so."),
        State.CANCELLED: (
            "Closed without a decision",
            "The call is not made. The agent can ask again.",
        ),
        State.EXPIRED: (
            "Expired",
            "Nobody decided in time. The call is not made; the agent can ask again.",
        ),
    }
)
"""What has become of an approval: the title, and what it means."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What a page shows; the attributes are those of `ApprovalVisit`."""

    question: Question
    approval: Approval | None
    is_known: bool
    names: tuple[str, ...]
    error: str | None
    faults: Mapping[str, str]
    typed: str


def page(view: View, csrf: str) -> str:
    """What the person sees now: the form, or what has become of it."""
    approval = view.approval
    if approval is None:
        return _gone(view)
    if approval.state is State.WAITING:
        return _asking(view, approval, csrf)
    return _decided(view, approval)


def _asking(view: View, approval: Approval, csrf: str) -> str:
    environment = Environment(approval.wanted.environment)
    return document(
        "Approve this call?",
        layout.problem(view.error, list(view.faults.items())),
        _where(approval),
        _warnings(approval),
        _what(approval),
        tag(
            "p",
            "If you approve, the agent may make exactly this call, once, until "
            f"{_time(approval.expires_at)}. If anything about it changes, you are "
            "asked again.",
            class_="soft",
        ),
        _form(view, environment, csrf),
        environment=environment,
        phrase=view.question.phrase,
        step=f"Approval {approval.id}",
        failed=bool(view.error or view.faults),
    )


def _where(approval: Approval) -> Html:
    wanted = approval.wanted
    name, about = ABOUT[Environment(wanted.environment)]
    above = [line for line in wanted.lines if _is_above(line)]
    organization = above or [
        ApprovalLine(label=_ABOVE_ALL.capitalize(), value=wanted.organization)
    ]
    return tag(
        "dl",
        *(_line(line) for line in organization),
        tag("dt", "Environment"),
        tag("dd", f"{name.upper()}: {about}"),
    )


def _warnings(approval: Approval) -> Html:
    if not approval.wanted.reasons:
        return Html()
    reasons = [tag("li", visible(reason)) for reason in approval.wanted.reasons]
    return tag(
        "section",
        tag("h2", "Look at this first", id="warnings"),
        tag("ul", *reasons),
        class_="warning",
        aria_labelledby="warnings",
    )


def _what(approval: Approval) -> Html:
    wanted = approval.wanted
    amount = Html()
    if wanted.cents is not None:
        total = f"{amount_of(wanted.cents)} {wanted.currency or ''}".strip()
        amount = tag("p", total, class_="amount")
    lines = [_line(line) for line in wanted.lines if not _is_above(line)]
    asker = ApprovalLine(label="Agent", value=wanted.agent_name, third_party=True)
    return tag(
        "section",
        tag("h2", "What will be done", id="what"),
        amount,
        tag("p", tag("b", visible(wanted.title))),
        tag(
            "dl",
            *lines,
            _line(asker),
            tag("dt", "Profile"),
            tag("dd", visible(wanted.profile)),
            tag("dt", "Action"),
            tag("dd", tag("code", visible(wanted.action))),
        ),
        aria_labelledby="what",
    )


def _line(line: ApprovalLine) -> Html:
    label = tag("dt", visible(line.label))
    if not line.third_party:
        return join(label, tag("dd", visible(line.value)))
    return join(label, tag("dd", tag("code", quoted(line.value)), class_="quoted"))


def _is_above(line: ApprovalLine) -> bool:
    return not line.third_party and line.label.strip().lower() == _ABOVE_ALL


def _form(view: View, environment: Environment, csrf: str) -> Html:
    leaving = (
        button("Deny", "deny", checks=False),
        button("Not now", "cancel", quiet=True, checks=False),
    )
    if not view.names:
        nobody = tag(
            "p",
            "Nobody can approve yet. Somebody with the right to release money runs ",
            tag("code", "bill-mcp approver add"),
            " in a terminal on this computer; then reload this page.",
            class_="note",
        )
        return form(csrf, nobody, actions(*leaving), autocomplete="off")
    only = view.names[0] if len(view.names) == 1 else ""
    return form(
        csrf,
        labelled(
            APPROVER,
            "Your name as an approver",
            "",
            view.faults.get(APPROVER),
            type="text",
            value=view.typed or only,
            autocomplete="off",
            required=True,
            autocapitalize="none",
            spellcheck="false",
        ),
        labelled(
            PASSPHRASE,
            "Your passphrase",
            "Needed to approve only. No agent sees it.",
            view.faults.get(PASSPHRASE),
            type="password",
            autocomplete="off",
            required=True,
        ),
        actions(
            button(
                f"Approve in {ABOUT[environment][0].lower()}",
                "approve",
                main=True,
                environment=environment,
            ),
            *leaving,
        ),
        autocomplete="off",
    )


def _decided(view: View, approval: Approval) -> str:
    title, words = _BECOME[approval.state]
    may_go_on = approval.state in {State.GRANTED, State.SPENT}
    return document(
        title,
        tag("p", words, class_="good" if may_go_on else None, role="status"),
        facts(
            ("Call", visible(approval.wanted.title)),
            ("Approval", approval.id),
            ("Decided by", visible(approval.decided_by or "")),
            ("Good until", _time(approval.expires_at) if may_go_on else None),
        ),
        tag("p", "You can close this page.", class_="soft"),
        environment=Environment(approval.wanted.environment),
    )


def _gone(view: View) -> str:
    words = "The call that this page was about is not waiting. Nothing was done."
    return document(
        "There is nothing to approve here" if view.is_known else "Not readable now",
        layout.problem(view.error),
        tag("p", words if view.is_known else "Nothing was done."),
        environment=view.question.environment,
        failed=bool(view.error),
    )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M}"
