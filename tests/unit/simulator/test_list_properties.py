"""What is true of a list that is read page by page while rows are added."""

from collections.abc import Callable, Iterator
from functools import cmp_to_key
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from support.twin_worlds import TwinWorlds, hold

from bill_mcp.simulator.store import Thing

SPEND = "spend_transaction"
NAMED: dict[str, Callable[[Thing], bool]] = {
    "name:sw:B": lambda row: row["name"].startswith("B"),
    "archived:eq:false": lambda row: not row["archived"],
}
FILTERS: dict[str, dict[str, Callable[[Thing], bool]]] = {
    "vendor": NAMED,
    "customer": NAMED,
    "bill": {
        "archived:eq:true": lambda row: row["archived"],
        "dueDate:gte:2026-12-03": lambda row: row["dueDate"] >= "2026-12-03",
        "paymentStatus:eq:UNPAID": lambda row: row["paymentStatus"] == "UNPAID",
    },
    SPEND: {
        "merchantName:eq:B": lambda row: row["merchantName"] == "B",
        "amount:gt:2": lambda row: row["amount"] > 2,
    },
}
SORTS = {
    "vendor": ("name", "createdTime", "updatedTime"),
    "customer": ("name", "createdTime", "updatedTime"),
    "bill": ("dueDate", "amount", "createdTime", "updatedTime"),
    SPEND: ("merchantName", "occurredTime", "amount", "authorizedTime"),
}
KINDS = st.sampled_from(sorted(SORTS))
NUMBERS = st.lists(st.integers(0, 60), min_size=9, max_size=9)
"""What differs between rows: a number makes a name, a day, an amount."""

Order = list[tuple[str, bool]]
"""Fields to sort by, and whether each goes down."""


class Lists(TwinWorlds):
    """Rows of four kinds, and walks through their lists."""

    @initialize(numbers=NUMBERS)
    def begin(self, numbers: list[int]) -> None:
        self.sign_in()
        self.payee = self.vendor("Payee")
        user = self.call("GET", "/spend/users/current")["uuid"]
        about = {"budgetId": self.make("spend_budget"), "userId": user}
        self.call("POST", "/spend/cards", {**about, "name": "Card", "limit": 100})
        for kind in SORTS:
            for number in numbers:
                self.add(kind, number)

    def add(self, kind: str, number: int) -> None:
        name, amount, day = "ABC"[number % 3], 1 + number % 4, 1 + number % 5
        if kind == "vendor":
            self.vendor(name)
        elif kind == "customer":
            assert self.call(
                "POST", "/customers", {"name": name, "email": "a@b.example"}
            )
        elif kind == "bill":
            count = self.world.state.counters.get("bill")
            body = {
                "vendorId": self.payee,
                "dueDate": f"2026-12-0{day}",
                "invoice": {"invoiceNumber": f"{count}", "invoiceDate": "2026-11-15"},
                "billLineItems": [{"amount": amount}],
            }
            assert self.call("POST", "/bills", body)
        else:
            then = f"2026-11-2{number % 3}T12:00:00Z"
            fields = {"amount": amount, "merchantName": name, "occurredTime": then}
            key = self.make(SPEND, **fields)
            if number % 3 == 0:
                self.patch(key, merchantName=None)

    @rule(kind=st.sampled_from(["vendor", "customer", "bill"]), which=st.integers(0, 9))
    def archive(self, kind: str, which: int) -> None:
        key = self.pick(kind, which)["id"]
        if key != self.payee:
            self.call("POST", f"/{kind}s/{key}/archive")

    @rule(
        kind=KINDS,
        sort=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=2),
        filters=st.sets(st.integers(0, 2), max_size=2),
        most=st.integers(1, 6),
        forth=NUMBERS,
        back=NUMBERS,
    )
    def walk(
        self,
        kind: str,
        sort: list[tuple[int, bool]],
        filters: set[int],
        most: int,
        forth: list[int],
        back: list[int],
    ) -> None:
        """Go to the end and back to the start; on the way nine rows come each time."""
        names, known = SORTS[kind], list(FILTERS[kind])
        order = [(names[each % len(names)], down) for each, down in sort]
        wanted = [known[each] for each in filters if each < len(known)]
        directions = [f"{name}:{'desc' if down else 'asc'}" for name, down in order]
        query = {"sort": ",".join(directions), "filters": ",".join(wanted), "max": most}
        there = {row["id"] for row in self.fitting(kind, wanted)}
        pages = [self.page(kind, query)]
        pages += self.following(kind, pages[0], "nextPage", most, forth)
        self.check(kind, order, wanted, pages, there)
        there = {row["id"] for row in self.fitting(kind, wanted)}
        passed = {row["id"] for page in pages for row in page["results"]}
        last = pages[-1]
        pages = [last, *self.following(kind, last, "prevPage", most, back)]
        # What came behind the last page meanwhile is not on the way back.
        self.check(kind, order, wanted, pages[::-1], there & passed)

    def fitting(self, kind: str, wanted: list[str]) -> list[Thing]:
        tests = [FILTERS[kind][text] for text in wanted]
        rows = self.world.rows(kind)
        return [row for row in rows if all(test(row) for test in tests)]

    def page(self, kind: str, query: dict[str, Any]) -> Thing:
        path = "/spend/transactions" if kind == SPEND else f"/{kind}s"
        page: Thing = self.call("GET", f"{path}?{urlencode(query)}")
        assert len(page["results"]) <= query["max"]
        return page

    def following(
        self, kind: str, page: Thing, way: str, most: int, numbers: list[int]
    ) -> Iterator[Thing]:
        """Yield the pages after *page*; before each of them a row comes, if any."""
        coming = iter(numbers)
        while cursor := page.get(way):
            assert page["results"]
            for number in coming:
                self.add(kind, number)
                break
            self.control("POST", "/clock", {"advance_s": 2})
            page = self.page(
                kind, {way if kind == SPEND else "page": cursor, "max": most}
            )
            yield page

    def check(
        self,
        kind: str,
        order: Order,
        wanted: list[str],
        pages: list[Thing],
        there: set[str],
    ) -> None:
        """No row is lost or repeated or unasked for, and all are in their order."""
        seen = [row["id"] for page in pages for row in page["results"]]
        rows = {row["id"]: row for row in self.fitting(kind, wanted)}
        assert len(seen) == len(set(seen))
        assert there <= set(seen) <= rows.keys()
        place = cmp_to_key(by(order or [("createdTime", False)]))
        assert seen == sorted(seen, key=lambda key: place(rows[key]))


def by(order: Order) -> Callable[[Thing, Thing], int]:
    """Compare rows: one without a value comes last, the older of equals first."""

    def compare(one: Thing, other: Thing) -> int:
        for name, down in order:
            left, right = one[name], other[name]
            if left is None or right is None:
                if left is not right:
                    return 1 if left is None else -1
            elif left != right:
                return 1 if (left > right) is not down else -1
        return int(one["_seq"] - other["_seq"])

    return compare


def test_no_row_of_a_list_is_lost_or_repeated_while_rows_are_added() -> None:
    hold(Lists, examples=40, steps=8)
