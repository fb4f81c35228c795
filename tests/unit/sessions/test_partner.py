"""Partners: their own session, and acting as a user of one of their organizations."""

from __future__ import annotations

import httpx
import pytest
from support.assembly import Assembly, assemble
from support.bill_sessions import BillSessions
from support.upstream import SIGN_INS, Upstream, refusal

from bill_mcp.errors import ArgumentsError, CallError, Outcome
from bill_mcp.secret import HELD

pytestmark = pytest.mark.anyio

LIST: tuple[str, dict[str, str]] = ("bill_get_list_of_organizations", {})
READ = ("bill_get_vendor_details", {"vendorId": "00901"})
AS_USER = (
    "bill_api_login_as_user",
    {"organizationId": "00801CLIENT", "userId": "00601CLIENT"},
)
CHAIN = ["/v3/partner/login", "/v3/partner/login-as-user"]


@pytest.fixture
def bill() -> BillSessions:
    made = BillSessions()
    made.reply = lambda _: {"results": []}
    return made


@pytest.fixture
def server(bill: BillSessions) -> Assembly:
    return assemble(Upstream(bill))


def paths(server: Assembly) -> list[str]:
    return [arrival.path for arrival in server.upstream.arrivals]


async def test_partners_call_travels_with_the_application_key_and_its_own_session(
    server: Assembly,
) -> None:
    await server.call(*LIST)
    await server.call(*READ)
    sign_in, listing, login, reading = server.upstream.arrivals
    assert sign_in.json() == {
        "username": "partner@example.test",
        "password": "canary-partner-password-e04d",
        "appKey": "canary-application-key-9be0",
    }
    assert listing.headers["appkey"] == "canary-application-key-9be0"
    assert listing.headers["sessionid"] == "canary-session-0001"
    assert "devkey" not in listing.headers
    assert login.path == "/v3/login"
    assert reading.headers["sessionid"] == "canary-session-0002"
    assert "appkey" not in reading.headers


async def test_partners_session_is_renewed_like_any_other(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*LIST)
    bill.forget()
    await server.call(*LIST)
    server.clock.advance(35 * 60 - 1)
    await server.call(*LIST)
    server.clock.advance(35 * 60)
    await server.call(*LIST)
    assert paths(server).count("/v3/partner/login") == 3


async def test_explicit_sign_in_of_a_partner_is_the_session_of_later_calls(
    server: Assembly,
) -> None:
    assert await server.call("bill_api_partner_login", {}) == {
        "sessionId": HELD, "trusted": False
    }  # fmt: skip
    await server.call(*LIST)
    assert paths(server) == ["/v3/partner/login", "/v3/partner/organizations"]


async def test_partner_acts_in_the_name_of_an_organizations_user(
    server: Assembly,
) -> None:
    told = await server.call(*AS_USER)
    assert told == {"sessionId": HELD, "trusted": False}
    await server.call(*READ)
    as_user, reading = server.upstream.arrivals[-2:]
    assert as_user.json() == AS_USER[1]
    assert as_user.headers["appkey"] == "canary-application-key-9be0"
    assert as_user.headers["sessionid"] == "canary-session-0001"
    assert reading.headers["devkey"] == "canary-developer-key-31aa"
    assert reading.headers["sessionid"] == "canary-session-0002"
    assert paths(server) == [*CHAIN, "/v3/vendors/00901"]


@pytest.mark.parametrize("id_", ["00801CLIENT ", " 00801CLIENT", "00801 CLIENT", "0/1"])
async def test_what_is_no_id_of_an_organization_is_not_sent(
    server: Assembly, id_: str
) -> None:
    arguments = AS_USER[1] | {"organizationId": id_}
    with pytest.raises(ArgumentsError) as caught:
        await server.call(AS_USER[0], arguments)
    assert caught.value.outcome is Outcome.NOT_DONE
    assert [fault["path"] for fault in caught.value.faults] == ["organizationId"]
    assert server.upstream.arrivals == []


async def test_session_in_a_users_name_is_renewed_in_the_same_name(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*AS_USER)
    bill.forget()
    await server.call(*READ)
    await server.call(*READ)
    reading = "/v3/vendors/00901"
    assert paths(server) == [*CHAIN, reading, *CHAIN, reading, reading]
    renewed = [a for a in server.upstream.arrivals if a.path == CHAIN[1]][1]
    assert renewed.json() == AS_USER[1]


async def test_partners_session_that_expired_is_renewed_for_signing_in_as_a_user(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*LIST)
    bill.forget()
    await server.call(*AS_USER)
    assert paths(server)[2:] == [CHAIN[1], *CHAIN]


async def test_partners_call_under_a_users_name_keeps_that_name(
    server: Assembly, bill: BillSessions
) -> None:
    await server.call(*AS_USER)
    await server.call(*LIST)
    bill.forget()
    await server.call(*LIST)
    await server.call(*READ)
    reads = [a for a in server.upstream.arrivals if a.path == "/v3/vendors/00901"]
    assert len(reads) == 2
    assert "/v3/login" not in paths(server)


async def test_sign_out_of_a_users_name_leaves_the_partner_signed_in(
    server: Assembly,
) -> None:
    await server.call(*AS_USER)
    await server.call("bill_api_logout", {})
    await server.call(*LIST)
    assert paths(server) == [*CHAIN, "/v3/logout", "/v3/partner/organizations"]


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(502), refusal("BDC_1001", 500), refusal("BDC_1205", 404)],
    ids=["502", "system error", "no such user"],
)
async def test_failed_renewal_in_a_users_name_leaves_the_write_not_done(
    server: Assembly, bill: BillSessions, answer: httpx.Response
) -> None:
    await server.call(*AS_USER)
    bill.forget()
    bill.refuse_sign_in = lambda a: answer if a.path == CHAIN[1] else None
    with pytest.raises(CallError) as caught:
        await server.call("bill_archive_a_vendor", {"vendorId": "00901"})
    assert caught.value.outcome is Outcome.NOT_DONE
    assert "do not repeat" not in caught.value.advice
    assert [outcome for _, outcome in server.outcomes] == [
        Outcome.DONE,
        Outcome.NOT_DONE,
    ]


async def test_refused_partner_is_closed_and_the_organization_is_not(
    server: Assembly, bill: BillSessions
) -> None:
    bill.refuse_sign_in = lambda a: (
        refusal("BDC_1101", 401) if a.path == CHAIN[0] else None
    )
    for _ in range(2):
        with pytest.raises(CallError) as caught:
            await server.call(*LIST)
        assert caught.value.code == "sign_in_refused"
    await server.call(*READ)
    tried = [path for path in paths(server) if path in SIGN_INS]
    assert tried == [CHAIN[0], "/v3/login"]
