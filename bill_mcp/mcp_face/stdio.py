"""Serves one client over stdin and stdout until it goes away."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable
from typing import Any, cast

import anyio
import structlog
from mcp.server.stdio import stdio_server

from bill_mcp import __version__
from bill_mcp.agents import AgentName, Confirm
from bill_mcp.app import Application
from bill_mcp.mcp_face.asking import Asking
from bill_mcp.mcp_face.client_forms import ClientForms
from bill_mcp.mcp_face.lines import client_lines
from bill_mcp.mcp_face.page_host import PageHost
from bill_mcp.mcp_face.server import PLACES, Face
from bill_mcp.pages.approval_visits import Approving

_log = structlog.get_logger("bill_mcp.serve")


async def serve(application: Application) -> None:
    """Answer the one client behind stdin; it is one agent for the process's life.

    Told to stop by the system, it ends as if the client had gone away.
    """
    agent = application.agent(application.lasting_key("stdio"), AgentName.STDIO)

    settings = application.settings
    host = _page_host(application)
    face = Face(
        application.dispatcher,
        agent_of=lambda _context: agent,
        surface=settings.tools,
        asking=Asking(
            host,
            ClientForms(application.records.approvals),
            # The simulated person has no phone: agents know the simulator's code.
            asks_for_codes=not settings.embedded,
        ),
    )
    _log.info(
        f"serving over stdio: {PLACES[settings.environment]}",
        version=__version__,
        environment=str(settings.environment),
        tools=settings.tools,
        read_only=settings.read_only,
        confirm=str(settings.confirm),
    )
    # What stands now stands for good: later collections need not walk it, which
    # otherwise holds every call up for a tenth of a second now and then.
    gc.collect()
    gc.freeze()
    async with anyio.create_task_group() as tasks:
        if host is not None:
            tasks.start_soon(host.run)
        if application.announcer is not None:
            tasks.start_soon(application.announcer.run)
        look_ups = application.dispatcher.writes.look_ups
        tasks.start_soon(look_ups.keep_settling, agent)
        with client_lines() as lines:
            stop = lines.stop if lines is not None else tasks.cancel_scope.cancel
            tasks.start_soon(_told_to_stop, stop)
            # All that the SDK asks of a stream is lines.
            source = cast("anyio.AsyncFile[str] | None", lines)
            async with stdio_server(source) as (incoming, outgoing):
                options = face.server.create_initialization_options()
                await face.server.run(incoming, outgoing, options)
        tasks.cancel_scope.cancel()
    _log.info("the client went away")


def _page_host(application: Application) -> PageHost | None:
    """The pages, where a person may ever be asked for something."""
    settings, records = application.settings, application.records
    if settings.embedded and settings.confirm is Confirm.NEVER:
        return None
    return PageHost(
        application.dispatcher,
        application.clock,
        approving=Approving(approvals=records.approvals, approvers=records.approvers),
    )


async def _told_to_stop(stop: Callable[[], Any]) -> None:
    """Stop at the first SIGTERM; the second one ends the process at once."""
    if sys.platform == "win32":
        return
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            _log.info("told to stop")
            stop()
            return
