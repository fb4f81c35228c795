"""A folder in which several processes share BILL's limits; each is a `LimitsFile`."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path

from bill_mcp.client.budgets import Budgets
from bill_mcp.client.counts import SqliteCounts
from bill_mcp.client.limits_file import FILE_NAME, LimitsFile
from bill_mcp.client.shared_slots import SqliteSlots
from bill_mcp.clock import Clock

PLACE = "https://bill.test/connect"


@dataclass
class LimitsHome:
    """Hands out the stores of one process after another.

    Attributes:
        files: One for each process that was started.
    """

    folder: Path
    clock: Clock
    files: list[LimitsFile] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def path(self) -> Path:
        return self.folder / FILE_NAME

    def process(self, clock: Clock | None = None) -> LimitsFile:
        file = LimitsFile(
            self.folder, clock or self.clock, new_id=self._new_id, jitter=lambda: 0.5
        )
        self.files.append(file)
        return file

    async def opened(self, clock: Clock | None = None) -> LimitsFile:
        """A process that has done its first look, which takes a thread."""
        file = self.process(clock)
        await file.look(lambda _: None)
        return file

    def slots(self, file: LimitsFile | None = None) -> SqliteSlots:
        return SqliteSlots(file or self.process(), PLACE)

    def budgets(self, file: LimitsFile | None = None) -> Budgets:
        file = file or self.process()
        return Budgets(file.clock, SqliteCounts(file, PLACE))

    def close(self) -> None:
        for file in self.files:
            file.close()

    def _new_id(self, length: int) -> str:
        return f"{next(self._numbers):0{length}}"


def killed(file: LimitsFile) -> None:
    """End a process as SIGKILL does: its lock goes, all that it wrote stays."""
    descriptor = file.processes._descriptor  # noqa: SLF001 -- nothing public dies so
    assert descriptor is not None
    os.close(descriptor)
    file.processes._descriptor = None  # noqa: SLF001
    file.close()
