"""Files and folders that only their owner may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner may look into; one that is there stays.

    Those above it that are missing too are made as private: whichever part of the
    program comes first makes `BILL_MCP_HOME`, and most want a folder inside it.
    """
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:  # of parents that are missing, Python makes public ones
        if path.parent == path:  # a drive that is not there
            raise
        make_private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """Replace a file whole, readable by its owner only."""
    make_private_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
