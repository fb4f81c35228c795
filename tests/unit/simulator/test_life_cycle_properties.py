"""What is true of everything but payments that moves by itself."""

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from support.twin_worlds import ANY, HOURS, Moves, TwinWorlds, hold

from bill_mcp.simulator.money import cents

BUYER = {"name": "Buyer", "email": "buyer@mail.example"}
OPEN = "AWAITING_APPROVAL"
JOINED = ("CONNECTED", "CONNECTED_RPPS")
MEMBERS: tuple[dict[str, Any], ...] = (
    {"autoConnect": True},
    {"answersAfterHours": 20},
    {},
    {"type": "RPPS"},
)


class Lives(TwinWorlds):
    """Files, invoices, invitations, checks and reimbursements on their ways."""

    actions: ClassVar[dict[str, Moves]] = {
        "received_payment": frozenset({("SCHEDULED", "VOID"), ("PAID", "VOID")}),
        "network_connection": frozenset(
            ("NOT_CONNECTED", then) for then in ("PENDING", *JOINED)
        ),
        "incoming_invitation": frozenset({("PENDING", "ACCEPTED")}),
        "spend_reimbursement": frozenset(
            {
                *((OPEN, then) for then in ("APPROVED", "DENIED", "ARCHIVED")),
                ("DENIED", "ARCHIVED"),
            }
        ),
    }

    @initialize(production=st.booleans())
    def begin(self, production: bool) -> None:
        self.sign_in()
        self.patch("settings", production=production)
        self.budget = self.make("spend_budget")
        self.user = self.call("GET", "/spend/users/current")["uuid"]
        self.customer = self.call("POST", "/customers", BUYER)["id"]
        self.vendors = [self.vendor("One"), self.vendor("Two")]
        self.members = [self.make("network_organization", **each) for each in MEMBERS]
        self.add_invoice(100)
        invoice = {"invoiceNumber": "1", "invoiceDate": "2026-11-15"}
        lines = [{"amount": 1}]
        about = {"vendorId": self.vendors[0], "dueDate": "2026-12-15"}
        body = {**about, "invoice": invoice, "billLineItems": lines}
        self.bill = self.call("POST", "/bills", body)["id"]

    @rule(path=st.sampled_from(["attachments/vendors", "documents/bills"]))
    def upload(self, path: str) -> None:
        key = self.bill if "bills" in path else self.vendors[0]
        self.call("POST", f"/{path}/{key}?name=paper.pdf", b"paper")

    @rule(price=st.integers(0, 500))
    def add_invoice(self, price: int) -> None:
        lines = [{"quantity": 1, "price": price / 4}]
        body = {"customer": {"id": self.customer}, "invoiceLineItems": lines}
        self.call("POST", "/invoices", body)

    @rule(which=ANY, amount=st.integers(1, 500))
    def record_payment(self, which: int, amount: int) -> None:
        key, dollars = self.pick("invoice", which)["id"], amount / 8
        body = {
            "paymentDate": "2026-11-20",
            "paymentType": "CHECK",
            "amount": dollars,
            "invoices": [{"id": key, "amount": dollars}],
        }
        self.call("POST", "/invoices/record-payment", body)

    @rule(which=ANY, status=st.sampled_from(["SCHEDULED", "PAID", "OPEN"]))
    def customer_pays(self, which: int, status: str) -> None:
        """Let the customer pay online what is due, or let all payments bounce."""
        self.patch(self.pick("invoice", which)["id"], status=status)

    @rule(vendor=st.integers(0, 1), member=st.integers(0, 3))
    def invite(self, vendor: int, member: int) -> None:
        kind = MEMBERS[member].get("type", "BILL")
        body = {"networkId": self.members[member], "networkType": kind}
        self.call("POST", f"/network/invitation/vendor/{self.vendors[vendor]}", body)

    @rule(vendor=st.integers(0, 1))
    def disconnect(self, vendor: int) -> None:
        self.call("DELETE", f"/network/invitation/vendor/{self.vendors[vendor]}")

    @rule(member=st.integers(0, 2))
    def be_invited(self, member: int) -> None:
        self.make("incoming_invitation", networkId=self.members[member])

    @rule(member=st.integers(0, 2), kind=st.sampled_from(["VENDOR", "CUSTOMER"]))
    def accept(self, member: int, kind: str) -> None:
        body = {"networkId": self.members[member], "type": kind}
        self.call("POST", "/network/invitation/accept", body)

    @rule()
    def start_check(self) -> None:
        phone = {"phoneNumber": "+1 415 555 0123", "phoneType": "MOBILE"}
        self.call("POST", "/risk-verifications/phone", phone)
        self.call("POST", "/risk-verifications")

    @rule(which=ANY, decision=st.sampled_from(["APPROVE", "DECLINE", "HOLD"]))
    def decide(self, which: int, decision: str) -> None:
        if check := self.pick("risk_verification", which, "IN_PROGRESS"):
            self.patch(check["id"], decision=decision)

    @rule(amount=st.integers(1, 9_999))
    def ask_back(self, amount: int) -> None:
        body = {
            "userId": self.user,
            "budgetId": self.budget,
            "amount": amount / 100,
            "note": "Tape",
            "merchantName": "Shop",
            "occurredDate": "2026-11-20",
            "receipts": [],
        }
        self.call("POST", "/spend/reimbursements", body)

    @rule(which=ANY, action=st.sampled_from(["APPROVE", "APPROVE", "DENY", "DELETE"]))
    def answer(self, which: int, action: str) -> None:
        if asked := self.pick("spend_reimbursement", which, OPEN):
            path = f"/spend/reimbursements/{asked['uuid']}"
            if action == "DELETE":
                self.call("DELETE", path)
            else:
                self.call("POST", f"{path}/action", {"action": action})

    @rule(which=ANY, hours=HOURS)
    def undo(self, which: int, hours: int) -> None:
        with self.undone():
            self.ask_back(1)
            self.answer(which, "APPROVE")
            self.invite(0, 2)
            self.pass_time(hours)
            self.customer_pays(which, "OPEN")
            self.upload("documents/bills")

    @invariant()
    def invoices_add_up(self) -> None:
        for invoice in self.world.rows("invoice"):
            came = {"PAID": 0, "SCHEDULED": 0, "VOID": 0}
            for part in invoice["payments"]:
                came[part["status"]] += cents(part["amount"])
            due = cents(invoice["dueAmount"])
            assert came["SCHEDULED"] == cents(invoice["scheduledAmount"])
            assert due + came["PAID"] + came["SCHEDULED"] == cents(
                invoice["totalAmount"]
            )
            assert due >= 0


def test_requests_of_a_future_that_was_undone_hold_nobody_up() -> None:
    lives, path = Lives(), "/spend/users/current"
    with lives.undone():
        lives.pass_time(24)
        answers = [lives.call("GET", path) for _ in range(61)]
        assert answers[59]
        assert answers[60] is None
    assert lives.call("GET", path)
    lives.teardown()


def test_nothing_that_moves_by_itself_ever_goes_back() -> None:
    hold(Lives, examples=40, steps=30)
