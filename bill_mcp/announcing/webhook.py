"""Announces over HTTP to the address in the operator's policy, signed.

The receiver computes the signature anew: HMAC-SHA256 under the key that
``bill-mcp notify-key`` showed, over the timestamp's text followed by the body's bytes;
and refuses a timestamp that is minutes old. Whoever forges one tells people to look
where nothing waits, no more: an announcement gives no right.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

import anyio
import httpx

from bill_mcp.announcing.announcement import Announcement
from bill_mcp.announcing.announcer import UndeliveredError
from bill_mcp.clock import Clock
from bill_mcp.environments import LOOPBACK_HOSTS
from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret

SIGNATURE, TIMESTAMP = "x-bill-mcp-signature", "x-bill-mcp-timestamp"
DEADLINE_S = 5.0
"""For each try, from the connecting to the status line."""

TRIES = 2
PAUSE_S = 2.0
_REFUSED = range(300, 500)
"""The receiver has answered and would answer the same again."""

NO_KEY = "there is no key to sign with; make one with `bill-mcp notify-key`"
_PORTS = {"https": 443, "http": 80}


class Webhook:
    """Fulfils `Sender` with one POST, and a second one if the first did not arrive.

    Args:
        url: https, or this machine.
        key: Reads the key that signs; None where there is none. May block.
        clock: Tells the timestamp, in UTC.
    """

    name = "webhook"

    def __init__(
        self, url: str, *, key: Callable[[], Secret | None], clock: Clock
    ) -> None:
        self._address = checked(url)
        self._url, self._key, self._clock = url, key, clock

    async def send(self, announcement: Announcement) -> None:
        key = await anyio.to_thread.run_sync(self._key)
        if key is None:
            raise UndeliveredError(NO_KEY)
        body = announcement.as_json()
        for tries_left in reversed(range(TRIES)):
            fault, may_pass = await self._fault(key, body)
            if fault is None:
                return
            if not may_pass or not tries_left:
                raise UndeliveredError(f"{self._where}: {fault}")
            await self._clock.sleep(PAUSE_S)

    async def _fault(self, key: Secret, body: bytes) -> tuple[str | None, bool]:
        """Why one try failed, if it did, and whether another may not."""
        now = str(int(self._clock.now().timestamp()))
        headers = {
            "content-type": "application/json",
            TIMESTAMP: now,
            SIGNATURE: signature(key, now, body),
        }
        try:
            with anyio.fail_after(DEADLINE_S):
                status = await self._post(headers, body)
        except TimeoutError:
            return "no answer in time", True
        except httpx.HTTPError as error:
            return type(error).__name__, True
        if httpx.codes.is_success(status):
            return None, False
        return f"answered {status}", status not in _REFUSED

    async def _post(self, headers: dict[str, str], body: bytes) -> int:
        client = httpx.AsyncClient(
            follow_redirects=False,
            timeout=DEADLINE_S,
            # A proxy is for the network, never for this machine.
            trust_env=self._address.scheme == "https",
        )
        # Streamed, since what the receiver says is of no interest and may be long.
        async with (
            client,
            client.stream("POST", self._url, content=body, headers=headers) as answer,
        ):
            return answer.status_code

    @property
    def _where(self) -> str:
        """Scheme, host and port; paths and queries of webhooks are often secret."""
        found = self._address
        return f"{found.scheme}://{found.hostname}:{found.port or _PORTS[found.scheme]}"


def signature(key: Secret, timestamp: str, body: bytes) -> str:
    """The value of the header that proves who sent it, and when."""
    signed = timestamp.encode() + body
    digest = hmac.new(key.reveal().encode(), signed, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def checked(url: str) -> SplitResult:
    """The parts of an address that announcements may go to.

    Raises:
        ConfigError: It is neither https nor this machine, or holds a user name.
    """
    try:
        found = urlsplit(url)
        _ = found.port  # raises where it is no number
    except ValueError:
        raise ConfigError("the url of [notify] is no address") from None
    is_own = found.scheme == "http" and found.hostname in LOOPBACK_HOSTS
    if not found.hostname or not (found.scheme == "https" or is_own):
        raise ConfigError("the url of [notify] must be https, or http on this machine")
    if found.username is not None or found.password is not None:
        raise ConfigError("the url of [notify] must hold no user name or password")
    return found
