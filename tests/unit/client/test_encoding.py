"""Lists of filters, sort keys and ids in BILL's own notation."""

from __future__ import annotations

from typing import Any

import pytest

from bill_mcp.client.encoding import encode
from bill_mcp.errors import ArgumentsError


def one(field: str, operator: str, value: Any) -> list[dict[str, Any]]:
    return [{"field": field, "op": operator, "value": value}]


@pytest.mark.parametrize(
    ("filters", "written"),
    [
        (one("archived", "eq", False), "archived:eq:false"),
        (one("amount", "gte", 100.5), "amount:gte:100.5"),
        (one("name", "sw", "Acme Tools"), "name:sw:Acme Tools"),
        (one("id", "in", ["00n1", "00n2"]), 'id:in:"00n1,00n2"'),
        (one("status", "nin", ["PAID"]), 'status:nin:"PAID"'),
        (one("role.type", "eq", "APPROVER"), "role.type:eq:APPROVER"),
        (one("name", "eq", "Acme, Inc: West"), 'name:eq:"Acme, Inc: West"'),
        (
            one("createdTime", "gte", "2026-09-01T00:00:00.000Z"),
            'createdTime:gte:"2026-09-01T00:00:00.000Z"',
        ),
    ],
)
def test_filter_is_written_as_bills_guide_writes_it(
    filters: list[dict[str, Any]], written: str
) -> None:
    assert encode("filters", "filters", filters) == written


def test_several_filters_are_joined_by_commas() -> None:
    both = one("archived", "eq", False) + one("dueDate", "lt", "2026-12-01")
    assert (
        encode("filters", "filters", both) == "archived:eq:false,dueDate:lt:2026-12-01"
    )


def test_sort_keys_keep_their_order() -> None:
    keys = [{"field": "dueDate", "order": "asc"}, {"field": "amount", "order": "desc"}]
    assert encode("sort", "sort", keys) == "dueDate:asc,amount:desc"


def test_ids_are_joined_by_commas() -> None:
    assert encode("ids", "comma", ["0ca1", "0ca2"]) == "0ca1,0ca2"


@pytest.mark.parametrize("kind", ["filters", "sort", "comma"])
def test_bills_own_string_goes_through_unchanged(kind: str) -> None:
    written = 'name:eq:"Acme, Inc",archived:eq:false'
    assert encode("filters", kind, written) == written


@pytest.mark.parametrize(
    "filters",
    [
        one("status", "in", "PAID"),
        one("status", "eq", ["PAID"]),
        one("status", "in", []),
        one("name", "in", ["Acme, Inc", "Globex"]),
        one("name", "eq", 'the "best"'),
        one("name", "in", ['the "best"']),
        one("name", "eq", ""),
        one("name", "eq", "  "),
        one("name", "in", ["Acme", ""]),
    ],
)
def test_filter_that_would_mean_something_else_is_refused(
    filters: list[dict[str, Any]],
) -> None:
    with pytest.raises(ArgumentsError) as caught:
        encode("filters", "filters", filters)
    assert [fault["path"] for fault in caught.value.faults] == ["filters"]
    assert "best" not in str(caught.value.as_dict())


@pytest.mark.parametrize("text", ["a,b", " a", "a ", "a\nb", "a\u202eb"])
def test_id_that_would_become_two_or_hide_something_is_refused(text: str) -> None:
    with pytest.raises(ArgumentsError, match="ids cannot be written"):
        encode("ids", "comma", ["0ca1", text])
