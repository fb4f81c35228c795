"""``python -m bill_mcp`` is ``bill-mcp``."""

from bill_mcp.cli import main

main()
