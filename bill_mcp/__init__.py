"""MCP tool server for the BILL API."""

__version__ = "0.1.0"
