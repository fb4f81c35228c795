"""The token that opens a card's full number on another host: made up, and good for it.

Nobody here decodes it. It is of the right form, so that a client that leaks it can be
caught, and it says when it ends.
"""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

from bill_mcp.simulator import assumed
from bill_mcp.simulator.store import Store, Thing


def pan_jwt(store: Store, card: Thing) -> str:
    """Return the token of *card*; the same again in the same second."""
    issued = int(store.now.timestamp())
    lifetime = timedelta(minutes=assumed.PAN_JWT_MINUTES)
    claims = {
        "sub": card["uuid"],
        "iss": "bill-simulator",
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
    }
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    seal = hashlib.blake2b(
        signed.encode(), key=store.state.seed.encode()[:64], digest_size=32
    )
    return f"{signed}.{coded(seal.digest())}"


def part(value: dict[str, Any]) -> str:
    return coded(json.dumps(value, separators=(",", ":")).encode())


def coded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
