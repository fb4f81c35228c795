"""Locks on open files, which the system takes back however a process ends."""

from __future__ import annotations


def try_lock(descriptor: int) -> bool:
    """Lock an open file for this process alone; False where another one has it.

    Raises:
        OSError: Locks don't work here.
        ImportError: This system has none.
    """
    import fcntl  # noqa: PLC0415 -- Windows has none

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
