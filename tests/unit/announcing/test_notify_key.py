from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bill_mcp.announcing.notify_key import make_key, read_key
from bill_mcp.cli import app
from bill_mcp.errors import ConfigError
from bill_mcp.sessions.vault import MemoryVault, open_vault


def test_the_key_is_made_once_unless_it_is_replaced() -> None:
    vault = MemoryVault()
    assert read_key(vault) is None
    first = make_key(vault)
    with pytest.raises(ConfigError, match="--replace"):
        make_key(vault)
    assert read_key(vault) == first
    second = make_key(vault, replace=True)
    assert read_key(vault) == second != first
    assert len(first.reveal()) == 43


def test_the_command_shows_it_once_and_keeps_it_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILL_MCP_HOME", str(tmp_path))
    monkeypatch.setenv("BILL_MCP_KEY", "canary-vault-key")
    first = CliRunner().invoke(app, ["notify-key"])
    assert first.exit_code == 0
    key = first.stdout.strip()
    kept = read_key(open_vault(tmp_path, "canary-vault-key"))
    assert kept is not None
    assert kept.reveal() == key
    assert not any(
        key.encode() in path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    )
    again = CliRunner().invoke(app, ["notify-key"])
    assert isinstance(again.exception, ConfigError)
    assert key not in again.output
    replaced = CliRunner().invoke(app, ["notify-key", "--replace"])
    assert replaced.stdout.strip() not in {"", key}
