"""An agent with several accounts, of which nothing is another's; and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from support.assembly import Assembly, agent, assemble
from support.bill_sessions import BillSessions
from support.upstream import SIGN_INS, Upstream

from bill_mcp.agents import Agent
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import Credentials

READ = ("bill_get_vendor_details", {"vendorId": "00901"})
PATH = "/v3/vendors/00901"
LOGIN = "bill_api_login"


def account(name: str) -> Credentials:
    """An account of which nothing is another's."""
    return Credentials(
        username=f"{name}@example.test",
        password=Secret(f"canary-password-of-{name}"),
        organization_id=f"00801{name.upper():X<15}",
        dev_key=Secret(f"canary-key-of-{name}"),
    )


NAMES = ("work", "home", "shop")
ACCOUNTS = {name: account(name) for name in NAMES}
USER = replace(agent(), profiles=NAMES)


def serving(
    bill: BillSessions, profiles: Callable[[str], Credentials] = ACCOUNTS.__getitem__
) -> Assembly:
    return assemble(Upstream(bill), profiles=profiles, inline_credentials=True)


async def call(
    server: Assembly, tool: str, arguments: dict[str, Any], who: Agent = USER
) -> dict[str, Any]:
    return await server.dispatcher.call(who, tool, arguments)


async def switch(server: Assembly, name: str, who: Agent = USER) -> dict[str, Any]:
    return await call(server, LOGIN, {"profile": name}, who)


def sign_ins(upstream: Upstream) -> list[str]:
    """The organizations that were signed in to, in order."""
    return [
        arrival.json()["organizationId"]
        for arrival in upstream.arrivals
        if arrival.path in SIGN_INS
    ]


def whose(upstream: Upstream) -> list[str]:
    """The developer keys of the calls, in order."""
    return [
        arrival.headers["devkey"].removeprefix("canary-key-of-")
        for arrival in upstream.arrivals
        if arrival.path == PATH
    ]
