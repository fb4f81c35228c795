"""When a person must look because of where a vendor is paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.read_bill import BANK, SimulatedBill

from bill_mcp.errors import ApiError
from bill_mcp.guard.bank_details import BankFinding, examine
from bill_mcp.guard.evidence import Cause
from bill_mcp.records import bank_details
from bill_mcp.records.bank_details import KnownDetails
from bill_mcp.records.store import RecordFile

pytestmark = pytest.mark.anyio

TRAIL = "bill_get_audit_trail_details_for_a_vendor"
DETAILS = "bill_get_vendor_details"
MONDAY = "2026-11-02T15:00:00Z"


class Desk:
    """A simulated BILL, and what the server remembers of it."""

    def __init__(self) -> None:
        self.bill = SimulatedBill(MONDAY)
        file = RecordFile(None, [bank_details.SCHEMA])
        self.known = KnownDetails(file, lambda: b"a key for fingerprints")
        self.trail_is_readable = True

    @property
    def now(self) -> datetime:
        return self.bill.world.now

    async def read(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if name == TRAIL and not self.trail_is_readable:
            raise ApiError("BILL refused", advice="Ask an administrator.")
        return await self.bill.call(name, arguments)

    async def look(self, vendor: str) -> None:
        """Read the vendor as an agent would; the server remembers what it saw."""
        reply = await self.bill.call(DETAILS, {"vendorId": vendor})
        await self.known.note("org", DETAILS, reply, self.now)

    async def examine(
        self, vendor: str, days: int = 5, written_at: datetime | None = None
    ) -> BankFinding:
        return await examine(
            self.read,
            await self.bill.call(DETAILS, {"vendorId": vendor}),
            organization="org",
            known=self.known,
            now=self.now,
            days=days,
            written_at=written_at,
        )

    async def old_vendor(self, *, has_account: bool = True) -> str:
        """A vendor that is 30 days old; it is Wednesday, 2 December, then."""
        more: Any = {"paymentInformation": payee(BANK)} if has_account else {}
        vendor = await self.bill.vendor(**more)
        self.bill.pass_days(30)
        return vendor

    async def change_account(self, vendor: str, number: str) -> None:
        where = f"/vendors/{vendor}/bank-account"
        await self.bill.write("DELETE", where)
        await self.bill.write("POST", where, {**BANK, "accountNumber": number})


def payee(bank: dict[str, Any]) -> dict[str, Any]:
    return {"payeeName": "Acme", "bankAccount": bank}


def text_of(finding: BankFinding) -> str:
    assert finding.reason is not None
    assert finding.reason.cause is Cause.BANK_DETAILS
    return finding.reason.text


async def test_old_account_of_an_old_vendor_is_no_reason() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    assert await desk.examine(vendor) == BankFinding(
        last4="2333", old_last4=None, reason=None
    )


async def test_new_vendor_is_a_reason_until_the_days_are_over() -> None:
    desk = Desk()
    vendor = await desk.bill.vendor(paymentInformation=payee(BANK))
    finding = await desk.examine(vendor, days=2)
    assert text_of(finding) == (
        "the vendor was created less than 1 US bank day ago; its bank account ends in "
        "2333, and nothing is known of an earlier account"
    )
    assert finding.reason is not None
    assert finding.reason.object_id == vendor
    desk.bill.pass_days(1)
    assert "1 US bank day ago" in text_of(await desk.examine(vendor, days=2))
    desk.bill.pass_days(1)
    assert (await desk.examine(vendor, days=2)).reason is None
    assert "2 US bank days ago" in text_of(await desk.examine(vendor, days=3))


async def test_weekend_makes_nothing_older() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    desk.bill.pass_days(2)
    await desk.change_account(vendor, "444555666")
    desk.bill.pass_days(2)  # Sunday
    assert "less than 1 US bank day ago" in text_of(await desk.examine(vendor, days=1))
    desk.bill.pass_days(1)
    assert (await desk.examine(vendor, days=1)).reason is None


async def test_no_days_ask_for_no_person() -> None:
    desk = Desk()
    vendor = await desk.bill.vendor()
    assert (await desk.examine(vendor, days=0)).reason is None


async def test_changed_account_is_told_with_its_old_and_new_end() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    await desk.change_account(vendor, "444555666")
    desk.bill.pass_days(1)
    finding = await desk.examine(vendor)
    assert (finding.last4, finding.old_last4) == ("5666", "2333")
    assert text_of(finding) == (
        "its bank account changed 1 US bank day ago; its bank account ends in 5666, "
        "and ended in 2333 before"
    )


async def test_change_that_only_this_server_noticed_is_a_reason() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    await desk.look(vendor)
    await desk.change_account(vendor, "444555666")
    desk.trail_is_readable = False
    desk.bill.pass_days(20)
    assert text_of(await desk.examine(vendor)) == (
        "its bank account was found to be another one less than 1 US bank day ago; "
        "its bank account ends in 5666, and ended in 2333 before; BILL's audit trail "
        "of the vendor could not be read"
    )
    await desk.look(vendor)
    desk.bill.pass_days(1)
    assert "another one 1 US bank day ago" in text_of(await desk.examine(vendor))
    desk.bill.pass_days(10)
    finding = await desk.examine(vendor)
    assert (finding.old_last4, finding.reason) == ("2333", None)


async def test_details_that_this_server_saw_before_are_no_reason() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    await desk.look(vendor)
    assert (await desk.examine(vendor)).reason is None


async def test_account_where_this_server_saw_none_is_a_reason() -> None:
    desk = Desk()
    vendor = await desk.old_vendor(has_account=False)
    await desk.look(vendor)
    await desk.bill.write("POST", f"/vendors/{vendor}/bank-account", BANK)
    desk.trail_is_readable = False
    assert text_of(await desk.examine(vendor)).startswith(
        "it was found to have a bank account where it had none less than 1 US bank day "
        "ago; its bank account ends in 2333, and nothing is known of an earlier account"
    )


async def test_trail_that_cannot_be_read_is_no_reason_by_itself() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    desk.trail_is_readable = False
    assert (await desk.examine(vendor)).reason is None


async def test_account_that_this_server_entered_is_a_reason() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    yesterday = desk.now - timedelta(days=1)
    told = text_of(await desk.examine(vendor, written_at=yesterday))
    assert told.startswith(
        "its bank account or connection was entered through this server 1 US bank"
    )
    long_ago = desk.now - timedelta(days=20)
    assert (await desk.examine(vendor, written_at=long_ago)).reason is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"address": {"line1": "9 Fraud Street"}}, "its address changed"),
        ({"paymentInformation": {"payeeName": "Mallory"}}, "its payee name changed"),
        ({"name": "Acme Holdings"}, "its name changed"),
        ({"email": "ap@acme.example"}, "its e-mail address changed"),
        ({"accountNumber": "77"}, "its account number for the payer changed"),
    ],
)
async def test_vendor_paid_by_check_is_judged_by_its_payee_fields(
    change: dict[str, Any], told: str
) -> None:
    desk = Desk()
    vendor = await desk.old_vendor(has_account=False)
    assert (await desk.examine(vendor)).reason is None
    await desk.bill.write("PATCH", f"/vendors/{vendor}", change)
    finding = await desk.examine(vendor)
    assert text_of(finding) == (
        f"{told} less than 1 US bank day ago; it has no bank account"
    )
    assert finding.last4 is None


@pytest.mark.parametrize(
    "change",
    [{"shortName": "AC"}, {"phone": "206-555-0100"}, {"accountType": "PERSON"}],
)
async def test_other_fields_of_a_vendor_paid_by_check_do_not_count(
    change: dict[str, Any],
) -> None:
    desk = Desk()
    vendor = await desk.old_vendor(has_account=False)
    await desk.bill.write("PATCH", f"/vendors/{vendor}", change)
    assert (await desk.examine(vendor)).reason is None


async def test_address_of_a_vendor_with_a_bank_account_does_not_count() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    change = {"address": {"line1": "9 New Street"}}
    await desk.bill.write("PATCH", f"/vendors/{vendor}", change)
    assert (await desk.examine(vendor)).reason is None


async def test_removed_account_is_a_reason_since_the_next_payment_is_a_check() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    await desk.bill.write("DELETE", f"/vendors/{vendor}/bank-account")
    assert text_of(await desk.examine(vendor)) == (
        "its bank account was removed less than 1 US bank day ago; it has no bank "
        "account, and had one that ended in 2333"
    )


async def test_removal_that_only_this_server_noticed_is_a_reason() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    await desk.look(vendor)
    await desk.bill.write("DELETE", f"/vendors/{vendor}/bank-account")
    desk.trail_is_readable = False
    told = text_of(await desk.examine(vendor))
    assert told.startswith("its bank account was found to be removed")
    assert "ended in 2333" in told


# Trails as the simulator does not write them


def vendor_reply(**more: Any) -> dict[str, Any]:
    bank = {"accountNumber": "*5666", "routingNumber": "1", "nameOnAccount": "A"}
    return {"id": "009", "paymentInformation": {"bankAccount": bank}, **more}


def entry(name: str | None, at: str, kind: str = "Edit") -> dict[str, Any]:
    return {"type": kind, "createdTime": at, "field": {"name": name} if name else {}}


async def finding(
    *pages: list[Any], reply: dict[str, Any] | None = None
) -> BankFinding:
    """What is found on 2 November with a trail of such pages, the last one for ever."""
    asked: list[Mapping[str, Any]] = []

    async def read(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        assert name == TRAIL
        asked.append(arguments)
        return {"items": pages[min(len(asked), len(pages)) - 1]}

    file = RecordFile(None, [bank_details.SCHEMA])
    return await examine(
        read,
        reply or vendor_reply(createdTime="2020-01-01T00:00:00.000+00:00"),
        organization="org",
        known=KnownDetails(file, lambda: b"key"),
        now=datetime.fromisoformat(MONDAY),
        days=3,
    )


RECENT, OLD = "2026-10-30T15:00:00.000+00:00", "2026-01-05T15:00:00.000+00:00"


async def test_account_that_was_entered_lately_is_told_so() -> None:
    told = text_of(await finding([entry("Bank Account", RECENT, "Created")]))
    assert told.startswith("its bank account was entered 1 US bank day ago")


async def test_account_that_bill_does_not_show_is_not_taken_for_removed() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    await desk.look(vendor)
    reply = await desk.bill.call(DETAILS, {"vendorId": vendor})
    del reply["paymentInformation"]["bankAccount"]
    desk.trail_is_readable = False
    found = await examine(
        desk.read, reply, organization="org", known=desk.known, now=desk.now, days=5
    )
    assert found == BankFinding(last4=None, old_last4="2333", reason=None)


@pytest.mark.parametrize(
    "name",
    ["bankAccount.accountNumber", "Bank Account Number", "routingNumber", "IBAN"],
)
async def test_bank_fields_are_known_by_parts_of_their_names(name: str) -> None:
    assert "its bank account changed 1 US bank day ago" in text_of(
        await finding([entry(name, OLD), entry(name, RECENT)])
    )


async def test_account_that_pays_automatically_is_not_the_vendors() -> None:
    found = await finding([entry("autoPay.bankAccountId", RECENT)])
    assert found.reason is None


async def test_recent_change_on_the_second_page_is_found() -> None:
    old = [entry("phone", OLD)] * 100
    told = text_of(await finding(old, [entry("bankAccount.routingNumber", RECENT)]))
    assert "its bank account changed" in told


async def test_trail_without_an_end_is_a_reason() -> None:
    told = text_of(await finding([entry("phone", OLD)] * 100))
    assert "too long to be read to its end" in told


async def test_change_without_a_time_is_told_beside_another_reason_only() -> None:
    broken = entry("bankAccount.accountNumber", "some day")
    assert (await finding([broken])).reason is None
    told = text_of(await finding([broken, entry("routingNumber", RECENT)]))
    assert told.endswith("BILL's audit trail of the vendor has changes without a time")


async def test_creation_is_taken_from_the_trail_where_the_vendor_tells_none() -> None:
    created = entry(None, RECENT, "Create")
    found = await finding([created, "odd", {}], reply=vendor_reply())
    assert text_of(found).startswith("the vendor was created 1 US bank day ago")


async def test_time_ahead_of_our_clock_counts_as_now() -> None:
    ahead = "2026-11-05T15:00:00"
    told = text_of(await finding([entry("bankAccount.routingNumber", ahead)]))
    assert "less than 1 US bank day ago" in told
