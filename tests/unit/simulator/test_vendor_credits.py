from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bill_mcp.simulator import credentials
from bill_mcp.simulator.behaviours.bank_accounts import make_bank_account
from bill_mcp.simulator.errors import BillError
from bill_mcp.simulator.money import cents
from bill_mcp.simulator.seeds.administrator import administrator
from bill_mcp.simulator.storage import StateFile
from bill_mcp.simulator.vendor_credits import left_of, make_vendor_credit
from bill_mcp.simulator.world import World

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
DAY = 86_400


async def credit(bill: Any, vendor_id: str, amount: float = 100.0, **more: Any) -> str:
    fields = {"vendorId": vendor_id, "amount": amount, **more}
    wanted = [{"type": "vendor_credit", "fields": fields}]
    key: str = (await bill.control("POST", "/fixtures", wanted))[0]["id"]
    return key


def used(key: str, amount: float) -> list[dict[str, Any]]:
    return [{"id": key, "amount": amount}]


def status(bill: Any, key: str) -> tuple[str, float]:
    found = bill.world.get("vendor_credit", key)
    return found["status"], found["appliedAmount"]


async def amounts(bill: Any, due: Any) -> tuple[float, float, float, str]:
    now = await bill.get(f"/bills/{due['id']}")
    return (
        now["creditAmount"],
        now["scheduledAmount"],
        now["dueAmount"],
        now["paymentStatus"],
    )


async def test_a_patch_lays_a_credit_against_a_bill(bill: Any) -> None:
    due = await bill.bill((await bill.vendor())["id"], 150)
    key = await credit(bill, due["vendorId"])
    path = f"/bills/{due['id']}"
    await bill.ask("PATCH", path, {"vendorCredits": used(key, 40)})
    assert await amounts(bill, due) == (40, 0, 110, "PARTIAL")
    assert status(bill, key) == ("PARTIALLY_APPLIED", 40)
    # The amount of the one that is named is set anew; no credits named, none changed.
    await bill.ask("PATCH", path, {"vendorCredits": used(key, 100)})
    await bill.ask("PATCH", path, {"description": "touched"})
    assert await amounts(bill, due) == (100, 0, 50, "PARTIAL")
    assert status(bill, key) == ("FULLY_APPLIED", 100)


async def test_a_put_without_credits_takes_them_back(bill: Any) -> None:
    vendor = await bill.vendor()
    key = await credit(bill, vendor["id"])
    body = {
        "vendorId": vendor["id"],
        "dueDate": "2026-12-15",
        "invoice": {"invoiceNumber": "A-1", "invoiceDate": "2026-11-15"},
        "billLineItems": [{"amount": 60}],
    }
    due = await bill.post("/bills", {**body, "vendorCredits": used(key, 60)})
    assert (due["creditAmount"], due["paymentStatus"]) == (60, "PAID")
    body["billLineItems"] = [{"amount": 60, "id": due["billLineItems"][0]["id"]}]
    replaced = await bill.ask("PUT", f"/bills/{due['id']}", body)
    assert replaced.json()["creditAmount"] == 0
    assert status(bill, key) == ("NOT_APPLIED", 0)


async def test_a_payment_uses_credits_beside_what_it_pays(
    bill: Any, refused: Refused
) -> None:
    due = await bill.bill((await bill.paid_by_ach())["id"], 150)
    key = await credit(bill, due["vendorId"])
    body = bill.payment(due, 60, vendorCredits=used(key, 90.01))
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_1159")
    payment = await bill.pay(due, 60, vendorCredits=used(key, 90))
    assert payment["amount"] == 60
    assert payment["billPayments"][0]["vendorCredits"] == used(key, 90)
    assert await amounts(bill, due) == (90, 60, 0, "SCHEDULED")
    assert status(bill, key) == ("IN_PROCESS", 90)
    # A PUT cannot take back what a payment uses.
    await bill.post(f"/payments/{payment['id']}/cancel")
    assert await amounts(bill, due) == (0, 0, 150, "UNPAID")
    assert status(bill, key) == ("NOT_APPLIED", 0)
    await bill.pay(due, 60, vendorCredits=used(key, 90))
    await bill.pass_time(advance_s=7 * DAY)
    assert await amounts(bill, due) == (90, 0, 0, "PAID")
    assert status(bill, key) == ("PARTIALLY_APPLIED", 90)


