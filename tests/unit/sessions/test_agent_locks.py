"""Which agents a process has to itself."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from bill_mcp.sessions.agent_locks import AgentLocks


def test_each_process_gets_the_first_agent_that_no_other_has(tmp_path: Path) -> None:
    one, two, three = (AgentLocks(tmp_path) for _ in range(3))
    assert one.first_free("stdio:work") == "stdio:work:1"
    assert two.first_free("stdio:work") == "stdio:work:2"
    assert two.first_free("stdio:other") == "stdio:other:1"
    one.close()
    assert three.first_free("stdio:work") == "stdio:work:1"
    assert three.first_free("stdio:work") == "stdio:work:3"


def test_agent_is_one_processs_until_it_ends(tmp_path: Path) -> None:
    one, two = AgentLocks(tmp_path), AgentLocks(tmp_path)
    assert one.hold("command-line")
    assert one.hold("command-line")
    assert not two.hold("command-line")
    one.close()
    assert two.hold("command-line")


def test_files_tell_nothing_and_are_their_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "agents"
    AgentLocks(folder).first_free("stdio:canary-profile")
    (file,) = folder.iterdir()
    assert "canary" not in file.name
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_where_nothing_can_be_locked_every_key_is_random(tmp_path: Path) -> None:
    in_the_way = tmp_path / "agents"
    in_the_way.touch()
    locks = AgentLocks(in_the_way)
    one, two = locks.first_free("stdio:work"), locks.first_free("stdio:work")
    assert one != two
    assert len(one) > len("stdio:work:") + 30
    assert not locks.hold(one)
    with locks.alone("state-key"):
        pass


def test_file_system_that_grants_every_lock_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fcntl.flock", lambda _descriptor, _how: None)
    locks = AgentLocks(tmp_path)
    assert not locks.hold("command-line")
    assert locks.first_free("stdio:work") != "stdio:work:1"


def test_file_system_that_grants_no_lock_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_descriptor: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", refused)
    locks = AgentLocks(tmp_path)
    assert not locks.hold("command-line")
    assert locks.first_free("stdio:work") != "stdio:work:1"
