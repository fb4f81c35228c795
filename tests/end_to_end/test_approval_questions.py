"""A person is asked while the call waits: on our page, or by the client's own form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest
from mcp import Client, MCPError
from support.approved_payments import (
    APPROVER,
    PASSPHRASE,
    PAY,
    Office,
    id_in,
    office,
    pay,
    payments_of,
    pointer_in,
    refused,
)
from support.person import Person
from support.process import ERAS

from bill_mcp.records.approvals import State, Via

pytestmark = pytest.mark.anyio

POLICY = """\
format = 1
[agents."*"]
mode = "pay"
approval_by = { client = { USD = 250.00 } }
[notify]
desktop = false
"""
Forgery = tuple[dict[str, Any], types.InputResponses, str | None]
YES = types.ElicitResult(action="accept", content={"approve": True})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path / "home") as desk:
        yield desk


@pytest.fixture
def lenient(desk: Office, tmp_path: Path) -> Office:
    """With a policy under which the client's own form releases up to 250 dollars."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    desk.extra["BILL_MCP_POLICY"] = str(policy)
    return desk


class Host:
    """What is behind an agent's client: a person who presses *button* on our page."""

    def __init__(self, desk: Office, button: str | None, **fields: str) -> None:
        self.person, self._button, self._fields = Person(desk.home), button, fields
        self.asked: list[Any] = []
        self.page = ""

    async def __call__(self, _context: Any, params: Any) -> types.ElicitResult:
        self.asked.append(params)
        assert isinstance(params, types.ElicitRequestURLParams)
        if self._button is not None:
            question = params.url.rsplit("/", 1)[1]
            self.page = await self.person.decide(question, self._button, **self._fields)
            assert self.person.phrase in params.message
        return types.ElicitResult(action="accept")


def approving(desk: Office) -> Host:
    return Host(desk, "approve", approver=APPROVER, passphrase=PASSPHRASE)


@pytest.mark.parametrize("era", ERAS)
async def test_call_that_waits_for_the_page_goes_on_and_pays_once_it_is_approved(
    era: str, desk: Office
) -> None:
    await desk.appoint()
    host = approving(desk)
    async with desk.server(era=era, answer=host) as client:
        payment = (await payments_of(client))[0]
        assert (await pay(client, payment))["amount"] == payment["amount"]
        assert (await refused(client, payment))["error"] == "duplicate"
    assert len(host.asked) == 1
    assert "SANDBOX" in host.page
    assert f"{payment['amount']:,.2f} USD" in host.page
    (approval,) = await desk.approvals.recent()
    assert (approval.state, approval.decided_by, approval.via) == (
        State.SPENT,
        APPROVER,
        Via.PAGE,
    )
    assert desk.payments_sent() == 1


@pytest.mark.parametrize("era", ERAS)
async def test_denied_and_not_now_are_told_apart_and_only_the_second_is_asked_again(
    era: str, desk: Office
) -> None:
    for button, code, asked_again in (
        ("deny", "approval_declined", False),
        ("cancel", "approval_cancelled", True),
    ):
        host = Host(desk, button)
        async with desk.server(era=era, answer=host) as client:
            payment = (await payments_of(client))[0]
            told = await refused(client, payment)
            assert (told["error"], told["outcome"]) == (code, "not_done")
            assert len(host.asked) == 1
            assert (await refused(client, payment))["error"] == code
            assert len(host.asked) == 1 + asked_again
    assert desk.payments_sent() == 0


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("action", "code"),
    [("decline", "approval_declined"), ("cancel", "approval_cancelled")],
)
async def test_person_who_does_not_open_the_page_decides_nothing(
    era: str, action: Any, code: str, desk: Office
) -> None:
    asked = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params)
        return types.ElicitResult(action=action)

    async with desk.server(era=era, answer=answer) as client:
        payment = (await payments_of(client))[0]
        told = await refused(client, payment)
        assert (told["error"], told["outcome"]) == (code, "not_done")
        assert len(asked) == 1
        (approval,) = await desk.approvals.waiting()
        # Somebody with a terminal may still decide, as where nobody was asked.
        await desk.decide(approval.id, grant=True)
        await pay(client, payment)
    assert len(asked) == 1


@pytest.mark.parametrize("era", ERAS)
async def test_accepting_the_link_approves_nothing(era: str, desk: Office) -> None:
    """The call goes on waiting: what releases it comes from elsewhere."""
    seen = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        seen.append([each.state for each in await desk.approvals.recent()])
        (approval,) = await desk.approvals.waiting()
        await desk.decide(approval.id, grant=False)
        return types.ElicitResult(
            action="accept", content={"approve": True, "passphrase": PASSPHRASE}
        )

    async with desk.server(era=era, answer=answer) as client:
        payment = (await payments_of(client))[0]
        told = await refused(client, payment)
    assert told["error"] == "approval_declined"
    assert seen == [[State.WAITING]]
    assert desk.payments_sent() == 0


