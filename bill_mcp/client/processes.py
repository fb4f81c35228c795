"""Which processes of this machine are still there, by a lock that each holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bill_mcp.file_locks import try_lock
from bill_mcp.private_files import make_private_folder

FOLDER = "processes"
NOBODY = ""
"""Stands for a process that nobody can look after."""

_ENDING = ".lock"
_ATTEMPTS = 5


class Processes:
    """The processes that share a home folder, this one among them.

    A process that was killed leaves its file behind; whoever finds that nobody has
    locked it takes it away.

    Args:
        folder: Where the locked files are.
        new_id: Makes names of a given length, no two alike.

    Attributes:
        name: This process, as the others know it; `NOBODY` before `enter`, and where
            locks don't work.
    """

    def __init__(self, folder: Path, new_id: Callable[[int], str]) -> None:
        self._folder, self._new_id = folder, new_id
        self._descriptor: int | None = None
        self.name = NOBODY

    def enter(self) -> None:
        """Let the others see that this process is there, until `leave`."""
        with suppress(OSError, ImportError):
            make_private_folder(self._folder)
            for _ in range(_ATTEMPTS):
                if self._take(self._new_id(16)):
                    self._tidy()
                    return

    def is_gone(self, name: str) -> bool:
        """Whether a process that entered once has ended since."""
        if NOBODY in {name, self.name} or name == self.name:
            return False
        try:
            descriptor = self._opened(name)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        try:
            if not try_lock(descriptor):
                return False
            self._path(name).unlink(missing_ok=True)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    def leave(self) -> None:
        """Be gone for the others from now on."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            self._path(self.name).unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor, self.name = None, NOBODY

    def _take(self, name: str) -> bool:
        """Lock a new file of that name, unless another process tidies it away."""
        descriptor = self._opened(name, os.O_CREAT | os.O_EXCL)
        try:
            held = try_lock(descriptor) and self._is_seen_locked(name)
        except BaseException:
            os.close(descriptor)
            raise
        if not held:
            os.close(descriptor)
            return False
        self._descriptor, self.name = descriptor, name
        return True

    def _is_seen_locked(self, name: str) -> bool:
        """Whether others find the file, and find it locked.

        One that tidied between making and locking it took its name away.

        Raises:
            OSError: This file system grants every lock.
        """
        try:
            second = self._opened(name)
        except FileNotFoundError:
            return False
        try:
            if try_lock(second):
                self._path(name).unlink(missing_ok=True)
                raise OSError("locks exclude nobody here")
        finally:
            os.close(second)
        return True

    def _tidy(self) -> None:
        """Take away what killed processes left."""
        for file in self._folder.glob(f"*{_ENDING}"):
            self.is_gone(file.name.removesuffix(_ENDING))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_ENDING}"

    def _opened(self, name: str, flags: int = 0) -> int:
        return os.open(self._path(name), os.O_RDWR | os.O_NOFOLLOW | flags, 0o600)
