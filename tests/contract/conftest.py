"""Two worlds for one set of tests: the simulator always, BILL's sandbox on request."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from bill_mcp.app import application
from bill_mcp.errors import CallError
from bill_mcp.settings import resolve

Caller = Callable[..., Awaitable[Any]]


@pytest.fixture(
    params=["simulator", pytest.param("sandbox", marks=pytest.mark.bill_verified)]
)
async def call(request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    """Calls a tool in that world; answers the result, or the `CallError`."""
    if request.param == "simulator":
        options, variables = {"environment": "local"}, {}
    elif os.environ.get("BILL_SANDBOX") == "1":
        options = {"environment": "sandbox", "confirm": "never"}
        variables = {n: v for n, v in os.environ.items() if n.startswith("BILL_")}
    else:
        pytest.skip("needs BILL_SANDBOX=1 and the credentials of a sandbox account")
    settings = resolve(options, variables)
    async with application(settings, variables=variables) as built:
        agent = built.agent("contract", "contract")

        async def run(tool: str, **arguments: Any) -> Any:
            try:
                return await built.dispatcher.call(agent, tool, arguments)
            except CallError as error:
                return error

        yield run
