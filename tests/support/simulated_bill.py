"""The simulated BILL in this process, behind the transport that notes what arrives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
from support.upstream import Arrival, Upstream

from bill_mcp.sessions.credentials import Credentials, read
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.sign_in_data import make_credentials
from bill_mcp.simulator.world import World


class SimulatedBill:
    """Answers as BILL does, and breaks off connections when told to."""

    def __init__(self) -> None:
        self.world = World.create("demo")
        self.upstream = Upstream(self)
        self._bill = httpx.ASGITransport(app=build_app(self.world))

    async def __call__(self, arrival: Arrival) -> httpx.Response:
        request = httpx.Request(
            arrival.method,
            f"http://simulator.localhost/connect{arrival.target}",
            headers=arrival.headers,
            content=arrival.body,
        )
        answer = await self._bill.handle_async_request(request)
        return httpx.Response(answer.status_code, content=await answer.aread())

    def account(self, **wish: Any) -> Credentials:
        """A login made for the test."""
        return read(make_credentials(self.world, wish).get)

    def fault(self, path: str, **effect: Any) -> None:
        """What happens to the next POST there."""
        self.world.faults.add_all([{"method": "POST", "path": path, **effect}])

    def advance(self, minutes: float) -> None:
        self.world.move_to(self.world.now + timedelta(minutes=minutes))

    def asked(self, path: str) -> int:
        """How often it was asked."""
        return sum(arrival.path == path for arrival in self.upstream.arrivals)
