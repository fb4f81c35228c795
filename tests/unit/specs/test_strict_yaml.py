from pathlib import Path
from typing import Any

import pytest

from bill_mcp.errors import SpecError
from bill_mcp.specs import strict_yaml


def read(folder: Path, text: str) -> Any:
    path = folder / "one.yaml"
    path.write_text(text, encoding="utf-8")
    return strict_yaml.read(path)


@pytest.mark.parametrize(
    "text",
    [
        *("NO", "no", "Yes", "on", "OFF", "True", "NULL", "~", "Null"),
        *("01234", "0x1F", "0o17", "1_000", "12:30:45", "+7", ".5", "5.", "1e3"),
        *("2026-01-31", "2026-01-31T09:00:00Z", ".inf", ".nan", "=", "<<"),
    ],
)
def test_what_json_would_not_read_as_a_literal_stays_text(
    tmp_path: Path, text: str
) -> None:
    assert read(tmp_path, f"value: {text}") == {"value": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-17", -17),
        ("1.50", 1.5),
        ("-0.25", -0.25),
    ],
)
def test_jsons_own_literals_are_read(tmp_path: Path, text: str, value: object) -> None:
    found = read(tmp_path, f"value: {text}")["value"]
    assert found == value
    assert type(found) is type(value)


def test_quoted_literals_stay_text(tmp_path: Path) -> None:
    assert read(tmp_path, '["null", \'true\', "1"]') == ["null", "true", "1"]


def test_key_written_twice_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"(?s)line 3.*key written twice.*'amount'"):
        read(tmp_path, "id: x\nline:\n  amount: 1\n  amount: 2\n")


@pytest.mark.parametrize("key", ["1", "true", "null", "1.5", "[1]", "{a: b}"])
def test_key_that_is_no_text_must_be_quoted(tmp_path: Path, key: str) -> None:
    with pytest.raises(SpecError, match="a key is no text; quote it"):
        read(tmp_path, f"{{{key}: a, {key}: b, x: c}}")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: &x {b: 1}\nc: *x", id="alias"),
        pytest.param("a: !!python/name:os.system", id="python name"),
        pytest.param("a: !own value", id="unknown tag"),
        pytest.param("a: 1\n---\nb: 2", id="two documents"),
        pytest.param("a: [1", id="unclosed list"),
        pytest.param("a: b: c", id="mapping in a line"),
        pytest.param("a: \x07", id="control character"),
    ],
)
def test_more_than_json_can_say_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecError):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "value",
    ["!!timestamp 2026-01-31", "!!set {b, c}", "!!binary aGVsbG8=", "!!omap [b: 1]"],
)
def test_explicit_tag_that_json_does_not_have_is_refused(
    tmp_path: Path, value: str
) -> None:
    with pytest.raises(SpecError):
        read(tmp_path, f"a: {value}")


def test_file_that_is_no_text_is_a_spec_error_too(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_bytes(b"about: \xff\xfe")
    with pytest.raises(SpecError, match=r"one\.yaml"):
        strict_yaml.read(path)


def test_syntax_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"one\.yaml"):
        read(tmp_path, "a: [1")
