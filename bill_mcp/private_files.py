"""Files and folders that only their owner may read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner may look into; one that is there stays."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


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
