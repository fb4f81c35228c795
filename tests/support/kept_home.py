"""A folder in which one server process after another keeps its sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.assembly import ACCOUNT, Assembly, assemble
from support.clock import ManualClock
from support.upstream import SIGN_INS, Upstream

from bill_mcp.sessions.agent_locks import AgentLocks
from bill_mcp.sessions.closed_file import closed_file_in
from bill_mcp.sessions.credentials import Credentials
from bill_mcp.sessions.kept import KeptSessionStore
from bill_mcp.sessions.vault import MemoryVault, Vault

READ = ("bill_get_vendor_details", {"vendorId": "00901"})
LIST: tuple[str, dict[str, str]] = ("bill_get_list_of_organizations", {})
AS_USER = (
    "bill_api_login_as_user",
    {"organizationId": "00801CLIENT", "userId": "00601CLIENT"},
)
LOGOUT = "/v3/logout"


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
            closed=closed_file_in(self.folder, place),
            open_vault=open_vault or (lambda: self.vault),
            clock=clock,
        )
        try:
            yield made
        finally:
            await made.dispatcher.sessions.close()
            await made.dispatcher.client.aclose()
            locks.close()


def paths(home: KeptHome) -> list[str]:
    return [arrival.path for arrival in home.upstream.arrivals]


def sign_ins(home: KeptHome) -> int:
    return sum(path in SIGN_INS for path in paths(home))


async def called_once(home: KeptHome, **differing: Any) -> Assembly:
    """A process that makes one call and ends."""
    async with home.server(**differing) as server:
        await server.call(*READ)
    return server


def contents(home: KeptHome) -> Iterator[bytes]:
    for file in home.folder.rglob("*"):
        if file.is_file():
            yield file.read_bytes()
