"""What the operator allows one agent: a table of the policy file, as frozen models.

Field names, or their aliases, are the keys of the file. An unknown key is an error,
so that a slip never loosens anything. Every key but ``mode`` may be left out.
"""

from __future__ import annotations

import re
import zoneinfo
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictBool,
    StrictInt,
    model_validator,
)

from bill_mcp.records.payments import CENTS
from bill_mcp.specs.models import Effect

WALLET = "wallet"
"""The funding account that has no id."""

LOST_ANSWER_SETTLES_S = 900
"""How long after its deadline a payment may still show up, where no policy says."""

MOST_CENTS = 10**14
"""More than a limit can mean; a longer number is a slip."""


class Mode(StrEnum):
    """The widest kind of thing that an agent may do."""

    READ_ONLY = "read-only"
    PREPARE = "prepare"
    """Nothing but read and write: no effect that leaves BILL or can't be taken back."""
    PAY = "pay"


class Resend(StrEnum):
    """What happens to a payment whose earlier sending was lost and not found."""

    NEVER = "never"
    """A person decides."""
    AFTER_NOT_DONE = "after_not_done"
    """It goes out without asking about that."""


def _cents(value: Any) -> int:
    """Major units, a number or a string of digits, as cents."""
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError("is no amount")  # noqa: TRY004 -- pydantic reads ValueError
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", text) is None:
        raise ValueError("is no amount; write it like 1250.50")
    exact = Decimal(text)
    if not exact.is_finite() or exact < 0 or exact * CENTS > MOST_CENTS:
        raise ValueError("is no amount from 0 to a million millions")
    if exact * CENTS % 1:
        raise ValueError("has more than two decimals")
    return int(exact * CENTS)


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone that this machine knows") from None
    return name


def _person_is_nobody_else(value: Any) -> Any:
    if not isinstance(value, dict | ApprovalBy) and value != "person":
        raise ValueError('is neither "person" nor { client = { USD = ... } }')
    return {"client": {}} if value == "person" else value


def _spelled(pattern: str, otherwise: str) -> AfterValidator:
    """A text must be like *pattern*, or *otherwise* is what the operator reads."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(otherwise)
        return text

    return AfterValidator(check)


def _no_read(effect: Effect) -> Effect:
    if effect is Effect.READ:
        raise ValueError("reading is denied with deny_actions, not here")
    return effect


Cents = Annotated[int, BeforeValidator(_cents)]
Currency = Annotated[str, _spelled("[A-Z]{3}", "is no currency such as USD")]
Glob = Annotated[
    str, _spelled("[a-z0-9_*?]+", "is no action's name, nor one with * or ? in it")
]
Id = Annotated[str, _spelled("[!-~]+", "is no id")]


class Frozen(BaseModel):
    """What the whole policy file is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Frozen):
    """The most that may be spent in one currency; None where there is no limit."""

    payment_cents: Cents | None = Field(default=None, alias="payment")
    """One payment; what one call pays to one vendor counts as one."""
    day_cents: Cents | None = Field(default=None, alias="day")
    """A calendar day of the whole organization, whoever asks."""
    vendor_day_cents: Cents | None = Field(default=None, alias="vendor_day")
    first_payment_cents: Cents | None = Field(default=None, alias="first_payment")
    """All that goes to a vendor until it has been paid once."""

    @model_validator(mode="after")
    def _some_limit(self) -> Limits:
        if not self.model_fields_set:
            raise ValueError("names no limit")
        return self

    @property
    def holds_amounts(self) -> bool:
        """Whether no agent can spend without end under it."""
        return self.payment_cents is not None or self.day_cents is not None


class ApprovalBy(Frozen):
    """Whose agreement counts: a person's always; a client's up to an amount."""

    client: dict[Currency, Cents] = Field(default_factory=dict)
    """By currency: up to what the client's own form answer releases payments."""


class Rules(Frozen):
    """What one agent may do. Each rule only takes away."""

    mode: Mode
    allow_actions: tuple[Glob, ...] | None = None
    deny_actions: tuple[Glob, ...] = ()
    allow_toolsets: tuple[str, ...] | None = None
    deny_toolsets: tuple[str, ...] = ()
    deny_effects: frozenset[Annotated[Effect, AfterValidator(_no_read)]] = frozenset()
    vendors: frozenset[Id] | None = None
    """Who may be paid; None for everybody."""
    funding_accounts: frozenset[Id] | None = None
    """What may pay, `WALLET` for the wallet; None for every account."""
    approval_by: Annotated[ApprovalBy, BeforeValidator(_person_is_nobody_else)] = (
        ApprovalBy()
    )
    resend: Resend = Resend.NEVER
    separate_duties: StrictBool = False
    """Whoever made or changed what is paid for may not pay it."""
    bank_details_days: Annotated[StrictInt, Field(ge=0, le=60)] = 3
    """Business days for which new bank details need a person."""
    lost_answer_settles_s: Annotated[StrictInt, Field(ge=0, le=86_400)] = (
        LOST_ANSWER_SETTLES_S
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = "America/Chicago"
    """Of the calendar days of limits; BILL reckons days in the default."""
    limits: dict[Currency, Limits] = Field(default_factory=dict)
    """By currency; once there is one, a currency without is refused."""
    _table: str = PrivateAttr(default="policy")

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def holds_amounts(self) -> bool:
        """Whether the limits of every currency bound what can be spent."""
        return bool(self.limits) and all(
            limits.holds_amounts for limits in self.limits.values()
        )

    def place(self, rule: str) -> str:
        """Where *rule* stands: ``policy.toml: agents."*".deny_actions``."""
        return f"{self._table}.{rule}"

    def placed(self, table: str) -> Rules:
        """The same rules, read from *table*."""
        copy = self.model_copy()
        copy._table = table  # noqa: SLF001 -- of this very class
        return copy
