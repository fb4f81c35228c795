"""``bill-mcp audit verify --accept``, where records that had no vault get one.

What lies in files beside the records proves nothing against whoever may write those
files. That it was this person who began so, only they can know, so they are asked, at
their terminal, after they were told what their yes means.
"""

from __future__ import annotations

from dataclasses import replace

from bill_mcp.approvals_cli.terminal import controlling_terminal
from bill_mcp.audit_cli.log_file import DamagedError, Log
from bill_mcp.audit_cli.verifying import (
    NOT_WHOLE,
    WHOLE,
    added,
    as_recorded,
    checked,
    printable,
    result_lines,
    say,
)
from bill_mcp.clock import Clock
from bill_mcp.errors import ConfigError
from bill_mcp.records.audit import Audit, AuditEntry, Kind
from bill_mcp.secret import LiveSecrets

MEANS = (
    "The check above used the key in audit.key, a file beside the records. Whoever "
    "could read that folder, or write to it, may have made up every row, approver and "
    "approval in it, and who has that key can go on to: then no check finds anything, "
    "and a yes gives them the right to release money. Say yes only if it was you who "
    "began here without a keyring and BILL_MCP_KEY, and after a look at "
    "`bill-mcp audit`."
)
QUESTION = "Did you begin these records without a key, and do you trust them?"
UNCHANGED = "Nothing was changed, and nothing is written with these records."


def take_over(log: Log, clock: Clock) -> int:
    """Ask, and take the key and the head into the vault; the exit code.

    Raises:
        ConfigError: There is no terminal, the records are damaged, or were written
            under yet another key.
    """
    beside = replace(log, custody=log.custody.beside())
    try:
        report = checked(beside)
    except DamagedError as error:
        raise ConfigError(f"{error}; move the file away first") from None
    with controlling_terminal(LiveSecrets()) as terminal:
        for line in result_lines(report):
            terminal.say(printable(line))
        terminal.say(MEANS, "bold yellow")
        try:
            agreed = terminal.agree(QUESTION)
        except EOFError:
            agreed = False
    if not agreed:
        say(UNCHANGED)
        return NOT_WHOLE
    told = {"key": "taken over from audit.key", **as_recorded(report)}
    entry = AuditEntry(at=clock.now(), kind=Kind.ACCEPTED, arguments=told)
    # Not `accept`: if the last row knows another key, this is not the log's.
    seq, head = added(log, lambda c: Audit(beside.custody.key).append(c, entry))
    log.custody.take_over(log.path, head)
    say(
        f"taken over: the key and the end of the log rest in {log.custody.where}, and "
        f"row {seq} says so. Start every server anew, with the same keyring or "
        "BILL_MCP_KEY"
    )
    return WHOLE