async def test_a_reissued_payment_uses_the_same_credits(bill: Any) -> None:
    due = await bill.bill((await bill.paid_by_ach())["id"], 150)
    key = await credit(bill, due["vendorId"])
    payment = await bill.pay(due, 60, vendorCredits=used(key, 90))
    await bill.pass_time(advance_s=DAY)
    again = {"type": "VOID_AND_REISSUE", "reason": "lost"}
    await bill.post(f"/payments/{payment['id']}/void", again)
    assert await amounts(bill, due) == (90, 60, 0, "SCHEDULED")
    assert status(bill, key) == ("IN_PROCESS", 90)


async def test_credits_that_cannot_be_used_are_refused(
    bill: Any, refused: Refused
) -> None:
    due = await bill.bill((await bill.paid_by_ach())["id"], 150)
    key = await credit(bill, due["vendorId"], 50)
    others = await credit(bill, (await bill.vendor("Other"))["id"])
    archived = await credit(bill, due["vendorId"], archived=True)
    for wanted, answer in (
        (used("vcr0", 1), (404, "BDC_1205")),
        (used(others, 1), (422, "BDC_9016")),
        (used(archived, 1), (422, "BDC_9001")),
        (used(key, 50.01), (422, "BDC_9017")),
        (used(key, 30) * 2, (422, "BDC_9017")),
        (used(key, 0), (400, None)),
        ([{"id": key}], (400, None)),
    ):
        change = {"vendorCredits": wanted}
        response = await bill.ask("PATCH", f"/bills/{due['id']}", change)
        assert refused(response) == answer
        body = bill.payment(due, 10, vendorCredits=wanted)
        assert refused(await bill.ask("POST", "/payments", body)) == answer
    body = bill.payment({"id": ""}, 25, vendorId=due["vendorId"])
    body |= {"vendorCredits": used(key, 1), "processingOptions": {"createBill": True}}
    assert (await bill.ask("POST", "/payments", body)).status_code == 400
    assert await amounts(bill, due) == (0, 0, 150, "UNPAID")


async def test_a_bill_is_not_paid_too_much_by_credits(
    bill: Any, refused: Refused
) -> None:
    due = await bill.bill((await bill.paid_by_ach())["id"], 100)
    key = await credit(bill, due["vendorId"], 500)
    await bill.pay(due, 60)
    path = f"/bills/{due['id']}"
    response = await bill.ask("PATCH", path, {"vendorCredits": used(key, 41)})
    assert refused(response) == (422, "BDC_1159")
    await bill.ask("PATCH", path, {"vendorCredits": used(key, 40)})
    lines = [{"id": due["billLineItems"][0]["id"], "amount": 99}]
    response = await bill.ask("PATCH", path, {"billLineItems": lines})
    assert refused(response) == (422, "BDC_9006")
    other = await bill.vendor("Other")
    response = await bill.ask("PATCH", path, {"vendorId": other["id"]})
    assert refused(response) == (422, "BDC_9006")


async def test_credit_that_came_from_elsewhere_is_kept(bill: Any) -> None:
    due = await bill.bill((await bill.paid_by_ach())["id"], 100)
    fields = {"fields": {"creditAmount": 25}}
    await bill.control("PATCH", f"/objects/{due['id']}", fields)
    key = await credit(bill, due["vendorId"])
    change = {"vendorCredits": used(key, 10)}
    await bill.ask("PATCH", f"/bills/{due['id']}", change)
    assert await amounts(bill, due) == (35, 0, 65, "PARTIAL")


async def test_a_state_file_keeps_what_credits_are_used_for(
    bill: Any, tmp_path: Path
) -> None:
    due = await bill.bill((await bill.paid_by_ach())["id"], 150)
    key = await credit(bill, due["vendorId"])
    path = f"/bills/{due['id']}"
    await bill.ask("PATCH", path, {"vendorCredits": used(key, 40)})
    file = StateFile(tmp_path / "state.db")
    file.write(bill.world)
    state = file.read()
    assert state is not None
    bill.world.replace_state(state)
    file.close()
    await bill.ask("PATCH", path, {"vendorCredits": used(key, 70)})
    assert await amounts(bill, due) == (70, 0, 80, "PARTIAL")
    assert status(bill, key) == ("PARTIALLY_APPLIED", 70)


# --- whatever happens

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("bill"), st.integers(1, 300)),
        st.tuples(
            st.sampled_from(["patch", "pay"]),
            st.integers(0, 2),
            st.integers(0, 1),
            st.integers(0, 200),
            st.integers(0, 200),
        ),
        st.tuples(st.sampled_from(["put", "archive", "restore"]), st.integers(0, 2)),
        st.tuples(st.sampled_from(["cancel", "void", "reissue"]), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.integers(1, 4)),
    ),
    min_size=3,
    max_size=14,
)


