import subprocess
import sys

import pytest


@pytest.mark.parametrize("first", ["behaviours", "world", "control", "seeds.planting"])
def test_any_module_can_be_imported_first(first: str) -> None:
    program = f"import bill_mcp.simulator.{first} as it; it; from bill_mcp.simulator."
    program += "behaviours import behaviours; behaviours()"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, check=True).returncode == 0  # noqa: S603 - our own
