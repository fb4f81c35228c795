"""What is true of bills and payments, whatever is done to them in whatever order."""

from collections import Counter
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from support.twin_worlds import ANY, HOURS, Moves, TwinWorlds, hold, state_of

from bill_mcp.simulator import credentials
from bill_mcp.simulator.money import cents
from bill_mcp.simulator.store import Thing

AMOUNTS = st.lists(st.integers(-999, 29_999), min_size=1, max_size=3)
SHARES = st.sampled_from([100, 100, 60, 33, 7, 101, 0])
"""Percent of what is due."""
CREDITS = st.sampled_from([0, 0, 1, 6_000])
VOIDS = ("VOID_ONLY", "VOID_AND_CREDIT", "VOID_AND_REISSUE", "VOID_AND_REISSUE_VCARD")

WAITING = {"SCHEDULED", "CANCELLATION_IN_PROGRESS"}
RETURNED = {"VOIDED", "FUNDING_FAILED_VOIDED"}
FAILURES = {
    "FUNDING_STARTED": "FUNDING_FAILED_ACTION_NEEDED",
    "PROCESSED": "DISBURSEMENT_ON_HOLD",
    "SENT": "DISBURSEMENT_FAILED_ACTION_NEEDED",
}
"""What BILL's staff makes of a payment."""
VOIDABLE = {"FUNDING_STARTED", "PROCESSED", "SENT", "DELIVERED", *FAILURES.values()}
ACTIONS = {
    ("SCHEDULED", "CANCELLATION_IN_PROGRESS"),
    *((state, "VOID_PENDING") for state in VOIDABLE),
    *FAILURES.items(),
}


