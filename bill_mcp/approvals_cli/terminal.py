"""The controlling terminal: the only place where an approver is asked anything.

Never standard input: what is piped in, or stands in a variable or on the command line,
may come from an agent.
"""

from __future__ import annotations

import getpass
import termios
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from bill_mcp.errors import ConfigError
from bill_mcp.secret import LiveSecrets, Secret

DEVICE = Path("/dev/tty")


class ControllingTerminal:
    """Tells and asks the person who sits there."""

    def __init__(self, keys: TextIO, screen: TextIO, live: LiveSecrets) -> None:
        self._keys, self._screen, self._live = keys, screen, live
        self._console = Console(
            file=screen, highlight=False, markup=False, emoji=False, soft_wrap=True
        )

    def say(self, text: str = "", style: str = "") -> None:
        self._console.print(Text(text, style=style))

    def line(self, label: str, default: str = "") -> str:
        """What the person types, or *default* for an empty line.

        Raises:
            EOFError: The person has closed the terminal.
        """
        prompt = f"{label} [{default}]: " if default else f"{label}: "
        # What was typed or pasted before the question is no answer to it.
        termios.tcflush(self._keys, termios.TCIFLUSH)
        self._screen.write(prompt)
        self._screen.flush()
        typed = self._keys.readline()
        if not typed:
            raise EOFError
        return typed.strip() or default

    def hidden(self, label: str) -> Secret:
        """What the person types without seeing it, spaces and all.

        Raises:
            ConfigError: The terminal can't hide it.
            EOFError: The person has closed the terminal.
        """
        with warnings.catch_warnings():
            # Where it can't hide what is typed, getpass only warns and then shows it.
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                secret = Secret(getpass.getpass(f"{label} (hidden): "))
            except getpass.GetPassWarning:
                raise ConfigError(
                    "this terminal can't hide what is typed, so nothing is asked here"
                ) from None
            except UnicodeDecodeError:
                raise ConfigError("what was typed is no text") from None
        self._live.add([secret])
        return secret

    def agree(self, question: str) -> bool:
        """Whether the person says yes; there is no default."""
        while True:
            answer = self.line(f"{question} (yes/no)").lower()
            if answer in {"y", "yes", "n", "no"}:
                return answer.startswith("y")


@contextmanager
def controlling_terminal(live: LiveSecrets) -> Iterator[ControllingTerminal]:
    """The terminal of this process, however its input and output are redirected.

    Raises:
        ConfigError: There is none, so there is nobody to ask.
    """
    try:
        keys = DEVICE.open(encoding="utf-8", errors="replace")
    except OSError:
        raise ConfigError(
            "there is no terminal here, and approvers are asked at a terminal only: "
            "nothing is read from pipes, files, variables or the command line"
        ) from None
    with keys, DEVICE.open("w", encoding="utf-8", errors="replace") as screen:
        yield ControllingTerminal(keys, screen, live)
