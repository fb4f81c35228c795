"""The command ``bill-mcp audit``: shows, checks and exports the audit log."""