class Payables(TwinWorlds):
    """Bills, what pays them, and what takes payments back."""

    actions: ClassVar[dict[str, Moves]] = {"payment": frozenset(ACTIONS)}

    @initialize(production=st.booleans())
    def begin(self, production: bool) -> None:
        self.paid: dict[str, int] = {}  # payment -> cents that were asked for
        self.reissues: list[str] = []  # payments to be made again once they are void
        self.sign_in()
        self.accounts = [
            {"type": "BANK_ACCOUNT", "id": self.make("bank_account")},
            {"type": "BANK_ACCOUNT", "id": self.make("bank_account")},
            {"type": "AP_CARD", "id": self.make("ap_card", limit=900)},
        ]
        combines = {"combinePayments": True}
        self.vendors = [
            self.vendor(name, additionalInfo=combines)
            for name in ("CHECK", "ACH", "RPPS")
        ]
        for key, by in zip(self.vendors, ("CHECK", "ACH", "RPPS"), strict=True):
            self.patch(key, **{"paymentInformation.payByType": by})
        self.credits = [self.make("vendor_credit", vendorId=v) for v in self.vendors]
        self.patch("settings", production=production)
        for vendor in range(3):
            self.add_bill(vendor, [10_000, 4_999], 0)
            self.pay(vendor, 60, vendor % 2, 0)
            self.pass_time(24)

    def body(self, vendor: int, amounts: list[int], credit: int) -> dict[str, Any]:
        number = f"N-{self.world.state.counters.get('bill')}-{amounts[0]}"
        return {
            "vendorId": self.vendors[vendor],
            "dueDate": "2026-12-15",
            "invoice": {"invoiceNumber": number, "invoiceDate": "2026-11-15"},
            "billLineItems": [{"amount": each / 100} for each in amounts],
            "vendorCredits": self.used(vendor, credit),
        }

    def used(self, vendor: int, credit: int) -> list[Thing]:
        """Use a credit of the vendor, perhaps for more than there is."""
        return [{"id": self.credits[vendor], "amount": credit / 100}] if credit else []

    @rule(vendor=st.integers(0, 2), amounts=AMOUNTS, credit=CREDITS)
    def add_bill(self, vendor: int, amounts: list[int], credit: int) -> None:
        self.call("POST", "/bills", self.body(vendor, amounts, credit))

    @rule(
        which=ANY,
        put=st.booleans(),
        to=st.sampled_from([None, None, 0, 1]),
        amounts=AMOUNTS,
        credit=CREDITS,
    )
    def edit_bill(
        self, which: int, put: bool, to: int | None, amounts: list[int], credit: int
    ) -> None:
        bill = self.pick("bill", which)
        vendor = self.vendors.index(bill["vendorId"]) if to is None else to
        known = bill["billLineItems"]
        body = self.body(vendor, amounts if put else amounts[: len(known)], credit)
        for line, earlier in zip(body["billLineItems"], known, strict=False):
            line["id"] = earlier["id"]
        self.call("PUT" if put else "PATCH", f"/bills/{bill['id']}", body)

    @rule(which=ANY, share=SHARES, account=ANY, credit=CREDITS)
    def pay(self, which: int, share: int, account: int, credit: int) -> None:
        bill = self.pick("bill", which)
        amount = cents(bill["dueAmount"]) * share // 100
        used = self.used(self.vendors.index(bill["vendorId"]), credit)
        about = {"billId": bill["id"], "vendorCredits": used, "processingOptions": {}}
        self.ask_for(amount, account, about)

    @rule(vendor=st.integers(0, 2), amount=st.integers(0, 20_000), account=ANY)
    def pay_without_bill(self, vendor: int, amount: int, account: int) -> None:
        options = {"createBill": True}
        about = {"vendorId": self.vendors[vendor], "processingOptions": options}
        self.ask_for(amount, account, about)

    def ask_for(self, amount: int, account: int, about: Thing) -> None:
        body = {**about, **self.funded(account), "amount": amount / 100}
        if made := self.call("POST", "/payments", body):
            self.paid[made["id"]] = amount

    def funded(self, account: int) -> Thing:
        """Name an account; an AP card needs a day, and Tuesdays are bank days."""
        chosen, today = self.accounts[account % 3], self.world.now.date()
        tuesday = today.fromordinal(today.toordinal() + 8 - today.weekday())
        dated = {"processDate": tuesday.isoformat()} if "AP" in chosen["type"] else {}
        return {"fundingAccount": chosen, **dated}

    @rule(parts=st.lists(st.tuples(ANY, SHARES), min_size=1, max_size=4), account=ANY)
    def pay_in_bulk(self, parts: list[tuple[int, int]], account: int) -> None:
        wanted, got = Counter[str](), Counter[str]()
        items = []
        for which, share in parts:
            bill = self.pick("bill", which)
            amount = cents(bill["dueAmount"]) * share // 100
            wanted[bill["id"]] += amount
            items.append({"billId": bill["id"], "amount": amount / 100})
        body = {**self.funded(account), "payments": items}
        if made := self.call("POST", "/payments/bulk", body):
            for payment in made["payments"]:
                self.paid[payment["id"]] = cents(payment["amount"])
                for part in payment["billPayments"]:
                    got[part["billId"]] += cents(part["amount"])
            assert got == wanted

    @rule(which=ANY, early=st.booleans())
    def cancel(self, which: int, early: bool) -> None:
        first = {"SCHEDULED"} if early else VOIDABLE
        if payment := self.pick("payment", which, *first):
            self.call("POST", f"/payments/{payment['id']}/cancel")

    @rule(which=ANY, kind=st.sampled_from(VOIDS))
    def void(self, which: int, kind: str) -> None:
        body = {"type": kind, "reason": "lost"}
        payment = self.pick("payment", which, *VOIDABLE)
        if payment and self.call("POST", f"/payments/{payment['id']}/void", body):
            self.reissues += [payment["id"]] if "REISSUE" in kind else []

    @rule(which=ANY)
    def fail(self, which: int) -> None:
        payment = self.pick("payment", which, *FAILURES)
        if payment and (then := FAILURES.get(payment["singleStatus"])):
            self.patch(payment["id"], singleStatus=then)

    @rule(
        kind=st.sampled_from(["bill", "bill", "vendor"]),
        which=ANY,
        way=st.sampled_from(["archive", "restore", "restore"]),
    )
    def put_away(self, kind: str, which: int, way: str) -> None:
        self.call("POST", f"/{kind}s/{self.pick(kind, which)['id']}/{way}")

    @rule(which=ANY, status=st.sampled_from(["ASSIGNED", "APPROVED", "DENIED"]))
    def decide(self, which: int, status: str) -> None:
        approvers = [{"userId": credentials.USER_ID, "status": "WAITING"}]
        key = self.pick("bill", which)["id"]
        self.patch(key, approvalStatus=status, approvers=approvers)

    @rule(which=ANY, hours=HOURS, share=SHARES)
    def undo(self, which: int, hours: int, share: int) -> None:
        paid, reissues = dict(self.paid), list(self.reissues)
        with self.undone():
            self.pay(which, share, which, 0)
            self.pass_time(hours)
            self.void(which, "VOID_AND_REISSUE")
            self.edit_bill(which, True, None, [1_000, 1], 100)
            self.money_is_neither_made_nor_lost()
        self.paid, self.reissues = paid, reissues

    @invariant()
    def amounts_add_up(self) -> None:
        for bill in self.world.rows("bill"):
            parts = [
                cents(bill[f"{name}Amount"])
                for name in ("paid", "scheduled", "credit", "due")
            ]
            assert min(parts) >= 0
            lines = [cents(line["amount"]) for line in bill["billLineItems"]]
            assert sum(parts) == cents(bill["amount"]) == sum(lines)

    @invariant()
    def money_is_neither_made_nor_lost(self) -> None:
        """What left an account and is not back arrived, or is on its way.

        It leaves when its debit starts, and comes back when the payment is void.
        """
        payments = list(self.world.rows("payment"))
        self.note_reissues(payments)
        assert self.paid.keys() == {payment["id"] for payment in payments}
        owed, booked, held = Counter[str](), Counter[str](), Counter[str]()
        left, told = Counter[str](), Counter[str]()
        for payment in payments:
            state, account = payment["singleStatus"], payment["fundingAccount"]["id"]
            amount = self.paid[payment["id"]]
            if state not in {"CANCELED", *RETURNED}:
                owed[payment["vendorId"]] += amount
                held[account] += amount
                left[account] += 0 if state in WAITING else amount
            if payment["status"] in {"PENDING", "PAID", "FAILED"}:
                told[account] += cents(payment["fundingAmount"])
        for bill in self.world.rows("bill"):
            parts = (bill["scheduledAmount"], bill["paidAmount"])
            booked[bill["vendorId"]] += sum(cents(part) for part in parts)
        assert left == told
        assert owed == booked
        for card in self.world.rows("ap_card"):
            assert cents(card["balance"]) == held[card["id"]]

    def note_reissues(self, payments: list[Thing]) -> None:
        """Find the void payment that each unasked one repeats; each is once."""
        for payment in payments:
            if payment["id"] not in self.paid:
                source = next(
                    each for each in self.reissues if self.repeats(payment, each)
                )
                self.reissues.remove(source)
                self.paid[payment["id"]] = self.paid[source]
        for key in self.reissues:
            assert state_of("payment", self.world.get("payment", key)) == "VOID_PENDING"

    def repeats(self, payment: Thing, key: str) -> bool:
        earlier = self.world.state.tables["payment"][key]
        parts = [
            [(part["billId"], part["amount"]) for part in each["billPayments"]]
            for each in (payment, earlier)
        ]
        return earlier["singleStatus"] in RETURNED and parts[0] == parts[1]


def test_books_are_true_whatever_is_done() -> None:
    hold(Payables, examples=50, steps=30)
