import json
from typing import Any

import pytest

from bill_mcp.simulator.state_json import digest

pytestmark = pytest.mark.anyio


async def use(bill: Any) -> list[str]:
    """Do some of everything; return every answer's text."""
    told = []
    accounts = bill.world.where("bank_account", "status", "VERIFIED")
    bill.account = accounts[0]["id"]
    await bill.sign_in()
    for number in range(3):
        vendor = await bill.paid_by_ach(f"Vendor {number}")
        due = await bill.bill(vendor["id"], 10 + number)
        payment = await bill.pay(due, 10)
        told.append(json.dumps([vendor, due, payment]))
        await bill.pass_time(advance_s=40_000)
    told.append((await bill.ask("GET", "/payments", max=100)).text)
    told.append((await bill.ask("GET", "/vendors")).text)
    return told


async def test_the_same_calls_give_the_same_bytes_in_every_world(start: Any) -> None:
    one, other = await start("demo"), await start("demo")
    assert await use(one) == await use(other)
    assert digest(one.world.state) == digest(other.world.state)


async def test_reading_and_signing_in_do_not_change_the_state(demo: Any) -> None:
    before = (await demo.control("GET", "/state/hash"))["hash"]
    for path in ("/vendors", "/bills", "/payments", "/users", "/roles"):
        await demo.get(path)
    login = demo.world.where("user", "firstName", "Priya")[0]
    body = {
        "username": login["_username"],
        "password": login["_password"],
        "organizationId": login["_organizationId"],
        "devKey": demo.headers["devKey"],
    }
    await demo.post("/login", body)
    assert (await demo.control("GET", "/state/hash"))["hash"] == before
    await demo.vendor()
    assert (await demo.control("GET", "/state/hash"))["hash"] != before


async def test_a_reset_begins_again(start: Any) -> None:
    bill = await start("demo")
    fresh = (await bill.control("GET", "/state/hash"))["hash"]
    await use(bill)
    await bill.fault(path="/v3/vendors", drop="before")
    await bill.control("POST", "/reset", {"seed": "demo"})
    assert (await bill.control("GET", "/state/hash"))["hash"] == fresh
    assert await bill.control("GET", "/requests") == []
    assert (await bill.ask("GET", "/vendors")).status_code == 401
    await bill.control("POST", "/reset", {"seed": "empty"})
    assert list(bill.world.rows("vendor")) == []
    response = await bill.http.post("/simulator/reset", json={"seed": "other"})
    assert response.status_code == 400


async def test_a_snapshot_brings_everything_back(bill: Any) -> None:
    due = await bill.bill((await bill.paid_by_ach())["id"], 100)
    kept = await bill.control("POST", "/snapshot")
    before = (await bill.control("GET", "/state/hash"))["hash"]
    for _ in range(2):
        payment = await bill.pay(due, 100)
        await bill.control("POST", "/clock", {"advance_s": 86_400})
        await bill.control("POST", "/restore", kept)
        assert (await bill.control("GET", "/state/hash"))["hash"] == before
        assert (await bill.ask("GET", f"/payments/{payment['id']}")).status_code == 404
        assert (await bill.get(f"/bills/{due['id']}"))["dueAmount"] == 100
    missing = await bill.http.post("/simulator/restore", json={"id": "none"})
    assert missing.status_code == 404


async def test_what_was_refused_leaves_no_trace(bill: Any) -> None:
    before = digest(bill.world.state)
    counters = dict(bill.world.state.counters)
    body = {"name": "Acme", "address": {}}
    assert (await bill.ask("POST", "/vendors", body)).status_code == 400
    wrong = bill.payment({"id": ""}, 5, vendorId="009", processDate="2026-11-28")
    assert (await bill.ask("POST", "/payments", wrong)).status_code == 404
    assert digest(bill.world.state) == before
    assert bill.world.state.counters == counters


