"""Which BILL the server talks to, and at which addresses."""

from __future__ import annotations

from enum import StrEnum


class Environment(StrEnum):
    """Which BILL the server talks to."""

    LOCAL = "local"
    SANDBOX = "sandbox"
    PRODUCTION = "production"


BASE_URLS = {
    Environment.SANDBOX: "https://gateway.stage.bill.com/connect",
    Environment.PRODUCTION: "https://gateway.prod.bill.com/connect",
}
EMBEDDED_URL = "http://simulator.localhost/connect"
"""Never looked up: requests to it end in the simulator inside this process."""

PRODUCTION_HOSTS = frozenset(
    {"gateway.prod.bill.com", "gateway.bill.com", "api.bill.com"}
)
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
