"""The path of a call put together as `bill_mcp.app` does, with BILL's stand-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from support.clock import ManualClock
from support.upstream import Upstream

from bill_mcp.agents import Agent, AgentPolicy, Confirm
from bill_mcp.app import random_id
from bill_mcp.client.budgets import Budgets
from bill_mcp.client.http import BillClient
from bill_mcp.client.request import NewId
from bill_mcp.client.slots import MemorySlots
from bill_mcp.dispatch import Dispatcher
from bill_mcp.environments import BASE_URLS, EMBEDDED_URL, Environment
from bill_mcp.guard.rules import Rules
from bill_mcp.presenting import Presenter
from bill_mcp.safekeeping import Safekeeping, open_records
from bill_mcp.secret import LiveSecrets, Secret
from bill_mcp.sessions.closed_file import ClosedFile
from bill_mcp.sessions.closures import Closures
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.manager import SessionManager
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.store import MemorySessionStore, SessionStore
from bill_mcp.sessions.vault import MemoryVault, Vault
from bill_mcp.settings import Settings
from bill_mcp.specs import loading
from bill_mcp.specs.catalogue import Catalogue
from bill_mcp.writing.building import build_writes
from bill_mcp.writing.call import Place

ACCOUNT = Credentials(
    username="ap@example.test",
    password=Secret("canary-password-7c1f"),
    organization_id="00801TESTORGANIZA1a2",
    dev_key=Secret("canary-developer-key-31aa"),
    partner_username="partner@example.test",
    partner_password=Secret("canary-partner-password-e04d"),
    app_key=Secret("canary-application-key-9be0"),
    api_token=Secret("canary-spend-token-55d2"),
    remember_me_id=Secret("canary-remembered-mfa-83c5"),
    device="test-device",
)
"""Each secret says in its name that it must not be seen anywhere."""


NOWHERE = Path("/nonexistent/home of no test")
"""Where nothing is, and nothing is written."""


@cache
def catalogue(*, inline_credentials: bool = False) -> Catalogue:
    """The project's own specs, read once for all tests."""
    return loading.load(inline_credentials=inline_credentials)


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """A dispatcher, and what stands around it."""

    dispatcher: Dispatcher
    upstream: Upstream
    clock: ManualClock
    records: Safekeeping
    agent: Agent = field(repr=False)

    @property
    def outcomes(self) -> list[tuple[str, str | None]]:
        """Action and outcome of every write that was sent, oldest first."""
        return self.records.file.look_now(
            lambda c: [
                (row["action"], None if row["state"] == "open" else row["state"])
                for row in c.execute("SELECT action, state FROM writes ORDER BY id")
            ]
        )

    async def call(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """One call of the assembly's own agent."""
        return await self.dispatcher.call(self.agent, name, arguments)


def agent(
    *,
    confirm: Confirm = Confirm.NEVER,
    read_only: bool = False,
    key: str = "agent",
    rules: Rules | None = None,
) -> Agent:
    return Agent(
        key=key,
        name=key,
        profiles=("default",),
        policy=AgentPolicy(read_only=read_only, confirm=confirm, rules=rules),
        surface="full",
    )


def assemble(
    upstream: Upstream,
    *,
    environment: Environment = Environment.SANDBOX,
    base_url: str | None = None,
    confirm: Confirm = Confirm.NEVER,
    read_only: bool = False,
    rules: Rules | None = None,
    inline_credentials: bool = False,
    upload_roots: tuple[Path, ...] = (),
    account: Credentials = ACCOUNT,
    profiles: Callable[[str], Credentials] | None = None,
    store: SessionStore | None = None,
    closed: ClosedFile | None = None,
    open_vault: Callable[[], Vault] | None = None,
    clock: ManualClock | None = None,
    home: Path | None = None,
    new_id: NewId = "N".__mul__,
    instance: str = "assembly",
    audit_vault: Vault | None = None,
) -> Assembly:
    """Everything but the face.

    Args:
        upstream: Stands where BILL is.
        environment: What policy believes.
        base_url: Where BILL is, if not at the environment's own address.
        confirm: When the assembly's own agent has a person asked.
        read_only: Its strict filter.
        rules: From a policy file.
        inline_credentials: Whether sign-in tools take credentials.
        upload_roots: From where files may be uploaded.
        account: What signs in.
        profiles: Several such, by name.
        store: Keeps BILL's sessions.
        closed: Keeps what BILL has closed.
        open_vault: Keeps what signing in may remember.
        clock: Ours; BILL has its own.
        home: Where the journal is; in memory without it.
        new_id: Source of the numbers that payments carry.
        instance: Names the server process, to which approvals are bound.
        audit_vault: Keeps the key of the audit log.
    """
    clock, live = clock or ManualClock(), LiveSecrets()
    base_url = base_url or BASE_URLS.get(environment, EMBEDDED_URL)
    specs = catalogue(inline_credentials=inline_credentials)
    client = BillClient(
        base_url,
        transport=upstream.transport,
        slots=MemorySlots(),
        budgets=Budgets(clock),
        codes=specs.error_codes,
    )
    vault: Vault = MemoryVault()
    sessions = SessionManager(
        SignIn(specs, client, closures=Closures(clock, closed), new_id="N".__mul__),
        profiles=profiles or (lambda _: account),
        store=store or MemorySessionStore(),
        remembering=VaultRemembering(open_vault or (lambda: vault), clock.now),
        monotonic=clock.monotonic,
        live=live,
    )
    records = open_records(
        home or NOWHERE,
        lasts=home is not None,
        moves_real_money=environment is not Environment.LOCAL,
        home_is_given=True,
        open_vault=lambda: audit_vault or vault,
        locks=None,
        clock=clock,
        new_id=random_id,
    )
    presenter = Presenter(environment=environment, sessions=sessions, live=live)
    dispatcher = Dispatcher(
        catalogue=specs,
        settings=Settings(
            environment=environment,
            embedded=environment is Environment.LOCAL,
            base_url=base_url,
            read_only=read_only,
            confirm=confirm,
            home=home or NOWHERE,
            upload_roots=upload_roots,
            inline_credentials=inline_credentials,
        ),
        sessions=sessions,
        client=client,
        writes=build_writes(
            catalogue=specs,
            place=Place(environment=environment, address=base_url),
            sessions=sessions,
            client=client,
            records=records,
            presenter=presenter,
            clock=clock,
            new_id=new_id,
            instance=instance,
            announcer=None,
        ),
        presenter=presenter,
        live=live,
        new_id=new_id,
    )
    return Assembly(
        dispatcher=dispatcher,
        upstream=upstream,
        clock=clock,
        records=records,
        agent=agent(confirm=confirm, read_only=read_only, rules=rules),
    )
