"""A folder in which one server process after another keeps its sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.assembly import ACCOUNT, Assembly, assemble
from support.clock import ManualClock
from support.upstream import Upstream

from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.kept import KeptSessionStore
from bill_mcp.sessions.vault import MemoryVault, Vault


@dataclass
class KeptHome:
    """What outlives a process: the folder, the vault, BILL, and the time of day."""

    folder: Path
    upstream: Upstream
    clock: ManualClock = field(default_factory=ManualClock)
    vault: Vault = field(default_factory=MemoryVault)

    @property
    def file(self) -> Path:
        return self.folder / "sessions.sqlite"

    def locks(self) -> AgentLocks:
        return AgentLocks(self.folder / "agents")

    @asynccontextmanager
    async def server(
        self,
        *,
        account: Credentials = ACCOUNT,
        profiles: Callable[[str], Credentials] | None = None,
        place: str = "sandbox",
        open_vault: Callable[[], Vault] | None = None,
        inline_credentials: bool = False,
    ) -> AsyncIterator[Assembly]:
        """One process, from its start to its orderly end; its clock starts anew."""
        clock = self.clock = ManualClock(self.clock.now())
        locks = self.locks()
        store = KeptSessionStore(
            self.file,
            locks=locks,
            open_vault=open_vault or (lambda: self.vault),
            place=place,
            clock=clock,
        )
        made = assemble(
            self.upstream,
            inline_credentials=inline_credentials,
            account=account,
            profiles=profiles,
            store=store,
            open_vault=open_vault or (lambda: self.vault),
            clock=clock,
        )
        try:
            yield made
        finally:
            await made.dispatcher.sessions.close()
            await made.dispatcher.client.aclose()
            locks.close()
