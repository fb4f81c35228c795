"""Whether the journal's place lasts: money is not moved where it may be lost."""

from __future__ import annotations

import os
from pathlib import Path

from bill_mcp.errors import RefusedError

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "lustre",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
)
"""As Linux names them. SQLite's locks are not to be relied on there.

Source: SQLite's page on how a database gets corrupted.
"""

CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that container engines put into every container."""

MOUNTS = Path("/proc/self/mountinfo")


def check(home: Path, *, is_given: bool) -> None:
    """Let money move if the journal in *home* is on a local disk that lasts.

    What other systems than Linux mount is not known here, and passes.

    Args:
        home: Where the journal is.
        is_given: The operator named the place, and so says that it lasts.

    Raises:
        RefusedError: It is on a network, or in a container and nobody named it.
    """
    system = file_system_of(home)
    if system in NETWORK_FILE_SYSTEMS:
        raise _refused(
            f"the journal is on a network file system ({system}), where two computers "
            "could each believe to be alone",
            "set BILL_MCP_HOME to a folder on a local disk",
        )
    if not is_given and any(mark.exists() for mark in CONTAINER_MARKS):
        raise _refused(
            "the journal would be lost with this container",
            "mount a lasting volume and set BILL_MCP_HOME to it",
        )


def file_system_of(path: Path, mounts: Path | None = None) -> str | None:
    """The kind of file system that *path* is on; None where nobody tells."""
    mounts = mounts or MOUNTS
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    wanted = os.path.realpath(path)
    best, kind = "", None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, names = before.split(), after.split()
        if len(fields) < 5 or not names:  # noqa: PLR2004 -- the point is the fifth
            continue
        point = fields[4].replace("\\040", " ")
        inside = wanted == point or wanted.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, names[0]
    return kind


def _refused(what: str, mend: str) -> RefusedError:
    return RefusedError(
        f"no money is moved: {what}",
        advice=f"Tell the operator to {mend}; nothing was sent.",
        code="journal_place",
    )
