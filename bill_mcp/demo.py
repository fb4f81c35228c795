"""An accounts-payable afternoon, played in front of the reader.

The real server runs as a child process on its embedded simulator; the official MCP
client calls it over stdio, as any host would.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

SIMULATED_CODE = "123456"
"""What the simulator's person always receives."""

_SHOWN_CHARACTERS = 600
_SHOWN_ROWS = 6
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "VIRTUAL_ENV")


class _Screen(Console):
    """A console that falls silent when its reader has gone, as in ``| head``."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Stage:
    """Makes calls and shows each with its answer, in short."""

    def __init__(self, client: Client, console: Console, pause_s: float) -> None:
        self._client = client
        self._console = console
        self._pause_s = pause_s
        self.failures: list[str] = []

    async def call(
        self,
        what: str,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        show: tuple[str, ...] = (),
        columns: tuple[str, ...] = (),
        expect_error: str | None = None,
    ) -> dict[str, Any]:
        """Call *tool* and return its result, or the error's object.

        Args:
            what: The step, in words.
            tool: Name of the tool.
            arguments: What the agent passes.
            show: Members of the result worth showing; all by default.
            columns: Members of each row of a list, dotted, shown as a table.
            expect_error: The error code that this step is meant to meet.
        """
        self._console.print(Rule(Text(what, style="bold"), align="left", style="blue"))
        given = json.dumps(arguments or {}, ensure_ascii=False)
        self._console.print(f"[cyan]→ {tool}[/] {escape(given)}")
        answer = await self._client.call_tool(tool, dict(arguments or {}))
        failed = bool(answer.is_error)
        told = _told(answer)
        code = told.get("error") if failed else None
        if code != expect_error:
            self.failures.append(f"{tool}: {code or 'no error'}, not {expect_error}")
        mark = "[yellow]✗ refused[/]" if failed else "[green]✓[/]"
        if columns and not failed:
            self._console.print(f"{mark} {len(told['results'])} rows on this page")
            self._console.print(_table(told["results"], columns))
        else:
            self._console.print(f"{mark} {escape(_short(told, show))}")
        self._console.print()
        await anyio.sleep(self._pause_s)
        return told


def _told(answer: Any) -> dict[str, Any]:
    if answer.is_error:
        told: dict[str, Any] = json.loads(answer.content[0].text)
        return told
    return dict(answer.structured_content or {})


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Table:
    table = Table(box=box.SIMPLE, padding=(0, 1))
    for column in columns:
        table.add_column(column.rsplit(".", 1)[-1])
    for row in rows[:_SHOWN_ROWS]:
        table.add_row(*(escape(_cell(row, column)) for column in columns))
    if len(rows) > _SHOWN_ROWS:
        table.add_row("…")
    return table


def _cell(row: Any, column: str) -> str:
    for step in column.split("."):
        row = row.get(step, "") if isinstance(row, dict) else ""
    return f"{row:,.2f}" if isinstance(row, float) else str(row)


def _short(told: Mapping[str, Any], show: tuple[str, ...]) -> str:
    kept = {name: told[name] for name in show if name in told} if show else told
    if "bill_mcp" not in show:
        kept = {name: part for name, part in kept.items() if name != "bill_mcp"}
    text = json.dumps(kept, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + " …"


async def run(*, pause_s: float = 0.0) -> int:
    """Play it; 0 where every step went as meant."""
    console = _Screen(highlight=False)
    console.print(
        Panel(
            "An agent's afternoon in accounts payable. The server runs as a child "
            "process on its own simulator of BILL: [bold]invented data, no real "
            "money[/]. Every call below is a real MCP call over stdio.",
            title="bill-mcp demo",
            border_style="blue",
        )
    )
    # The child must meet no BILL account of whoever runs the demo.
    environment = {
        name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ
    }
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "bill_mcp", "serve", "--environment", "local"],
        env={**environment, "BILL_MCP_LOG_LEVEL": "warning"},
    )
    async with Client(stdio_client(server)) as client:
        listed = (await client.list_tools()).tools
        console.print(f"{len(listed)} tools, over MCP {client.protocol_version}.\n")
        stage = Stage(client, console, pause_s)
        await _afternoon(stage)
    if stage.failures:
        console.print(f"[red]Not as meant:[/] {escape('; '.join(stage.failures))}")
        return 1
    console.print(
        "[green]Done.[/] Try it in your own client: see README.md, or "
        "[cyan]bill-mcp tools vendor[/] and [cyan]bill-mcp call[/]."
    )
    return 0


async def _afternoon(stage: Stage) -> None:
    await stage.call(
        "Who am I? The server signs in by itself; no secret passes through the agent",
        "bill_get_api_session_details",
    )
    due = await stage.call(
        "What is due? Unpaid bills, the oldest due date first",
        "bill_get_list_of_bills",
        {
            "filters": [
                {"field": "paymentStatus", "op": "eq", "value": "UNPAID"},
                {"field": "archived", "op": "eq", "value": False},
            ],
            "sort": [{"field": "dueDate", "order": "asc"}],
            "max": 20,
        },
        columns=("id", "vendorName", "invoice.invoiceNumber", "dueDate", "dueAmount"),
    )
    bill = next(row for row in due["results"] if _is_payable(row))
    await stage.call(
        "Look at one bill before paying it",
        "bill_get_bill_details",
        {"billId": bill["id"]},
        show=("id", "vendorId", "amount", "dueAmount", "dueDate", "paymentStatus"),
    )
    banks = await stage.call(
        "Which bank account can pay?",
        "bill_get_list_of_bank_accounts",
        {"filters": "status:eq:VERIFIED"},
        columns=("id", "bankName", "accountNumber", "status"),
    )
    payment = {
        "billId": bill["id"],
        "amount": bill["dueAmount"],
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": banks["results"][0]["id"]},
    }
    await stage.call(
        "Try to pay: BILL refuses, since nobody has completed MFA in this session",
        "bill_create_a_payment",
        payment,
        expect_error="mfa_required",
    )
    await stage.call(
        "Ask for a code: BILL sends it to the person's phone",
        "bill_generate_mfa_challenge",
    )
    await stage.call(
        "The person reads the code to the agent; the session is trusted now",
        "bill_validate_mfa_challenge",
        {"token": SIMULATED_CODE},
    )
    await stage.call(
        "See what would be sent, without sending it",
        "bill_create_a_payment",
        payment | {"preview": True},
        show=("bill_mcp",),
    )
    paid = await stage.call(
        "Pay",
        "bill_create_a_payment",
        payment,
        show=("id", "amount", "processDate", "status", "transactionNumber"),
    )
    await stage.call(
        "The bill is scheduled",
        "bill_get_bill_details",
        {"billId": bill["id"]},
        show=("paymentStatus", "scheduledAmount", "dueAmount"),
    )
    await stage.call(
        "A change of mind: cancel while the payment is still scheduled",
        "bill_cancel_a_payment",
        {"paymentId": paid["id"]},
        show=("id", "status", "singleStatus", "cancelRequestSubmitted"),
    )


def _is_payable(row: Mapping[str, Any]) -> bool:
    """Bills that wait for an approver can't be paid."""
    waiting = {"ASSIGNED", "APPROVING", "DENIED"}
    return row.get("approvalStatus") not in waiting and row.get("dueAmount", 0) > 0
