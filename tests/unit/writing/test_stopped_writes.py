"""What stops writes in their intent's transaction: limits, switch, clock, place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.paying import BULK, PAY, Paying
from support.payments import rules

from bill_mcp.agents import Confirm
from bill_mcp.environments import Environment
from bill_mcp.errors import CallError, Outcome, RefusedError
from bill_mcp.records import halt, lasting
from bill_mcp.records.approvals import Via
from bill_mcp.records.audit import Kind
from bill_mcp.records.claims import State

pytestmark = pytest.mark.anyio

CREATE = ("bill_create_a_department", {"name": "North"})


def limited() -> Paying:
    return Paying(rules=rules(limits={"USD": {"day": 100}}))


async def test_two_payments_at_once_do_not_pass_a_limit_together() -> None:
    bill_mcp = limited()
    bills = [await bill_mcp.bill(100) for _ in range(2)]
    refusals: list[str] = []

    async def pay(bill: str) -> None:
        try:
            await bill_mcp.pay(bill, 60, by=f"agent of {bill}")
        except CallError as error:
            refusals.append(error.code)

    async with anyio.create_task_group() as tasks:
        for bill in bills:
            tasks.start_soon(pay, bill)
    assert refusals == ["limit_day"]
    assert [row["amount"] for row in bill_mcp.payments()] == [60]


async def test_day_of_the_organization_counts_every_agent() -> None:
    bill_mcp = limited()
    for agent in ("one", "two"):
        await bill_mcp.pay(await bill_mcp.bill(100), 45, by=agent)
    told = await bill_mcp.not_paid(await bill_mcp.bill(100), 11, by="three")
    assert (told.code, told.outcome) == ("limit_day", Outcome.NOT_DONE)
    await bill_mcp.pay(await bill_mcp.bill(100), 10, by="three")
    bill_mcp.pass_time(86400)
    await bill_mcp.pay(await bill_mcp.bill(100), 11, by="three")


async def test_unknown_payment_counts_until_it_is_known_not_to_be_made() -> None:
    bill_mcp = limited()
    bill_mcp.fault(drop="before")
    await bill_mcp.not_paid(await bill_mcp.bill(100), 60)
    other = await bill_mcp.bill(100)
    assert (await bill_mcp.not_paid(other, 60)).code == "limit_day"
    for _ in range(3):
        bill_mcp.pass_time(400)
        await bill_mcp.settle()
    assert bill_mcp.states == [State.NOT_DONE]
    await bill_mcp.pay(other, 60)


async def test_refused_payment_counts_for_nothing() -> None:
    bill_mcp = limited()
    bill = await bill_mcp.bill(100)
    bill_mcp.fault(answer={"status": 422, "code": "BDC_1171"})
    await bill_mcp.not_paid(bill, 60)
    await bill_mcp.pay(bill, 100)


async def test_open_payment_counts() -> None:
    bill_mcp = limited()
    first, second = [await bill_mcp.bill(100) for _ in range(2)]
    bill_mcp.hold_back("/v3/payments")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bill_mcp.pay, first, 60)
        await bill_mcp.has_acted.wait()
        assert (await bill_mcp.not_paid(second, 60)).code == "limit_day"
        bill_mcp.let_go.set()


async def test_bulk_counts_with_all_its_parts() -> None:
    bill_mcp = limited()
    vendor = await bill_mcp.vendor()
    bills = [await bill_mcp.bill(100, vendor) for _ in range(3)]
    payments = [{"billId": bill, "amount": 40} for bill in bills]
    funding = bill_mcp.payment("", 1)["fundingAccount"]
    arguments = {"vendorId": vendor, "payments": payments, "fundingAccount": funding}
    assert (await bill_mcp.refused(BULK, arguments)).code == "limit_day"
    assert bill_mcp.payments() == []


async def test_clock_that_went_back_over_a_minute_stops_money_only() -> None:
    bill_mcp = Paying()
    bill = await bill_mcp.bill(300)
    bill_mcp.pass_time(3600)
    await bill_mcp.pay(bill, 60)
    bill_mcp.clock.advance(-59)
    await bill_mcp.pay(bill, 61)
    bill_mcp.clock.advance(-62)
    told = await bill_mcp.not_paid(bill, 62)
    assert (told.code, told.outcome) == ("clock_went_back", Outcome.NOT_DONE)
    await bill_mcp.call(*CREATE)
    assert len(bill_mcp.payments(bill)) == 2
    bill_mcp.clock.advance(62)
    await bill_mcp.pay(bill, 62)


async def test_halt_stops_every_write_at_once_and_after_a_restart(
    tmp_path: Path,
) -> None:
    bill_mcp = Paying(home=tmp_path)
    bill = await bill_mcp.bill(100)
    await bill_mcp.pay(bill, 10)
    halt.halt(tmp_path, at=bill_mcp.clock.now(), by="dana")
    sent = len(bill_mcp.upstream.writes)
    for _ in range(2):
        told = await bill_mcp.not_paid(bill, 20)
        assert (told.code, told.outcome) == ("halted", Outcome.NOT_DONE)
        assert (await bill_mcp.refused(*CREATE)).code == "halted"
        await bill_mcp.call("bill_get_bill_details", {"billId": bill})
        bill_mcp.restart()
    assert len(bill_mcp.upstream.writes) == sent
    halt.lift(tmp_path)
    await bill_mcp.pay(bill, 20)


async def test_halt_stops_what_a_person_had_agreed_to(tmp_path: Path) -> None:
    bill_mcp = Paying(home=tmp_path, confirm=Confirm.AUTO)
    bill = await bill_mcp.bill(100)
    arguments = bill_mcp.payment(bill, 60)
    question = await bill_mcp.asked("bill_create_a_payment", arguments)
    arguments["approval_id"] = await bill_mcp.grant(question)
    halt.halt(tmp_path, at=bill_mcp.clock.now(), by="dana")
    told = await bill_mcp.refused("bill_create_a_payment", arguments)
    assert told.code == "halted"
    halt.lift(tmp_path)
    await bill_mcp.call("bill_create_a_payment", arguments)  # it was not spent


async def test_preview_says_that_everything_is_halted_as_the_call_would(
    tmp_path: Path,
) -> None:
    bill_mcp = Paying(home=tmp_path)
    bill = await bill_mcp.bill(100)
    halt.halt(tmp_path, at=bill_mcp.clock.now(), by="dana")
    calls: tuple[tuple[str, dict[str, Any]], ...] = (
        ("bill_create_a_payment", bill_mcp.payment(bill, 20)),
        CREATE,
        ("bill_generate_mfa_challenge", {}),
    )
    for tool, given in calls:
        told = await bill_mcp.refused(tool, given | {"preview": True})
        assert (told.code, told.outcome) == ("halted", Outcome.NOT_DONE)
        assert str(told) == str(await bill_mcp.refused(tool, given))
    halt.lift(tmp_path)
    await bill_mcp.call("bill_create_a_payment", bill_mcp.payment(bill, 20))


async def test_nobody_is_asked_about_what_would_not_go_out_then(
    tmp_path: Path,
) -> None:
    calls: tuple[dict[str, Any], ...] = ({}, {"preview": True})
    day = rules(limits={"USD": {"day": 100}})
    bill_mcp = Paying(home=tmp_path, confirm=Confirm.AUTO, rules=day)
    bills = [await bill_mcp.bill(100) for _ in range(2)]
    paid = bill_mcp.payment(bills[0], 60)
    question = await bill_mcp.asked(PAY, paid)
    await bill_mcp.call(PAY, paid | {"approval_id": await bill_mcp.grant(question)})
    asked = bill_mcp.audit_rows(Kind.APPROVAL)
    for more in calls:
        told = await bill_mcp.not_paid(bills[1], 60, **more)
        assert (told.code, told.outcome) == ("limit_day", Outcome.NOT_DONE)
    halt.halt(tmp_path, at=bill_mcp.clock.now(), by="dana")
    assert (await bill_mcp.not_paid(bills[1], 30)).code == "halted"
    halt.lift(tmp_path)
    bill_mcp.clock.advance(-7200)
    for more in calls:
        told = await bill_mcp.not_paid(bills[1], 30, **more)
        assert told.code == "clock_went_back"
    bill_mcp.clock.advance(7200)
    assert bill_mcp.audit_rows(Kind.APPROVAL) == asked
    await bill_mcp.asked(PAY, bill_mcp.payment(bills[1], 30))
    assert bill_mcp.audit_rows(Kind.APPROVAL) != asked


async def test_no_of_a_person_is_told_before_a_limit_or_a_halt(tmp_path: Path) -> None:
    day = rules(limits={"USD": {"day": 100}})
    bill_mcp = Paying(home=tmp_path, confirm=Confirm.AUTO, rules=day)
    declined, paid = [bill_mcp.payment(await bill_mcp.bill(100), 60) for _ in range(2)]
    approvals = bill_mcp.server.records.approvals
    question = await bill_mcp.asked(PAY, declined)
    await approvals.decide(question.approval_id, grant=False, by="dana", via=Via.PAGE)
    question = await bill_mcp.asked(PAY, paid)
    await bill_mcp.call(PAY, paid | {"approval_id": await bill_mcp.grant(question)})
    halt.halt(tmp_path, at=bill_mcp.clock.now(), by="dana")
    told = await bill_mcp.refused(PAY, declined)
    assert told.code == "approval_declined"


MOUNTS = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 22 0:45 / {home} rw,relatime shared:9 - {kind} server:/export rw
41 22 0:46 / {home}-beside rw - ext4 /dev/sdb1 rw
"""


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mountinfo"
    monkeypatch.setattr(lasting, "MOUNTS", path)
    monkeypatch.setattr(lasting, "CONTAINER_MARKS", (tmp_path / "mark",))
    return path


