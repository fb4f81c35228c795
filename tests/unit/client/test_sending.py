"""One exchange with BILL, and every way in which it can fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import pytest
import respx
from support.assembly import catalogue
from support.clock import ManualClock
from support.jumping_loop import JUMPING
from support.upstream import refusal

from bill_mcp.client.budgets import Budgets
from bill_mcp.client.http import Authorization, BillClient
from bill_mcp.client.request import Request, build
from bill_mcp.client.slots import MemorySlots
from bill_mcp.errors import (
    ApiError,
    BusyError,
    CallError,
    Outcome,
    SessionExpiredError,
    UnreachableError,
)
from bill_mcp.secret import Secret
from bill_mcp.spec_check import samples

pytestmark = pytest.mark.anyio

BASE_URL = "https://gateway.stage.bill.com/connect"
READ = "bill_get_list_of_departments"
CREATE = "bill_create_a_department"
ARCHIVE = "bill_archive_multiple_departments"
PAYMENT = "bill_create_a_payment"
AUTHORIZATION = Authorization(
    headers={"devKey": Secret("key-0001"), "sessionId": Secret("session-0001")},
    limit_key="key",
    organization="00801",
)


@pytest.fixture
def anyio_backend() -> object:
    return JUMPING


@pytest.fixture
def bill() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=BASE_URL, assert_all_called=True) as router:
        yield router


class Row:
    """Keeps how one write ended."""

    def __init__(self, outcomes: list[Outcome | None]) -> None:
        self._outcomes = outcomes

    async def begin(self) -> None:
        self._outcomes.append(None)

    def check_prompt(self) -> None:
        """It is always in time."""

    async def end(
        self,
        outcome: Outcome,
        error: CallError | None,
        reply: Mapping[str, Any] | None = None,
    ) -> None:
        self._outcomes[-1] = outcome


@dataclass
class Sender:
    """A client, and how its writes ended; None while they are under way."""

    outcomes: list[Outcome | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = ManualClock()
        self.client = BillClient(
            BASE_URL,
            transport=None,
            slots=MemorySlots(),
            budgets=Budgets(clock),
            codes=catalogue().error_codes,
        )

    async def send(self, name: str) -> dict[str, Any]:
        request = request_of(name)
        recorder = None
        if not request.action.is_read:
            recorder = Row(self.outcomes)
        return await self.client.send(
            request, AUTHORIZATION, agent="agent", recorder=recorder
        )


def request_of(name: str) -> Request:
    action = catalogue().find(name)
    arguments = samples.arguments(action, whole=False)
    return build(action, arguments, new_id="N".__mul__)


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    made = Sender()
    yield made
    await made.client.aclose()


async def failure_of(sender: Sender, name: str) -> CallError:
    with pytest.raises(CallError) as caught:
        await sender.send(name)
    return caught.value


async def test_request_leaves_with_its_credentials_and_bytes(
    bill: respx.MockRouter, sender: Sender
) -> None:
    route = bill.post("/v3/classifications/departments").respond(
        201, json={"id": "0de1"}
    )
    assert await sender.send(CREATE) == {"id": "0de1"}
    sent = route.calls.last.request
    assert sent.headers["devKey"] == "key-0001"
    assert sent.headers["sessionId"] == "session-0001"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["accept"] == "application/json"
    assert sent.content == request_of(CREATE).body
    assert sender.outcomes == [Outcome.DONE]


async def test_cookie_of_one_answer_travels_with_no_other_request(
    bill: respx.MockRouter, sender: Sender
) -> None:
    cookies = [("set-cookie", "session=canary"), ("set-cookie", "b=1; Path=/")]
    route = bill.route().respond(200, headers=cookies, json={})
    for name in (READ, READ, CREATE, PAYMENT):
        await sender.send(name)
    assert not any("cookie" in call.request.headers for call in route.calls)


NEVER_SENT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
PERHAPS_SENT = [
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.CloseError,
    httpx.RemoteProtocolError,
    httpx.LocalProtocolError,
    httpx.ProxyError,
    httpx.DecodingError,
    TimeoutError,
]


@pytest.mark.parametrize("fault", NEVER_SENT)
@pytest.mark.parametrize("name", [READ, CREATE, ARCHIVE, PAYMENT])
async def test_connection_that_never_stood_has_done_nothing(
    bill: respx.MockRouter, sender: Sender, name: str, fault: type[Exception]
) -> None:
    route = bill.route().mock(side_effect=fault)
    error = await failure_of(sender, name)
    assert isinstance(error, UnreachableError)
    assert error.outcome is Outcome.NOT_DONE
    assert set(sender.outcomes) <= {Outcome.NOT_DONE}
    assert route.call_count == 1


@pytest.mark.parametrize("fault", PERHAPS_SENT)
@pytest.mark.parametrize("name", [CREATE, ARCHIVE, PAYMENT])
async def test_broken_connection_to_a_write_leaves_the_outcome_unknown(
    bill: respx.MockRouter, sender: Sender, name: str, fault: type[Exception]
) -> None:
    route = bill.route().mock(side_effect=fault)
    error = await failure_of(sender, name)
    assert isinstance(error, UnreachableError)
    assert error.outcome is Outcome.UNKNOWN
    assert "Look the object up" in error.advice
    assert sender.outcomes == [Outcome.UNKNOWN]
    assert route.call_count == 1


@pytest.mark.parametrize("fault", PERHAPS_SENT[:-1])
async def test_broken_connection_to_a_read_has_done_nothing(
    bill: respx.MockRouter, sender: Sender, fault: type[Exception]
) -> None:
    bill.route().mock(side_effect=fault)
    error = await failure_of(sender, READ)
    assert isinstance(error, UnreachableError)
    assert error.outcome is Outcome.NOT_DONE


async def test_fault_of_ours_in_the_middle_of_a_write_is_recorded_as_unknown(
    bill: respx.MockRouter, sender: Sender
) -> None:
    bill.route().mock(side_effect=RuntimeError)
    with pytest.raises(RuntimeError):
        await sender.send(CREATE)
    assert sender.outcomes == [Outcome.UNKNOWN]


async def test_answer_that_breaks_off_in_its_middle_leaves_a_write_unknown(
    bill: respx.MockRouter, sender: Sender
) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b'{"id": "0de1"'
        raise httpx.ReadError("cut")

    bill.route().mock(return_value=httpx.Response(201, stream=Stream(half)))
    error = await failure_of(sender, CREATE)
    assert error.outcome is Outcome.UNKNOWN


class Stream(httpx.AsyncByteStream):
    """An answer that comes piece by piece."""

    def __init__(self, pieces: Callable[[], AsyncIterator[bytes]]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces():
            yield piece


@pytest.mark.parametrize(
    ("name", "outcome"), [(READ, Outcome.NOT_DONE), (CREATE, Outcome.UNKNOWN)]
)
async def test_answer_without_end_is_not_read_to_its_end(
    bill: respx.MockRouter, sender: Sender, name: str, outcome: Outcome
) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(1 << 20)

    bill.route().mock(return_value=httpx.Response(200, stream=Stream(endless)))
    error = await failure_of(sender, name)
    assert "too large" in str(error)
    assert error.outcome is outcome
    assert taken == 33


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_not_followed_and_leaves_a_write_unknown(
    bill: respx.MockRouter, sender: Sender, status: int
) -> None:
    elsewhere = {"location": "https://evil.example/connect/v3/payments"}
    route = bill.post("/v3/payments").respond(status, headers=elsewhere)
    error = await failure_of(sender, PAYMENT)
    assert error.outcome is Outcome.UNKNOWN
    assert sender.outcomes == [Outcome.UNKNOWN]
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (refusal("BDC_1159", 422), Outcome.NOT_DONE),
        (refusal("BDC_1001", 500), Outcome.UNKNOWN),
        (refusal("BDC_1159", 503), Outcome.UNKNOWN),
        (httpx.Response(502, html="<html>"), Outcome.UNKNOWN),
        (httpx.Response(418), Outcome.UNKNOWN),
        (httpx.Response(201, text="created"), Outcome.UNKNOWN),
    ],
    ids=["refused", "system error", "503", "502", "418", "unreadable 201"],
)
@pytest.mark.parametrize("name", [CREATE, ARCHIVE, PAYMENT])
async def test_journal_says_what_the_agent_is_told(
    bill: respx.MockRouter,
    sender: Sender,
    name: str,
    answer: httpx.Response,
    outcome: Outcome,
) -> None:
    route = bill.route().mock(return_value=answer)
    error = await failure_of(sender, name)
    assert error.outcome is outcome
    assert sender.outcomes == [outcome]
    assert route.call_count == 1


@pytest.mark.parametrize("name", [READ, ARCHIVE])
@pytest.mark.parametrize("status", [400, 429])
async def test_what_may_be_repeated_is_sent_again_when_bill_was_busy(
    bill: respx.MockRouter, sender: Sender, name: str, status: int
) -> None:
    busy, done = refusal("BDC_1322", status), httpx.Response(200, json={"results": []})
    route = bill.route().mock(side_effect=[busy, busy, done])
    assert await sender.send(name) == {"results": []}
    assert route.call_count == 3


async def test_each_sending_of_a_write_has_its_own_row(
    bill: respx.MockRouter, sender: Sender
) -> None:
    answers = [refusal("BDC_1322"), httpx.Response(200, json={})]
    bill.route().mock(side_effect=answers)
    await sender.send(ARCHIVE)
    assert sender.outcomes == [Outcome.UNKNOWN, Outcome.DONE]


async def test_patience_with_a_busy_bill_ends(
    bill: respx.MockRouter, sender: Sender
) -> None:
    route = bill.route().mock(return_value=refusal("BDC_1322"))
    error = await failure_of(sender, READ)
    assert isinstance(error, BusyError)
    assert route.call_count == 5


async def test_others_go_on_while_a_call_waits_for_a_busy_bill(
    bill: respx.MockRouter, sender: Sender
) -> None:
    """A slot is held for one exchange, and the wait between two blocks nobody."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        is_list = request.method == "GET"
        if is_list and len([path for path in seen if path == seen[0]]) == 1:
            return refusal("BDC_1322")
        return httpx.Response(200, json={})

    bill.route().mock(side_effect=answer)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sender.send, READ)
        await anyio.sleep(0.01)
        await sender.send(CREATE)
        assert len(seen) == 2
    assert len(seen) == 3


