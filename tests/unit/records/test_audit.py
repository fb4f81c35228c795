"""The audit log: rows are only added, and a check finds what was done to them."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
from support.audit_log import AT, KEY, AuditLog, an_entry

from bill_mcp.errors import ConfigError
from bill_mcp.records import audit, audit_chain
from bill_mcp.records.audit import Audit, AuditEntry, Filters, Kind
from bill_mcp.records.audit_chain import Head


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "journal.sqlite")


def test_content_is_small_canonical_json(log: AuditLog) -> None:
    there = AT.astimezone(timezone(timedelta(hours=-5)))
    log.write(an_entry(at=there, agent="Zoë", arguments={"b": 1.5, "a": None}))
    (row,) = log.records.look_now(lambda c: list(audit.rows(c)))
    assert row.content == (
        '{"action":"bill_create_a_payment","agent":"Zo\\u00eb",'
        '"arguments":{"a":null,"b":1.5},"at":"2026-11-24T09:30:00.000000+00:00",'
        '"effects":["money","write"],"format":1,"kind":"intent"}'
    )


def test_what_is_read_is_what_was_written(log: AuditLog) -> None:
    entry = an_entry(
        kind=Kind.OUTCOME,
        write="w1",
        profile="default",
        environment="sandbox",
        organization="sandbox 008",
        user="006",
        verdict="asked",
        approval="A1",
        approver="Kim",
        outcome="done",
        bill_ids=("stp01", "stp02"),
        bill_code="BDC_1234",
        arguments={"vendorId": "009"},
        digest="ab",
    )
    log.write(entry)
    (row,) = log.records.look_now(lambda c: list(audit.rows(c)))
    assert (row.seq, row.entry) == (1, entry)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET content = '{}' WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 2",
        "INSERT OR REPLACE INTO audit VALUES (2, 'k', '{}', 'h')",
        "INSERT INTO audit VALUES (9, 'k', '{}', 'h')",
    ],
)
def test_the_table_refuses_all_but_a_new_row_at_its_end(
    log: AuditLog, statement: str
) -> None:
    log.write(an_entry(), an_entry())
    with pytest.raises(sqlite3.IntegrityError, match="audit log"):
        log.records.transact_now(lambda c: c.execute(statement))
    assert log.verify(log.head()).is_whole


def test_row_of_a_transaction_that_fails_is_not_there(log: AuditLog) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        log.audit.append(connection, an_entry())
        raise RuntimeError

    log.write(an_entry())
    with pytest.raises(RuntimeError):
        log.records.transact_now(fails)
    log.write(an_entry())
    report = log.verify()
    assert report.is_whole
    assert report.rows == 2


def test_untouched_log_is_whole_with_an_older_head(log: AuditLog) -> None:
    log.write(an_entry())
    kept = log.head()
    log.write(an_entry(), an_entry())
    report = log.verify(kept)
    assert report.is_whole
    assert report.head == log.head() != kept


def test_empty_log_is_whole_unless_a_row_is_known(log: AuditLog) -> None:
    assert log.verify().is_whole
    report = log.verify(Head(count=2, hmac="ab"))
    assert [(each.seq, each.what) for each in report.problems] == [
        (1, "rows 1 to 2 are missing")
    ]


def test_only_the_changed_row_is_told(log: AuditLog) -> None:
    log.write(*(an_entry() for _ in range(5)))
    changed = an_entry(agent="somebody else").content()
    log.tamper(("UPDATE audit SET content = ? WHERE seq = 3", (changed,)))
    report = log.verify(log.head())
    assert [each.seq for each in report.problems] == [3]


def test_missing_rows_in_the_middle_are_told_as_such(log: AuditLog) -> None:
    log.write(*(an_entry() for _ in range(6)))
    kept = log.head()
    log.tamper(("DELETE FROM audit WHERE seq IN (3, 4)", ()))
    report = log.verify(kept)
    assert report.problems[0].seq == 3
    assert report.problems[0].what == "rows 3 to 4 are missing"


def test_rows_written_over_those_removed_at_the_end_do_not_hide_it(
    log: AuditLog,
) -> None:
    log.write(*(an_entry() for _ in range(4)))
    kept = log.head()
    log.tamper(("DELETE FROM audit WHERE seq >= 3", ()))
    log.write(*(an_entry(agent="late") for _ in range(4)))
    report = log.verify(kept)
    assert [(each.seq, each.what) for each in report.problems] == [
        (4, "it is another row than the kept head knows")
    ]


def test_values_of_other_types_are_found_and_no_traceback(log: AuditLog) -> None:
    log.write(*(an_entry() for _ in range(3)))
    log.tamper(
        ("UPDATE audit SET content = ?, key = ? WHERE seq = 1", (b"\xff\x00", 7)),
        ("UPDATE audit SET hmac = ? WHERE seq = 2", (1.5,)),
    )
    assert [each.seq for each in log.verify().problems] == [1, 2, 3]
    found = log.records.look_now(lambda c: list(audit.rows(c)))
    assert [row.entry is None for row in found] == [True, False, False]


@pytest.mark.parametrize("number", ["CAST(seq AS TEXT)", "CAST(seq AS BLOB)", "NULL"])
def test_numbers_of_another_type_are_found_and_nothing_is_added(
    log: AuditLog, number: str
) -> None:
    log.write(*(an_entry() for _ in range(3)))
    log.tamper(
        ("ALTER TABLE audit RENAME TO typed", ()),
        ("CREATE TABLE audit (seq, key, content, hmac)", ()),
        (f"INSERT INTO audit SELECT {number}, key, content, hmac FROM typed", ()),  # noqa: S608
    )
    assert {(each.seq, each.what) for each in log.verify().problems} == {
        (row, "its number was changed into something else") for row in (1, 2, 3)
    }
    found = log.records.look_now(lambda c: list(audit.rows(c)))
    assert [row.seq for row in found] == [0, 0, 0]
    for add in (log.audit.append, log.audit.accept):
        with pytest.raises(ConfigError, match="no number any more"):
            log.records.transact_now(partial(add, entry=an_entry()))


def test_a_report_of_a_ruined_log_stays_small(log: AuditLog) -> None:
    log.write(*(an_entry() for _ in range(60)))
    log.tamper(("UPDATE audit SET hmac = 'x', key = 'k' || seq", ()))
    report = log.verify()
    assert report.problem_count == 60
    assert len(report.problems) == len(report.other_keys) == 20


def test_nothing_is_added_under_another_key(log: AuditLog) -> None:
    log.write(an_entry())
    other = Audit(lambda: b"another key of thirty-two bytes!")
    with pytest.raises(ConfigError, match="another key"):
        log.records.transact_now(lambda c: other.append(c, an_entry()))
    report = log.records.look_now(lambda c: other.verify(c, None))
    assert report.other_keys == (audit_chain.key_name(KEY),)


def test_an_operator_may_go_on_under_another_key(log: AuditLog) -> None:
    log.write(an_entry())
    other = Audit(lambda: b"another key of thirty-two bytes!")
    log.records.transact_now(lambda c: other.accept(c, an_entry(kind="accepted")))
    log.records.transact_now(lambda c: other.append(c, an_entry()))
    report = log.records.look_now(lambda c: other.verify(c, None))
    assert [each.seq for each in report.problems] == [1]


def test_key_that_is_not_to_be_had_adds_nothing(log: AuditLog) -> None:
    def locked() -> bytes:
        raise ConfigError("the keyring is locked")

    with pytest.raises(ConfigError, match="locked"):
        log.records.transact_now(lambda c: Audit(locked).append(c, an_entry()))
    assert log.head() is None


def test_digest_of_a_request_depends_on_the_key() -> None:
    one, other = Audit(lambda: KEY), Audit(lambda: KEY[::-1])
    assert one.digest(b"POST /v3/payments") == one.digest(b"POST /v3/payments")
    assert one.digest(b"POST /v3/payments") != other.digest(b"POST /v3/payments")


@pytest.mark.parametrize(
    ("filters", "seqs"),
    [
        (Filters(), [1, 2, 3, 4]),
        (Filters(newest_first=True, limit=2), [4, 3]),
        (Filters(limit=0), []),
        (Filters(kind="refused"), [2]),
        (Filters(agent="http:9"), [3]),
        (Filters(action="bill_create_a_vendor"), [4]),
        (Filters(outcome="done"), [3]),
        (Filters(since=AT + timedelta(hours=2)), [3, 4]),
        (Filters(until=AT + timedelta(hours=2)), [1, 2]),
        (Filters(kind="intent", agent="nobody"), []),
    ],
)
def test_rows_are_filtered(log: AuditLog, filters: Filters, seqs: list[int]) -> None:
    log.write(
        an_entry(),
        an_entry(kind="refused", at=AT + timedelta(hours=1)),
        an_entry(
            kind="outcome", outcome="done", agent="http:9", at=AT + timedelta(hours=2)
        ),
        an_entry(action="bill_create_a_vendor", at=AT + timedelta(hours=3)),
    )
    found = log.records.look_now(lambda c: list(audit.rows(c, filters)))
    assert [row.seq for row in found] == seqs


def test_row_that_nobody_can_read_passes_every_filter(log: AuditLog) -> None:
    log.write(an_entry())
    log.tamper(("UPDATE audit SET content = '[]'", ()))
    found = log.records.look_now(lambda c: list(audit.rows(c, Filters(agent="x"))))
    assert [(row.seq, row.entry) for row in found] == [(1, None)]


def test_an_earlier_end_of_the_log_can_be_asked_for(log: AuditLog) -> None:
    log.write(an_entry())
    first = log.head()
    log.write(an_entry())
    assert log.records.look_now(lambda c: audit.head_at(c, 1)) == first
    assert log.records.look_now(lambda c: audit.head_at(c, 3)) is None


def test_kept_text_gives_the_head_back() -> None:
    head = Head(count=3, hmac="ab")
    assert audit_chain.head_from(head.as_text()) == head
    for text in (None, "", "3", "[]", '{"count": 1}', '{"count":"x","hmac":"a"}'):
        assert audit_chain.head_from(text) is None


def test_connections_that_write_at_once_make_one_chain(tmp_path: Path) -> None:
    logs = [AuditLog(tmp_path / "journal.sqlite") for _ in range(4)]
    logs[0].write(an_entry())

    def write(log: AuditLog) -> None:
        log.write(*(an_entry() for _ in range(15)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, logs))
    report = logs[0].verify(logs[1].head())
    assert report.is_whole
    assert report.rows == 61


def _write_some(path: Path) -> None:
    AuditLog(path).write(*(an_entry() for _ in range(20)))


def test_processes_that_write_at_once_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    AuditLog(path).write(an_entry())
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        pool.map(_write_some, [path, path])
    report = AuditLog(path).verify()
    assert report.is_whole
    assert report.rows == 41


def test_nothing_that_is_no_json_is_recorded(log: AuditLog) -> None:
    writing: Callable[[AuditEntry], None] = log.write
    with pytest.raises(ValueError, match="Out of range"):
        writing(an_entry(arguments={"amount": float("nan")}))
    assert json.loads(an_entry().content())["format"] == audit.FORMAT


def test_file_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute("CREATE TABLE other (a)")
        other.execute("BEGIN IMMEDIATE")
        writing = pool.submit(AuditLog(path).write, an_entry())
        with pytest.raises(TimeoutError):
            writing.result(timeout=0.3)
        other.execute("COMMIT")
        writing.result()
    assert AuditLog(path).verify().rows == 1
