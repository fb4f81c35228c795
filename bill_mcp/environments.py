"""Which BILL the server talks to, and at which addresses."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit


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
_PORTS = {"https": 443, "http": 80}


def normal_url(url: str) -> str:
    """*url* as every spelling of it is kept: one host under one name.

    Without it what is kept by address (sessions, limits) would be kept twice.

    Raises:
        ValueError: It is no URL.
    """
    parts = urlsplit(url.rstrip("/"))
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    if parts.port not in {None, _PORTS.get(parts.scheme)}:
        host = f"{host}:{parts.port}"
    return f"{parts.scheme}://{host}{parts.path}"
