"""What is true of a list that is read page by page while rows are added."""

from collections.abc import Callable, Collection, Iterator
from functools import cmp_to_key
from itertools import chain, repeat
from typing import Any, NamedTuple
from urllib.parse import urlencode

from hypothesis import given, settings
from hypothesis import strategies as st
from support.twin_worlds import TwinWorlds

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
        "archived:eq:false": lambda row: not row["archived"],
        "dueDate:gte:2026-12-03": lambda row: row["dueDate"] >= "2026-12-03",
        "paymentStatus:eq:UNPAID": lambda row: row["paymentStatus"] == "UNPAID",
    },
    SPEND: {
        "merchantName:ne:B": lambda row: row["merchantName"] != "B",
        "amount:gt:2": lambda row: row["amount"] > 2,
    },
}
SORTS = {
    "vendor": ("name", "createdTime", "updatedTime"),
    "customer": ("name", "createdTime", "updatedTime"),
    "bill": ("dueDate", "amount", "createdTime", "updatedTime"),
    SPEND: ("merchantName", "occurredTime", "amount", "authorizedTime"),
}
NUMBERS = st.lists(st.integers(0, 60), min_size=9, max_size=9)
"""What differs between rows: a number makes a name, a day, an amount."""

Order = list[tuple[str, bool]]
"""Fields to sort by, and whether each goes down."""


class Walk(NamedTuple):
    """How a list is read, and what comes on the way there and back."""

    kind: str
    order: Order
    wanted: list[str]
    most: int
    forth: list[int]
    back: list[int]


def walks(kind: str) -> st.SearchStrategy[Walk]:
    return st.builds(
        Walk,
        st.just(kind),
        st.lists(st.tuples(st.sampled_from(SORTS[kind]), st.booleans()), max_size=2),
        st.lists(st.sampled_from(list(FILTERS[kind])), unique=True, max_size=2),
        st.integers(1, 6),
        NUMBERS,
        NUMBERS,
    )


class Lists(TwinWorlds):
    """Rows of four kinds, and walks through their lists."""

    def begin(self, numbers: list[int]) -> None:
        self.sign_in()
        self.payee = self.vendor("Payee")
        user = self.call("GET", "/spend/users/current")["uuid"]
        about = {"budgetId": self.make("spend_budget"), "userId": user}
        self.call("POST", "/spend/cards", {**about, "name": "Card", "limit": 100})
        for kind in SORTS:
            for number in numbers:
                self.add(kind, number)
            if kind != SPEND:
                key = self.pick(kind, 2)["id"]
                self.call("POST", f"/{kind}s/{key}/archive")

    def add(self, kind: str, number: int) -> None:
        name, amount, day = "ABC"[number % 3], 1 + number % 4, 1 + number % 5
        if kind == "vendor":
            self.vendor(name)
        elif kind == "customer":
            body: Thing = {"name": name, "email": "a@mail.example"}
            assert self.call("POST", "/customers", body)
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
            if number % 2 == 0:
                self.patch(key, merchantName=None)

    def walk(self, how: Walk) -> None:
        """Go to the end and back to the start; nine rows may come each time."""
        directions = [f"{name}:{'desc' if down else 'asc'}" for name, down in how.order]
        query = {
            "sort": ",".join(directions),
            "filters": ",".join(how.wanted),
            "max": how.most,
        }
        there = self.fitting(how).keys()
        pages = [self.page(how.kind, query)]
        pages += self.following(how, pages[0], "nextPage", how.forth)
        self.check(how, pages, there)
        passed = {row["id"] for page in pages for row in page["results"]}
        pages = [pages[-1], *self.following(how, pages[-1], "prevPage", how.back)]
        # What came behind the last page meanwhile is not on the way back.
        self.check(how, pages[::-1], passed)

    def fitting(self, how: Walk) -> dict[str, Thing]:
        tests = [FILTERS[how.kind][text] for text in how.wanted]
        rows = self.world.rows(how.kind)
        return {row["id"]: row for row in rows if all(test(row) for test in tests)}

    def page(self, kind: str, query: dict[str, Any]) -> Thing:
        path = "/spend/transactions" if kind == SPEND else f"/{kind}s"
        page: Thing = self.call("GET", f"{path}?{urlencode(query)}")
        assert len(page["results"]) <= query["max"]
        return page

    def following(
        self, how: Walk, page: Thing, way: str, numbers: list[int]
    ) -> Iterator[Thing]:
        """Yield the pages after *page*; before each of them a row comes, if any."""
        for number in chain(numbers, repeat(None, 99)):
            if way not in page:
                return
            assert page["results"]
            if number is not None:
                self.add(how.kind, number)
            self.control("POST", "/clock", {"advance_s": 2})
            name = way if how.kind == SPEND else "page"
            page = self.page(how.kind, {name: page[way], "max": how.most})
            yield page
        raise AssertionError("there are more pages than rows")

    def check(self, how: Walk, pages: list[Thing], there: Collection[str]) -> None:
        """No row is lost or repeated or unasked for, and all are in their order."""
        seen = [row["id"] for page in pages for row in page["results"]]
        rows = self.fitting(how)
        assert len(seen) == len(set(seen))
        assert set(there) <= set(seen) <= rows.keys()
        place = cmp_to_key(by(how.order or [("createdTime", False)]))
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


@settings(max_examples=18, deadline=None, derandomize=True)
@given(NUMBERS, st.tuples(*(walks(kind) for kind in SORTS)))
def test_no_row_of_a_list_is_lost_or_repeated_while_rows_are_added(
    numbers: list[int], hows: tuple[Walk, ...]
) -> None:
    lists = Lists()
    try:
        lists.begin(numbers)
        for how in hows:
            lists.walk(how)
        lists.equal_sequences_give_equal_worlds()
    finally:
        lists.teardown()
