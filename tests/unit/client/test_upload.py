"""The bytes of an upload."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bill_mcp.client.upload import read_file
from bill_mcp.errors import ArgumentsError, RefusedError
from bill_mcp.specs.own_arguments import UPLOAD_BYTES

CONTENT = b"%PDF-1.7 made up"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An allowed folder with a file, a folder, and a neighbour outside."""
    root = (tmp_path / "allowed").resolve()
    (root / "inner").mkdir(parents=True)
    (root / "invoice.pdf").write_bytes(CONTENT)
    (root / "inner" / "deep.pdf").write_bytes(CONTENT)
    (tmp_path / "outside.pdf").write_bytes(b"not yours")
    return root


@pytest.fixture(autouse=True)
def open_descriptors() -> Iterator[None]:
    """No test leaves a descriptor open, whatever was refused."""
    before = set(Path("/dev/fd").iterdir())
    yield
    assert set(Path("/dev/fd").iterdir()) <= before


def refusal_of(path: Path | str, *roots: Path) -> ArgumentsError:
    with pytest.raises(ArgumentsError) as caught:
        read_file({"file_path": str(path)}, roots)
    assert "not yours" not in str(caught.value.as_dict())
    return caught.value


def test_base64_becomes_the_bytes() -> None:
    text = base64.b64encode(CONTENT).decode()
    assert read_file({"file_base64": text}, ()) == CONTENT


@pytest.mark.parametrize("text", ["not base64!", "YQ", "YQ==\n", "YQ=*=", "é"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(ArgumentsError, match="is not base64"):
        read_file({"file_base64": text}, ())


@pytest.mark.parametrize("names", [(), ("file_base64", "file_path")])
def test_exactly_one_source_is_taken(names: tuple[str, ...]) -> None:
    with pytest.raises(ArgumentsError, match="exactly one"):
        read_file(dict.fromkeys(names, "YQ=="), ())


def test_empty_file_is_refused(folder: Path) -> None:
    (folder / "empty.pdf").touch()
    assert "empty" in str(refusal_of(folder / "empty.pdf", folder))
    with pytest.raises(ArgumentsError, match="empty"):
        read_file({"file_base64": ""}, ())


def test_largest_file_is_taken_and_one_byte_more_is_not(folder: Path) -> None:
    path = folder / "large.pdf"
    path.write_bytes(bytes(UPLOAD_BYTES))
    assert len(read_file({"file_path": str(path)}, [folder])) == UPLOAD_BYTES
    path.write_bytes(bytes(UPLOAD_BYTES + 1))
    assert "6 MB" in str(refusal_of(path, folder))


def test_endless_file_is_read_no_further_than_needed(folder: Path) -> None:
    path = folder / "sparse.pdf"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "6 MB" in str(refusal_of(path, folder))


@pytest.mark.parametrize("name", ["invoice.pdf", "inner/deep.pdf"])
def test_file_inside_an_allowed_folder_is_read(folder: Path, name: str) -> None:
    assert read_file({"file_path": str(folder / name)}, [folder]) == CONTENT


def test_every_allowed_folder_counts(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    found = read_file({"file_path": str(folder / "invoice.pdf")}, [other, folder])
    assert found == CONTENT


@pytest.mark.parametrize(
    "path",
    [
        "{root}/../outside.pdf",
        "{root}/inner/../../outside.pdf",
        "{root}",
        "{root}-evil/invoice.pdf",
        "invoice.pdf",
        "/etc/passwd",
        "{root}/a\0b",
    ],
)
def test_path_outside_the_allowed_folders_is_refused(folder: Path, path: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read_file({"file_path": path.format(root=folder)}, [folder])
    assert caught.value.code == "file_refused"
    assert "BILL_MCP_UPLOAD_ROOTS" in caught.value.advice


def test_without_allowed_folders_no_path_is_read(folder: Path) -> None:
    with pytest.raises(RefusedError):
        read_file({"file_path": str(folder / "invoice.pdf")}, ())


@pytest.mark.parametrize("target", ["../outside.pdf", "invoice.pdf", "/etc/passwd"])
def test_link_to_a_file_is_not_followed(folder: Path, target: str) -> None:
    (folder / "link.pdf").symlink_to(target)
    assert "link" in str(refusal_of(folder / "link.pdf", folder))


def test_link_to_a_folder_on_the_way_is_not_followed(folder: Path) -> None:
    (folder / "out").symlink_to(folder.parent)
    assert "link" in str(refusal_of(folder / "out" / "outside.pdf", folder))


def test_named_pipe_is_refused_without_waiting_for_its_writer(folder: Path) -> None:
    os.mkfifo(folder / "pipe.pdf")
    assert "no regular file" in str(refusal_of(folder / "pipe.pdf", folder))


def test_folder_is_no_file(folder: Path) -> None:
    assert "no regular file" in str(refusal_of(folder / "inner", folder))


@pytest.mark.parametrize("name", ["absent.pdf", "invoice.pdf/x", "no/such/folder.pdf"])
def test_file_that_is_not_there_is_said_so(folder: Path, name: str) -> None:
    assert "cannot be read" in str(refusal_of(folder / name, folder))


def test_allowed_folder_that_went_away_is_no_fault_of_the_server(
    tmp_path: Path,
) -> None:
    gone = tmp_path / "gone"
    assert "cannot be read" in str(refusal_of(gone / "invoice.pdf", gone))
