"""Where secrets rest: a keyring that may be trusted, or an encrypted file."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from support.keyrings import (
    ChainedKeyring,
    LockedKeyring,
    OpenKeyring,
    PlaintextKeyring,
    RenamedKeyring,
    WeakKeyring,
    own_keyring,
)

from bill_mcp.errors import ConfigError
from bill_mcp.private_files import write_private
from bill_mcp.sessions.vault import (
    FILE_NAME,
    FileVault,
    MemoryVault,
    Vault,
    open_vault,
)

KEY = "canary-key-of-the-operator"
CANARY = "canary-secret-é-7c1f"


@pytest.fixture(params=["keyring", "file", "memory"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vault]:
    with own_keyring(OpenKeyring()):
        kinds: dict[str, Callable[[], Vault]] = {
            "keyring": lambda: open_vault(tmp_path, None),
            "file": lambda: open_vault(tmp_path, KEY),
            "memory": MemoryVault,
        }
        yield kinds[request.param]()


def test_what_is_put_is_there_until_it_is_deleted(vault: Vault) -> None:
    assert vault.get("one") is None
    vault.put("one", CANARY)
    vault.put("two", "other")
    vault.put("two", "another")
    assert (vault.get("one"), vault.get("two")) == (CANARY, "another")
    vault.delete("one")
    vault.delete("one")
    assert (vault.get("one"), vault.get("two")) == (None, "another")


def test_keyring_that_serves_is_named_and_no_file_is_written(tmp_path: Path) -> None:
    ring = OpenKeyring()
    with own_keyring(ring):
        vault = open_vault(tmp_path, None)
        vault.put("profile/a", CANARY)
    assert vault.where == "the keyring (support.keyrings)"
    assert ring.passwords == {("bill-mcp", "profile/a"): CANARY}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "absent",
    [
        fail.Keyring,
        null.Keyring,
        PlaintextKeyring,
        RenamedKeyring,
        WeakKeyring,
        type("File", (OpenKeyring,), {"__module__": "keyrings.alt.file"}),
        lambda: ChainedKeyring(OpenKeyring(), PlaintextKeyring()),
        lambda: ChainedKeyring(ChainedKeyring(OpenKeyring(), RenamedKeyring())),
    ],
)
def test_keyring_that_keeps_nothing_or_plain_text_is_refused(
    tmp_path: Path, absent: Callable[[], KeyringBackend]
) -> None:
    with own_keyring(absent()):
        with pytest.raises(ConfigError, match="no keyring serves here, and BILL_MCP_"):
            open_vault(tmp_path, None)
        assert open_vault(tmp_path, KEY).where == (
            f"the encrypted file {tmp_path / FILE_NAME}"
        )


def test_chain_of_keyrings_that_leads_back_to_itself_is_looked_at_once(
    tmp_path: Path,
) -> None:
    chain = ChainedKeyring(OpenKeyring())
    chain.backends = (*chain.backends, chain)
    with own_keyring(chain):
        assert open_vault(tmp_path, None).where == "the keyring (support.keyrings)"


def test_keyring_that_says_it_does_not_work_is_no_traceback(tmp_path: Path) -> None:
    class Broken(OpenKeyring):
        @property
        def priority(self) -> float:  # type: ignore[override]  # as keyring's own do
            raise RuntimeError("canary")

    with (
        own_keyring(Broken()),
        pytest.raises(ConfigError, match="no keyring serves here"),
    ):
        open_vault(tmp_path, None)


def test_locked_keyring_is_said_so_in_our_words(tmp_path: Path) -> None:
    with own_keyring(LockedKeyring()):
        vault = open_vault(tmp_path, None)
        acts: list[Callable[[], object]] = [
            lambda: vault.get("a"),
            lambda: vault.put("a", CANARY),
            lambda: vault.delete("a"),
        ]
        for act in acts:
            with pytest.raises(ConfigError) as caught:
                act()
            told = str(caught.value)
            assert told.startswith("the keyring is locked or absent (KeyringLocked); ")
            assert "canary" not in told


def test_file_is_its_owners_alone_and_shows_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    FileVault(home / FILE_NAME, KEY).put("profile/a", CANARY)
    path = home / FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
    sealed = path.read_bytes()
    for shown in (sealed, base64.b64decode(sealed)):
        assert b"canary" not in shown
        assert b"profile" not in shown
    assert [each for each in home.iterdir() if each.is_file()] == [path]


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    def put(name: str) -> None:
        FileVault(tmp_path / FILE_NAME, KEY).put(name, CANARY)

    names = ["one", "two", "three", "four"]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(put, names))
    vault = FileVault(tmp_path / FILE_NAME, KEY)
    assert [vault.get(name) for name in names] == [CANARY] * len(names)


def test_the_same_secrets_are_never_sealed_alike(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / FILE_NAME, KEY)
    vault.put("a", CANARY)
    first = (tmp_path / FILE_NAME).read_bytes()
    vault.put("a", CANARY)
    assert (tmp_path / FILE_NAME).read_bytes()[:20] != first[:20]


def test_another_key_opens_nothing_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    FileVault(path, KEY).put("a", CANARY)
    before = path.read_bytes()
    other = FileVault(path, "another-key")
    acts: list[Callable[[], object]] = [
        lambda: other.get("a"),
        lambda: other.put("a", ""),
        lambda: other.delete("a"),
    ]
    for act in acts:
        with pytest.raises(ConfigError, match="BILL_MCP_KEY does not open it") as told:
            act()
        assert "another-key" not in str(told.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", [0, 20, 40, -1])
def test_one_changed_byte_opens_nothing(tmp_path: Path, place: int) -> None:
    path = tmp_path / FILE_NAME
    vault = FileVault(path, KEY)
    vault.put("a", CANARY)
    content = bytearray(base64.b64decode(path.read_bytes()))
    content[place] ^= 1
    path.write_bytes(base64.b64encode(content))
    with pytest.raises(ConfigError, match="does not open it"):
        vault.get("a")


@pytest.mark.parametrize("content", [b"", b"abc", b"no base64 at all \xff"])
def test_file_that_is_none_of_ours_is_no_traceback(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="does not open it"):
        FileVault(path, KEY).get("a")


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(ConfigError, match=f"{FILE_NAME}: Is a directory"):
        open_vault(tmp_path, KEY).get("a")


def test_writing_that_fails_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / FILE_NAME
    write_private(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
