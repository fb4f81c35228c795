"""Every error the package raises.

* BillMcpError
  x SpecError             a spec file is wrong; found at start-up, fixed by a developer
  x ConfigError           a setting or a credential is missing; fixed by the operator
  x NeedsPerson           a person must answer before the call can go on
  x CallError             one tool call failed; the agent reads it as a tool result
    + UnknownActionError  no such tool
    + ArgumentsError      the arguments do not fit; every fault at once
    + RefusedError        the guard said no; BILL was not asked
    + CredentialsError    nobody has connected the account that the call needs
    + LimitError          one of BILL's limits, kept on our side; BILL was not asked
      - TextLimitError
    + ApiError            BILL answered with an error
      - SessionExpiredError
      - NotTrustedError
      - BusyError
      - HourlyLimitError
    + UnreachableError    no usable answer from BILL
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """Whether the action took effect at BILL, as far as we can tell."""

    NOT_DONE = "not_done"
    UNKNOWN = "unknown"
    DONE = "done"
    """It had been done before; nothing was sent now."""


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What stands in the way of a call: it had been done, or begun, before.

    Attributes:
        at: When, in UTC; None where only BILL knows.
        id: Of the object at BILL, where one is known.
        agent_is_you: Whether the same agent did it.
    """

    at: datetime | None
    id: str | None
    agent_is_you: bool

    def as_dict(self) -> dict[str, Any]:
        at = self.at.isoformat(timespec="seconds") if self.at else None
        told = {"at": at, "id": self.id, "agent_is_you": self.agent_is_you}
        return {name: value for name, value in told.items() if value is not None}


class BillMcpError(Exception):
    """Base of every error raised on purpose by this package."""


class SpecError(BillMcpError):
    """A spec file cannot be used. Each line of the message names file and action."""


class ConfigError(BillMcpError):
    """A setting or a credential is missing or contradictory."""


class NotConnectedError(ConfigError):
    """There is no account of that name, or no longer."""


class NeedsPerson(BillMcpError):  # noqa: N818 -- a question, not a failure
    """A person must agree before the call can go on.

    The face asks in the way of the client's era and enters the call again from the top.

    Attributes:
        approval_id: Names what a person is asked to agree to; gives no right.
        question: What the person is asked, in our words, in a few lines.
        client_may_approve: Whether an answer through the agent's client counts.
        refusal: What the agent is told where nobody can be asked right now.
    """

    def __init__(
        self,
        approval_id: str,
        question: str,
        *,
        client_may_approve: bool,
        refusal: CallError,
    ) -> None:
        super().__init__(question)
        self.approval_id = approval_id
        self.question = question
        self.client_may_approve = client_may_approve
        self.refusal = refusal


class CallError(BillMcpError):
    """One tool call failed.

    Attributes:
        code: Our word for the kind of failure, stable for programs.
        advice: What the agent should do now, in one sentence we wrote.
        outcome: Whether the action may have taken effect at BILL.
        bill_code: BILL's own code, such as ``BDC_1109``.
        http_status: The status BILL answered with.
        faults: What is wrong with which argument: ``path`` and ``message``.
        earlier: What was done, or begun, before; see `Earlier`.
    """

    code = "call_failed"

    def __init__(
        self,
        message: str,
        *,
        advice: str,
        code: str | None = None,
        outcome: Outcome = Outcome.NOT_DONE,
        bill_code: str | None = None,
        http_status: int | None = None,
        faults: Sequence[Mapping[str, str]] = (),
        earlier: Earlier | None = None,
    ) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.advice = advice
        self.outcome = outcome
        self.bill_code = bill_code
        self.http_status = http_status
        self.faults = tuple(faults)
        self.earlier = earlier

    def as_dict(self) -> dict[str, Any]:
        """The error as the JSON object that agents read, without empty members."""
        told = {
            "error": self.code,
            "message": str(self),
            "advice": self.advice,
            "outcome": str(self.outcome),
            "bill_code": self.bill_code,
            "http_status": self.http_status,
            "faults": [dict(fault) for fault in self.faults] or None,
            "earlier": self.earlier.as_dict() if self.earlier else None,
        }
        return {key: value for key, value in told.items() if value is not None}


class UnknownActionError(CallError):
    """No action has that name."""

    code = "unknown_action"


class ArgumentsError(CallError):
    """The arguments do not fit the action's schema."""

    code = "bad_arguments"


class RefusedError(CallError):
    """The guard refused the call; BILL was not asked."""

    code = "refused"


class CredentialsError(CallError):
    """The account that the call needs is not connected, or BILL refused it."""

    code = "not_signed_in"


class LimitError(CallError):
    """One of BILL's limits, kept on our side; BILL was not asked."""

    code = "limit"


class TextLimitError(LimitError):
    """The last text message is too recent; none was sent now.

    Attributes:
        wait_s: After as many seconds another may be asked for.
        is_usable: Whether the code of the last one can still be given.
    """

    code = "text_limit"

    def __init__(self, wait_s: int) -> None:
        super().__init__(
            "a text message was sent less than a minute ago",
            advice=f"Ask for another one in {wait_s} seconds.",
        )
        self.wait_s = wait_s
        self.is_usable = False


class ApiError(CallError):
    """BILL answered with an error."""

    code = "bill_error"


class SessionExpiredError(ApiError):
    """BILL no longer knows the session (BDC_1109)."""

    code = "session_expired"


class NotTrustedError(ApiError):
    """The session is not MFA-trusted (BDC_1361); signing in again does not help.

    Attributes:
        reason: Why it no longer is, in a sentence; empty where that is not known.
    """

    code = "mfa_required"
    reason = ""


class BusyError(ApiError):
    """Too many requests at once (BDC_1322); passes within seconds."""

    code = "busy"


class HourlyLimitError(ApiError):
    """The hour's requests are used up (BDC_1144); passes at the full hour."""

    code = "hourly_limit"


class UnreachableError(CallError):
    """No usable answer came back from BILL."""

    code = "unreachable"
