"""What a person is shown of a call: everything that will be sent, in plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bill_mcp.client.request import Request
from bill_mcp.guard.evidence import Evidence, Line, Reason
from bill_mcp.records.masking import last_four, names_account
from bill_mcp.records.payments import amount_of

ALREADY_SHOWN = frozenset(
    {
        "amount",
        "billId",
        "description",
        "fundingAccount",
        "payments",
        "processDate",
        "transactionNumber",
        "vendorId",
    }
)
"""Fields of a payment that stand among its facts."""

LINES_AT_MOST = 60


def warnings(evidence: Evidence, reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    """Our own sentences on what speaks for looking twice, above everything else."""
    first = [
        f"This is the first payment to the vendor {key}."
        for key, payee in evidence.payees.items()
        if payee.is_first_payment
    ]
    return (*first, *dict.fromkeys(reason.text for reason in reasons))


def shown_lines(request: Request, evidence: Evidence) -> tuple[Line, ...]:
    """The facts of the call, then every other field that is sent."""
    lines = [*evidence.lines]
    if evidence.parts:
        lines += _amounts(evidence)
    body = request.body_fields
    if evidence.parts and isinstance(body, Mapping) and "processDate" in body:
        lines.append(Line(label="process date", value=str(body["processDate"])))
    if body is None and request.body is not None:
        lines.append(Line(label="file", value=f"{len(request.body):,} bytes"))
    lines.append(Line(label="sent as", value=f"{request.method} {request.path}"))
    rest = body
    if evidence.parts and isinstance(body, Mapping):
        rest = {name: v for name, v in body.items() if name not in ALREADY_SHOWN}
    lines += _fields(rest, "")
    if len(lines) > LINES_AT_MOST:
        more = len(lines) - LINES_AT_MOST
        lines = lines[:LINES_AT_MOST]
        lines.append(Line(label="and", value=f"{more} more fields"))
    return tuple(lines)


def _amounts(evidence: Evidence) -> list[Line]:
    totals: dict[str, int] = {}
    for part in evidence.parts:
        totals[part.currency] = totals.get(part.currency, 0) + part.cents
    return [
        Line(label="amount", value=f"{amount_of(cents)} {currency}")
        for currency, cents in totals.items()
    ]


def _fields(value: Any, path: str) -> Iterator[Line]:
    """Each field by its path; account numbers to their last four."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _fields(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _fields(part, f"{path}[{index}]")
    elif value is not None:
        name = path.rpartition(".")[2]
        text = last_four(str(value)) if names_account(name) else str(value)
        yield Line(label=path, value=text, third_party=isinstance(value, str))
