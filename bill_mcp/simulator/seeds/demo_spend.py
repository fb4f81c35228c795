"""Half a year of Spend & Expense in the seed ``demo``: cards, budgets, reimbursements.

Planted with the clock where the story ends: what is past is dated back, and what waits
for the clock (clearings, periods, payouts) is planned as if it had been lived through.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bill_mcp.simulator import credentials, ids
from bill_mcp.simulator.behaviours.budgets import make_budget
from bill_mcp.simulator.behaviours.cards import add_card, limits_of
from bill_mcp.simulator.behaviours.custom_fields import add_field
from bill_mcp.simulator.budget_membership import member_of, set_member
from bill_mcp.simulator.card_transactions import swipe
from bill_mcp.simulator.lifecycle import plan
from bill_mcp.simulator.reimbursing import KIND, add_reimbursement
from bill_mcp.simulator.seeds import demo_spend_special
from bill_mcp.simulator.seeds.demo_spend_data import (
    BUDGETS,
    CARD_ENDS,
    CARDS,
    CATEGORY_OF,
    FIELDS,
    MEMBER_LIMITS,
    ON_THE_WAY,
    PEOPLE,
    REIMBURSEMENTS,
    Plan,
)
from bill_mcp.simulator.spend_amounts import refresh_assigned, today
from bill_mcp.simulator.spend_lookup import both_lists
from bill_mcp.simulator.store import Thing
from bill_mcp.simulator.times import stamp
from bill_mcp.simulator.uploads import add_receipt

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

OWN = credentials.ORGANIZATION_ID
DAYS = 180
TAGGED, WITH_RECEIPT = 40, 90
"""Of 256: how many transactions lack tags, how many a receipt."""


def plant_spend(world: "World") -> None:
    """Fill Spend & Expense; its first user, the token's maker, must be there."""
    Story(world).live()


