"""The path of a call, end to end, with BILL's stand-in at the transport."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import pytest
from support.assembly import ACCOUNT, Assembly, agent, assemble, catalogue
from support.payments import rules
from support.upstream import SIGN_INS, Arrival, Upstream, always, refusal

from bill_mcp import present
from bill_mcp.environments import Environment
from bill_mcp.errors import (
    ArgumentsError,
    CallError,
    Earlier,
    LimitError,
    Outcome,
    RefusedError,
    UnknownActionError,
)
from bill_mcp.secret import HELD, Secret
from bill_mcp.spec_check import samples

pytestmark = pytest.mark.anyio

CREATE = ("bill_create_a_department", {"name": "North"})
READ = ("bill_get_vendor_details", {"vendorId": "00901"})
LIST = "bill_get_list_of_vendors"


def server_with(answer: Any = None, **options: Any) -> Assembly:
    return assemble(Upstream(always({} if answer is None else answer)), **options)


def outcomes(server: Assembly) -> list[str | None]:
    return [outcome for _, outcome in server.outcomes]


@pytest.mark.parametrize("name", ["bill_get_vendor_details", "BILL_GET_VENDOR_DETAILS"])
async def test_read_goes_from_name_and_arguments_to_bills_answer(name: str) -> None:
    server = server_with({"id": "00901", "name": "Søren \u202e"})
    result = await server.call(name, {"vendorId": "00901"})
    assert result == {
        "id": "00901",
        "name": "Søren \u202e",
        "bill_mcp": {"untrusted_text": ["name"]},
    }
    (arrival,) = server.upstream.calls
    assert (arrival.method, arrival.target) == ("GET", "/v3/vendors/00901")
    assert outcomes(server) == []


async def test_write_leaves_one_row() -> None:
    server = server_with({"id": "0de1"})
    assert await server.call(*CREATE) == {"id": "0de1"}
    assert server.outcomes == [("bill_create_a_department", Outcome.DONE)]


async def test_the_very_same_write_within_ten_minutes_is_a_duplicate() -> None:
    server = server_with({"id": "0de1"})
    await server.call(*CREATE)
    begun = server.clock.now()
    server.clock.advance(599)
    with pytest.raises(CallError) as caught:
        await server.call(*CREATE)
    told = caught.value
    assert (told.code, told.outcome) == ("duplicate", Outcome.DONE)
    assert told.earlier == Earlier(at=begun, id="0de1", agent_is_you=True)
    assert len(server.upstream.writes) == 1
    server.clock.advance(2)
    assert await server.call(*CREATE) == {"id": "0de1"}
    assert len(server.upstream.writes) == 2


async def test_unknown_name_and_bad_arguments_reach_nobody() -> None:
    server = server_with()
    with pytest.raises(UnknownActionError):
        await server.call("bill_do_anything", {})
    with pytest.raises(ArgumentsError):
        await server.call(CREATE[0], {"nmae": "North"})
    with pytest.raises(ArgumentsError):
        await server.call(READ[0], {"vendorId": "../users"})
    assert server.upstream.arrivals == []


WRITES: list[tuple[str, dict[str, Any]]] = [
    CREATE,
    ("bill_archive_a_vendor", {"vendorId": "00901"}),
    ("bill_api_login", {}),
    ("bill_api_logout", {}),
    (
        "bill_create_a_payment",
        {"billId": "00n1", "amount": 1.5, "fundingAccount": {"type": "WALLET"}},
    ),
    (
        "bill_upload_vendor_attachment",
        {"vendorId": "00901", "name": "a.pdf", "file_base64": "YWJj"},
    ),
]


@pytest.mark.parametrize(("name", "arguments"), WRITES, ids=[w[0] for w in WRITES])
async def test_preview_shows_the_request_and_sends_nothing_that_changes_anything(
    name: str, arguments: dict[str, Any]
) -> None:
    server = server_with()
    result = await server.call(name, arguments | {"preview": True})
    notes = result["bill_mcp"]
    assert set(result) == {"bill_mcp"}
    assert notes["environment"] == "sandbox"
    assert notes["preview"]["method"] == "POST"
    url = notes["preview"]["url"]
    assert url.startswith("https://gateway.stage.bill.com/connect/v3/")
    assert "canary" not in str(result)
    assert server.upstream.writes == []
    assert outcomes(server) == []


@pytest.mark.parametrize("name", ["bill_api_login", "bill_api_logout"])
async def test_preview_of_signing_in_or_out_asks_bill_nothing(name: str) -> None:
    server = server_with()
    await server.call(name, {"preview": True})
    assert server.upstream.arrivals == []


async def test_preview_shows_the_very_body_and_names_the_size_of_a_file() -> None:
    server = server_with()
    login = await server.call("bill_api_login", {"preview": True})
    body = login["bill_mcp"]["preview"]["body"]
    assert {body["password"], body["devKey"], body["rememberMeId"]} == {HELD}
    shown = await server.call(CREATE[0], CREATE[1] | {"preview": True})
    assert shown["bill_mcp"]["preview"]["body"] == {"name": "North"}
    upload = WRITES[-1]
    shown = await server.call(upload[0], upload[1] | {"preview": True})
    assert shown["bill_mcp"]["preview"]["body"] == "(3 bytes of a file)"


async def test_preview_false_is_an_ordinary_call() -> None:
    server = server_with()
    await server.call(CREATE[0], CREATE[1] | {"preview": False})
    assert len(server.upstream.calls) == 1


NOT_SESSIONS = [w for w in WRITES if not w[0].startswith("bill_api_")]


@pytest.mark.parametrize(
    ("name", "arguments"), NOT_SESSIONS, ids=[w[0] for w in NOT_SESSIONS]
)
async def test_approval_that_nobody_can_have_given_is_refused(
    name: str, arguments: dict[str, Any]
) -> None:
    server = server_with()
    with pytest.raises(RefusedError) as caught:
        await server.call(name, arguments | {"approval_id": "made-up"})
    assert caught.value.code == "approval_unknown"
    assert caught.value.outcome is Outcome.NOT_DONE
    assert server.upstream.writes == []
    assert outcomes(server) == []


@pytest.mark.parametrize("preview", [True, False])
async def test_what_policy_refuses_is_neither_shown_nor_sent(preview: bool) -> None:
    server = server_with(read_only=True)
    with pytest.raises(RefusedError):
        await server.call(CREATE[0], CREATE[1] | {"preview": preview})
    server = server_with(rules=rules(deny_actions=[CREATE[0]]))
    with pytest.raises(RefusedError):
        await server.call(CREATE[0], CREATE[1] | {"preview": preview})
    assert server.upstream.arrivals == []


class Held:
    """An answer of BILL that waits until the test lets it go.

    Attributes:
        arrived: Set when a request that is no sign-in has come.
        in_flight: How many requests wait now, and at most at once.
    """

    def __init__(self, answer: Callable[[], httpx.Response] | None = None) -> None:
        self.arrived, self.let_go = anyio.Event(), anyio.Event()
        self.in_flight = self.most = 0
        self._answer = answer or (lambda: httpx.Response(200, json={}))

    async def __call__(self, arrival: Arrival) -> httpx.Response | None:
        if arrival.path in SIGN_INS:
            return None
        self.arrived.set()
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await self.let_go.wait()
        self.in_flight -= 1
        return self._answer()


def broken() -> httpx.Response:
    raise httpx.ReadError("cut")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda: httpx.Response(201, json={"id": "0de1"}), Outcome.DONE),
        (lambda: refusal("BDC_1171", 422), Outcome.NOT_DONE),
        (lambda: httpx.Response(502), Outcome.UNKNOWN),
        (broken, Outcome.UNKNOWN),
    ],
    ids=["done", "refused", "502", "broken"],
)
async def test_write_whose_caller_hung_up_is_finished_and_its_outcome_recorded(
    answer: Callable[[], httpx.Response], outcome: Outcome
) -> None:
    held = Held(answer)
    server = assemble(Upstream(held))

    async def call() -> None:
        with suppress(CallError):  # nobody is there any more to read it
            await server.call(*CREATE)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await held.arrived.wait()
        tasks.cancel_scope.cancel()
        assert outcomes(server) == [None]
        held.let_go.set()
    assert outcomes(server) == [outcome]
    assert len(server.upstream.calls) == 1


async def test_caller_who_hangs_up_while_waiting_for_a_slot_has_sent_nothing() -> None:
    held = Held()
    server = assemble(Upstream(held))
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(server.call, *READ)
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as impatient:
            impatient.start_soon(server.call, *CREATE)
            await anyio.wait_all_tasks_blocked()
            impatient.cancel_scope.cancel()
        held.let_go.set()
    assert [arrival.method for arrival in server.upstream.calls] == ["GET"] * 3
    assert outcomes(server) == []
    await server.call(*CREATE)


async def test_caller_who_hangs_up_during_the_sign_in_has_written_nothing() -> None:
    arrived, let_go = anyio.Event(), anyio.Event()

    async def slow_sign_in(arrival: Arrival) -> None:
        if arrival.path in SIGN_INS:
            arrived.set()
            await let_go.wait()

    server = assemble(Upstream(slow_sign_in))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.call, *CREATE)
        await arrived.wait()
        tasks.cancel_scope.cancel()
        let_go.set()
    assert server.upstream.calls == []
    assert outcomes(server) == []


async def test_agents_of_one_account_share_its_three_slots() -> None:
    held = Held()
    server = assemble(Upstream(held))
    async with anyio.create_task_group() as tasks:
        for key in ("one", "two", "three") * 3:
            tasks.start_soon(server.dispatcher.call, agent(key=key), *READ)
        await anyio.wait_all_tasks_blocked()
        held.let_go.set()
    assert held.most == 3
    assert len(server.upstream.calls) == 9


async def test_too_many_spend_calls_in_a_minute_fail_fast_and_are_not_sent() -> None:
    server = server_with()
    for _ in range(60):
        await server.call("bill_get_list_of_budgets", {})
    server.clock.advance(-1)
    with pytest.raises(LimitError) as caught:
        await server.call("bill_get_list_of_budgets", {})
    assert caught.value.code == "minute_limit"
    assert len(server.upstream.calls) == 60


async def test_signing_in_and_cancelling_go_on_when_the_hour_is_used_up() -> None:
    server = server_with()
    budgets = server.dispatcher.client.budgets
    key = ACCOUNT.dev_key.digest() if ACCOUNT.dev_key else ""
    with suppress(LimitError):
        while True:
            await budgets.take_request(key, "agent", urgent=False)
    with pytest.raises(LimitError) as caught:
        await server.call(*CREATE)
    assert caught.value.code == "hourly_limit"
    assert server.upstream.calls == []
    assert outcomes(server) == []
    await server.call("bill_cancel_a_payment", {"paymentId": "stp01"})
    await server.call("bill_api_logout", {})
    paths = [arrival.path for arrival in server.upstream.arrivals]
    assert paths == ["/v3/login", "/v3/payments/stp01/cancel", "/v3/logout"]


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        ([{"id": "1"}], {"items": [{"id": "1"}]}),
        ({}, {}),
        ({"amount": 1250.5, "absent": None}, {"amount": 1250.5, "absent": None}),
    ],
)
async def test_reply_of_any_shape_becomes_an_object(reply: Any, result: Any) -> None:
    assert await server_with(reply).call(*READ) == result


async def test_list_says_whether_there_is_more_and_how_to_go_on() -> None:
    page = {"results": [{"id": "1"}], "nextPage": "cursor"}
    result = await server_with(page).call(LIST, {"max": 1})
    assert result["bill_mcp"] == {"has_more": True, "next": {"page": "cursor"}}
    result = await server_with({"results": []}).call(LIST, {})
    assert result["bill_mcp"] == {"has_more": False}
    result = await server_with(page).call("bill_get_list_of_budgets", {})
    assert result["bill_mcp"]["next"] == {"nextPage": "cursor"}


async def test_only_wanted_members_of_rows_come_back() -> None:
    rows = [{"id": "1", "name": "A", "address": {"city": "B", "line1": "C"}}]
    server = server_with({"results": rows})
    result = await server.call(LIST, {"fields": ["id", "address.city"]})
    assert result["results"] == [{"id": "1", "address": {"city": "B"}}]
    assert "omitted" in result["bill_mcp"]
    assert server.upstream.calls[0].query == ""


async def test_local_results_say_where_they_come_from() -> None:
    server = server_with({"id": "1"}, environment=Environment.LOCAL)
    result = await server.call(*READ)
    assert result["bill_mcp"] == {
        "environment": "local",
        "organization": ACCOUNT.organization_id,
    }
    result = await server.call("bill_get_list_of_budgets", {})
    assert result["bill_mcp"]["environment"] == "local"


CONTENT = bytes(range(256))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path.resolve() / "a.pdf"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize("source", ["file_base64", "file_path"])
async def test_upload_reaches_bill_byte_for_byte(file: Path, source: str) -> None:
    sources = {
        "file_base64": base64.b64encode(CONTENT).decode(),
        "file_path": str(file),
    }
    server = server_with({"id": "att1"}, upload_roots=(file.parent,))
    given = {"vendorId": "00901", "name": "a.pdf", source: sources[source]}
    assert await server.call("bill_upload_vendor_attachment", given) == {"id": "att1"}
    (arrival,) = server.upstream.calls
    assert arrival.body == CONTENT
    assert arrival.target == "/v3/attachments/vendors/00901?name=a.pdf"
    assert arrival.headers["content-type"] == "application/octet-stream"


async def test_refused_file_is_never_sent() -> None:
    server = server_with()
    given = {"vendorId": "00901", "name": "a.pdf", "file_path": "/etc/passwd"}
    with pytest.raises(RefusedError):
        await server.call("bill_upload_vendor_attachment", given)
    assert server.upstream.arrivals == []


def reply_with(path: str, value: str) -> Any:
    """The smallest reply that has *value* at the dotted *path*."""
    step, _, rest = path.partition(".")
    inner = reply_with(rest, value) if rest else value
    name = step.removesuffix("[]")
    return {name: [inner, inner] if name != step else inner}


WITHHELD = [
    (action.name, path)
    for action in catalogue()
    for path in action.spec.withheld
    if action.spec.session is None
]


@pytest.mark.parametrize(("name", "path"), WITHHELD)
async def test_secret_is_withheld_by_its_path(name: str, path: str) -> None:
    # Evidence wants an amount of what is to be paid.
    reply = reply_with(path, "canary-never-seen-before") | {"amount": 1}
    server = server_with(reply)
    arguments = samples.arguments(catalogue().find(name), whole=False)
    result = await server.call(name, arguments)
    assert HELD in str(result)
    assert "canary" not in str(result)


async def test_session_of_a_sign_in_is_withheld_by_its_path() -> None:
    server = server_with()
    for name in ("bill_api_login", "bill_api_partner_login"):
        assert (await server.call(name, {}))["sessionId"] == HELD


SECRETS = [secret.reveal() for secret in ACCOUNT.secrets() if secret]


@pytest.mark.parametrize("secret", [*SECRETS, "session-number-1"])
async def test_live_secret_is_withheld_wherever_it_stands(secret: str) -> None:
    reply = {
        "memo": f"see {secret}!",
        secret: ["x", {"deep": secret}],
        "link": f"https://x.test/?s={quote(secret, safe='')}",
    }
    server = server_with(reply)
    await server.call(*READ)
    result = await server.call(*READ)
    assert secret not in str(result)
    assert result["memo"] == f"see {HELD}!"


@pytest.mark.parametrize(
    "secret", ["canary-plain-password", 'canary"quoted\\password', "canary-pässwört"]
)
async def test_secret_in_bills_words_is_withheld_from_errors(secret: str) -> None:
    account = replace(ACCOUNT, password=Secret(secret))
    refused = refusal("BDC_1171", 422, f"name: {secret} is in use")
    server = assemble(Upstream(lambda a: _unless_sign_in(a, refused)), account=account)
    with pytest.raises(CallError) as caught:
        await server.call(*CREATE)
    told = present.as_text(present.error(caught.value, server.dispatcher.live))
    assert "canary" not in told
    assert HELD in told


def _unless_sign_in(arrival: Arrival, answer: httpx.Response) -> httpx.Response | None:
    return None if arrival.path in SIGN_INS else answer
