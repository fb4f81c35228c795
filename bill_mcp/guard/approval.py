"""A person's agreement to one call. This version cannot ask, so none exists.

`policy` refuses what would need one; an ``approval_id`` that an agent brings along can
only be invented, and is refused by name.
"""

from __future__ import annotations

from bill_mcp.errors import RefusedError


def require(approval_id: str | None) -> None:
    """Let the call go on if nobody needs to agree to it.

    Raises:
        RefusedError: The call names an approval; none can have been given.
    """
    if approval_id is not None:
        raise RefusedError(
            "there is no such approval: this version gives none",
            advice="Leave approval_id out. If the call is then refused, ask a person "
            "to do it in BILL's own web page.",
            code="approval_unavailable",
        )
