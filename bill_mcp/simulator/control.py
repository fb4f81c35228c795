"""The control plane: everything that time, BILL's staff or a bad network would do.

Its routes are fixed by the design, section 10. It answers on loopback hosts only, and
never to a page of another origin, so that no web site can play with it.
"""

import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from bill_mcp.simulator import state_json
from bill_mcp.simulator.api import Request
from bill_mcp.simulator.errors import BillError
from bill_mcp.simulator.fixtures import make_fixture
from bill_mcp.simulator.objects import patch_object
from bill_mcp.simulator.sign_in_data import make_credentials
from bill_mcp.simulator.times import read_time
from bill_mcp.simulator.world import World

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "simulator.localhost"})
OBJECTS = "/simulator/objects/"

Answer = tuple[int, Any]

STATUSES = (
    (KeyError, 400),
    (LookupError, 404),
    (Exception, 400),
)
REFUSED = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    BillError,
)
"""What a wrong order leads to; anything else is a fault of the simulator."""


class Control:
    """The control plane of one world."""

    def __init__(self, world: World, token: str | None) -> None:
        self._world = world
        self._token = token
        self._routes: dict[tuple[str, str], Callable[[Any, dict[str, str]], Any]] = {
            ("POST", "/simulator/reset"): self._reset,
            ("POST", "/simulator/clock"): self._move_clock,
            ("GET", "/simulator/clock"): self._show_clock,
            ("GET", "/simulator/state/hash"): self._hash,
            ("GET", "/simulator/requests"): self._requests,
            ("DELETE", "/simulator/requests"): self._forget_requests,
            ("POST", "/simulator/credentials"): self._credentials,
            ("DELETE", "/simulator/sessions"): self._expire_sessions,
            ("POST", "/simulator/fixtures"): self._fixtures,
            ("POST", "/simulator/faults"): self._faults,
            ("POST", "/simulator/snapshot"): self._snapshot,
            ("POST", "/simulator/restore"): self._restore,
        }

    def answer(self, request: Request) -> Answer:
        """Do what is asked; return the status, and JSON or its text."""
        if refused := self._refuse(request):
            return 403, {"error": refused}
        try:
            body = json.loads(request.body) if request.body.strip() else {}
        except ValueError:
            return 400, {"error": "the body is not JSON"}
        self._world.tick()
        query = dict(parse_qsl(request.query))
        try:
            return self._route(request.method, request.path, body, query)
        except REFUSED as error:
            status = next(
                code for kind, code in STATUSES if issubclass(type(error), kind)
            )
            return status, {"error": f"{type(error).__name__}: {error}"}

    def _refuse(self, request: Request) -> str:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
        if host not in LOOPBACK:
            return "the control plane answers on loopback hosts only"
        origin = request.headers.get("origin")
        if origin and urlsplit(origin).hostname not in LOOPBACK:
            return "the control plane answers no page of another origin"
        given = request.headers.get("x-simulator-token", "")
        if self._token and not hmac.compare_digest(
            given.encode(), self._token.encode()
        ):
            return "the header x-simulator-token is missing or wrong"
        return ""

    def _route(
        self, method: str, path: str, body: Any, query: dict[str, str]
    ) -> Answer:
        if (method, path) == ("GET", "/simulator/state"):
            return 200, state_json.canonical(self._world.state)
        if method == "PATCH" and path.startswith(OBJECTS):
            key = unquote(path.removeprefix(OBJECTS))
            return 200, self._world.attempt(
                lambda: patch_object(self._world, key, body["fields"])
            )[0]
        action = self._routes.get((method, path))
        if action is None:
            return 404, {"error": f"there is no {method} {path}"}
        return 200, action(body, query)

    def _reset(self, body: Any, query: dict[str, str]) -> Any:
        self._world.reset(body.get("seed"), body.get("time"))
        return {"seed": self._world.state.seed, "now": self._world.stamp}

    def _move_clock(self, body: Any, query: dict[str, str]) -> Any:
        if "now" in body:
            moment = read_time(body["now"])
        else:
            moment = self._world.now + timedelta(seconds=float(body["advance_s"]))
        self._world.move_to(moment)
        return {"now": self._world.stamp}

    def _show_clock(self, body: Any, query: dict[str, str]) -> Any:
        return {"now": self._world.stamp}

    def _hash(self, body: Any, query: dict[str, str]) -> Any:
        return {"hash": state_json.digest(self._world.state)}

    def _requests(self, body: Any, query: dict[str, str]) -> Any:
        return [arrival.as_json() for arrival in self._world.log.arrivals]

    def _forget_requests(self, body: Any, query: dict[str, str]) -> Any:
        self._world.log.clear()
        return {}

    def _credentials(self, body: Any, query: dict[str, str]) -> Any:
        return self._world.attempt(lambda: make_credentials(self._world, body))[0]

    def _expire_sessions(self, body: Any, query: dict[str, str]) -> Any:
        only = query.get("organization")
        ended = [
            session["id"]
            for session in self._world.rows("session")
            if only in {None, session["organizationId"]}
        ]
        for key in ended:
            self._world.put("session", key, None)
        return {"expired": len(ended)}

    def _fixtures(self, body: Any, query: dict[str, str]) -> Any:
        wanted = body if isinstance(body, list) else [body]
        return self._world.attempt(
            lambda: [make_fixture(self._world, each) for each in wanted]
        )[0]

    def _faults(self, body: Any, query: dict[str, str]) -> Any:
        wanted = body if isinstance(body, list) else [body]
        # None of them counts unless all are good.
        self._world.faults.add_all(wanted)
        return {"ordered": len(self._world.faults.ordered)}

    def _snapshot(self, body: Any, query: dict[str, str]) -> Any:
        return {"id": self._world.take_snapshot()}

    def _restore(self, body: Any, query: dict[str, str]) -> Any:
        self._world.restore(body["id"])
        return {"now": self._world.stamp}
