from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import anyio
import pytest
from structlog.testing import capture_logs
from support.clock import START, ManualClock
from support.receiver import Receiver, receiving
from unit.announcing.waiting import APPROVAL

from bill_mcp.announcing import webhook
from bill_mcp.announcing.announcement import announcement_of
from bill_mcp.announcing.announcer import Announcer, UndeliveredError
from bill_mcp.announcing.notify_key import make_key, read_key
from bill_mcp.announcing.setting_up import announcer
from bill_mcp.announcing.webhook import Webhook, checked
from bill_mcp.clock import SystemClock
from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret
from bill_mcp.sessions.vault import MemoryVault

pytestmark = pytest.mark.anyio
KEY = Secret("canary-notify-key")
ANNOUNCEMENT = announcement_of(APPROVAL, "N".__mul__)
QUERY = "?token=canary-token"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def hook(url: str, clock: ManualClock | None = None) -> Webhook:
    return Webhook(url, key=lambda: KEY, clock=clock or ManualClock())


async def test_a_receiver_can_prove_who_sent_it_and_when(receiver: Receiver) -> None:
    await hook(f"{receiver.address}/hook{QUERY}").send(ANNOUNCEMENT)
    [received] = receiver.received
    assert received.path == f"/hook{QUERY}"
    assert received.headers["content-type"] == "application/json"
    assert json.loads(received.body)["approval_id"] == APPROVAL.id
    timestamp = received.headers["x-bill-mcp-timestamp"]
    assert int(timestamp) == int(START.timestamp())
    digest = hmac.new(
        b"canary-notify-key", timestamp.encode() + received.body, hashlib.sha256
    ).hexdigest()
    assert received.headers["x-bill-mcp-signature"] == f"sha256={digest}"


@pytest.mark.parametrize("first", [503, None])
async def test_what_did_not_arrive_is_sent_once_more_under_the_same_id(
    receiver: Receiver, first: int | None
) -> None:
    receiver.answers.append(first)
    clock = ManualClock()
    await hook(receiver.address, clock).send(ANNOUNCEMENT)
    assert clock.monotonic() > 0
    bodies = [each.body for each in receiver.received]
    assert bodies == [ANNOUNCEMENT.as_json()] * 2
    stamps = {each.headers["x-bill-mcp-timestamp"] for each in receiver.received}
    assert len(stamps) == 2


async def test_after_two_tries_it_is_given_up(receiver: Receiver) -> None:
    receiver.answers.extend([500, 500, 500])
    with pytest.raises(UndeliveredError, match="answered 500"):
        await hook(receiver.address).send(ANNOUNCEMENT)
    assert len(receiver.received) == 2


@pytest.mark.parametrize("status", [302, 307, 308, 400, 401, 404])
async def test_a_refusal_is_not_repeated_and_a_redirect_not_followed(
    receiver: Receiver, status: int
) -> None:
    receiver.answers.append(status)
    with pytest.raises(UndeliveredError, match=f"answered {status}"):
        await hook(f"{receiver.address}/hook").send(ANNOUNCEMENT)
    assert [each.path for each in receiver.received] == ["/hook"]


async def test_a_receiver_that_says_nothing_is_left_after_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook, "DEADLINE_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/hook{QUERY}"
        with pytest.raises(
            UndeliveredError, match=r"no answer in time|Timeout"
        ) as told:
            await hook(url).send(ANNOUNCEMENT)
    assert "canary" not in str(told.value)


async def test_a_receiver_that_drips_is_left_after_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook, "DEADLINE_S", 0.2)
    ended = threading.Event()

    def drip(listener: socket.socket) -> None:
        listener.settimeout(0.05)
        open_ones: list[socket.socket] = []
        while not ended.wait(0.02):
            with suppress(TimeoutError):
                open_ones.append(listener.accept()[0])
            for each in open_ones:
                with suppress(OSError):
                    each.send(b"H")
        for each in open_ones:
            each.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        dripping = threading.Thread(target=drip, args=(listener,))
        dripping.start()
        try:
            with pytest.raises(UndeliveredError):
                await hook(f"http://127.0.0.1:{listener.getsockname()[1]}").send(
                    ANNOUNCEMENT
                )
        finally:
            ended.set()
            dripping.join()


async def test_a_failure_is_one_line_that_keeps_path_query_and_key_to_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    sender = hook(f"http://127.0.0.1:{port}/canary-path{QUERY}")
    announcing = Announcer([sender], "N".__mul__)
    announcing.announce(APPROVAL)
    with capture_logs() as logs:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(announcing.run)
            while not logs:
                await SystemClock().sleep(0.01)
            tasks.cancel_scope.cancel()
    assert logs == [
        {
            "event": "an announcement did not arrive",
            "log_level": "warning",
            "approval": APPROVAL.id,
            "by": "webhook",
            "reason": f"http://127.0.0.1:{port}: ConnectError",
        }
    ]


async def test_nothing_is_sent_unsigned(receiver: Receiver) -> None:
    sender = Webhook(receiver.address, key=lambda: None, clock=ManualClock())
    with pytest.raises(UndeliveredError, match="bill-mcp notify-key"):
        await sender.send(ANNOUNCEMENT)
    assert not receiver.received


@pytest.mark.parametrize(
    "url",
    [
        "http://example.test/hook",
        "http://127.0.0.1.example.test",
        "http://127.0.0.1@example.test",
        "ftp://127.0.0.1",
        "https://",
        "https://user:canary@example.test",
        "https://example.test:port",
        "//example.test",
        "",
    ],
)
def test_an_address_that_others_could_read_is_refused(url: str) -> None:
    with pytest.raises(ConfigError) as told:
        checked(url)
    assert "canary" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    ["https://example.test/a?b=c", "http://localhost:1/x", "http://[::1]:8080/"],
)
def test_https_and_this_machine_are_announced_to(url: str) -> None:
    assert checked(url).geturl() == url


async def test_the_policys_words_make_an_announcer_that_signs_with_the_vaults_key(
    receiver: Receiver,
) -> None:
    vault = MemoryVault()
    key = make_key(vault)
    built = announcer(
        url=receiver.address,
        desktop=True,
        open_vault=lambda: vault,
        clock=ManualClock(),
        new_id="N".__mul__,
        find=lambda: None,
    )
    built.announce(APPROVAL)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(built.run)
        while not receiver.received:
            await SystemClock().sleep(0.01)
        tasks.cancel_scope.cancel()
    [received] = receiver.received
    assert read_key(vault) == key
    assert received.headers["x-bill-mcp-signature"] == webhook.signature(
        key, received.headers["x-bill-mcp-timestamp"], received.body
    )
