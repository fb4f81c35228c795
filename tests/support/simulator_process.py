"""The simulator as a process of its own, reached over HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, kw_only=True)
class Simulator:
    """Where it is, and its control plane."""

    base_url: str

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the control plane."""
        root = self.base_url.removesuffix("/connect")
        answer = httpx.request(
            method, f"{root}/simulator/{path}", json=body, timeout=20
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def credentials(self, **wanted: str) -> dict[str, str]:
        """The variables of a login made for the test."""
        made = self.control("POST", "credentials", {"kind": "org", **wanted})
        return {name: text for name, text in made.items() if name.startswith("BILL_")}


@contextmanager
def simulator_process(seed: str = "demo") -> Iterator[Simulator]:
    """Serve a fresh world on a free port until the block ends."""
    command = [sys.executable, "-m", "bill_mcp", "simulator", "--port", "0"]
    process = subprocess.Popen(  # noqa: S603 -- our own program
        [*command, "--seed", seed], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield Simulator(base_url=process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
