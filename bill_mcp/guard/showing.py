"""What a person is shown of a call: everything that will be sent, in plain lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any
from urllib.parse import parse_qsl, unquote

from bill_mcp.client.request import Request
from bill_mcp.errors import RefusedError
from bill_mcp.guard.evidence import Cause, Evidence, Reason
from bill_mcp.guard.payment_lines import OF_PAYEES, VENDOR_ID
from bill_mcp.records.approvals import ApprovalLine
from bill_mcp.records.masking import last_four, name_in, names_account, names_secret
from bill_mcp.records.payments import amount_of
from bill_mcp.specs.faults_in_words import is_tellable

FACTS = frozenset(
    {
        "amount",
        "billId",
        "description",
        "fundingAccount.id",
        "fundingAccount.type",
        "payments.amount",
        "payments.billId",
        "processDate",
    }
)
"""Fields of a payment of bills whose values stand among its facts."""

LINES_AT_MOST = 400
"""Nobody reads more, and what is not read was not agreed to."""

NOT_SHOWN = "(secret: not shown)"
_INDEX = re.compile(r"\[\d+\]")


def sentences(reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    """The reasons' texts, each once, as sentences that say which vendor is meant."""
    return tuple(dict.fromkeys(_sentence(reason) for reason in reasons))


def warnings(evidence: Evidence, reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    """Our own sentences on what speaks for looking twice, above everything else.

    That the policy has a person asked is none: it does not depend on the call.
    """
    first = [
        f"No payment to the vendor {key} is known to be done yet."
        if any(payee.listed.values())
        else f"This is the first payment to the vendor {key}."
        for key, payee in evidence.payees.items()
        if payee.is_first_payment
    ]
    doubts = tuple(each for each in reasons if each.cause is not Cause.EFFECT)
    return (*first, *sentences(doubts))


def shown_lines(
    request: Request, evidence: Evidence, body: Any
) -> tuple[ApprovalLine, ...]:
    """The facts of the call, then every other field that is sent.

    Args:
        request: What is sent.
        evidence: The facts.
        body: What is sent, with account numbers to their last four.

    Raises:
        RefusedError: They are more than a person can look at.
    """
    payees = list(takewhile(lambda line: line.label in OF_PAYEES, evidence.lines))
    lines = [*payees, *_amounts(evidence), *_date(request, evidence)]
    lines += evidence.lines[len(payees) :]
    if request.body_fields is None and request.body is not None:
        lines.append(ApprovalLine(label="File", value=f"{len(request.body):,} bytes"))
    lines += _rest(body, evidence)
    lines += _target(request, evidence)
    if len(lines) > LINES_AT_MOST:
        raise RefusedError(
            f"a person must agree to this call, and would have to look at {len(lines)} "
            f"lines; at most {LINES_AT_MOST} can be shown",
            advice="Make several smaller calls of it.",
            code="too_much_to_show",
        )
    return tuple(lines)


def _sentence(reason: Reason) -> str:
    text = reason.text.rstrip(".")
    if reason.cause is Cause.BANK_DETAILS and reason.object_id:
        return f"The vendor {reason.object_id}: {text}."
    return f"{text[:1].upper()}{text[1:]}."


def _amounts(evidence: Evidence) -> list[ApprovalLine]:
    """The amount of each currency; a single one stands above all lines anyway."""
    totals: dict[str, int] = {}
    for part in evidence.parts:
        totals[part.currency] = totals.get(part.currency, 0) + part.cents
    if len(totals) == 1:
        return []
    return [
        ApprovalLine(
            label=f"Amount in {currency}", value=f"{amount_of(cents)} {currency}"
        )
        for currency, cents in totals.items()
    ]


def _date(request: Request, evidence: Evidence) -> list[ApprovalLine]:
    body = request.body_fields
    if evidence.parts and isinstance(body, Mapping) and "processDate" in body:
        return [ApprovalLine(label="Process date", value=str(body["processDate"]))]
    return []


def _rest(body: Any, evidence: Evidence) -> Iterator[ApprovalLine]:
    """What is sent beside the facts: of payments of bills little, else all of it."""
    pays_bills = evidence.parts and not any(part.once for part in evidence.parts)
    facts = FACTS if pays_bills else frozenset()
    for path, name, value in _fields(body, "", ""):
        is_payee = path == "vendorId" and value in evidence.payees
        if is_payee or _INDEX.sub("", path) in facts:
            continue
        text = str(value)
        if names_secret(name):
            text = NOT_SHOWN
        elif names_account(name):
            text = last_four(text)
        label = "Transaction number" if path == "transactionNumber" else path
        yield ApprovalLine(label=label, value=text, third_party=isinstance(value, str))


def _target(request: Request, evidence: Evidence) -> Iterator[ApprovalLine]:
    """Where it is sent: the action's own path, and apart what the agent puts in it."""
    template = request.action.spec.path_template
    steps = zip(template.split("/"), request.path.split("/"), strict=True)
    given = [(name[1:-1], unquote(value)) for name, value in steps if name != value]
    shown = {line.value for line in evidence.lines if line.label == VENDOR_ID}
    for name, value in (*given, *parse_qsl(request.query, keep_blank_values=True)):
        if name != "vendorId" or value not in shown:
            yield ApprovalLine(label=name, value=value, third_party=True)
    yield ApprovalLine(label="Sent as", value=f"{request.method} {template}")


def _fields(value: Any, path: str, name: str) -> Iterator[tuple[str, str, Any]]:
    """Each value with its path, and its name as far as that tells what it is."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            step = str(key)
            if not is_tellable(step):
                # Labels are not quoted, and this one the agent made up.
                yield f"{path} has the name", "", step
                step = "(that name)"
            inner = f"{path}.{step}" if path else step
            yield from _fields(part, inner, name_in(name, str(key)))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _fields(part, f"{path}[{index}]", name)
    elif value is not None:
        yield path, name, value
