"""The bytes of an upload: from base64, or from a file inside an allowed folder."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bill_mcp.errors import ArgumentsError, CallError, RefusedError
from bill_mcp.specs.own_arguments import FILE_ARGUMENTS, UPLOAD_BYTES


def read_file(arguments: Mapping[str, Any], roots: Sequence[Path]) -> bytes:
    """The bytes that the arguments name.

    Args:
        arguments: Holds ``file_base64`` or ``file_path``, exactly one of them.
        roots: Folders that ``file_path`` may read from; none means never.

    Raises:
        ArgumentsError: Neither or both were given, or the bytes can't be had.
        RefusedError: The path is outside the allowed folders.
    """
    given = [name for name in FILE_ARGUMENTS if name in arguments]
    if len(given) != 1:
        raise _unusable("file_base64", "give exactly one of file_base64 and file_path")
    if given == ["file_base64"]:
        content = _decode(arguments["file_base64"])
    else:
        content = _open_inside(arguments["file_path"], roots)
    if not content:
        raise _unusable(given[0], "the file is empty")
    if len(content) > UPLOAD_BYTES:
        raise _unusable(given[0], "the file is larger than 6 MB")
    return content


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _unusable("file_base64", "is not base64") from None


def _open_inside(text: str, roots: Sequence[Path]) -> bytes:
    """Open once, step by step from the root, following no link on the way."""
    path = Path(text)
    for root in roots:
        if path.is_absolute() and path.is_relative_to(root):
            steps = path.relative_to(root).parts
            break
    else:
        raise _outside()
    if not steps or ".." in steps or "\0" in text:
        raise _outside()
    try:
        opened = _opened(root, steps)
        # Python opens no file object on a directory, so its kind is asked first.
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise _unusable("file_path", "is no regular file")
        with os.fdopen(opened, "rb") as file:
            return file.read(UPLOAD_BYTES + 1)
    except OSError:
        raise _unusable("file_path", "cannot be read, or is a link") from None


def _opened(root: Path, steps: Sequence[str]) -> int:
    """The descriptor of the file at *steps* below *root*."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for step in steps[:-1]:
            inner = os.open(
                step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder
            )
            os.close(folder)
            folder = inner
        # O_NONBLOCK: opening a named pipe must not wait for its writer.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(steps[-1], flags, dir_fd=folder)
    finally:
        os.close(folder)


def _unusable(name: str, why: str) -> CallError:
    return ArgumentsError(
        f"the file cannot be used: {why}",
        advice="Correct the file argument and call again.",
        faults=[{"path": name, "message": why}],
    )


def _outside() -> CallError:
    return RefusedError(
        "file_path is outside the folders that the operator allowed",
        advice="Send the bytes as file_base64, or ask the operator to name the folder "
        "in BILL_MCP_UPLOAD_ROOTS.",
        code="file_refused",
    )