@pytest.mark.parametrize("era", ERAS)
async def test_clients_form_releases_what_the_policy_lets_it_and_nothing_above(
    era: str, lenient: Office
) -> None:
    asked: list[Any] = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params)
        if isinstance(params, types.ElicitRequestFormParams):
            return YES
        return types.ElicitResult(action="cancel")

    async with lenient.server(era=era, answer=answer) as client:
        payments = await payments_of(client)
        small = payments[0]
        large = next(each for each in payments if each["amount"] > 250)
        assert small["amount"] <= 250
        assert (await pay(client, small))["amount"] == small["amount"]
        (form,) = asked
        assert "sandbox" in form.message
        assert f"{small['amount']:,.2f} USD" in form.message
        assert small["billId"] in form.message
        assert (await refused(client, large))["error"] == "approval_cancelled"
    assert [type(each) for each in asked] == [
        types.ElicitRequestFormParams,
        types.ElicitRequestURLParams,
    ]
    assert lenient.payments_sent() == 1
    (_, spent) = await lenient.approvals.recent()
    assert (spent.state, spent.decided_by, spent.via) == (
        State.SPENT,
        "the client",
        Via.CLIENT,
    )


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("said", "code"),
    [
        (types.ElicitResult(action="decline"), "approval_declined"),
        (types.ElicitResult(action="cancel"), "approval_cancelled"),
        (
            types.ElicitResult(action="accept", content={"approve": False}),
            "approval_declined",
        ),
        (types.ElicitResult(action="accept"), "approval_declined"),
    ],
    ids=["decline", "cancel", "accepts without agreeing", "accepts an empty form"],
)
async def test_form_that_does_not_say_yes_releases_nothing(
    era: str, said: types.ElicitResult, code: str, lenient: Office
) -> None:
    asked = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params)
        return said

    async with lenient.server(era=era, answer=answer) as client:
        told = await refused(client, (await payments_of(client))[0])
    assert (told["error"], told["outcome"]) == (code, "not_done")
    assert len(asked) == 1
    assert lenient.payments_sent() == 0


@pytest.mark.parametrize("era", ERAS)
async def test_without_such_a_policy_no_form_is_ever_used(
    era: str, desk: Office
) -> None:
    asked: list[Any] = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params)
        return types.ElicitResult(action="cancel", content={"approve": True})

    async with desk.server(era=era, answer=answer) as client:
        told = await refused(client, (await payments_of(client))[0])
    assert told["error"] == "approval_cancelled"
    assert [type(each) for each in asked] == [types.ElicitRequestURLParams]


async def never(_context: Any, _params: Any) -> types.ElicitResult:
    raise AssertionError("the test answers by itself")


async def sent(
    client: Client,
    payment: dict[str, Any],
    answer: types.InputResponses | None = None,
    state: str | None = None,
) -> types.CallToolResult | types.InputRequiredResult:
    """One request and its one answer, as a client of the newest era makes them."""
    return await client.session.call_tool(
        PAY,
        payment,
        input_responses=answer,
        request_state=state,
        allow_input_required=True,
    )


async def test_forged_answers_of_a_client_are_refused(lenient: Office) -> None:
    async with lenient.server(answer=never) as client:
        payments = await payments_of(client)
        small, other = payments[:2]
        large = next(each for each in payments if each["amount"] > 250)
        page = await sent(client, large)
        form = await sent(client, small)
        assert isinstance(page, types.InputRequiredResult)
        assert isinstance(form, types.InputRequiredResult)
        assert set(page.input_requests or ()) == {"page"}
        assert set(form.input_requests or ()) == {"form"}
        (large_one,) = (
            each
            for each in await lenient.approvals.waiting()
            if each.wanted.cents and each.wanted.cents > 25_000
        )
        yes: types.InputResponses = {"form": YES}
        forged: tuple[Forgery, ...] = (
            (large, yes, page.request_state),  # a form that was never shown
            (large, yes, form.request_state),  # what another call was answered
            (other, yes, form.request_state),
            (large, yes, large_one.id),  # made up
            (large, yes, "v1.made-up"),
            (large, yes, None),
            (small, {"page": YES}, form.request_state),
        )
        for call, answer, state in forged:
            with pytest.raises(MCPError) as caught:
                await sent(client, call, answer, state)
            assert caught.value.code == -32602
        assert lenient.payments_sent() == 0
        paid = await sent(client, small, yes, form.request_state)
        assert isinstance(paid, types.CallToolResult)
        assert not paid.is_error
        again = await sent(client, small, yes, form.request_state)
        assert isinstance(again, types.CallToolResult)
        assert again.is_error
    assert lenient.payments_sent() == 1
    assert (await lenient.approval(large_one.id)).state is State.WAITING


async def test_clients_yes_serves_no_other_server(lenient: Office) -> None:
    async with (
        lenient.server(answer=never) as client,
        lenient.server(answer=never) as other,
    ):
        small = (await payments_of(client))[0]
        form = await sent(client, small)
        assert isinstance(form, types.InputRequiredResult)
        with pytest.raises(MCPError):
            await sent(other, small, {"form": YES}, form.request_state)
    assert lenient.payments_sent() == 0


async def test_client_without_questions_is_told_of_the_page_and_a_person_opens_it(
    desk: Office,
) -> None:
    async with desk.server() as client:
        payment = (await payments_of(client))[0]
        told = await refused(client, payment)
        assert told["error"] == "approval_required"
        assert id_in(told)
        question = pointer_in(told).rsplit("/", 1)[1]
        await desk.appoint()
        await Person(desk.home).decide(
            question, "approve", approver=APPROVER, passphrase=PASSPHRASE
        )
        await pay(client, payment)
    assert desk.payments_sent() == 1
