"""Puts a server together: which parts, with which clock, ids and stores."""

from __future__ import annotations

import secrets
import string
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

from bill_mcp.access import (
    accounts_of,
    lasting_vault_of,
    vault_of,
    way_to_bill,
)
from bill_mcp.agents import Agent, AgentPolicy, Confirm
from bill_mcp.announcing.announcer import Announcer
from bill_mcp.announcing.setting_up import announcer as announcer_of
from bill_mcp.client.http import BillClient
from bill_mcp.client.limits import Limits, own_limits, shared_limits
from bill_mcp.clock import Clock, SystemClock
from bill_mcp.dispatch import Dispatcher
from bill_mcp.environments import Environment
from bill_mcp.guard.policy_file import Notify
from bill_mcp.presenting import Presenter
from bill_mcp.safekeeping import Safekeeping, open_records
from bill_mcp.secret import LiveSecrets
from bill_mcp.sessions import agent_locks, kept
from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.closed_file import ClosedFile, closed_file_in
from bill_mcp.sessions.closures import Closures
from bill_mcp.sessions.holdings import Profiles
from bill_mcp.sessions.manager import SessionManager
from bill_mcp.sessions.remembered import VaultRemembering
from bill_mcp.sessions.sign_in import SignIn
from bill_mcp.sessions.store import MemorySessionStore, SessionStore
from bill_mcp.settings import Settings
from bill_mcp.specs import loading
from bill_mcp.specs.catalogue import Catalogue
from bill_mcp.writing.building import build_writes
from bill_mcp.writing.call import Place
from bill_mcp.writing.recorder import Step, go_on

DEFAULT_PROFILE = "default"
_ID_CHARACTERS = string.ascii_uppercase + string.digits


def random_id(length: int) -> str:
    """An unpredictable id of capital letters and digits."""
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(length))


@dataclass(frozen=True, kw_only=True)
class Application:
    """A server put together, not yet shown to anybody.

    Attributes:
        account: Names the connected account without giving it away.
        locks: The agents that no other process has; None where nothing is kept.
        announcer: Tells people that an approval waits; None where nobody is asked.
    """

    settings: Settings
    dispatcher: Dispatcher
    clock: Clock
    account: str
    locks: AgentLocks | None
    records: Safekeeping
    announcer: Announcer | None

    def lasting_key(self, transport: str) -> str:
        """The key of an agent that the next process finds again.

        Several processes at once get several keys.
        """
        if self.locks is None:
            return f"{transport}:{secrets.token_hex(16)}"
        return self.locks.first_free(f"{transport}:{self.account}")

    def agent(self, key: str, name: str) -> Agent:
        """An agent with what the settings allow, by its name in the policy file."""
        policy = self.settings.policy
        return Agent(
            key=key,
            name=name,
            profiles=self.settings.profiles or (DEFAULT_PROFILE,),
            policy=AgentPolicy(
                read_only=self.settings.read_only,
                confirm=self.settings.confirm,
                rules=policy.rules_for(name) if policy else None,
            ),
            surface=self.settings.tools,
        )


@asynccontextmanager
async def application(
    settings: Settings,
    *,
    variables: dict[str, str],
    clock: Clock | None = None,
    new_id: Callable[[int], str] = random_id,
    instance: str | None = None,
    at_step: Callable[[Step], None] = go_on,
) -> AsyncIterator[Application]:
    """Everything that a face needs, and its end: connections closed, state kept.

    Args:
        settings: Checked.
        variables: Where credentials may be.
        clock: Tells when.
        new_id: Source of ids.
        instance: Names this server: an approval serves the one that asked for it. By
            default a new name, so that none outlives a restart.
        at_step: Told where each write stands; see `WriteRecorder`.

    Raises:
        ConfigError: Credentials are missing, or the policy names what is not there.
        SpecError: A spec file is wrong.
    """
    clock = clock or SystemClock()
    catalogue = loading.load(inline_credentials=settings.inline_credentials)
    if settings.policy is not None:
        settings.policy.check_names(catalogue)
    profiles = accounts_of(settings, variables)
    account = profiles(settings.profile or DEFAULT_PROFILE)
    closing = ExitStack()
    transport = way_to_bill(settings, closing)
    locks = None if settings.passes else _locks(settings)
    if locks is not None:
        closing.callback(locks.close)
    live = LiveSecrets()
    limits = _limits(settings, clock, new_id)
    closing.callback(limits.close)
    client = BillClient(
        settings.base_url,
        transport=transport,
        slots=limits.slots,
        budgets=limits.budgets,
        codes=catalogue.error_codes,
    )
    store = _session_store(settings, locks, clock)
    sessions = _sessions(
        settings, catalogue, client, profiles, store, live, clock, new_id
    )
    records = _records(settings, locks, clock, new_id)
    closing.callback(records.close)
    announcer = _announcer(settings, clock, new_id)
    dispatcher = _dispatcher(
        settings,
        catalogue,
        client,
        sessions,
        records,
        Presenter(environment=settings.environment, sessions=sessions, live=live),
        clock,
        new_id,
        instance or secrets.token_hex(16),
        announcer,
        at_step,
    )
    with closing:
        try:
            yield Application(
                settings=settings,
                dispatcher=dispatcher,
                clock=clock,
                account=settings.profile or account.account_digest(),
                locks=locks,
                records=records,
                announcer=announcer,
            )
        finally:
            await dispatcher.sessions.close()
            await client.aclose()