class Books:
    """One vendor with two credits and some bills, and steps that may be refused."""

    def __init__(self, do: Any, world: World) -> None:
        self.do, self.world = do, world
        own = credentials.ORGANIZATION_ID
        address = {
            "line1": "1",
            "city": "S",
            "zipOrPostalCode": "1",
            "country": "US",
        }
        vendor = do("vendors_create", {"name": "Acme", "address": address})
        self.vendor_id = vendor["id"]
        self.account = make_bank_account(world, own, {})["id"]
        self.credits = [
            make_vendor_credit(
                world, own, {"vendorId": self.vendor_id, "amount": amount}
            )["id"]
            for amount in (75.5, 120.0)
        ]
        self.bills: list[str] = []
        self.add(100)

    def add(self, amount: int) -> None:
        bill = self.do("bills_create", self.body(amount, f"N-{len(self.bills)}"))
        self.bills.append(bill["id"])

    def body(self, amount: float, number: str) -> dict[str, Any]:
        return {
            "vendorId": self.vendor_id,
            "dueDate": "2026-12-15",
            "invoice": {"invoiceNumber": number, "invoiceDate": "2026-11-15"},
            "billLineItems": [{"amount": amount + 0.1}],
        }

    def step(self, kind: str, *about: int) -> None:
        """Do it; where BILL refuses, nothing may have changed."""
        if kind == "wait":
            self.world.move_to(self.world.now + timedelta(days=about[0]))
            return
        with suppress(BillError):
            self.world.attempt(lambda: self.act(kind, *about))

    def act(self, kind: str, *about: int) -> None:
        if kind == "bill":
            self.add(about[0])
        elif kind in {"cancel", "void", "reissue"}:
            self.end(kind, about[0])
        else:
            bill_id = self.bills[about[0] % len(self.bills)]
            self.use(kind, bill_id, *about[1:])

    def end(self, kind: str, number: int) -> None:
        rows = list(self.world.rows("payment"))
        if not rows:
            return
        key = rows[number % len(rows)]["id"]
        if kind == "cancel":
            self.do("payments_cancel", paymentId=key)
        else:
            wish = {"void": "VOID_ONLY", "reissue": "VOID_AND_REISSUE"}[kind]
            self.do("payments_void", {"type": wish, "reason": "x"}, paymentId=key)

    def use(self, kind: str, bill_id: str, *about: int) -> None:
        if kind in {"archive", "restore"}:
            self.do(f"bills_{kind}", billId=bill_id)
        elif kind == "put":
            bill = self.world.state.tables["bill"][bill_id]
            body = self.body(bill["amount"], bill["invoice"]["invoiceNumber"])
            self.do("bills_replace", body, billId=bill_id)
        else:
            which, from_credit, cash = about
            credit = [{"id": self.credits[which], "amount": from_credit}]
            if kind == "patch":
                body = {"vendorCredits": credit}
                self.do("bills_update", body, billId=bill_id)
            else:
                account = {"type": "BANK_ACCOUNT", "id": self.account}
                body = {
                    "billId": bill_id,
                    "amount": cash,
                    "fundingAccount": account,
                    "processingOptions": {},
                    "vendorCredits": credit if from_credit else [],
                }
                self.do("payments_create", body)

    def check(self) -> None:
        for bill in self.world.rows("bill"):
            parts = [
                cents(bill[f"{name}Amount"])
                for name in ("paid", "scheduled", "credit", "due")
            ]
            assert sum(parts) == cents(bill["amount"])
            assert min(parts) >= 0
        credited = sum(cents(bill["creditAmount"]) for bill in self.world.rows("bill"))
        given = 0
        for key in self.credits:
            credit = self.world.state.tables["vendor_credit"][key]
            left = left_of(self.world, key)
            assert 0 <= left <= cents(credit["amount"])
            assert cents(credit["appliedAmount"]) == cents(credit["amount"]) - left
            given += cents(credit["appliedAmount"])
        assert given == credited


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_amount_is_always_paid_scheduled_credited_and_due(
    steps: list[tuple[Any, ...]],
) -> None:
    world = World.create("empty")
    with administrator(world) as do:
        books = Books(do, world)
        for step in steps:
            books.step(*step)
            books.check()
