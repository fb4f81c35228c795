"""Keeps the newest head of the audit log, in the background and not too often."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

import structlog

from bill_mcp.errors import ConfigError

PAUSE_S = 1.0
"""From one keeping to the next: a keyring takes milliseconds, a sealed file a tenth of
a second. Rows that are removed within it, before they were kept, are not missed."""

CLOSING_S = 10.0
"""How long the end of the process waits for a vault that does not answer."""

_log = structlog.get_logger("bill_mcp.audit")


class HeadKeeper:
    """Has the head kept soon after each write, and always before the end.

    Args:
        keep_now: Keeps it and says whether it could follow the one kept before; blocks.
        pause_s: Between two keepings; what is written meanwhile is kept together.
    """

    def __init__(self, keep_now: Callable[[], bool], pause_s: float = PAUSE_S) -> None:
        self._keep_now, self._pause_s = keep_now, pause_s
        self._changed = threading.Condition()
        self._is_wanted = self._is_closing = False
        self._thread: threading.Thread | None = None

    def keep(self) -> None:
        """Say that rows were committed. Returns at once; may be called anywhere."""
        with self._changed:
            self._is_wanted = True
            if self._thread is None and not self._is_closing:
                self._thread = threading.Thread(
                    target=self._run, name="audit-head", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def close(self) -> None:
        """Keep what is not kept yet, and end. Blocks, but not for ever."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(CLOSING_S)
            if thread.is_alive():
                _log.warning("the vault did not take the head of the audit log")

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_wanted or self._is_closing)
                if not self._is_wanted:
                    return
                self._is_wanted = False
            self._keep()
            with self._changed:
                self._changed.wait_for(lambda: self._is_closing, self._pause_s)

    def _keep(self) -> None:
        try:
            followed = self._keep_now()
        except (ConfigError, OSError, sqlite3.Error) as error:
            _log.warning("the head of the audit log could not be kept", why=str(error))
            return
        if not followed:
            _log.error(
                "the audit log has lost rows that it had; run `bill-mcp audit verify`"
            )
