"""The simulator as an ASGI application: BILL's API, and the control plane beside it."""

import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import format_datetime
from typing import Any

import anyio
import anyio.lowlevel

from bill_mcp.simulator import api, files, uploads
from bill_mcp.simulator.call import Call, Reply
from bill_mcp.simulator.control import Control
from bill_mcp.simulator.errors import BillError
from bill_mcp.simulator.faults import ConnectionCutError, error_of
from bill_mcp.simulator.operations import PREFIX, Operation, route
from bill_mcp.simulator.request_log import Arrival, told_body, without_secrets
from bill_mcp.simulator.storage import StateFile
from bill_mcp.simulator.world import World

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTROL = "/simulator/"
JSON = b"application/json"


def build_app(
    world: World,
    *,
    control_token: str | None = None,
    state_file: StateFile | None = None,
) -> App:
    """Serve *world*: BILL under ``/connect``, the control plane under ``/simulator``.

    Args:
        world: what is served; several applications never share one.
        control_token: what the header ``x-simulator-token`` must hold, if anything.
        state_file: where every change is written before it is answered.
    """
    world.on_due["late_call"] = api.late_call
    return Simulator(world, Control(world, control_token), state_file)


class Simulator:
    """The application."""

    def __init__(
        self, world: World, control: Control, state_file: StateFile | None
    ) -> None:
        self.world = world
        self.control = control
        self.state_file = state_file
        # A kept world goes on at the next start, any other one is new.
        self.name = "kept" if state_file else secrets.token_hex(6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"The simulator does not speak {scope['type']}.")
        request = request_of(scope, await read_all(receive))
        if request.path.startswith(CONTROL):
            status, told = self.control.answer(request)
            self.keep()
            await self.reply(send, Reply(told, status), {})
            return
        await self.serve(request, send)

    async def serve(self, request: api.Request, send: Send) -> None:
        """Answer one request of the API, in the way the ordered faults demand."""
        world = self.world
        world.tick()
        path = request.path.removeprefix(PREFIX)
        operation: Operation | None = None
        parameters: dict[str, str] = {}
        unknown: BillError | None = None
        try:
            operation, parameters = route(request.method, path)
        except BillError as error:
            unknown = error
        effects = world.faults.meet(
            request.method, path, operation.path if operation else ""
        )
        slot = api.slot_of(world, operation, request) if operation else ""
        in_flight = world.traffic.enter(slot) if slot else 1
        arrival = self.note(request, path, operation, in_flight)
        try:
            if effects.get("drop") == "before":
                raise ConnectionCutError
            if "answer" in effects:
                await self.wait(effects)
                reply, headers = self.ordered(effects["answer"])
            elif operation is None:
                reply, headers = self.elsewhere(request, path, unknown), {}
            else:
                headers = {}
                reply = await self.act(
                    operation, parameters, request, in_flight, effects
                )
            self.keep()
            arrival.status = reply.status
            await anyio.sleep(effects.get("delay_answer_s", 0))
            if effects.get("drop") == "after":
                raise ConnectionCutError
            await self.reply(send, reply, headers, effects.get("drop") == "mid_answer")
        finally:
            if slot:
                world.traffic.leave(slot)

    def note(
        self,
        request: api.Request,
        path: str,
        operation: Operation | None,
        in_flight: int,
    ) -> Arrival:
        headers = dict(request.headers)
        session = self.world.get("session", headers.get("sessionid", "")) or {}
        arrival = Arrival(
            request.method,
            path,
            request.query,
            without_secrets(headers),
            told_body(request.body),
            self.world.stamp,
            operation.name if operation else None,
            session.get("number"),
            in_flight,
        )
        self.world.log.add(arrival, len(request.body))
        return arrival

    async def wait(self, effects: dict[str, Any]) -> None:
        """Hold the request's place for as long as was ordered, and a moment at least.

        The moment lets requests that came at the same time be under way together.
        """
        if effects.get("delay_s"):
            await anyio.sleep(effects["delay_s"])
        else:
            await anyio.lowlevel.checkpoint()

    async def act(
        self,
        operation: Operation,
        parameters: dict[str, str],
        request: api.Request,
        in_flight: int,
        effects: dict[str, Any],
    ) -> Reply:
        world = self.world
        try:
            call = api.prepare(world, operation, parameters, request, in_flight)
        except BillError as error:
            await self.wait(effects)
            return api.error_reply(world, error)
        if "act_late_s" in effects:
            api.remember_late(world, call, effects["act_late_s"])
            self.keep()
            raise ConnectionCutError
        try:
            await self.wait(effects)
        finally:
            # Also when the client hung up while it waited: the request had arrived, and
            # BILL does not notice.
            reply = self.acted(call, effects)
        return reply

    def acted(self, call: Call, effects: dict[str, Any]) -> Reply:
        try:
            return api.act(self.world, call, effects.get("hide_s", 0))
        except BillError as error:
            return api.error_reply(self.world, error)
        finally:
            self.keep()

    def ordered(self, answer: dict[str, Any]) -> tuple[Reply, dict[str, str]]:
        error = error_of(answer)
        if error:
            body: Any = error.as_bill_json(self.world.stamp)
            return Reply(body, error.status), answer.get("headers", {})
        body, kind = answer.get("body"), "application/json"
        if isinstance(body, str):
            body, kind = body.encode(), "text/plain"
        return Reply(body, answer.get("status", 200), kind), answer.get("headers", {})

    def elsewhere(
        self, request: api.Request, path: str, unknown: BillError | None
    ) -> Reply:
        """Serve what lies beside the operations: download links, or nothing."""
        try:
            if path == files.DOWNLOAD_PATH:
                return files.download(self.world, request.query, request.headers)
            if request.path.startswith(uploads.PATHS):
                return uploads.exchange(self.world, request)
        except BillError as error:
            unknown = error
        return api.error_reply(self.world, unknown) if unknown else Reply(None, 404)

    def keep(self) -> None:
        """Write what has changed to the state file, if there is one."""
        if self.state_file:
            self.state_file.write(self.world)
        self.world.changed.clear()

    async def reply(
        self,
        send: Send,
        reply: Reply,
        headers: dict[str, str],
        cut: bool = False,
    ) -> None:
        body = encoded(reply.body)
        given = {name.lower(): value for name, value in headers.items()}
        head = {
            # BILL's own clock: what else could a client compare times with?
            "date": format_datetime(self.world.now, usegmt=True),
            # Ids come again in another world, and mean something else there.
            "x-simulator-world": f"{self.name}-{self.world.lives}",
            "content-length": str(len(body)),
            **({"content-type": reply.content_type} if body else {}),
            **given,
        }
        if cut:
            # The client was promised the whole answer and gets half of it.
            head["content-length"] = str(max(len(body), 2))
            body = body[: len(body) // 2]
        await send(
            {
                "type": "http.response.start",
                "status": reply.status or 200,
                "headers": [
                    (name.encode("latin-1"), value.encode("latin-1"))
                    for name, value in head.items()
                ],
            }
        )
        await send({"type": "http.response.body", "body": body, "more_body": cut})
        if cut:
            raise ConnectionCutError


def encoded(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def request_of(scope: Scope, body: bytes) -> api.Request:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in scope["headers"]
    }
    raw = scope.get("raw_path") or scope["path"].encode()
    base = f"{scope.get('scheme', 'http')}://{headers.get('host', '')}{PREFIX}"
    return api.Request(
        scope["method"],
        raw.decode("latin-1").partition("?")[0],
        scope.get("query_string", b"").decode("latin-1"),
        headers,
        body,
        base,
    )


async def read_all(receive: Receive) -> bytes:
    parts = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return
