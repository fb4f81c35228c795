"""Whatever is done to one place of the log is found; a log left alone is whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from support.audit_log import KEY, an_entry

from bill_mcp.records import audit_chain
from bill_mcp.records.audit import AuditEntry
from bill_mcp.records.audit_chain import Head, Report

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
ENTRIES = st.builds(
    lambda at, agent, arguments: an_entry(
        at=at.replace(tzinfo=UTC), agent=agent, arguments=arguments
    ),
    st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1)),  # noqa: DTZ001
    st.none() | st.text(max_size=8),
    JSON,
)

Row = tuple[int, bytes, bytes, bytes]
"""As we store it: the number is one."""


def chained(entries: list[AuditEntry]) -> list[Row]:
    """The rows as a log of these entries holds them."""
    rows: list[Row] = []
    before = audit_chain.BEFORE_THE_FIRST
    for seq, entry in enumerate(entries, start=1):
        content = entry.content().encode()
        before = audit_chain.code_of(KEY, seq, before, content)
        rows.append((seq, audit_chain.key_name(KEY).encode(), content, before))
    return rows


LOGS = st.lists(ENTRIES, min_size=1, max_size=7).map(chained)


def head_of(rows: list[Row]) -> Head:
    return Head(count=rows[-1][0], hmac=rows[-1][3].decode())


def check(rows: list[Row], kept: Head | None = None) -> Report:
    return audit_chain.check(iter(rows), KEY, kept)


def renumbered(rows: list[Row]) -> list[Row]:
    return [(seq, *row[1:]) for seq, row in enumerate(rows, start=1)]


@settings(max_examples=60, deadline=None)
@given(LOGS, st.data())
def test_a_log_left_alone_is_whole_with_every_head_it_had(
    rows: list[Row], data: st.DataObject
) -> None:
    kept = head_of(rows[: data.draw(st.integers(1, len(rows)))])
    for each in (None, kept):
        report = check(rows, each)
        assert report.is_whole
        assert report.head == head_of(rows)


@settings(max_examples=60, deadline=None)
@given(LOGS, st.data())
def test_any_changed_byte_is_found_at_its_row(
    rows: list[Row], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(1, 3))
    row = list(rows[at])
    content = bytearray(rows[at][column])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    row[column] = bytes(content)
    changed = [*rows[:at], tuple(row), *rows[at + 1 :]]
    report = check(changed)  # type: ignore[arg-type]
    assert report.problems[0].seq == at + 1


@settings(max_examples=60, deadline=None)
@given(LOGS, st.data())
def test_any_removed_row_is_found_also_the_last(
    rows: list[Row], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    left = [*rows[:at], *rows[at + 1 :]]
    for found in (left, renumbered(left)):
        assert check(found, head_of(rows)).problems[0].seq == at + 1


@settings(max_examples=60, deadline=None)
@given(LOGS, st.data())
def test_any_shorter_log_is_found(rows: list[Row], data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(rows) - 1))
    report = check(rows[:length], head_of(rows))
    assert [each.seq for each in report.problems] == [length + 1]


@settings(max_examples=60, deadline=None)
@given(LOGS.filter(lambda rows: len(rows) > 1), st.data())
def test_any_swapped_pair_is_found(rows: list[Row], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(rows) - 2))
    second = data.draw(st.integers(first + 1, len(rows) - 1))
    swapped = list(rows)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    assert check(renumbered(swapped)).problems[0].seq == first + 1


@settings(max_examples=60, deadline=None)
@given(LOGS, ENTRIES, st.data())
def test_any_inserted_row_is_found(
    rows: list[Row], entry: AuditEntry, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows)))
    made_up: Row = (0, rows[0][1], entry.content().encode(), b"0" * 64)
    own = data.draw(st.sampled_from(rows))
    sources: tuple[Callable[[], Row], ...] = (lambda: made_up, lambda: own)
    for source in sources:
        more = renumbered([*rows[:at], source(), *rows[at:]])
        report = check(more, head_of(rows))
        assert not report.is_whole
        # A row put before its equal neighbour is that neighbour: the next one is bad.
        assert report.problems[0].seq in {at + 1, at + 2}
