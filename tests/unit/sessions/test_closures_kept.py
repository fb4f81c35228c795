"""What BILL has closed stays closed for the next process, and for those beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.assembly import ACCOUNT, Assembly
from support.bill_sessions import BillSessions
from support.kept_home import READ, KeptHome, contents, sign_ins
from support.upstream import refusal

from bill_mcp.errors import CallError, CredentialsError, LimitError
from bill_mcp.secret import Secret

pytestmark = pytest.mark.anyio

CODE: tuple[str, dict[str, Any]] = ("bill_generate_mfa_challenge", {})


async def failure_of(server: Assembly, name: str, given: Mapping[str, Any]) -> Any:
    with pytest.raises(CallError) as caught:
        await server.call(name, given)
    return caught.value


@pytest.mark.parametrize("code", ["BDC_1101", "BDC_1102", "BDC_1105"])
async def test_refused_account_is_not_tried_by_the_next_process(
    home: KeptHome, bill: BillSessions, code: str
) -> None:
    bill.refuse_sign_in = lambda _: refusal(code, 401)
    for _ in range(3):
        async with home.server() as server:
            error = await failure_of(server, *READ)
        assert isinstance(error, CredentialsError)
        assert (error.code, error.bill_code) == ("sign_in_refused", code)
        assert "bill-mcp login" in error.advice
        assert "restart does not help" in error.advice
        home.clock.advance(3600)
    assert sign_ins(home) == 1


async def test_refused_account_is_not_tried_by_a_process_beside_it(
    home: KeptHome, bill: BillSessions
) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    async with home.server() as one, home.server() as another:
        for server in (one, another, one):
            error = await failure_of(server, *READ)
            assert error.bill_code == "BDC_1101"
    assert sign_ins(home) == 1


async def test_changed_password_is_tried(home: KeptHome, bill: BillSessions) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    async with home.server() as server:
        await failure_of(server, *READ)
    bill.refuse_sign_in = lambda _: None
    async with home.server(account=replace(ACCOUNT, password=Secret("new"))) as server:
        await server.call(*READ)
    assert sign_ins(home) == 2


async def test_account_that_a_person_connected_since_is_tried(
    home: KeptHome, bill: BillSessions
) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1105", 401)
    async with home.server() as server:
        await failure_of(server, *READ)
    bill.refuse_sign_in = lambda _: None
    connected = replace(ACCOUNT, connected_at=home.clock.now() + timedelta(minutes=1))
    async with home.server(account=connected) as server:
        await server.call(*READ)


async def test_refusal_at_one_bill_says_nothing_of_another(
    home: KeptHome, bill: BillSessions
) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    async with home.server() as server:
        await failure_of(server, *READ)
    bill.refuse_sign_in = lambda _: None
    async with home.server(place="production") as server:
        await server.call(*READ)


@pytest.mark.parametrize(
    ("code", "word", "minutes"),
    [("BDC_1107", "organization_locked", 15), ("BDC_1144", "hourly_limit", 60)],
)
async def test_closure_ends_at_its_own_time_in_the_next_process_too(
    home: KeptHome, bill: BillSessions, code: str, word: str, minutes: int
) -> None:
    bill.refuse_sign_in = lambda _: refusal(code, 429)
    async with home.server() as server:
        first = await failure_of(server, *READ)
    bill.refuse_sign_in = lambda _: None
    async with home.server() as server:
        again = await failure_of(server, *READ)
        assert isinstance(again, LimitError)
        assert (again.code, again.bill_code) == (word, code)
        assert str(again) == str(first)
        assert sign_ins(home) == 1
        home.clock.advance(minutes * 60)
        await server.call(*READ)


async def test_pause_after_wrong_codes_holds_in_the_next_process(
    home: KeptHome, bill: BillSessions
) -> None:
    bill.reply = lambda _: refusal("BDC_1358", 400)
    async with home.server() as server:
        await failure_of(server, *CODE)
    bill.reply = lambda _: {"challengeId": "challenge-0001"}
    async with home.server() as server:
        assert (await failure_of(server, *CODE)).code == "codes_paused"
        home.clock.advance(10 * 60)
        await server.call(*CODE)


async def test_file_of_closures_is_private_and_gives_nothing_away(
    home: KeptHome, bill: BillSessions
) -> None:
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401, "canary-echo")
    async with home.server() as server:
        await failure_of(server, *READ)
    file = home.folder / "closures.json"
    assert file.stat().st_mode & 0o777 == 0o600
    secrets = [s for s in ACCOUNT.secrets() if s is not None]
    unwanted = [s.reveal() for s in secrets] + [s.digest() for s in secrets]
    for text in [*unwanted, str(ACCOUNT.username), "canary-echo"]:
        assert not any(text.encode() in content for content in contents(home))


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"salt": 7, "closed": [{}]}'])
async def test_broken_file_of_closures_is_made_anew_at_the_next_refusal(
    home: KeptHome, bill: BillSessions, broken: str
) -> None:
    home.folder.mkdir(parents=True)
    (home.folder / "closures.json").write_text(broken)
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    for _ in range(2):
        async with home.server() as server:
            await failure_of(server, *READ)
    assert sign_ins(home) == 1


async def test_refusal_that_cannot_be_kept_holds_for_the_process(
    home: KeptHome, bill: BillSessions
) -> None:
    (home.folder / "closures.json").mkdir(parents=True)
    bill.refuse_sign_in = lambda _: refusal("BDC_1101", 401)
    async with home.server() as server:
        for _ in range(2):
            error = await failure_of(server, *READ)
            assert "or restart the server" in error.advice
    assert sign_ins(home) == 1
