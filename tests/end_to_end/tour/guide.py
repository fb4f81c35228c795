"""What leads through the tour: the simulator in one process, servers in others."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from mcp import Client
from support.fact_samples import operations
from support.process import client_of

ACTIONS = {fact["operation"]: name for name, fact in operations().items()}
"""Operation of the facts -> the tool that performs it."""

Replies = defaultdict[str, list[Any]]


class Visitor:
    """One agent at one server: performs actions, and keeps what they answer."""

    def __init__(self, client: Client, replies: Replies) -> None:
        self._client = client
        self._replies = replies

    async def __call__(self, operation: str, /, **arguments: Any) -> Any:
        """Perform an action, which must succeed, and return BILL's own reply."""
        name = ACTIONS[operation]
        answer = await self._client.call_tool(name, arguments)
        assert not answer.is_error, f"{name}: {answer.content}"
        told = dict(answer.structured_content or {})
        told.pop("bill_mcp", None)
        reply = told["items"] if is_bare_array(operation) else told
        self._replies[operation].append(reply)
        return reply

    async def pages(self, operation: str, /, **arguments: Any) -> list[Any]:
        """Read the first two pages of a list, a row each; return the two rows."""
        parameters = operations()[ACTIONS[operation]]["query_params"]
        known = {each["name"] for each in parameters}
        cursor = "nextPage" if "nextPage" in known else "page"
        first = await self(operation, max=1, **arguments)
        more = {cursor: first["nextPage"], **arguments}
        second = await self(operation, max=1, **more)
        return [*first["results"], *second["results"]]


def is_bare_array(operation: str) -> bool:
    kind: str = operations()[ACTIONS[operation]]["response_kind"]
    return kind == "array"


class Guide:
    """Knows the world of the tour, and every reply so far."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self.http = http
        self.replies: Replies = defaultdict(list)

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control plane of the simulator."""
        answer = await self.http.request(
            method, f"{self.url}/simulator{path}", json=body
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    @asynccontextmanager
    async def visitor(self, **wish: Any) -> AsyncIterator[Visitor]:
        """Make a login, and connect to a server of its own that has it."""
        login = await self.control("POST", "/credentials", wish)
        with tempfile.TemporaryDirectory() as home:
            variables = {
                **{name: value for name, value in login.items() if name.isupper()},
                "BILL_MCP_ENVIRONMENT": "local",
                "BILL_MCP_BASE_URL": f"{self.url}/connect",
                "BILL_MCP_HOME": home,
            }
            async with client_of(variables=variables) as client:
                yield Visitor(client, self.replies)

    async def fixture(
        self, kind: str, /, *, organization: str = "", **fields: Any
    ) -> Any:
        """Make something that no action makes; return its ids."""
        wish = {"type": kind, "fields": fields, "organization": organization}
        return (await self.control("POST", "/fixtures", [wish]))[0]

    async def patch(self, key: str, **fields: Any) -> None:
        """Set fields of an object, as time or BILL's staff would."""
        paths = {name.replace("__", "."): value for name, value in fields.items()}
        await self.control("PATCH", f"/objects/{key}", {"fields": paths})

    async def pass_days(self, days: float) -> None:
        await self.control("POST", "/clock", {"advance_s": days * 86_400})


@asynccontextmanager
async def guide_in_a_new_world() -> AsyncIterator[Guide]:
    """Start ``bill-mcp simulator`` with its demo company."""
    simulator = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bill_mcp", "simulator", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert simulator.stdout is not None
        told = (await simulator.stdout.readline()).decode().strip()
        assert told.endswith("/connect"), "the simulator did not start"
        url = told.removesuffix("/connect")
        async with httpx.AsyncClient(timeout=30) as http:
            yield Guide(url, http)
    finally:
        simulator.terminate()
        await simulator.wait()