class Story:
    """What is planted, and what the later parts need of the earlier ones."""

    def __init__(self, world: "World") -> None:
        self.world = world
        first = world.where("spend_user", "_organizationId", OWN)[0]
        self.people: dict[str, Thing] = {"Dana": first}
        self.budgets: dict[str, Thing] = {}
        self.fields: dict[str, Thing] = {}
        self.cards: dict[str, Thing] = {}

    def live(self) -> None:
        for first, last, role in PEOPLE:
            self.add_person(first, last, role)
        for entry in BUDGETS:
            self.add_budget(dict(entry))
        for fields, values in FIELDS:
            self.add_field(dict(fields), values)
        for card in CARDS:
            self.cards[card.name] = self.add_card(card)
        for card in CARDS:
            self.spend(card)
        demo_spend_special.plant(self.world, self.cards)
        self.end_cards()
        for number, asked in enumerate(REIMBURSEMENTS):
            self.add_reimbursement(number, *asked)

    def ago(self, days: float) -> datetime:
        return self.world.now - timedelta(days=days)

    def add_person(self, first: str, last: str, role: str) -> None:
        plain = first.replace("á", "a").lower()
        created = stamp(self.ago(DAYS + 5))
        self.people[first] = self.world.add(
            "spend_user",
            {
                "_organizationId": OWN,
                "firstName": first,
                "lastName": last,
                "email": f"{plain}.{last.lower()}@pacifictimber.example",
                "role": role,
                "retired": first == "Sam",
                "createdTime": created,
                "updatedTime": created,
            },
        )

    def add_budget(self, entry: Thing) -> None:
        for name in ("owners", "members", "observers"):
            entry[name] = [self.people[each]["uuid"] for each in entry.get(name, ())]
        if "expires_in" in entry:
            end = today(self.world) + timedelta(days=entry.pop("expires_in"))
            entry["expirationDate"] = end.isoformat()
        if "parent" in entry:
            entry["parentBudgetId"] = self.budgets[entry.pop("parent")]["uuid"]
        entry["startDate"] = (today(self.world) - timedelta(days=DAYS)).isoformat()
        budget = make_budget(self.world, OWN, entry)
        self.budgets[entry["name"]] = budget
        for (name, who), limit in MEMBER_LIMITS.items():
            if name == entry["name"]:
                recurs = entry["recurringInterval"] != "NONE"
                given = {
                    "shareBudgetFunds": False,
                    "limit": limit,
                    "recurringLimit": limit if recurs else None,
                }
                set_member(self.world, budget, self.people[who], given)

    def add_field(self, fields: Thing, values: tuple[str, ...]) -> None:
        for name, key in (("selectedBudget", "selected"), ("requiredBudget", "must")):
            chosen = [self.budgets[each] for each in fields.pop(key, ())]
            fields |= both_lists(name, chosen)
        self.fields[fields["name"]] = add_field(self.world, OWN, fields, values)

    def add_card(self, entry: Plan) -> Thing:
        wish = {
            "shareBudgetFunds": entry.limit is None,
            "limit": entry.limit,
            "recurringLimit": entry.limit if entry.recurring else None,
        }
        created = stamp(self.ago(DAYS))
        fields = {
            "name": entry.name,
            "type": entry.kind,
            **limits_of(wish),
            "createdTime": created,
            "updatedTime": created,
        }
        if not entry.recurring and entry.limit:
            later = today(self.world) + timedelta(days=300)
            fields["expirationDate"] = later.isoformat()
        budget, holder = self.budgets[entry.budget], self.people[entry.holder]
        card = add_card(self.world, budget, holder, fields)
        refresh_assigned(self.world, budget["uuid"])
        return card

    def spend(self, entry: Plan) -> None:
        """Let the card pay at its merchants in turn; most of it is tagged."""
        card = self.cards[entry.name]
        for number, days in enumerate(range(DAYS - 3, 0, -entry.every)):
            chance = ids.digest("demo spend", entry.name, number)
            merchant, code = entry.merchants[number % len(entry.merchants)]
            amount = round(entry.amount * (0.7 + chance[0] / 425) + chance[1] / 100, 2)
            moment = self.ago(days + chance[2] / 640)
            fields: Thing = {
                "transactionType": "AUTHORIZATION",
                "amount": amount,
                "merchantName": merchant,
                "rawMerchantName": f"{merchant.upper()} #{1000 + chance[3]}",
                "merchantCategoryCode": code,
                "cardPresent": entry.kind == "PHYSICAL",
                "occurredTime": stamp(moment),
                "_tags": self.tags(entry.budget, merchant)
                if chance[4] > TAGGED
                else {},
            }
            if chance[5] > WITH_RECEIPT:
                name = f"{merchant.split()[0].lower()}-{number + 1}.jpg"
                fields["receipts"] = [add_receipt(self.world, OWN, name)]
            swipe(self.world, card, fields)

    def tags(self, budget: str, merchant: str) -> Thing:
        category = self.fields["Expense category"]
        values = self.world.where(
            "spend_custom_field_value", "_fieldUuid", category["uuid"]
        )
        [uuid] = [
            each["uuid"] for each in values if each["value"] == CATEGORY_OF[budget]
        ]
        tags: Thing = {category["uuid"]: {"values": [uuid]}}
        if budget == "Travel & customer visits":
            note = self.fields["Business purpose"]["uuid"]
            tags[note] = {"note": f"{merchant}: customer visit"}
        return tags

    def end_cards(self) -> None:
        for name, status in CARD_ENDS.items():
            changes: Thing = {"status": status}
            if status == "DELETED":
                changes["deletedReason"] = "CANCELLED"
            card = self.world.change("spend_card", self.cards[name]["uuid"], changes)
            refresh_assigned(self.world, card["budgetUuid"])

    def add_reimbursement(
        self,
        number: int,
        who: str,
        budget: str,
        days: int,
        amount: float,
        merchant: str,
        note: str,
        status: str,
        kind: str,
    ) -> None:
        submitted = self.ago(days)
        user, where = self.people[who], self.budgets[budget]
        history = self.history(user, where, submitted, note, status)
        fields: Thing = {
            "amount": amount,
            "merchantName": merchant,
            "note": note,
            "status": status,
            "type": kind,
            "occurredDate": (submitted - timedelta(days=1)).date().isoformat(),
            "submittedTime": stamp(submitted),
            "createdTime": stamp(submitted),
            "updatedTime": history[-1]["occurredTime"],
            "statusHistory": history,
            "receipts": [add_receipt(self.world, OWN, f"receipt-{number + 1}.jpg")],
        }
        if status in {"PAID", "READY_TO_PAY"}:
            batch = ids.letters(ids.digest("demo", "batch", number), ids.UPPER, 12)
            fields |= {"batchId": batch, "batchAmount": amount}
        made = add_reimbursement(self.world, user, where, fields)
        plan(self.world, KIND, made["uuid"], made)

    def history(
        self, user: Thing, budget: Thing, submitted: datetime, note: str, status: str
    ) -> list[Thing]:
        [owner, *_] = [
            person
            for person in self.people.values()
            if (member := member_of(self.world, budget["uuid"], person["uuid"]))
            and member["budgetRole"] == "OWNER"
        ]
        entries: list[dict[str, Any]] = [
            {
                "actorId": user["id"],
                "actorRole": "SUBMITTER",
                "occurredTime": stamp(submitted),
                "status": "AWAITING_APPROVAL",
                "note": note,
            }
        ]
        for step, each in enumerate(ON_THE_WAY[status]):
            moment = min(submitted + timedelta(hours=20 + 23 * step), self.ago(0.1))
            actor: Thing = {}
            if step == 0:
                actor = {"actorId": owner["id"], "actorRole": "BUDGET_OWNER"}
            entries.append({**actor, "status": each, "occurredTime": stamp(moment)})
        return entries
