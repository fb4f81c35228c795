"""Acting in a seed as the demo's administrator: real behaviours, a trusted session."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bill_mcp.simulator import credentials, sessions
from bill_mcp.simulator.behaviours import behaviours
from bill_mcp.simulator.call import Call, Caller
from bill_mcp.simulator.operations import operations
from bill_mcp.simulator.reading import Faults

if TYPE_CHECKING:
    from bill_mcp.simulator.world import World

Do = Callable[..., Any]


@contextmanager
def administrator(world: "World") -> Iterator[Do]:
    """Yield a function that calls an operation: its name, body, query, and path."""
    session = sessions.open_session(
        world,
        "org",
        credentials.USER_ID,
        credentials.ORGANIZATION_ID,
        credentials.DEVELOPER_KEY,
        trusted=True,
    )
    caller = Caller(
        session["id"],
        credentials.USER_ID,
        credentials.ORGANIZATION_ID,
        credentials.DEVELOPER_KEY,
    )

    def do(operation: str, body: Any = None, query: Any = None, **path: str) -> Any:
        facts = operations()[operation]
        given: Any = {} if body is None else body
        if facts.read_body and body is not None:
            faults: Faults = []
            given = facts.read_body(body, "", faults)
            if faults:
                raise ValueError(f"{operation}: {faults}")
        return behaviours()[operation](
            Call(world, facts, caller, path, query or {}, given)
        )

    try:
        yield do
    finally:
        sessions.close_session(world, session["id"])


def vendor_named(world: "World", name: str) -> str | None:
    """Return the id of the demo's vendor with this name, if there is one."""
    for vendor in world.where("vendor", "name", name):
        if vendor["_organizationId"] == credentials.ORGANIZATION_ID:
            key: str = vendor["id"]
            return key
    return None
