"""An agent that wants one bill paid, and asks again in other words."""

from __future__ import annotations

import json
import random
from typing import Any

from mcp import Client, MCPError

from bill_mcp.errors import Outcome
from crash.bill import Bill

TOOLS = ("bill_create_a_payment", "BILL_CREATE_A_PAYMENT")
DAYS = ("2026-11-30", "2026-12-01", "2026-12-02")
TEXTS = ("timber", "Invoice of November", "second try", "please pay")


def worded(bill: Bill, bank: str, chance: random.Random) -> tuple[str, dict[str, Any]]:
    """The call that pays *bill*, in one of many ways to say it.

    Never with a transactionNumber: a new one says that another payment is meant.
    """
    amount: Any = bill.amount
    arguments: dict[str, Any] = {
        "billId": bill.id,
        "amount": chance.choice((amount, f"{amount:.2f}")),
        "fundingAccount": {"type": "BANK_ACCOUNT", "id": bank},
    }
    if chance.random() < 0.5:
        arguments["description"] = chance.choice(TEXTS)
    if chance.random() < 0.5:
        arguments["processDate"] = chance.choice(DAYS)
    if chance.random() < 0.3:
        arguments["processingOptions"] = {}
    return chance.choice(TOOLS), arguments


async def ask(
    client: Client, tool: str, arguments: dict[str, Any]
) -> tuple[Outcome | None, dict[str, Any]]:
    """How the call ended, and what the agent was told; None where nothing came."""
    try:
        answer = await client.call_tool(tool, arguments)
    except MCPError as error:
        return None, {"connection": str(error)}
    told: dict[str, Any] = json.loads(answer.content[0].text)  # type: ignore[union-attr]  # our answers are text
    return Outcome(told["outcome"]) if answer.is_error else Outcome.DONE, told
