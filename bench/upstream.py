"""Stands in for BILL in measurements: signs anybody in and has one vendor.

Usage: python -m bench.upstream PORT DELAY_MS LIMIT

Each answer about the vendor takes DELAY_MS. Where LIMIT is not 0, a request beyond that
many in flight is refused as BILL refuses it (429, BDC_1322).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio
import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SESSION = {
    "sessionId": "made-up-session-of-the-bench",
    "organizationId": "00801BENCH",
    "userId": "00601BENCH",
    "trusted": False,
}
VENDOR = {
    "id": "00901BENCH",
    "archived": False,
    "name": "Cascade Lumber Supply",
    "shortName": "Cascade",
    "accountNumber": "PT-20417",
    "accountType": "BUSINESS",
    "email": "billing@cascadelumber.example",
    "phone": "503-555-0143",
    "address": {
        "line1": "1200 Mill Road",
        "city": "Portland",
        "stateOrProvince": "OR",
        "zipOrPostalCode": "97201",
        "country": "US",
        "countryName": "United States",
    },
    "paymentInformation": {
        "payeeName": "Cascade Lumber Supply",
        "email": "billing@cascadelumber.example",
        "payByType": "CHECK",
    },
    "additionalInfo": {
        "track1099": True,
        "leadTimeInDays": 3,
        "combinePayments": False,
        "paymentTermId": "3007BENCH",
    },
    "recurringPayments": False,
    "billCurrency": "USD",
    "createdTime": "2026-01-05T17:00:00.000+00:00",
    "updatedTime": "2026-10-12T17:00:00.000+00:00",
    "balance": {"amount": 4210.5, "lastUpdatedDate": "2026-11-20T17:00:00.000+00:00"},
    "autoPay": {"enabled": False},
    "networkStatus": "NOT_CONNECTED",
}
REFUSAL = [
    {
        "timestamp": "2026-11-23T15:00:00.000+00:00",
        "code": "BDC_1322",
        "severity": "ERROR",
        "category": "REQUEST",
        "message": "Max concurrent requests reached",
    }
]


class Upstream:
    """One ASGI application; ``GET /counts`` tells what it saw and starts anew."""

    def __init__(self, delay_s: float, limit: int) -> None:
        self._delay_s, self._limit = delay_s, limit
        self._in_flight = 0
        self._counts = {"answered": 0, "refused": 0, "most_in_flight": 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        if scope["path"] == "/counts":
            told, self._counts = self._counts, dict.fromkeys(self._counts, 0)
            await _reply(send, 200, told)
        elif scope["path"] == "/connect/v3/login":
            await _reply(send, 200, SESSION)
        else:
            await self._vendor(send)

    async def _vendor(self, send: Send) -> None:
        counts = self._counts
        if self._limit and self._in_flight >= self._limit:
            counts["refused"] += 1
            await _reply(send, 429, REFUSAL)
            return
        self._in_flight += 1
        counts["answered"] += 1
        counts["most_in_flight"] = max(counts["most_in_flight"], self._in_flight)
        try:
            if self._delay_s:
                await anyio.sleep(self._delay_s)
        finally:
            # Before the answer: a client that has read it may send at once.
            self._in_flight -= 1
        await _reply(send, 200, VENDOR)


async def _reply(send: Send, status: int, value: Any) -> None:
    body = json.dumps(value).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main(port: str, delay_ms: str, limit: str) -> None:
    uvicorn.run(
        Upstream(float(delay_ms) / 1000, int(limit)),
        host="127.0.0.1",
        port=int(port),
        lifespan="off",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