def _limits(settings: Settings, clock: Clock, new_id: Callable[[int], str]) -> Limits:
    """Shared with other processes, unless this one has a simulated BILL to itself."""
    if settings.embedded:
        return own_limits(clock)
    return shared_limits(settings.home, settings.base_url, clock, new_id=new_id)


def _session_store(
    settings: Settings, locks: AgentLocks | None, clock: Clock
) -> SessionStore:
    if locks is None:
        return MemorySessionStore()
    return kept.KeptSessionStore(
        settings.home / kept.FILE_NAME,
        locks=locks,
        open_vault=vault_of(settings),
        place=kept.place_of(settings.base_url, settings.state_file),
        clock=clock,
    )


def _dispatcher(
    settings: Settings,
    catalogue: Catalogue,
    client: BillClient,
    sessions: SessionManager,
    records: Safekeeping,
    presenter: Presenter,
    clock: Clock,
    new_id: Callable[[int], str],
    instance: str,
    announcer: Announcer | None,
    at_step: Callable[[Step], None],
) -> Dispatcher:
    address = kept.place_of(settings.base_url, settings.state_file)
    if settings.passes:
        # Another world at the next start, with the same ids: not the same bills.
        address = f"{address} {instance}"
    writes = build_writes(
        catalogue=catalogue,
        place=Place(
            environment=settings.environment,
            address=address,
            world=lambda: None if settings.embedded else client.world,
        ),
        sessions=sessions,
        client=client,
        records=records,
        presenter=presenter,
        clock=clock,
        new_id=new_id,
        instance=instance,
        announcer=announcer,
        at_step=at_step,
    )
    return Dispatcher(
        catalogue=catalogue,
        settings=settings,
        sessions=sessions,
        client=client,
        writes=writes,
        presenter=presenter,
        live=presenter.live,
        new_id=new_id,
    )


def _records(
    settings: Settings,
    locks: AgentLocks | None,
    clock: Clock,
    new_id: Callable[[int], str],
) -> Safekeeping:
    """What must be known after a crash.

    It ends with the process where the world does, unless a person is asked: who
    approves in a terminal does so in another process.
    """
    lasts = not settings.passes or settings.confirm is not Confirm.NEVER
    return open_records(
        settings.home,
        lasts=lasts,
        moves_real_money=settings.environment is not Environment.LOCAL,
        home_is_given=settings.home_is_given,
        open_vault=lasting_vault_of(settings) if lasts else vault_of(settings),
        locks=locks or (_locks(settings) if lasts else None),
        clock=clock,
        new_id=new_id,
    )


def _locks(settings: Settings) -> AgentLocks:
    return AgentLocks(settings.home / agent_locks.FOLDER)


def _announcer(
    settings: Settings, clock: Clock, new_id: Callable[[int], str]
) -> Announcer | None:
    production = settings.environment is Environment.PRODUCTION
    if settings.confirm is Confirm.NEVER and not production:
        return None
    notify = settings.policy.notify if settings.policy else Notify()
    return announcer_of(
        url=notify.url,
        desktop=notify.desktop,
        # A command made the key, whichever BILL it is that this server asks about.
        open_vault=lasting_vault_of(settings),
        clock=clock,
        new_id=new_id,
    )


def _closed_file(settings: Settings) -> ClosedFile | None:
    """Shared like the limits."""
    if settings.embedded:
        return None
    return closed_file_in(settings.home, settings.base_url)


def _sessions(
    settings: Settings,
    catalogue: Catalogue,
    client: BillClient,
    profiles: Profiles,
    store: SessionStore,
    live: LiveSecrets,
    clock: Clock,
    new_id: Callable[[int], str],
) -> SessionManager:
    return SessionManager(
        SignIn(
            catalogue,
            client,
            closures=Closures(clock, _closed_file(settings)),
            new_id=new_id,
        ),
        profiles=profiles,
        store=store,
        remembering=VaultRemembering(vault_of(settings), clock.now),
        monotonic=clock.monotonic,
        live=live,
    )
