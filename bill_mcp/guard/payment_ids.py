"""By which id BILL knows what a call wants to be paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bill_mcp.errors import RefusedError


def id_at_bill(reply: Mapping[str, Any], asked: str, *names: str) -> str:
    """The id by which BILL's own reply names the object that a call asks for.

    An object may have several ids, and BILL may take an id that is written in another
    way. Only its reply tells that two calls are about one object.

    Args:
        reply: BILL's, about the object.
        asked: The id that the call gives.
        names: The fields that hold ids; the first is the one that counts.

    Raises:
        RefusedError: The reply has no such id, or is about another object.
    """
    own = reply.get(names[0])
    ids = {_plain(reply.get(name)) for name in names}
    if not isinstance(own, str) or not own or _plain(asked) not in ids:
        raise RefusedError(
            "BILL does not say clearly which object the id that was given names, so "
            "that an earlier payment of it could not be told; nothing was sent",
            advice="Use the id exactly as BILL shows it. If it is that already, ask a "
            "person to do it in BILL's own web page.",
            code="object_unclear",
        )
    return own


def _plain(key: Any) -> str:
    return str(key).strip().casefold()
