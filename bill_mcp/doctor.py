"""Looks at an installation from the outside in, and says what to mend."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import anyio
from rich.console import Console
from rich.markup import escape

from bill_mcp import __version__
from bill_mcp.access import vault_of
from bill_mcp.agents import AgentName
from bill_mcp.app import Application, application
from bill_mcp.approvals_cli.showing import halted
from bill_mcp.errors import BillMcpError, ConfigError
from bill_mcp.records import damage, halt, store
from bill_mcp.sessions.audit_custody import FORGEABLE, AuditCustody
from bill_mcp.settings import Settings, resolve

_console = Console(soft_wrap=True, highlight=False)


async def run() -> int:
    """Print one line for each thing looked at; 0 where nothing is to mend."""
    _tell(True, f"bill-mcp {__version__}, Python {platform.python_version()}")
    try:
        settings = resolve({})
        _tell(True, f"environment {settings.environment}: {settings.base_url}")
        # First: neither depends on BILL or on credentials.
        can_write = await anyio.to_thread.run_sync(_look_at_home, settings.home)
        async with application(settings, variables=dict(os.environ)) as built:
            return 0 if await _look(settings, built) and can_write else 1
    except BillMcpError as error:
        _tell(False, str(error))
        return 1


def _look_at_home(home: Path) -> bool:
    """Whether the journal can be used; a halt is told, but a person wanted it."""
    found = halt.is_halted(home)
    if found is not None:
        _tell(False, f"{halted(found)}. `bill-mcp halt --lift` lets writes go out")
    path = home / store.FILE_NAME
    if not path.exists():
        _tell(True, f"no journal yet in {home}")
        return True
    fault = damage.fault_of(path)
    _tell(fault is None, fault or f"the journal {path} can be read and written")
    return fault is None


async def _look(settings: Settings, built: Application) -> bool:
    dispatcher = built.dispatcher
    _tell(True, f"{len(dispatcher.catalogue)} tools in {dispatcher.catalogue.folder}")
    agent = built.agent("doctor", AgentName.DOCTOR)
    healthy = True
    for what, tool in (
        ("BILL answers", "bill_check_app_health"),
        ("signed in", "bill_get_api_session_details"),
    ):
        try:
            await dispatcher.call(agent, tool, {})
        except BillMcpError as error:
            _tell(False, f"{what}: {error}. {getattr(error, 'advice', '')}")
            healthy = False
        else:
            _tell(True, what)
    session = dispatcher.sessions.session_of(agent)
    if session is not None:
        trusted = "completed" if session.trusted else "not completed: no payments yet"
        _tell(True, f"organization {session.organization_id}, MFA {trusted}")
    _tell(True, f"confirm {settings.confirm}, read-only {settings.read_only}")
    if built.locks is not None:
        custody = AuditCustody(settings.home, vault_of(settings), built.locks)
        _tell(*await anyio.to_thread.run_sync(_audit_key, custody))
        # Every write is refused then, as with a journal that can't be used.
        if await anyio.to_thread.run_sync(custody.fault) is not None:
            healthy = False
    return healthy


def _audit_key(custody: AuditCustody) -> tuple[bool, str]:
    """Whether the audit log is out of reach of who can only read files."""
    try:
        is_beside = custody.is_beside_the_log
    except ConfigError as error:
        return False, f"audit log: {error}"
    if is_beside:
        return False, FORGEABLE
    return True, f"the key of the audit log rests in {custody.where}"


def _tell(good: bool, what: str) -> None:
    mark = "[green]ok[/]  " if good else "[red]mend[/]"
    _console.print(f"{mark} {escape(what)}")
