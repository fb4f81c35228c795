"""What is kept of vendors' bank details."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.clock import START

from bill_mcp.records import bank_details
from bill_mcp.records.bank_details import History, history, note_read
from bill_mcp.records.store import RecordFile
from bill_mcp.records.vendor_accounts import fingerprint

KEY = b"a key for fingerprints"
DETAILS, LIST = "bill_get_vendor_details", "bill_get_list_of_vendors"
ENTER, DELETE = (
    "bill_create_a_vendor_bank_account",
    "bill_delete_a_vendor_bank_account",
)
DAY = timedelta(days=1)


class Kept:
    """The table in memory, for one organization and one vendor, ``009``."""

    def __init__(self, path: Path | None = None) -> None:
        self.file = RecordFile(path, [bank_details.SCHEMA])

    def note(
        self, reply: dict[str, Any], *, action: str = DETAILS, after: timedelta = DAY
    ) -> int:
        """How many rows were written."""
        now = START + after

        def work(connection: Any) -> int:
            before: int = connection.total_changes
            note_read(connection, "org", action, reply, KEY, now, vendor_id="009")
            after: int = connection.total_changes
            return after - before

        return self.file.transact_now(work)

    def history(self, vendor_id: str = "009", organization: str = "org") -> History:
        return self.file.look_now(lambda c: history(c, organization, vendor_id))


def account(number: str = "*****2333", **more: Any) -> dict[str, Any]:
    named = {"routingNumber": "074000010", "nameOnAccount": "Acme"}
    return {"accountNumber": number, **named, **more}


def vendor(bank: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    information = {"bankAccount": bank} if bank else {}
    return {"id": "009", "paymentInformation": information, **more}


WITHOUT = vendor(None, bankAccountStatus="NO_ACCOUNT")


def test_first_details_are_kept_and_are_no_change() -> None:
    kept = Kept()
    kept.note(vendor(account()), after=DAY)
    known = kept.history()
    assert known.current is not None
    assert known.current.last4 == "2333"
    assert known.current.first_seen == known.current.last_seen == START + DAY
    assert known.current.changed_at is None
    assert known.old_account is None


def test_nothing_of_an_account_but_its_end_is_on_disk(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "journal.sqlite")
    kept.note(vendor(account("987654321", nameOnAccount="Confidential Ltd")))
    kept.file.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for shown in (b"987654321", b"98765", b"074000010", b"Confidential"):
        assert shown not in content
    assert b"4321" in content


def test_same_details_are_written_once_a_day_at_most() -> None:
    kept = Kept()
    assert kept.note(vendor(account()), after=0 * DAY) == 1
    assert kept.note(vendor(account()), after=DAY) == 0
    assert kept.note(vendor(account()), after=1.5 * DAY) == 1
    current = kept.history().current
    assert current is not None
    assert current.last_seen == START + 1.5 * DAY
    assert current.first_seen == START


@pytest.mark.parametrize(
    "other",
    [
        account("*****9999"),
        account(routingNumber="021000021"),
        account(nameOnAccount="Acme Holdings"),
    ],
)
def test_another_number_routing_or_holder_is_a_change(other: dict[str, Any]) -> None:
    kept = Kept()
    kept.note(vendor(account()), after=0 * DAY)
    kept.note(vendor(other), after=3 * DAY)
    known = kept.history()
    assert known.current is not None
    assert known.current.changed_at == START + 3 * DAY
    assert known.old_account is not None
    assert known.old_account.last4 == "2333"


@pytest.mark.parametrize(
    "shown",
    [
        account("XXXXX2333"),
        account("2333"),
        account("•••• 2333"),
        account("**XX2333", nameOnAccount=" ACME "),
    ],
)
def test_another_mask_or_spelling_is_no_change(shown: dict[str, Any]) -> None:
    assert fingerprint(shown, KEY) == fingerprint(account(), KEY)


def test_iban_keeps_its_first_letter() -> None:
    one, other = account("XK051212012345678906"), account("K051212012345678906")
    assert fingerprint(one, KEY) != fingerprint(other, KEY)


def test_fingerprint_depends_on_the_key() -> None:
    assert fingerprint(account(), KEY) != fingerprint(account(), b"another")


def test_account_that_comes_back_is_a_change_too() -> None:
    kept = Kept()
    for day, number in enumerate(("1111", "2222", "1111")):
        kept.note(vendor(account(number)), after=day * DAY)
    known = kept.history()
    assert known.current is not None
    assert (known.current.last4, known.current.first_seen) == ("1111", START)
    assert known.current.changed_at == START + 2 * DAY
    assert known.old_account is not None
    assert known.old_account.last4 == "2222"


def test_account_where_there_was_none_is_a_change() -> None:
    kept = Kept()
    kept.note(WITHOUT, after=0 * DAY)
    kept.note(account(), action=ENTER, after=2 * DAY)
    known = kept.history()
    assert known.current is not None
    assert known.current.changed_at == START + 2 * DAY
    assert known.old_account is None


def test_deleted_account_is_remembered_as_the_old_one() -> None:
    kept = Kept()
    kept.note(vendor(account()), after=0 * DAY)
    kept.note({}, action=DELETE, after=DAY)
    known = kept.history()
    assert known.current is not None
    assert known.current.last4 == ""
    kept.note(account("9999"), action=ENTER, after=2 * DAY)
    old = kept.history().old_account
    assert old is not None
    assert old.last4 == "2333"


def test_list_that_shows_half_of_an_account_or_none_changes_nothing() -> None:
    kept = Kept()
    kept.note(vendor(account()))
    thin = [
        vendor({"accountNumber": "*2333"}),
        vendor(None, bankAccountStatus="NO_NET_LINKED_ACCOUNT"),
        vendor(None),
        {},
        "odd",
    ]
    assert kept.note({"results": thin}, action=LIST) == 0
    assert kept.note({"results": None}, action=LIST) == 0
    assert kept.note({"results": [vendor(account("9999"))]}, action=LIST) > 0


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        (vendor(None), DETAILS),
        ({"paymentInformation": {"bankAccount": account()}}, DETAILS),
        (vendor(account()), "bill_get_customer_details"),
        ({"nameOnAccount": "Acme"}, "bill_get_vendor_bank_account_details"),
    ],
)
def test_reply_without_a_vendors_account_leaves_nothing(
    reply: dict[str, Any], action: str
) -> None:
    assert Kept().note(reply, action=action) == 0


def test_organizations_and_vendors_are_kept_apart() -> None:
    kept = Kept()
    kept.note(vendor(account()))
    assert kept.history(organization="other").current is None
    assert kept.history("009B").current is None


def test_note_without_a_vendors_id_needs_one_in_the_reply() -> None:
    file = RecordFile(None, [bank_details.SCHEMA])
    file.transact_now(
        lambda connection: note_read(connection, "org", ENTER, account(), KEY, START)
    )
    known = file.look_now(lambda connection: history(connection, "org", "009"))
    assert known == History(current=None, old_account=None)