@pytest.mark.parametrize("name", [CREATE, PAYMENT, "bill_update_a_vendor"])
async def test_what_must_not_be_repeated_is_sent_once_to_a_busy_bill(
    bill: respx.MockRouter, sender: Sender, name: str
) -> None:
    route = bill.route().mock(return_value=refusal("BDC_1322", 429))
    error = await failure_of(sender, name)
    assert error.outcome is Outcome.UNKNOWN
    assert route.call_count == 1


@pytest.mark.parametrize("name", [READ, ARCHIVE, PAYMENT])
@pytest.mark.parametrize("code", ["BDC_1109", "BDC_1144", "BDC_1361"])
async def test_no_other_refusal_is_sent_again_by_the_client(
    bill: respx.MockRouter, sender: Sender, name: str, code: str
) -> None:
    route = bill.route().mock(return_value=refusal(code, 401))
    error = await failure_of(sender, name)
    assert isinstance(error, ApiError)
    assert error.outcome is Outcome.NOT_DONE
    assert isinstance(error, SessionExpiredError) is (code == "BDC_1109")
    assert route.call_count == 1


async def test_write_that_is_never_answered_ends_as_unknown(
    bill: respx.MockRouter, sender: Sender
) -> None:
    async def never() -> AsyncIterator[bytes]:
        await anyio.sleep_forever()
        yield b""

    bill.route().mock(return_value=httpx.Response(201, stream=Stream(never)))
    before = anyio.current_time()
    error = await failure_of(sender, PAYMENT)
    assert error.outcome is Outcome.UNKNOWN
    assert sender.outcomes == [Outcome.UNKNOWN]
    assert anyio.current_time() - before == pytest.approx(90, abs=1)


async def test_client_can_be_closed_twice_and_used_again(
    bill: respx.MockRouter, sender: Sender
) -> None:
    bill.route().respond(200, json={})
    await sender.send(READ)
    await sender.client.aclose()
    await sender.client.aclose()
    assert await sender.send(READ) == {}
