"""How objects move on by themselves: one table of transitions, driven by the clock.

A row says: an object of this kind that has entered this state enters the next one when
the wait is over. Nothing moves by being read. What else changes with a state is in the
``after_change`` function of the kind, in its behaviours module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bill_mcp.bank_days import add_bank_days, central_day
from bill_mcp.simulator import assumed, assumed_spend
from bill_mcp.simulator.store import Store, Thing
from bill_mcp.simulator.times import central_moment, read_time

Wait = Callable[[Store, Thing], datetime]


def on_day(name: str) -> Wait:
    """Wait until BILL's daily steps on the day that field *name* holds."""

    def wait(store: Store, thing: Thing) -> datetime:
        day = date.fromisoformat(thing[name])
        return central_moment(day, assumed.PROCESSING_HOUR)

    return wait


def after_days(count: int) -> Wait:
    """Wait for *count* days from the object's creation."""

    def wait(store: Store, thing: Thing) -> datetime:
        return read_time(thing["createdTime"]) + timedelta(days=count)

    return wait


def seconds_by_switch(name: str) -> Wait:
    def wait(store: Store, thing: Thing) -> datetime:
        return store.now + timedelta(seconds=store.switch(name))

    return wait


def at_time(name: str) -> Wait:
    """Wait until the time that field *name* holds."""

    def wait(store: Store, thing: Thing) -> datetime:
        return read_time(thing[name])

    return wait


def bank_days(count: int) -> Wait:
    def wait(store: Store, thing: Thing) -> datetime:
        day = add_bank_days(central_day(store.now), count)
        return central_moment(day, assumed.PROCESSING_HOUR)

    return wait


def minutes_by_environment(minutes: dict[str, int]) -> Wait:
    def wait(store: Store, thing: Thing) -> datetime:
        return store.now + timedelta(minutes=minutes[store.environment])

    return wait


def minutes(count: int) -> Wait:
    def wait(store: Store, thing: Thing) -> datetime:
        return store.now + timedelta(minutes=count)

    return wait