@pytest.fixture
def mount(mounts: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Answers a home on a file system of that kind."""

    def mounted(kind: str) -> Path:
        home = tmp_path / "home"
        mounts.write_text(MOUNTS.format(home=home, kind=kind), encoding="utf-8")
        return home

    return mounted


@pytest.mark.parametrize(
    ("kind", "environment", "is_refused"),
    [
        ("nfs4", Environment.SANDBOX, True),
        ("cifs", Environment.SANDBOX, True),
        ("fuse.sshfs", Environment.SANDBOX, True),
        ("nfs4", Environment.LOCAL, False),
        ("ext4", Environment.SANDBOX, False),
        ("overlay", Environment.SANDBOX, False),
    ],
)
async def test_journal_on_a_network_file_system_stops_money_outside_local(
    mount: Callable[[str], Path], kind: str, environment: Environment, is_refused: bool
) -> None:
    home = mount(kind)
    bill_mcp = Paying(home=home, environment=environment)
    bill = await bill_mcp.bill(100)
    await bill_mcp.call(*CREATE)
    if is_refused:
        told = await bill_mcp.not_paid(bill, 60)
        assert told.code == "journal_place"
        assert kind in str(told)
        assert "BILL_MCP_HOME" in told.advice
    else:
        await bill_mcp.pay(bill, 60)
    assert len(bill_mcp.payments(bill)) == (0 if is_refused else 1)


@pytest.mark.parametrize(
    ("mark", "is_given", "is_refused"),
    [(True, False, True), (True, True, False), (False, False, False)],
)
def test_journal_in_a_container_needs_a_place_that_the_operator_named(
    mounts: Path, tmp_path: Path, mark: bool, is_given: bool, is_refused: bool
) -> None:
    if mark:
        (tmp_path / "mark").touch()
    refusals: list[Any] = []
    try:
        lasting.check(tmp_path, is_given=is_given)
    except RefusedError as error:
        refusals.append(error.code)
    assert refusals == (["journal_place"] if is_refused else [])


def test_the_innermost_mount_tells_the_file_system(mounts: Path) -> None:
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        "2 1 0:4 / /data rw shared:1 - nfs server:/a rw\n"
        "3 2 8:2 / /data/my\\040home rw - xfs /dev/sdb rw\n"
        "not a line\n",
        encoding="utf-8",
    )
    found = {
        path: lasting.file_system_of(Path(path), mounts)
        for path in ("/", "/database", "/data", "/data/x/y", "/data/my home/.bill-mcp")
    }
    assert list(found.values()) == ["ext4", "ext4", "nfs", "nfs", "xfs"]
    assert lasting.file_system_of(Path("/data"), mounts.parent / "no file") is None
