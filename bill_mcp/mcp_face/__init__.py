"""The MCP face: the only package that speaks MCP."""
