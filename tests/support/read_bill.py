"""The path of a call over the simulator, in process: what the guard reads with."""

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
SIGN_IN_BODY = {
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
    """One agent at a simulated BILL of its own, empty but for its organization."""

    def __init__(self, time: str | None = None) -> None:
        self.world = World.create("empty", time)
        self.assembly: Assembly = assemble(
            _Simulator(self.world), environment=Environment.LOCAL, account=SIGN_IN
        )
        self._session: dict[str, str] = {}

    async def call(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """One call of the agent; fulfils `bill_mcp.guard.reading.Read`."""
        return await self.assembly.call(name, arguments)

    def pass_days(self, days: float) -> None:
        """Move BILL's clock; its sessions live on, as if they had been used."""
        self.world.move_to(self.world.now + timedelta(days=days))

    def calls_of(self, path: str) -> int:
        """How often *path* was asked for, under the organization's session."""
        return sum(one.path.startswith(path) for one in self.world.log.arrivals)

    async def vendor(self, name: str = "Acme", **more: Any) -> str:
        """The id of a new vendor that is paid by check."""
        given = {"name": name, "address": ADDRESS, **more}
        made = await self.call("bill_create_a_vendor", given)
        return str(made["id"])

    async def bill(
        self, vendor_id: str, number: str, *amounts: float, day: str = "2026-11-15"
    ) -> str:
        """The id of a new bill, which a person enters past every guard."""
        made = await self._in_web_page(
            "/v3/bills",
            {
                "vendorId": vendor_id,
                "dueDate": "2026-12-15",
                "invoice": {"invoiceNumber": number, "invoiceDate": day},
                "billLineItems": [{"amount": amount} for amount in amounts or (100,)],
            },
        )
        return str(made["id"])

    async def _in_web_page(self, path: str, body: Any) -> Any:
        """What BILL makes of a POST under a session that is not our server's."""
        bill = httpx.AsyncClient(
            transport=self.assembly.upstream.transport(),
            base_url="http://simulator.localhost/connect",
        )
        async with bill:
            if not self._session:
                told = await bill.post("/v3/login", json=SIGN_IN_BODY)
                key = credentials.DEVELOPER_KEY
                self._session = {"devKey": key, "sessionId": told.json()["sessionId"]}
            answer = await bill.post(path, json=body, headers=self._session)
        assert answer.status_code == 201, answer.text
        return answer.json()
