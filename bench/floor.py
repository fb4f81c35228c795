"""The least that an MCP server on the SDK costs: tools that do nothing, over stdio.

Usage: python -m bench.floor COUNT
"""

from __future__ import annotations

import json
import sys
from typing import Any

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from bench.upstream import VENDOR

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"vendorId": {"type": "string"}},
    "additionalProperties": False,
}


async def main(count: int) -> None:
    tools = [
        types.Tool(name=f"tool_{number}", description="Nothing.", input_schema=SCHEMA)
        for number in range(count)
    ]

    async def list_tools(
        context: ServerRequestContext[Any, Any],
        params: types.PaginatedRequestParams | None,
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools)

    async def call_tool(
        context: ServerRequestContext[Any, Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        text = types.TextContent(type="text", text=json.dumps(VENDOR))
        return types.CallToolResult(content=[text], structured_content=VENDOR)

    server: Server[Any] = Server(
        "floor",
        get_tool_input_schema={tool.name: SCHEMA for tool in tools}.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]))
