"""A simulated BILL to talk to, in process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from bill_mcp.simulator import credentials
from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.world import World

ADDRESS = {
    "line1": "1 Main Street",
    "city": "Seattle",
    "stateOrProvince": "WA",
    "zipOrPostalCode": "98101",
    "country": "US",
}


class Bill:
    """A client of one simulated BILL: its API when signed in, and its control plane."""

    def __init__(self, world: World, http: httpx.AsyncClient) -> None:
        self.world = world
        self.http = http
        self.headers: dict[str, str] = {}
        self.account = ""

    async def ask(
        self, method: str, path: str, body: Any = None, **query: Any
    ) -> httpx.Response:
        url = f"/connect/v3{path}"
        return await self.http.request(
            method, url, json=body, params=query, headers=self.headers
        )

    async def get(self, path: str, **query: Any) -> Any:
        """Return the JSON of a read that must succeed."""
        response = await self.ask("GET", path, **query)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, body: Any = None) -> Any:
        """Return the JSON of a write that must succeed."""
        response = await self.ask("POST", path, body)
        assert response.status_code in {200, 201}, response.text
        return response.json() if response.content else None

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        response = await self.http.request(method, f"/simulator{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    async def fault(self, **fault: Any) -> None:
        await self.control("POST", "/faults", [fault])

    async def pass_time(self, **time: Any) -> None:
        """Move the clock; sessions stay alive, as if somebody had kept using them."""
        await self.control("POST", "/clock", time)
        for session in list(self.world.rows("session")):
            fresh = session | {"lastUsed": self.world.stamp}
            self.world.put("session", session["id"], fresh)

    async def sign_in(self, **wish: Any) -> dict[str, str]:
        """Sign in with fresh sign-in data; use the session from here on."""
        wanted = {"mfa": "trusted", **wish}
        data: dict[str, str] = await self.control("POST", "/credentials", wanted)
        body = {
            "username": data["BILL_USERNAME"],
            "password": data["BILL_PASSWORD"],
            "organizationId": data["BILL_ORGANIZATION_ID"],
            "devKey": data["BILL_DEV_KEY"],
            "rememberMeId": data.get("BILL_REMEMBER_ME_ID"),
            "device": data.get("BILL_DEVICE"),
        }
        session = await self.post("/login", body)
        self.headers = {
            "devKey": data["BILL_DEV_KEY"],
            "sessionId": session["sessionId"],
        }
        return data

    async def vendor(self, name: str = "Acme", **more: Any) -> dict[str, Any]:
        body = {"name": name, "address": ADDRESS, **more}
        made: dict[str, Any] = await self.post("/vendors", body)
        return made

    async def paid_by_ach(self, name: str = "Acme") -> dict[str, Any]:
        account = {"accountNumber": "111222333", "routingNumber": "074000010"}
        return await self.vendor(name, paymentInformation={"bankAccount": account})

    async def bill(self, vendor_id: str, *amounts: float) -> dict[str, Any]:
        number = f"INV-{self.world.count('test bill')}"
        body = {
            "vendorId": vendor_id,
            "dueDate": "2026-12-15",
            "invoice": {"invoiceNumber": number, "invoiceDate": "2026-11-15"},
            "billLineItems": [{"amount": amount} for amount in amounts or (100,)],
        }
        made: dict[str, Any] = await self.post("/bills", body)
        return made

    def payment(self, bill: dict[str, Any], amount: float, **more: Any) -> Any:
        return {
            "billId": bill["id"],
            "amount": amount,
            "fundingAccount": {"type": "BANK_ACCOUNT", "id": self.account},
            "processingOptions": {},
            **more,
        }

    async def pay(self, bill: dict[str, Any], amount: float, **more: Any) -> Any:
        return await self.post("/payments", self.payment(bill, amount, **more))


Start = Callable[..., Awaitable[Bill]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Return a function that starts a simulator and a client for it."""
    async with AsyncExitStack() as stack:

        async def start_one(
            seed: str = "empty", time: str | None = None, **options: Any
        ) -> Bill:
            world = World.create(seed, time)
            http = httpx.AsyncClient(
                transport=httpx.ASGITransport(build_app(world, **options)),
                base_url="http://simulator.localhost",
            )
            return Bill(world, await stack.enter_async_context(http))

        yield start_one


@pytest.fixture
async def bill(start: Start) -> Bill:
    """Return the seed ``empty`` with a trusted administrator who can pay."""
    made = await start()
    wanted = [{"type": "bank_account"}]
    made.account = (await made.control("POST", "/fixtures", wanted))[0]["id"]
    await made.sign_in()
    return made


@pytest.fixture
async def demo(start: Start) -> Bill:
    """Return the seed ``demo`` with a trusted administrator who can pay."""
    made = await start("demo")
    accounts = made.world.where("bank_account", "status", "VERIFIED")
    made.account = accounts[0]["id"]
    await made.sign_in()
    return made


@pytest.fixture
async def spend(start: Start) -> Bill:
    """Return the seed ``empty`` with the token of Spend & Expense's administrator."""
    made = await start()
    made.headers = {"apiToken": credentials.API_TOKEN}
    return made


@pytest.fixture
def login() -> dict[str, str]:
    """Return the body of a sign-in with the well-known data."""
    return {
        "username": credentials.USERNAME,
        "password": credentials.PASSWORD,
        "organizationId": credentials.ORGANIZATION_ID,
        "devKey": credentials.DEVELOPER_KEY,
    }


def code_of(response: httpx.Response) -> tuple[int, str | None]:
    """Return the status and the first code of a refusal."""
    return response.status_code, response.json()[0].get("code")


@pytest.fixture
def refused() -> Callable[[httpx.Response], tuple[int, str | None]]:
    return code_of
