"""``bill-mcp policy check``: a policy file on the screen, in words."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bill_mcp.agents import AgentName
from bill_mcp.guard.policy_file import EVERY_OTHER, Notify, check_policy, dotted
from bill_mcp.policy_cli.words import Fact, facts
from bill_mcp.specs import loading


def show(path: Path) -> None:
    """Write what each agent of the policy in *path* may do to standard output.

    On a terminal a table for each agent; else one line for each fact: the table in
    the file, what it is about, and the fact, with tabs between them.

    Raises:
        ConfigError: The file can't be used; names every fault.
    """
    catalogue = loading.load()
    file = check_policy(path, catalogue)
    for name, rules in file.agents.items():
        told = [*_hint(name), *facts(rules, catalogue)]
        whom = "every agent without a table of its own" if name == EVERY_OTHER else ""
        _write(dotted(("agents", name)), whom, told)
    _write("notify", "", [Fact("people are told", _notified(file.notify))])


def _hint(name: str) -> Iterator[Fact]:
    """That nobody is named so: no fault, since another version may have that agent."""
    known = [str(each) for each in AgentName]
    if name in {EVERY_OTHER, *known}:
        return
    (near,) = difflib.get_close_matches(name, known, 1) or [""]
    yield Fact(
        "hint",
        "no agent of this version has that name, so the table holds for nobody"
        + (f"; did you mean {near}?" if near else ".")
        + f" There are: {', '.join(known)}. Each without a table of its own gets that "
        f'of "{EVERY_OTHER}"',
    )


def _notified(notify: Notify) -> str:
    ways = ["on the desktop"] if notify.desktop else []
    if notify.url is not None:  # the rest of such an address is often a secret
        ways.append(f"by a POST to {urlsplit(notify.url).hostname}")
    return " and ".join(ways) or "nowhere but in the answer to the agent"


def _write(table_name: str, whom: str, told: list[Fact]) -> None:
    if not sys.stdout.isatty():
        for fact in told:
            sys.stdout.write(f"{table_name}\t{fact.about}\t{fact.text}\n")
        return
    table = Table(
        title=f"{table_name}  {whom}".rstrip(),
        title_justify="left",
        title_style="bold",
        show_header=False,
        box=None,
        pad_edge=False,
    )
    for fact in told:
        table.add_row(Text(fact.about, style="dim"), Text(fact.text))
    console = Console(highlight=False)
    console.print(table)
    console.print()
