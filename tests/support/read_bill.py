"""A simulated BILL that the guard reads through the whole path of a call.

What happens there meanwhile goes round that path, as if a person did it in BILL's web
page: the guard that is tested does not stand in the way of what it shall find.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
from support.assembly import Assembly, assemble
from support.upstream import Upstream

from bill_mcp.environments import Environment
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.simulator import credentials
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.world import World

SIGN_IN = Credentials(
    username=credentials.USERNAME,
    password=Secret(credentials.PASSWORD),
    organization_id=credentials.ORGANIZATION_ID,
    dev_key=Secret(credentials.DEVELOPER_KEY),
)
LOGIN = {
    "username": credentials.USERNAME,
    "password": credentials.PASSWORD,
    "organizationId": credentials.ORGANIZATION_ID,
    "devKey": credentials.DEVELOPER_KEY,
}
ADDRESS = {
    "line1": "1 Main Street",
    "city": "Seattle",
    "stateOrProvince": "WA",
    "zipOrPostalCode": "98101",
    "country": "US",
}
BANK = {
    "nameOnAccount": "Acme",
    "accountNumber": "111222333",
    "routingNumber": "074000010",
}


class _Simulator(Upstream):
    """Has the simulator answer, and remembers nothing itself."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._app = build_app(world)

    def transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(app=self._app)


class SimulatedBill:
    """One agent, and one person, at a BILL that is empty but for its organization."""

    def __init__(self, time: str | None = None) -> None:
        self.world = World.create("empty", time)
        self._simulator = _Simulator(self.world)
        self._headers: dict[str, str] = {}
        self.assembly: Assembly = assemble(
            self._simulator, environment=Environment.LOCAL, account=SIGN_IN
        )

    async def call(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """One call of the agent; fulfils `bill_mcp.guard.reading.Read`."""
        return await self.assembly.call(name, arguments)

    async def write(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What a person does at BILL without this server; must succeed."""
        async with httpx.AsyncClient(
            transport=self._simulator.transport(),
            base_url="http://simulator.localhost/connect/v3",
        ) as http:
            if not self._headers:
                session = (await http.post("/login", json=LOGIN)).json()["sessionId"]
                self._headers = {"devKey": LOGIN["devKey"], "sessionId": session}
            answer = await http.request(method, path, json=body, headers=self._headers)
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json() if answer.content else {}
        return told

    def pass_days(self, days: float) -> None:
        """Move BILL's clock; the person signs in anew after it."""
        self._headers = {}
        self.world.move_to(self.world.now + timedelta(days=days))

    async def vendor(self, name: str = "Acme", **more: Any) -> str:
        """The id of a new vendor that is paid by check."""
        given = {"name": name, "address": ADDRESS, **more}
        return str((await self.write("POST", "/vendors", given))["id"])

    async def bill(
        self, vendor_id: str, number: str, *amounts: float, day: str = "2026-11-15"
    ) -> str:
        """The id of a new bill."""
        made = await self.write(
            "POST",
            "/bills",
            {
                "vendorId": vendor_id,
                "dueDate": "2026-12-15",
                "invoice": {"invoiceNumber": number, "invoiceDate": day},
                "billLineItems": [{"amount": amount} for amount in amounts or (100,)],
            },
        )
        return str(made["id"])
