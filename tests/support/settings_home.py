"""Settings of a home folder: its file, its accounts, and a server that they start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bill_mcp.app import application
from bill_mcp.environments import Environment
from bill_mcp.errors import ConfigError
from bill_mcp.sessions.profiles import (
    Profile,
    ProfileList,
    read_profiles,
    write_profiles,
)
from bill_mcp.settings import Settings, resolve

LOCAL, SANDBOX, PRODUCTION = Environment
BASE_URL = "BILL_MCP_BASE_URL"
STAGE = "https://gateway.stage.bill.com/connect"
BILL_VARIABLES = (
    "BILL_USERNAME",
    "BILL_PASSWORD",
    "BILL_ORGANIZATION_ID",
    "BILL_DEV_KEY",
    "BILL_APP_KEY",
    "BILL_API_TOKEN",
    "BILL_REMEMBER_ME_ID",
    "BILL_DEVICE",
)


def settings(
    home: Path, variables: dict[str, str] | None = None, **options: Any
) -> Settings:
    return resolve(options, {"BILL_MCP_HOME": str(home), **(variables or {})})


def refusal(home: Path, variables: dict[str, str] | None = None, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(home, variables, **options)
    return str(caught.value)


def connect(
    home: Path,
    *names: str,
    environment: Environment = SANDBOX,
    base_url: str | None = None,
) -> None:
    """Lists accounts as ``bill-mcp login`` does; the first of all is the default."""
    known = read_profiles(home)
    fresh = {
        name: Profile(
            name=name,
            environment=environment,
            base_url=base_url,
            kind="organization",
            organization_id="008",
            username="ap@example.test",
            connected_at="2026-11-22T09:00:00+00:00",
        )
        for name in names
    }
    profiles = {**known.profiles, **fresh}
    write_profiles(
        home, ProfileList(default=known.default or names[0], profiles=profiles)
    )


def write(home: Path, text: str) -> None:
    (home / "settings.toml").write_text(text, encoding="utf-8")


async def start(home: Path, variables: dict[str, str], **options: Any) -> None:
    async with application(settings(home, variables, **options), variables=variables):
        pass
