"""``bill-mcp approve`` and ``deny``: a person decides on one call at their terminal."""

from __future__ import annotations

from functools import partial

import anyio

from bill_mcp.approvals_cli.opened import DONE, NOT_DONE, Opened, opened, user_name
from bill_mcp.approvals_cli.proving import prove
from bill_mcp.approvals_cli.showing import left, show
from bill_mcp.approvals_cli.terminal import ControllingTerminal, controlling_terminal
from bill_mcp.errors import CallError, ConfigError
from bill_mcp.records.approval_refusals import not_waiting, unknown
from bill_mcp.records.approvals import Approval, State, Via

NO_APPROVER = "nobody may approve yet; run `bill-mcp approver add` first"
STILL_WAITS = "Nothing was decided; the call waits until it expires."


def approve(approval_id: str) -> int:
    """Have an approver grant it; the exit code of the command.

    Raises:
        ConfigError: There is no terminal, or no approver.
    """
    with opened() as records, controlling_terminal(records.live) as terminal:
        names = anyio.run(records.approvers.names)
        if not names:
            raise ConfigError(NO_APPROVER)
        try:
            approval = _shown(records, terminal, approval_id)
            approver = prove(records, terminal, names)
            if approver is None or not terminal.agree("Let this go out, once?"):
                terminal.say(STILL_WAITS)
                return NOT_DONE
            granted = _decided(records, approval, grant=True, by=approver.name)
        except EOFError:
            terminal.say(f"\n{STILL_WAITS}")
            return NOT_DONE
        except CallError as error:
            terminal.say(f"! {error}", "yellow")
            return NOT_DONE
        terminal.say(
            "Approved. The agent can make the call once; it "
            f"{left(granted, records.clock.now())}.",
            "green",
        )
        return DONE


def deny(approval_id: str) -> int:
    """Have whoever sits here decline it; the exit code of the command.

    Raises:
        ConfigError: There is no terminal.
    """
    with opened() as records, controlling_terminal(records.live) as terminal:
        try:
            approval = _shown(records, terminal, approval_id)
            if not terminal.agree("Decline this call?"):
                terminal.say(STILL_WAITS)
                return NOT_DONE
            _decided(records, approval, grant=False, by=user_name())
        except EOFError:
            terminal.say(f"\n{STILL_WAITS}")
            return NOT_DONE
        except CallError as error:
            terminal.say(f"! {error}", "yellow")
            return NOT_DONE
        terminal.say("Declined. The agent is told when it asks.", "green")
        return DONE


def _shown(
    records: Opened, terminal: ControllingTerminal, approval_id: str
) -> Approval:
    """The approval of that id, all of it before the person's eyes.

    Raises:
        RefusedError: There is none, or it waits no more.
    """
    found = anyio.run(records.approvals.find, approval_id.strip().upper())
    if found is None:
        raise unknown()
    if found.state is not State.WAITING:
        raise not_waiting(found.state)
    show(terminal.say, found, records.clock.now())
    return found


def _decided(records: Opened, approval: Approval, *, grant: bool, by: str) -> Approval:
    decide = partial(
        records.approvals.decide, approval.id, grant=grant, by=by, via=Via.TERMINAL
    )
    return anyio.run(decide)
