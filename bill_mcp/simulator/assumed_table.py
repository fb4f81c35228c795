"""The table of assumptions in ``docs/simulator.md``, made from the constants.

``python -m bill_mcp.simulator.assumed_table docs/simulator.md`` writes it anew; a test
compares the two.
"""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from bill_mcp.simulator import assumed, assumed_spend

START, END = "<!-- assumptions: start -->", "<!-- assumptions: end -->"
LONGEST_VALUE = 110
TAG = re.compile(r"\[(assumed|doc|code|help)[^\]]*\]")


class Assumption(NamedTuple):
    """One constant: its name, value, tags, and what its comment says."""

    name: str
    value: Any
    tags: tuple[str, ...]
    text: str


def assumptions() -> Iterator[Assumption]:
    """Yield the constants of both modules in their order.

    Raises:
        ValueError: one has no text below it, or its text has no tag.
    """
    for module in (assumed, assumed_spend):
        yield from _of(module)


def _of(module: ModuleType) -> Iterator[Assumption]:
    name_of_file = f"{module.__name__.rpartition('.')[2]}.py"
    source = files(__package__).joinpath(name_of_file).read_text(encoding="utf-8")
    body = ast.parse(source).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.Assign):
            name = ast.unparse(statement.targets[0])
        elif isinstance(statement, ast.AnnAssign):
            name = ast.unparse(statement.target)
        else:
            continue
        text = text_of(following)
        tags = tuple(dict.fromkeys(TAG.findall(text)))
        if not tags:
            raise ValueError(f"assumed.{name} does not say whether it is assumed")
        yield Assumption(name, getattr(module, name), tags, text)


def text_of(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return " ".join(str(statement.value.value).split())
    return ""


def as_table() -> str:
    lines = ["| Constant | Value | Tag | What it says |", "|---|---|---|---|"]
    for each in assumptions():
        tags = ", ".join(each.tags)
        told = without_leading_tag(each.text).replace("|", "\\|")
        lines.append(f"| `{each.name}` | {told_value(each.value)} | {tags} | {told} |")
    return "\n".join(lines)


def without_leading_tag(text: str) -> str:
    match = TAG.match(text)
    return text[match.end() :].lstrip() if match else text


def told_value(value: Any) -> str:
    """Return the value as code; of a long one whose parts have parts only the heads."""
    text = repr(value)
    if len(text) > LONGEST_VALUE and isinstance(value, dict):
        deep = any(isinstance(each, dict | tuple) for each in value.values())
        text = ", ".join(f"{name}: {'…' if deep else value[name]}" for name in value)
    elif len(text) > LONGEST_VALUE:
        heads = (f"{each[0]} …" if isinstance(each, tuple) else each for each in value)
        text = ", ".join(map(str, heads))
    return f"`{text}`".replace("|", "\\|")


def with_table(page: str) -> str:
    """Return the page with the table between its two marks."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{as_table()}\n{END}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
