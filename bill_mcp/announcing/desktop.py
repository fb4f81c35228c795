"""Notifications on the desktop of the machine where the server runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import anyio

from bill_mcp.announcing.announcement import Announcement
from bill_mcp.announcing.announcer import UndeliveredError

DEADLINE_S = 5.0
TITLE = "bill-mcp"
_SCRIPT = f'display notification (item 1 of argv) with title "{TITLE}"'
_COMMANDS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "linux": ("notify-send", f"--app-name={TITLE}", "--", TITLE),
        "darwin": (
            "osascript",
            *("-e", "on run argv"),
            *("-e", _SCRIPT),
            *("-e", "end run"),
        ),
    }
)
"""What stands before the text, by platform; the text is an argument, never a script."""

_DESKTOPS = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
_OURS = "BILL_"


class Desktop:
    """Fulfils `Sender` with a program of the platform.

    Args:
        command: The program and what stands before the text.
        variables: Its environment; ours, some of which are secret, are left out.
    """

    name = "desktop"

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self._command = tuple(command)
        self._variables = {
            name: value
            for name, value in variables.items()
            if not name.startswith(_OURS)
        }

    async def send(self, announcement: Announcement) -> None:
        try:
            with anyio.fail_after(DEADLINE_S):
                done = await anyio.run_process(
                    [*self._command, announcement.in_words()],
                    stdin=subprocess.DEVNULL,
                    # stdout belongs to the protocol.
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=False,
                    env=self._variables,
                )
        except TimeoutError:
            raise UndeliveredError("the desktop did not answer in time") from None
        except OSError as error:
            raise UndeliveredError(f"{self._command[0]}: {error.strerror}") from None
        if done.returncode:
            raise UndeliveredError(
                f"{os.path.basename(self._command[0])} ended with {done.returncode}"  # noqa: PTH119 -- a text, no file
            )


def find_desktop(
    *,
    platform: str = sys.platform,
    variables: Mapping[str, str] = os.environ,
    which: Callable[[str], str | None] = shutil.which,
) -> Desktop | None:
    """The desktop of this machine, or None where there is none that can notify."""
    command = _COMMANDS.get(platform)
    if command is None:
        return None
    if platform == "linux" and not any(variables.get(name) for name in _DESKTOPS):
        return None
    program = which(command[0])
    return Desktop([program, *command[1:]], variables) if program else None
