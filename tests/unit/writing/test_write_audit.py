"""No audit row, no write: what the log says of everything that was to be written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.paying import PAY, Paying
from support.payments import rules

from bill_mcp.agents import Confirm
from bill_mcp.errors import Outcome
from bill_mcp.records import audit
from bill_mcp.records.audit import Kind

pytestmark = pytest.mark.anyio

INTENT, OUTCOME, REFUSED, SETTLED = (
    Kind.INTENT,
    Kind.OUTCOME,
    Kind.REFUSED,
    Kind.SETTLED,
)


async def test_every_write_leaves_its_intent_and_its_outcome() -> None:
    bill_mcp = Paying()
    bill = await bill_mcp.bill(100)
    made = await bill_mcp.pay(bill, 60, by="payer")
    intent, outcome = bill_mcp.audit_rows()
    assert (intent["kind"], outcome["kind"]) == (INTENT, OUTCOME)
    assert intent["write"] == outcome["write"]
    assert intent["action"] == outcome["action"] == PAY
    assert intent["agent"] == outcome["agent"] == "payer"
    assert (intent["verdict"], outcome["outcome"]) == ("allowed", "done")
    assert made["id"] in outcome["bill_ids"]
    assert "money" in intent["effects"]
    assert bill in str(intent["arguments"])


async def test_lost_payment_leaves_what_every_look_up_found() -> None:
    bill_mcp = Paying()
    bill_mcp.fault(drop="after", hide_s=30)
    bill = await bill_mcp.bill(100)
    await bill_mcp.not_paid(bill, 60)
    bill_mcp.pass_time(200)
    await bill_mcp.settle()
    rows = bill_mcp.audit_rows()
    assert [(row["kind"], row.get("outcome")) for row in rows] == [
        (INTENT, None),
        (OUTCOME, "unknown"),
        (SETTLED, "unknown"),
        (SETTLED, "done"),
    ]
    assert len({row["write"] for row in rows}) == 1
    assert rows[-1]["bill_ids"] == [bill_mcp.payments(bill)[0]["id"]]


async def test_look_up_is_logged_under_the_name_of_the_agent_that_asked() -> None:
    bill_mcp = Paying()
    bill = await bill_mcp.bill(100)
    payer = replace(bill_mcp.agent("stdio:2ca0887c:1"), name="stdio")
    bill_mcp.fault(drop="after", hide_s=30)
    await bill_mcp.not_paid(bill, 60, by=payer)
    bill_mcp.pass_time(200)
    await bill_mcp.not_paid(bill, 60, by="another")
    rows = bill_mcp.audit_rows(INTENT, SETTLED)
    assert [row.get("outcome") for row in rows] == [None, "unknown", "done"]
    assert {row["agent"] for row in rows} == {"stdio"}
    assert {row["organization"] for row in rows} == {rows[0]["organization"]}


async def test_refused_write_leaves_that_it_was_refused_and_by_what() -> None:
    bill_mcp = Paying(rules=rules(limits={"USD": {"payment": 50, "day": 70}}))
    bills = [await bill_mcp.bill(100) for _ in range(2)]
    await bill_mcp.not_paid(bills[0], 60)
    await bill_mcp.pay(bills[0], 50)
    await bill_mcp.not_paid(bills[1], 50)
    readers = bill_mcp.agent("reader", rules=rules("read-only"))
    await bill_mcp.not_paid(bills[1], 10, by=readers)
    rows = bill_mcp.audit_rows(REFUSED)
    assert [row["verdict"] for row in rows] == ["limit_payment", "limit_day", "mode"]
    assert {row["outcome"] for row in rows} == {"not_done"}
    assert rows[-1]["agent"] == "reader"
    assert len(bill_mcp.audit_rows(INTENT)) == 1


async def test_question_to_a_person_is_an_approval_and_no_intent() -> None:
    bill_mcp = Paying(confirm=Confirm.AUTO)
    await bill_mcp.asked(PAY, bill_mcp.payment(await bill_mcp.bill(100), 60))
    (row,) = bill_mcp.audit_rows()
    assert (row["kind"], row["verdict"]) == (Kind.APPROVAL, "asked")


async def test_reads_leave_nothing() -> None:
    bill_mcp = Paying()
    await bill_mcp.call("bill_get_list_of_vendors", {})
    assert bill_mcp.audit_rows() == []


async def test_arguments_are_masked() -> None:
    bill_mcp = Paying()
    vendor = await bill_mcp.vendor("No account", paymentInformation={})
    account = {
        "vendorId": vendor,
        "nameOnAccount": "Acme",
        "accountNumber": "987654321",
        "routingNumber": "074000010",
    }
    await bill_mcp.call("bill_create_a_vendor_bank_account", account)
    await bill_mcp.refused("bill_create_a_vendor_bank_account", account)
    told = str(bill_mcp.audit_rows())
    assert "987654321" not in told
    assert "4321" in told
    await bill_mcp.call("bill_api_login", {}, by="another")
    (row,) = [r for r in bill_mcp.audit_rows(INTENT) if r["action"] == "bill_api_login"]
    login = bill_mcp.login
    for secret in login.secrets():
        assert secret is None or secret.reveal() not in str(row)


@pytest.mark.parametrize("kind", ["payment", "department"])
async def test_where_the_audit_row_cannot_be_written_nothing_is_sent(
    tmp_path: Path, kind: str
) -> None:
    bill_mcp = Paying(home=tmp_path)
    bill = await bill_mcp.bill(100)
    call = (PAY, bill_mcp.payment(bill, 60))
    if kind == "department":
        call = ("bill_create_a_department", {"name": "North"})
    file = bill_mcp.server.records.file
    # As a full disk would: the table of the log takes no more rows.
    stop = (
        "CREATE TRIGGER full BEFORE INSERT ON audit "
        "BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    await file.transact(lambda c: c.execute(stop))
    told = await bill_mcp.refused(*call)
    assert (told.code, told.outcome) == ("journal_unavailable", Outcome.NOT_DONE)
    assert "; nothing was sent" in str(told)
    assert bill_mcp.upstream.writes == []
    assert bill_mcp.states == []
    await file.transact(lambda c: c.execute("DROP TRIGGER full"))
    await bill_mcp.call(*call)
    assert len(bill_mcp.upstream.writes) == 1


async def test_log_of_all_this_is_whole() -> None:
    bill_mcp = Paying(rules=rules(limits={"USD": {"payment": 50}}))
    bill = await bill_mcp.bill(100)
    await bill_mcp.not_paid(bill, 60)
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(bill, 40)
    await bill_mcp.call("bill_create_a_department", {"name": "North"})
    records = bill_mcp.server.records
    head = records.file.look_now(audit.head)
    report = records.file.look_now(lambda c: records.audit.verify(c, head))
    assert report.is_whole
    assert len(bill_mcp.audit_rows()) == 6
