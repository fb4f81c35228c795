"""What happens on real sockets: which requests share a connection, and broken ones."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from anyio import TypedAttributeProvider
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream
from support.assembly import catalogue
from support.clock import ManualClock

from bill_mcp.client.budgets import Budgets
from bill_mcp.client.http import Authorization, BillClient, Recorder
from bill_mcp.client.request import build
from bill_mcp.client.slots import MemorySlots
from bill_mcp.errors import CallError, Outcome
from bill_mcp.spec_check import samples

pytestmark = pytest.mark.anyio

READ = "bill_get_list_of_departments"
CREATE = "bill_create_a_department"
PAYMENT = "bill_create_a_payment"
DONE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@dataclass
class Line:
    """A server that answers each request with the same bytes.

    Attributes:
        answer: Sent for each request; empty: the connection is closed instead.
        keeps: Whether the connection stays open after the answer.
        connections: The methods that came in, for each connection.
    """

    answer: bytes = DONE
    keeps: bool = True
    connections: list[list[str]] = field(default_factory=list)

    async def handle(self, stream: SocketStream) -> None:
        mine: list[str] = []
        self.connections.append(mine)
        async with stream:
            received = BufferedByteReceiveStream(stream)
            while (head := await _head(received)) is not None:
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                await received.receive_exactly(int(length.group(1)) if length else 0)
                mine.append(head.split()[0].decode())
                if self.answer:
                    await stream.send(self.answer)
                if not self.keeps:
                    return


async def _head(received: BufferedByteReceiveStream) -> bytes | None:
    try:
        return await received.receive_until(b"\r\n\r\n", 65_536)
    except (anyio.IncompleteRead, anyio.BrokenResourceError):
        return None


@asynccontextmanager
async def served(line: Line) -> AsyncIterator[BillClient]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port = _port(listener)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, line.handle)
        client = client_at(port)
        yield client
        await client.aclose()
        tasks.cancel_scope.cancel()


def _port(listener: TypedAttributeProvider) -> int:
    return int(listener.extra(SocketAttribute.local_port))  # noqa: S610 -- no Django


def client_at(port: int) -> BillClient:
    return BillClient(
        f"http://127.0.0.1:{port}/connect",
        transport=None,
        slots=MemorySlots(),
        budgets=Budgets(ManualClock()),
        codes=catalogue().error_codes,
    )


@dataclass
class LateAtSecondLook:
    """A write that was in time before its connection was made, and then no more."""

    looks: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    async def begin(self) -> None:
        """Nothing is written down."""

    def check_prompt(self) -> None:
        self.looks += 1
        if self.looks == 2:
            raise CallError("late", advice="Call again.", code="held_up")

    async def end(
        self,
        outcome: Outcome,
        error: CallError | None,
        reply: Mapping[str, Any] | None = None,
    ) -> None:
        self.outcomes.append(outcome)


async def send(client: BillClient, name: str, recorder: Recorder | None = None) -> None:
    action = catalogue().find(name)
    arguments = samples.arguments(action, whole=False)
    request = build(action, arguments, new_id="N".__mul__)
    authorization = Authorization(headers={}, limit_key="key", organization="008")
    assert (
        await client.send(request, authorization, agent="agent", recorder=recorder)
        == {}
    )


async def outcome_of(client: BillClient, name: str) -> Outcome:
    with pytest.raises(CallError) as caught:
        await send(client, name)
    return caught.value.outcome


async def test_ordinary_calls_share_a_connection_and_each_payment_has_a_new_one() -> (
    None
):
    line = Line()
    async with served(line) as client:
        for name in (READ, CREATE, PAYMENT, READ, PAYMENT):
            await send(client, name)
    assert line.connections == [["GET", "POST", "GET"], ["POST"], ["POST"]]


@pytest.mark.parametrize("name", [CREATE, PAYMENT])
async def test_write_that_is_late_once_the_connection_stands_leaves_no_byte(
    name: str,
) -> None:
    line, late = Line(), LateAtSecondLook()
    async with served(line) as client:
        with pytest.raises(CallError) as caught:
            await send(client, name, late)
    assert caught.value.code == "held_up"
    assert line.connections == [[]]
    assert late.outcomes == [Outcome.NOT_DONE]


@pytest.mark.parametrize("name", [CREATE, PAYMENT])
async def test_connection_closed_without_an_answer_is_not_tried_again(
    name: str,
) -> None:
    line = Line(answer=b"", keeps=False)
    async with served(line) as client:
        assert await outcome_of(client, name) is Outcome.UNKNOWN
    assert line.connections == [["POST"]]


async def test_answer_cut_off_in_its_middle_leaves_a_payment_unknown() -> None:
    line = Line(answer=DONE.replace(b"length: 2", b"length: 99"), keeps=False)
    async with served(line) as client:
        assert await outcome_of(client, PAYMENT) is Outcome.UNKNOWN
    assert line.connections == [["POST"]]


async def test_what_is_no_http_leaves_a_payment_unknown() -> None:
    async with served(Line(answer=b"SSH-2.0-OpenSSH_9\r\n", keeps=False)) as client:
        assert await outcome_of(client, PAYMENT) is Outcome.UNKNOWN


async def test_port_where_nobody_listens_has_done_nothing() -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port = _port(listener)
    await listener.aclose()
    client = client_at(port)
    assert await outcome_of(client, PAYMENT) is Outcome.NOT_DONE
    assert await outcome_of(client, READ) is Outcome.NOT_DONE
    await client.aclose()
