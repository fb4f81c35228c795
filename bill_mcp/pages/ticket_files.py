"""The folder through which this machine's own processes hand a person's right over.

Each open question has one file there that only the operator's own user can read. What
stands in it is the whole right to the form, so it never appears in an address, a list
of processes, a log or anything else that an agent gets to see.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from bill_mcp.errors import ConfigError
from bill_mcp.private_files import make_private_folder

FOLDER_MODE, FILE_MODE = 0o700, 0o600
_ID = re.compile(r"[a-z2-7]{26}")


@dataclass(frozen=True, kw_only=True)
class TicketFile:
    """What ``bill-mcp open`` needs to know of one question.

    Attributes:
        address: Of the server that asks, without a slash at its end.
        title: What is asked, in a few words.
        expires: ISO 8601, UTC.
    """

    id: str
    ticket: str = field(repr=False)
    address: str
    title: str
    phrase: str
    expires: str


class TicketFolder:
    """The files of the open questions of every server that shares a home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self) -> None:
        """Make the folder, readable to nobody else.

        Raises:
            ConfigError: It cannot be made, or it is not ours alone.
        """
        try:
            make_private_folder(self._folder)
            found = self._folder.lstat()
            if not stat.S_ISDIR(found.st_mode):
                raise ConfigError(f"{self._folder}: is no folder")
            if hasattr(os, "getuid") and found.st_uid != os.getuid():
                raise ConfigError(f"{self._folder}: belongs to another user")
            self._folder.chmod(FOLDER_MODE)
        except OSError as error:
            raise ConfigError(f"{self._folder}: {error.strerror}") from None

    def put(self, ticket: TicketFile) -> None:
        self._write(ticket.id, json.dumps(asdict(ticket)))

    def put_page(self, ticket_id: str, page: str) -> Path:
        """Where a page now stands that a browser of this user can read."""
        self._remove(f"{ticket_id}.html")
        return self._write(f"{ticket_id}.html", page)

    def get(self, ticket_id: str) -> TicketFile | None:
        if _ID.fullmatch(ticket_id) is None:
            return None
        try:
            text = (self._folder / ticket_id).read_text(encoding="utf-8")
            return TicketFile(**json.loads(text))
        except (OSError, ValueError, TypeError):
            return None

    def waiting(self, now: datetime) -> list[TicketFile]:
        """The questions that a person could still answer, the newest first."""
        live = [t for t in self._all() if datetime.fromisoformat(t.expires) > now]
        return sorted(live, key=lambda ticket: ticket.expires, reverse=True)

    def remove(self, ticket_id: str) -> None:
        self._remove(ticket_id)
        self._remove(f"{ticket_id}.html")

    def sweep(self, now: datetime) -> None:
        """Remove what servers that have died left behind."""
        for ticket in self._all():
            if datetime.fromisoformat(ticket.expires) <= now:
                self.remove(ticket.id)
        for page in self._folder.glob("*.html"):
            if not (self._folder / page.stem).exists():
                self._remove(page.name)

    def _all(self) -> Iterator[TicketFile]:
        for path in sorted(self._folder.glob("*")):
            found = self.get(path.name)
            if found is not None:
                yield found

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        # O_EXCL also refuses a link that somebody laid there.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with os.fdopen(os.open(path, flags, FILE_MODE), "w", encoding="utf-8") as f:
                f.write(text)
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from None
        return path

    def _remove(self, name: str) -> None:
        with suppress(OSError):
            (self._folder / name).unlink()
