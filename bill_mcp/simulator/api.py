"""What happens to one request of the API, from its arrival to its answer."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from bill_mcp.simulator.behaviours import behaviours
from bill_mcp.simulator.call import Call, Caller, Reply
from bill_mcp.simulator.errors import BillError, invalid, refusal
from bill_mcp.simulator.operations import Operation, operations
from bill_mcp.simulator.reading import NULL, Faults, reader_of
from bill_mcp.simulator.sessions import caller_of
from bill_mcp.simulator.showing import show
from bill_mcp.simulator.store import Hidden, Store, Thing
from bill_mcp.simulator.times import stamp
from bill_mcp.simulator.traffic import REQUESTS_IN_FLIGHT
from bill_mcp.simulator.world import World

UNLISTED_PARAMETERS = frozenset({"billApprovals"})
"""Documented in prose, missing in the facts: shows a bill's approvers."""

MISPLACED_FIELDS = {
    "invoices_create": ("customerId", "must be given as customer.id"),
    "invoices_replace": ("customerId", "must be given as customer.id"),
    "invoices_update": ("customerId", "must be given as customer.id"),
}
"""Fields of a reply that BILL refuses in a body; other unknown ones it ignores."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str


def slot_of(world: World, operation: Operation, request: Request) -> str:
    """Return what the request counts against: developer key and organization.

    Empty for what BILL's limit of three at once does not cover.
    """
    headers = request.headers
    if operation.auth == "session":
        session = world.get("session", headers.get("sessionid", "")) or {}
        return f"{headers.get('devkey', '')} {session.get('organizationId', '')}"
    if operation.auth == "login":
        body = parsed(request.body)
        if isinstance(body, dict):
            key = body.get("devKey") or body.get("appKey") or ""
            return f"{key} {body.get('organizationId', '')}"
    if operation.auth == "partner":
        return headers.get("appkey", "")
    return ""


def parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def answer(
    world: World,
    operation: Operation,
    path: Mapping[str, str],
    request: Request,
    in_flight: int,
) -> Reply:
    """Do what the request asks, now, and return what BILL answers."""
    try:
        return act(world, prepare(world, operation, path, request, in_flight))
    except BillError as error:
        return error_reply(world, error)


def error_reply(world: World, error: BillError) -> Reply:
    status = error.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        status = world.switch("rateLimitStatus")
    return Reply(error.as_bill_json(world.stamp), status)


def prepare(
    world: World,
    operation: Operation,
    path: Mapping[str, str],
    request: Request,
    in_flight: int = 1,
) -> Call:
    """Check limits, sign-in, rights and the request's form; return the call.

    Raises:
        BillError: as BILL refuses.
    """
    if operation.auth != "api_token" and in_flight > REQUESTS_IN_FLIGHT:
        raise refusal("BDC_1322")
    caller = caller_of(world, operation.auth, request.headers)
    if operation.auth == "api_token":
        world.traffic.spend_request(caller.key, world.now)
    elif caller.key:
        world.traffic.request(caller.key, world.now)
    if operation.name not in behaviours():
        raise refusal("SIM_0501", what=f"No behaviour for {operation.name} yet.")
    call = Call(
        world,
        operation,
        caller,
        path,
        read_query(operation, request.query),
        None,
        request.base_url,
        request.headers,
    )
    if operation.flags["admin_role"]:
        call.require_administrator()
    if operation.flags["needs_mfa_trust"]:
        call.require_trust()
    return replace(call, body=read_body(operation, request))


def read_query(operation: Operation, text: str) -> Thing:
    """Return the known query parameters, each of its type; others are ignored."""
    given = dict(parse_qsl(text, keep_blank_values=True))
    faults: Faults = []
    out: Thing = {}
    for parameter in operation.query:
        name = parameter["name"]
        if given.get(name, "") != "":
            out[name] = reader_of(dict(parameter))(given[name], name, faults)
        elif parameter["required"]:
            faults.append((name, NULL))
    for name in UNLISTED_PARAMETERS & given.keys():
        out[name] = given[name]
    if faults:
        raise invalid(*faults)
    return out


def read_body(operation: Operation, request: Request) -> Any:
    if operation.body_kind == "binary":
        return request.body
    if operation.read_body is None:
        return {}
    if not request.body.strip():
        if operation.body_required:
            raise invalid(("body", "Required request body is missing"))
        body: Any = {}
    else:
        body = parsed(request.body)
        if body is None:
            raise invalid(("body", "JSON parse error"))
    faults: Faults = []
    read = operation.read_body(body, "", faults)
    misplaced = MISPLACED_FIELDS.get(operation.name)
    if misplaced and isinstance(body, dict) and misplaced[0] in body:
        faults.append(misplaced)
    if faults:
        raise invalid(*faults)
    return read


def act(world: World, call: Call, hide_s: float = 0) -> Reply:
    """Run the behaviour; if it refuses, the world is as it was."""
    behave = behaviours()[call.operation.name]
    if call.operation.flags["read_only"]:
        return shown(call.operation, behave(replace(call, world=world.as_seen())))
    try:
        result, touched = world.attempt(lambda: behave(call))
    except BillError as error:
        if error.note:
            error.note(world)
        raise
    if hide_s:
        hide(world, touched, hide_s)
    return shown(call.operation, result)


def shown(operation: Operation, result: Any) -> Reply:
    if isinstance(result, Reply):
        return result
    if operation.response_kind == "empty":
        return Reply(None, operation.success_status)
    return Reply(show(result, operation.shape), operation.success_status)


def hide(world: World, touched: list[Hidden], seconds: float) -> None:
    until = stamp(world.now + timedelta(seconds=seconds))
    world.state.hidden = [
        each for each in world.state.hidden if each.until > world.stamp
    ] + [each._replace(until=until) for each in touched]


def remember_late(world: World, call: Call, seconds: float) -> None:
    """Plan a call that was cut off to be acted on when the clock is that much on."""
    caller = call.caller
    world.schedule(
        world.now + timedelta(seconds=seconds),
        "late_call",
        operation=call.operation.name,
        caller=[caller.session_id, caller.user_id, caller.organization_id, caller.key],
        path=dict(call.path),
        query=dict(call.query),
        body=call.body,
        base_url=call.base_url,
    )


def late_call(store: Store, about: Thing) -> None:
    """Act on a call whose client has long gone; nobody hears of a refusal."""
    if not isinstance(store, World):
        raise TypeError("calls belong to a whole world")
    call = Call(
        store,
        operations()[about["operation"]],
        Caller(*about["caller"]),
        about["path"],
        about["query"],
        about["body"],
        about["base_url"],
    )
    with suppress(BillError):
        act(store, call)
