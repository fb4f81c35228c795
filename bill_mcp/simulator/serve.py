"""The simulator over HTTP, on this machine only."""

import asyncio
import ipaddress
import logging
import socket
import sys
import time as running_time
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from bill_mcp.simulator.app import App, Receive, Scope, Send, build_app
from bill_mcp.simulator.faults import ConnectionCutError
from bill_mcp.simulator.operations import PREFIX
from bill_mcp.simulator.storage import StateFile
from bill_mcp.simulator.world import World


class CuttingProtocol(H11Protocol):
    """HTTP/1.1 in which a cut connection is really cut, with no 500 in its place."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own annotation
        """Wrap the application for this connection."""
        super().connection_made(transport)
        self.app = cutting(self.app, transport)


def cutting(app: Any, transport: asyncio.Transport) -> App:
    """Return *app*, closing *transport* where the application cuts the connection."""

    async def serve_or_cut(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except ConnectionCutError:
            transport.close()
            # Only when the server has seen the end does it send nothing more.
            while (await receive())["type"] != "http.disconnect":
                pass

    return serve_or_cut


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on a loopback address.

    Raises:
        ValueError: *host* is another address: the control plane is not for others.
    """
    address = "127.0.0.1" if host == "localhost" else host
    if not ipaddress.ip_address(address).is_loopback:
        raise ValueError(
            f"The simulator listens on loopback addresses only, not {host}."
        )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(128)
    return listener


def base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return (
        f"http://[{host}]:{port}{PREFIX}"
        if ":" in host
        else f"http://{host}:{port}{PREFIX}"
    )


def server_of(app: App) -> uvicorn.Server:
    """Return a server for *app*; the answers' date is the world's, not the wall's."""
    config = uvicorn.Config(
        app,
        http=CuttingProtocol,
        ws="none",
        lifespan="off",
        log_level=logging.WARNING,
        access_log=False,
        date_header=False,
        server_header=False,
        proxy_headers=False,
    )
    return uvicorn.Server(config)


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    seed: str = "demo",
    time: str | None = None,
    control_token: str | None = None,
    state_file: Path | str | None = None,
    *,
    live: bool = False,
) -> None:
    """Serve a world until the process is told to stop.

    Prints one line on stdout, the base URL, once connections are accepted.

    Args:
        host: a loopback address.
        port: 0 lets the system choose.
        seed: as for ``World.create``; a state file that holds a state wins.
        time: where the clock stands, or starts.
        control_token: what the header ``x-simulator-token`` must hold, if anything.
        state_file: an SQLite file that keeps the state over restarts.
        live: the clock runs, at the pace of real time.
    """
    world = World.create(seed, time, running_time.monotonic if live else None)
    kept = StateFile(state_file) if state_file else None
    if kept:
        if state := kept.read():
            world.replace_state(state)
        kept.write(world)
    listener = listen(host, port)
    app = build_app(world, control_token=control_token, state_file=kept)
    sys.stdout.write(f"{base_url(listener)}\n")
    sys.stdout.flush()
    server_of(app).run(sockets=[listener])