def bank_days_by_environment(days: dict[str, int]) -> Wait:
    def wait(store: Store, thing: Thing) -> datetime:
        count = days[store.environment]
        return bank_days(count)(store, thing) if count else store.now

    return wait


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: from, to, after what; ``when``: only for objects with these values."""

    start: str
    end: str
    after: Wait
    when: tuple[str, tuple[Any, ...]] | None = None

    def holds(self, thing: Thing) -> bool:
        return self.when is None or thing.get(self.when[0]) in self.when[1]


ACH = ("disbursementType", ("ACH",))
CHECK = ("disbursementType", ("CHECK",))
OTHERS = (
    "disbursementType",
    ("RPPS", "INTERNATIONAL", "VCARD", "VIRTUAL_CARD", "AMEX", "WALLET"),
)

DOCUMENT_DELAY = seconds_by_switch("documentDelaySeconds")

TRANSITIONS: dict[str, tuple[Transition, ...]] = {
    "payment": (
        Transition("SCHEDULED", "FUNDING_STARTED", on_day("processDate")),
        Transition(
            "FUNDING_STARTED", "PROCESSED", bank_days(assumed.FUNDING_BANK_DAYS)
        ),
        # An ACH payment counts as cleared when it is sent to the bank [doc].
        Transition("PROCESSED", "CLEARED", bank_days(assumed.ISSUING_BANK_DAYS), ACH),
        Transition("PROCESSED", "SENT", bank_days(assumed.ISSUING_BANK_DAYS), CHECK),
        Transition("SENT", "DELIVERED", bank_days(assumed.CHECK_MAIL_BANK_DAYS), CHECK),
        Transition(
            "DELIVERED", "CLEARED", bank_days(assumed.CHECK_CASHING_BANK_DAYS), CHECK
        ),
        Transition("PROCESSED", "SENT", bank_days(assumed.ISSUING_BANK_DAYS), OTHERS),
        Transition(
            "SENT", "CLEARED", bank_days(assumed.OTHER_SETTLING_BANK_DAYS), OTHERS
        ),
        Transition(
            "CANCELLATION_IN_PROGRESS",
            "CANCELED",
            minutes_by_environment(assumed.CANCEL_MINUTES),
        ),
        Transition(
            "VOID_PENDING",
            "FUNDING_FAILED_VOIDED",
            bank_days_by_environment(assumed.VOID_BANK_DAYS),
            ("_fundingFailed", (True,)),
        ),
        Transition(
            "VOID_PENDING", "VOIDED", bank_days_by_environment(assumed.VOID_BANK_DAYS)
        ),
    ),
    "document_upload": (
        # In production BILL also reads the document (IVA) before it is there.
        Transition("IN_PROGRESS", "IVA_PROCESSING", DOCUMENT_DELAY, ("_read", (True,))),
        Transition("IN_PROGRESS", "UPLOADED", DOCUMENT_DELAY),
        Transition("IVA_PROCESSING", "UPLOADED", DOCUMENT_DELAY),
    ),
    "file": (
        Transition("PREPARING", "READY", seconds_by_switch("attachmentDelaySeconds")),
    ),
    "network_connection": (
        Transition(
            "PENDING", "CONNECTED", at_time("_acceptedTime"), ("_accepts", (True,))
        ),
        Transition(
            "PENDING", "NOT_CONNECTED", after_days(assumed.NETWORK_INVITATION_DAYS)
        ),
    ),
    "incoming_invitation": (
        Transition("PENDING", "EXPIRED", after_days(assumed.NETWORK_INVITATION_DAYS)),
    ),
    "risk_verification": (
        Transition("IN_PROGRESS", "COMPLETED", bank_days(assumed.RISK_BANK_DAYS)),
    ),
    "spend_reimbursement": (
        Transition(
            "APPROVED",
            "READY_TO_PAY",
            minutes(assumed_spend.REIMBURSEMENT_READY_MINUTES),
        ),
        Transition(
            "READY_TO_PAY", "PAID", bank_days(assumed_spend.REIMBURSEMENT_BANK_DAYS)
        ),
    ),
    "received_payment": (Transition("SCHEDULED", "PAID", on_day("paymentDate")),),
}

STATE_FIELD = {
    "received_payment": "status",
    "payment": "singleStatus",
    "document_upload": "status",
    "file": "status",
    "network_connection": "status",
    "incoming_invitation": "status",
    "risk_verification": "processingStatus",
    "spend_reimbursement": "status",
}
"""Kind -> the field that holds its state."""

AfterChange = Callable[[Store, Thing, Thing], Thing]

_after_change: dict[str, list[AfterChange]] = {}


def after_change(kind: str) -> Callable[[AfterChange], AfterChange]:
    """Make a function run after an object of *kind* has moved or was patched.

    It gets the store, the object before and the object now, changes what follows from
    the difference, and returns the object as it then is. Several for one kind run one
    after the other and must not depend on each other.
    """

    def register(function: AfterChange) -> AfterChange:
        _after_change.setdefault(kind, []).append(function)
        return function

    return register


def follow(store: Store, kind: str, before: Thing, after: Thing) -> Thing:
    """Let what depends on the object follow it; return the object as it then is."""
    for function in _after_change.get(kind, ()):
        after = function(store, before, after)
    return after


def move(store: Store, kind: str, key: str, state: str, **changes: Any) -> Thing:
    """Bring an object into *state* and plan how it goes on from there."""
    before = store.state.tables[kind][key]
    after = store.change(kind, key, {STATE_FIELD[kind]: state, **changes})
    return plan(store, kind, key, follow(store, kind, before, after))


def plan(store: Store, kind: str, key: str, thing: Thing) -> Thing:
    """Schedule the next step of an object that has just entered its state."""
    state = thing[STATE_FIELD[kind]]
    for row in TRANSITIONS[kind]:
        if row.start == state and row.holds(thing):
            moment = row.after(store, thing)
            if moment <= store.now:
                return move(store, kind, key, row.end)
            store.schedule(
                moment, "transition", kind=kind, id=key, on=state, to=row.end
            )
            break
    return thing


def transition(store: Store, about: Thing) -> None:
    """Move an object on, if it still is where it was when this was planned."""
    thing = store.get(about["kind"], about["id"])
    if thing and thing[STATE_FIELD[about["kind"]]] == about["on"]:
        move(store, about["kind"], about["id"], about["to"])


OnDue = Callable[[Store, Thing], None]

_on_due: dict[str, OnDue] = {"transition": transition}


def due_event(name: str) -> Callable[[OnDue], OnDue]:
    """Make a function what happens when an event scheduled as *name* is due."""

    def register(function: OnDue) -> OnDue:
        if name in _on_due:
            raise ValueError(f"{name} has two functions when due")
        _on_due[name] = function
        return function

    return register


def due_events() -> dict[str, OnDue]:
    """Return every event's function by name; import the behaviours before."""
    return dict(_on_due)
