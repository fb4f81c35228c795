"""What ``bill-mcp audit export`` writes, and where to."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from support.audit_log import AuditLog, an_entry
from support.command_line import CommandLine

pytestmark = pytest.mark.usefixtures("logging_as_before")


def test_json_lines_hold_what_is_authenticated(run: CommandLine, log: AuditLog) -> None:
    ran = run("export", "--format", "jsonl")
    head = log.head()
    assert head is not None
    assert (ran.code, ran.err) == (0, f"head: row 3, {head.hmac}\n")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [row["seq"] for row in rows] == [1, 2, 3]
    assert rows[2]["hmac"] == head.hmac
    content = json.dumps(rows[0]["content"], sort_keys=True, separators=(",", ":"))
    assert content == an_entry(write="w1").content()


def test_spreadsheet_gets_no_formulas(run: CommandLine, log: AuditLog) -> None:
    log.write(
        an_entry(agent="=1+1", user=" +1", approver="-1", action="@x", write="\t")
    )
    ran = run("export", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["seq"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[1]["bill_ids"] == "stp01"
    assert rows[1]["effects"] == "money write"
    assert json.loads(rows[2]["arguments"])["n"] == [1]
    assert rows[2]["agent"] == "http:evil\\u001b[2J\\u0009x"
    told = [rows[3][name] for name in ("agent", "user", "approver", "action")]
    assert told == ["'=1+1", "' +1", "'-1", "'@x"]


def test_export_goes_to_a_private_file(
    run: CommandLine, log: AuditLog, tmp_path: Path
) -> None:
    out = tmp_path / "audit.csv"
    ran = run("export", "--format", "csv", "--out", str(out))
    assert (ran.code, ran.out) == (0, "")
    assert out.stat().st_mode & 0o777 == 0o600
    assert len(out.read_text().splitlines()) == 4


def test_export_that_cannot_be_written_is_named(
    run: CommandLine, log: AuditLog, tmp_path: Path
) -> None:
    for words, why in (
        (("--out", str(tmp_path / "no" / "file")), "No such file"),
        (("--out", str(log.path)), "the log itself"),
        (("--format", "xml"), "csv or jsonl"),
    ):
        ran = run("export", *words)
        assert ran.code == 2
        assert why in ran.err
    assert run("verify").code == 0


def test_changed_row_is_exported_as_the_text_that_it_is(
    run: CommandLine, log: AuditLog
) -> None:
    log.tamper(("UPDATE audit SET content = 'é\nx' WHERE seq = 1", ()))
    first, *rest = run("export").out.splitlines()
    assert json.loads(first)["content"] == "é\nx"
    assert len(rest) == 2
    csv_rows = list(csv.DictReader(io.StringIO(run("export", "--format", "csv").out)))
    assert csv_rows[0]["kind"] == ""
