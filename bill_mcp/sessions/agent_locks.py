"""Which agents this process has to itself, among all processes of one home folder.

Each desktop client starts a server of its own. A lock on a file, which the system
takes back however the process ends, lets every server have an agent that no other
server has, under a key that the next server finds again.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bill_mcp.file_locks import try_lock
from bill_mcp.private_files import make_private_folder

FOLDER = "agents"
AGENTS_AT_MOST = 256
"""Of one name; whoever comes later gets a key that lasts for the process only."""


class AgentLocks:
    """The agents of one process.

    Args:
        folder: Where the locked files are; files stay, locks go with the process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptors: dict[str, int] = {}

    def hold(self, key: str) -> bool:
        """Whether the agent is this process's own, from now until `close`."""
        if key in self._descriptors:
            return True
        try:
            return self._take(key)
        except (OSError, ImportError):
            return False

    def first_free(self, name: str) -> str:
        """The key ``name:n`` of the first agent that nobody has, now held.

        Where locks don't work: a key that nobody else can have.
        """
        with suppress(OSError, ImportError):
            for number in range(1, AGENTS_AT_MOST + 1):
                key = f"{name}:{number}"
                if self._take(key):
                    return key
        return f"{name}:{secrets.token_hex(16)}"

    def is_held(self, key: str) -> bool:
        """Whether this process or another one has the agent now.

        Where locks don't work, it counts as held.
        """
        if key in self._descriptors:
            return True
        try:
            descriptor = self._opened(key)
        except OSError:
            return True
        try:
            return not try_lock(descriptor)
        except (OSError, ImportError):
            return True
        finally:
            os.close(descriptor)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Wait until no other process is in a block of that name; it blocks."""
        try:
            descriptor = self._waited_for(name)
        except (OSError, ImportError):
            yield
            return
        try:
            yield
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Let other processes have the agents."""
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()

    def _take(self, key: str) -> bool:
        """Lock the agent's file, or say that another process has it.

        Raises:
            OSError: Locks don't work here.
            ImportError: This system has none.
        """
        descriptor = self._opened(key)
        try:
            if not try_lock(descriptor):
                os.close(descriptor)
                return False
            self._try_out(key)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptors[key] = descriptor
        return True

    def _try_out(self, key: str) -> None:
        """Some file systems grant every lock; ask a second time, as another would."""
        second = self._opened(key)
        try:
            if try_lock(second):
                raise OSError("locks exclude nobody here")
        finally:
            os.close(second)

    def _waited_for(self, name: str) -> int:
        import fcntl  # noqa: PLC0415 -- Windows has none

        descriptor = self._opened(name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _opened(self, name: str) -> int:
        make_private_folder(self._folder)
        digest = hashlib.sha256(name.encode()).hexdigest()[:24]
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        return os.open(self._folder / f"{digest}.lock", flags, 0o600)
