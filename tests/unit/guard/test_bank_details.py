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


async def test_account_of_unknown_age_is_a_reason_until_seen_long_enough() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    desk.trail_is_readable = False
    told = text_of(await desk.examine(vendor, days=2))
    assert told == (
        "BILL's audit trail of the vendor could not be read, so it is unknown since "
        "when its money goes where it does; its bank account ends in 2333, and nothing "
        "is known of an earlier account; this server first saw this account less than "
        "1 US bank day ago"
    )
    await desk.look(vendor)
    assert text_of(await desk.examine(vendor, days=2)) == told
    desk.bill.pass_days(1)
    told = text_of(await desk.examine(vendor, days=2))
    assert told.endswith("this server first saw this account 1 US bank day ago")
    desk.bill.pass_days(1)
    assert (await desk.examine(vendor, days=2)).reason is None
    assert text_of(await desk.examine(vendor, days=3))


async def test_account_that_came_back_is_seen_since_it_came_back() -> None:
    desk = Desk()
    vendor = await desk.old_vendor()
    await desk.look(vendor)
    for number in ("444555666", BANK["accountNumber"]):
        await desk.change_account(vendor, number)
        await desk.look(vendor)
        desk.bill.pass_days(1)
    desk.trail_is_readable = False
    told = text_of(await desk.examine(vendor, days=2))
    assert "found to be another one 1 US bank day ago" in told
    assert (await desk.examine(vendor, days=1)).reason is None


async def test_account_that_another_vendor_was_seen_with_is_of_unknown_age() -> None:
    desk = Desk()
    seen = await desk.bill.vendor(paymentInformation=payee(BANK))
    vendor = await desk.bill.vendor(paymentInformation=payee(BANK))
    await desk.look(seen)
    desk.bill.pass_days(30)
    desk.trail_is_readable = False
    assert (await desk.examine(seen)).reason is None
    assert "first saw this account less than" in text_of(await desk.examine(vendor))


async def test_payee_without_an_account_is_of_unknown_age_however_often_seen() -> None:
    desk = Desk()
    vendor = await desk.old_vendor(has_account=False)
    await desk.look(vendor)
    desk.bill.pass_days(30)
    desk.trail_is_readable = False
    assert text_of(await desk.examine(vendor)) == (
        "BILL's audit trail of the vendor could not be read, so it is unknown since "
        "when its money goes where it does; it has no bank account; this server keeps "
        "nothing to see a change of where its money goes by"
    )


async def test_trail_that_cannot_be_read_is_no_reason_where_no_days_are_asked_for() -> (
    None
):
    desk = Desk()
    desk.trail_is_readable = False
    for has_account in (True, False):
        vendor = await desk.old_vendor(has_account=has_account)
        assert (await desk.examine(vendor, days=0)).reason is None


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
    assert (found.last4, found.old_last4) == (None, "2333")
    assert (
        "BILL shows no bank account of it, and had one that ended in 2333"
        in text_of(found)
    )


async def test_account_of_which_nothing_is_visible_is_never_known_again() -> None:
    desk = Desk()
    desk.trail_is_readable = False
    hidden = payee({**BANK, "accountNumber": "*****"})
    reply = {"id": "009", "paymentInformation": hidden}
    await desk.known.note("org", DETAILS, reply, desk.now)
    desk.bill.pass_days(30)
    found = await examine(
        desk.read, reply, organization="org", known=desk.known, now=desk.now, days=3
    )
    assert text_of(found).endswith("nothing to see a change of where its money goes by")
