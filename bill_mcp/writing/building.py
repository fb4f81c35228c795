"""Puts the path of a write together from its parts."""

from __future__ import annotations

from collections.abc import Callable

from bill_mcp.client.http import BillClient
from bill_mcp.client.request import NewId
from bill_mcp.clock import Clock
from bill_mcp.guard.approval import Announcer, Approving
from bill_mcp.presenting import Presenter
from bill_mcp.safekeeping import Safekeeping
from bill_mcp.sessions.manager import SessionManager
from bill_mcp.specs.catalogue import Catalogue
from bill_mcp.writing.agreement import Agreement
from bill_mcp.writing.call import Place
from bill_mcp.writing.entries import Entries
from bill_mcp.writing.knowing import Knowing
from bill_mcp.writing.lookups import LookUps
from bill_mcp.writing.recorder import Step, go_on
from bill_mcp.writing.seeing import Seeing
from bill_mcp.writing.turns import Turns
from bill_mcp.writing.writes import Writes


def build_writes(
    *,
    catalogue: Catalogue,
    place: Place,
    sessions: SessionManager,
    client: BillClient,
    records: Safekeeping,
    presenter: Presenter,
    clock: Clock,
    new_id: NewId,
    instance: str,
    announcer: Announcer | None,
    at_step: Callable[[Step], None] = go_on,
) -> Writes:
    """What carries writes to BILL.

    See `Approving` for *instance* and *announcer*, `WriteRecorder` for *at_step*.
    """
    approving = Approving(
        records.approvals, instance=instance, announcer=announcer, now=clock.now
    )
    entries = Entries(
        place=place,
        approving=approving,
        digest=records.audit.digest,
        live=presenter.live,
        clock=clock,
        present=presenter.present,
    )
    look_ups = LookUps(
        catalogue=catalogue,
        place=place,
        sessions=sessions,
        client=client,
        journal=records.journal,
        entries=entries,
        committed=records.committed,
        clock=clock,
        new_id=new_id,
        present=presenter.present,
    )
    knowing = Knowing(look_ups=look_ups, bank_details=records.bank_details)
    return Writes(
        look_ups=look_ups,
        entries=entries,
        agreement=Agreement(
            look_ups=look_ups, entries=entries, approving=approving, knowing=knowing
        ),
        knowing=knowing,
        seeing=Seeing(look_ups=look_ups, entries=entries, knowing=knowing),
        key=records.custody.key,
        turns=Turns(),
        at_step=at_step,
    )