async def test_requests_are_logged_without_secrets(bill: Any) -> None:
    secrets = list(bill.headers.values())
    await bill.ask("GET", "/vendors", max=5)
    arrived = await bill.control("GET", "/requests")
    told = json.dumps(arrived)
    assert not [secret for secret in secrets if secret in told]
    assert "password-1" not in told
    last = arrived[-1]
    assert (last["method"], last["path"], last["query"]) == (
        "GET",
        "/v3/vendors",
        "max=5",
    )
    assert last["headers"]["sessionid"] == "(sessionId)"
    assert (last["status"], last["in_flight"]) == (200, 1)
    assert last["at"] == "2026-11-23T15:00:00.000+00:00"
    assert arrived[0]["body"]["password"] == "(password)"
    await bill.control("DELETE", "/requests")
    assert await bill.control("GET", "/requests") == []


async def test_sessions_end_for_one_organization_or_for_all(bill: Any) -> None:
    response = await bill.http.delete("/simulator/sessions?organization=other")
    assert response.json() == {"expired": 0}
    assert (await bill.ask("GET", "/vendors")).status_code == 200
    await bill.control("DELETE", "/sessions")
    assert (await bill.ask("GET", "/vendors")).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "simulator.example"},
        {"host": "127.0.0.1.example"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
async def test_the_control_plane_is_for_this_machine_only(
    start: Any, headers: dict[str, str]
) -> None:
    bill = await start()
    response = await bill.http.get("/simulator/state", headers=headers)
    assert response.status_code == 403
    allowed = {"host": "127.0.0.1:8000", "origin": "http://localhost:3000"}
    response = await bill.http.get("/simulator/state", headers=allowed)
    assert response.status_code == 200


async def test_a_control_token_is_asked_for(start: Any) -> None:
    bill = await start(control_token="hush")
    assert (await bill.http.get("/simulator/state")).status_code == 403
    right = {"x-simulator-token": "hush"}
    response = await bill.http.get("/simulator/state", headers=right)
    assert response.status_code == 200


async def test_a_patched_object_lives_on_from_its_new_state(bill: Any) -> None:
    due = await bill.bill((await bill.vendor())["id"], 100)
    payment = await bill.pay(due, 100)
    fields = {"fields": {"singleStatus": "DISBURSEMENT_FAILED_ACTION_NEEDED"}}
    await bill.pass_time(advance_s=9 * 86_400)
    path = f"/objects/{payment['id']}"
    await bill.control("PATCH", path, fields)
    await bill.pass_time(advance_s=30 * 86_400)
    failed = await bill.get(f"/payments/{payment['id']}")
    assert (failed["status"], failed["disbursementStatus"]) == ("FAILED", "FAILED")
    assert failed["disbursementInfo"]["isVoidable"]
    await bill.control("PATCH", path, {"fields": {"singleStatus": "SENT"}})
    await bill.pass_time(advance_s=30 * 86_400)
    assert (await bill.get(f"/payments/{payment['id']}"))["status"] == "PAID"
    missing = await bill.http.patch("/simulator/objects/none", json={"fields": {}})
    assert missing.status_code == 404


async def test_fixtures_without_a_maker_are_a_loud_gap(bill: Any) -> None:
    one = [{"type": "mfa_phone", "fields": {"last4digits": "7777"}}]
    made = await bill.control("POST", "/fixtures", one)
    assert made[0]["type"] == "mfa_phone"
    wrong = [{"type": "spaceship"}]
    response = await bill.http.post("/simulator/fixtures", json=wrong)
    assert response.status_code == 400


async def test_a_client_in_the_wrong_words_gets_400(bill: Any) -> None:
    for path, body in (
        ("/clock", {"forward": 1}),
        ("/clock", {"now": "soon"}),
        ("/credentials", {"kind": "king"}),
        ("/credentials", {"role": "KING"}),
        ("/fixtures", ["bank_account"]),
    ):
        response = await bill.http.post(f"/simulator{path}", json=body)
        assert response.status_code == 400, path
    assert (await bill.http.get("/simulator/else")).status_code == 404


async def test_answers_carry_bills_own_time(bill: Any) -> None:
    response = await bill.ask("GET", "/health")
    assert response.headers["date"] == "Mon, 23 Nov 2026 15:00:00 GMT"
