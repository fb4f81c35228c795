"""Serves the pages on this machine, beside whatever else the process does."""

from __future__ import annotations

import os
import socket
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import anyio
import uvicorn

from bill_mcp.clock import Clock
from bill_mcp.errors import ConfigError
from bill_mcp.pages.app import Pages
from bill_mcp.pages.guarding import Guarded
from bill_mcp.pages.opening import Launch, open_in_browser
from bill_mcp.pages.questions import Question
from bill_mcp.pages.tickets import Desk
from bill_mcp.pages.visiting import Visits

HOST = "127.0.0.1"
MOST_CONNECTIONS = 64
LONGEST_GOODBYE_S = 3


class PageServer:
    """Where the pages are, while they are served."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.address = address
        self._desk = desk

    def url_of(self, question: Question) -> str:
        """The address to tell an agent or a person. It gives no right."""
        return f"{self.address}/q/{question.id}"

    async def open_in_browser(
        self,
        question: Question,
        *,
        launch: Launch = webbrowser.open,
        variables: Mapping[str, str] = os.environ,
    ) -> bool:
        """Whether the form was opened in a browser here; False without a display."""
        opening = partial(
            open_in_browser,
            self._desk.files,
            question.id,
            launch=launch,
            variables=variables,
        )
        return await anyio.to_thread.run_sync(opening)


class _Server(uvicorn.Server):
    """Leaves the signals to the process that it is a guest in."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def page_server(
    desk: Desk,
    visits: Visits,
    *,
    clock: Clock,
    port: int = 0,
) -> AsyncIterator[PageServer]:
    """Serve the desk's questions on a free port of this machine, until the block ends.

    Ends every question with it: without a server nobody could answer.

    Raises:
        ConfigError: The port is taken.
    """
    listener = _listen(port)
    port = listener.getsockname()[1]
    pages = Pages(desk, visits, clock=clock)
    server = _Server(
        uvicorn.Config(
            Guarded(pages.app(), port=port),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=LONGEST_GOODBYE_S,
        )
    )
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_to_its_end, server, listener)
            sweeping = anyio.CancelScope()
            try:
                await server.listening.wait()
                desk.address = f"http://{HOST}:{port}"
                tasks.start_soon(_within, sweeping, pages.keep_sweeping)
                yield PageServer(desk, desk.address)
            finally:
                sweeping.cancel()
                desk.address = None
                desk.close_all()
                server.should_exit = True
                with anyio.CancelScope(shield=True):
                    await pages.aclose()
    finally:
        listener.close()


async def _to_its_end(server: _Server, listener: socket.socket) -> None:
    """Serve until told to exit: who is cancelled meanwhile still closes connections."""
    with anyio.CancelScope(shield=True):
        await server.serve(sockets=[listener])


async def _within(
    scope: anyio.CancelScope, keep_on: Callable[[], Awaitable[None]]
) -> None:
    with scope:
        await keep_on()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise ConfigError(f"port {port}: {error.strerror}") from None
    return listener
