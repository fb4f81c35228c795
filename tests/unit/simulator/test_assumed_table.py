from pathlib import Path

from bill_mcp.simulator import assumed, assumed_spend
from bill_mcp.simulator.assumed_table import as_table, assumptions, with_table

PAGE = Path(__file__).parents[3] / "docs" / "simulator.md"


def test_the_page_shows_every_assumption_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    how = "python -m bill_mcp.simulator.assumed_table docs/simulator.md"
    assert page == with_table(page), f"run {how}"


def test_no_constant_is_left_out() -> None:
    both = {**vars(assumed), **vars(assumed_spend)}
    constants = {name for name in both if name.isupper()}
    assert {each.name for each in assumptions()} == constants


def test_values_tags_and_texts_are_told() -> None:
    table = as_table()
    assert "| `MFA_CODE` | `'123456'` | assumed | The only right code;" in table
    assert "production: False" in table
    assert "| doc, assumed |" in table
