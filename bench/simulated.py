"""How fast the simulated BILL answers inside one process."""

from __future__ import annotations

import statistics
import time

import httpx

from bill_mcp.simulator.app import build_app
from bill_mcp.simulator.credentials import DEMO_VARIABLES
from bill_mcp.simulator.world import World

HEADS = ("what", "world", "median ms", "p99 ms")
COUNT = 300
LIST = {
    "filters": 'paymentStatus:eq:UNPAID,archived:eq:false,dueDate:gte:"2026-01-01"',
    "sort": "dueDate:desc",
    "max": "100",
}


async def rows() -> list[tuple[str, ...]]:
    """Making each world, reading a bill, and a list with filter and sort."""
    told: list[tuple[str, ...]] = []
    for seed in ("demo", "large"):
        began = time.perf_counter()
        world = World.create(seed)
        made = (time.perf_counter() - began) * 1000
        told.append(("make the world", seed, f"{made:.0f}", ""))
        told += await _calls(world, seed)
    return told


async def _calls(world: World, seed: str) -> list[tuple[str, ...]]:
    transport = httpx.ASGITransport(app=build_app(world))
    async with httpx.AsyncClient(transport=transport, base_url=_BASE) as client:
        await signed_in(client)
        bill = next(iter(world.state.tables["bill"]))
        told: list[tuple[str, ...]] = []
        for what, path, query in (
            ("read one bill", f"/v3/bills/{bill}", {}),
            ("list bills, filtered and sorted", "/v3/bills", LIST),
        ):
            took = []
            for _ in range(COUNT):
                began = time.perf_counter()
                answer = await client.get(f"/connect{path}", params=query)
                took.append((time.perf_counter() - began) * 1000)
                if answer.status_code != httpx.codes.OK:
                    raise RuntimeError(answer.text)
            took.sort()
            middle, late = statistics.median(took), took[int(COUNT * 0.99)]
            told.append((what, seed, f"{middle:.2f}", f"{late:.2f}"))
    began = time.perf_counter()
    name = world.take_snapshot()
    world.restore(name)
    both = (time.perf_counter() - began) * 1000
    return [*told, ("snapshot and restore", seed, f"{both:.2f}", "")]


_BASE = "http://simulator.localhost"


async def signed_in(client: httpx.AsyncClient) -> None:
    """Sign in; from then on *client* sends the headers of that session."""
    body = {
        "username": DEMO_VARIABLES["BILL_USERNAME"],
        "password": DEMO_VARIABLES["BILL_PASSWORD"],
        "organizationId": DEMO_VARIABLES["BILL_ORGANIZATION_ID"],
        "devKey": DEMO_VARIABLES["BILL_DEV_KEY"],
    }
    answer = await client.post("/connect/v3/login", json=body)
    client.headers["devKey"] = DEMO_VARIABLES["BILL_DEV_KEY"]
    client.headers["sessionId"] = answer.json()["sessionId"]
