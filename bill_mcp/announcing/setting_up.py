"""Puts an announcer together from what the policy file says."""

from __future__ import annotations

from collections.abc import Callable

from bill_mcp.announcing.announcer import Announcer, Sender
from bill_mcp.announcing.desktop import Desktop, find_desktop
from bill_mcp.announcing.notify_key import read_key
from bill_mcp.announcing.webhook import Webhook
from bill_mcp.client.request import NewId
from bill_mcp.clock import Clock
from bill_mcp.sessions.vault import Vault


def announcer(
    *,
    url: str | None,
    desktop: bool,
    open_vault: Callable[[], Vault],
    clock: Clock,
    new_id: NewId,
    find: Callable[[], Desktop | None] = find_desktop,
) -> Announcer:
    """An announcer whose `run` sends; one without senders announces nothing.

    Args:
        url: Of a webhook; https, or this machine.
        desktop: Whether to notify on this machine's desktop, where there is one.
        open_vault: Opens the vault that keeps the key of the webhook.
        clock: Tells the timestamp.
        new_id: Source of ids.
        find: Looks for the desktop.

    Raises:
        ConfigError: The url may not be announced to.
    """
    senders: list[Sender] = []
    found = find() if desktop else None
    if found is not None:
        senders.append(found)
    if url is not None:
        senders.append(Webhook(url, key=lambda: read_key(open_vault()), clock=clock))
    return Announcer(senders, new_id)
