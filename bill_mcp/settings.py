"""What the operator set: an option beats a variable, a variable beats the file."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from bill_mcp.agents import Confirm
from bill_mcp.environments import (
    BASE_URLS,
    EMBEDDED_URL,
    LOOPBACK_HOSTS,
    PRODUCTION_HOSTS,
    Environment,
)
from bill_mcp.errors import ConfigError
from bill_mcp.sessions.credentials import ALL_VARIABLES

_IN_FILE = frozenset(
    {
        "environment",
        "tools",
        "output_schemas",
        "read_only",
        "confirm",
        "profile",
        "policy",
        "log_level",
        "allow_inline_credentials",
    }
)
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that configures a server, checked.

    Attributes:
        embedded: Whether BILL is the simulator inside this process.
        base_url: Ends in ``/connect``, without a slash after it.
        tools: ``full``, ``compact``, or toolset names joined by commas.
        home: Where settings, journal and audit live.
        upload_roots: Folders that ``file_path`` may read from.
        seed: Local only; with *time* and *state_file* it describes the world.
    """

    environment: Environment
    embedded: bool
    base_url: str
    tools: str = "full"
    output_schemas: bool = True
    read_only: bool = False
    confirm: Confirm
    profile: str | None = None
    home: Path
    upload_roots: tuple[Path, ...] = ()
    log_level: str = "info"
    inline_credentials: bool = False
    seed: str = "demo"
    time: str | None = None
    state_file: Path | None = None


def resolve(
    options: Mapping[str, Any], variables: Mapping[str, str] | None = None
) -> Settings:
    """Settings from command-line options, the environment and the settings file.

    Args:
        options: By names of `Settings`; None where an option was not given.
        variables: The environment; the process's own by default.

    Raises:
        ConfigError: Something is missing, unknown or contradictory.
    """
    environ = os.environ if variables is None else variables
    home = Path(environ.get("BILL_MCP_HOME") or platformdirs.user_data_dir("bill-mcp"))
    found = _Lookup(options, environ, _settings_file(home))
    environment = _environment(found, environ)
    base_url, embedded = _base_url(environment, environ.get("BILL_MCP_BASE_URL"))
    confirm = _confirm(found, environment)
    _refuse_what_is_not_built(found, environment, environ)
    if not embedded:
        given = [
            n for n in ("seed", "time", "state_file") if options.get(n) is not None
        ]
        if given:
            raise ConfigError(
                f"--{given[0].replace('_file', '')} is for the embedded simulator only"
            )
    return Settings(
        environment=environment,
        embedded=embedded,
        base_url=base_url,
        tools=found.text("tools", "full"),
        output_schemas=found.flag("output_schemas", default=True),
        read_only=found.flag("read_only", default=False),
        confirm=confirm,
        profile=found.text("profile", "") or None,
        home=home,
        upload_roots=_folders(environ.get("BILL_MCP_UPLOAD_ROOTS", "")),
        log_level=found.choice(
            "log_level", "info", ("debug", "info", "warning", "error")
        ),
        inline_credentials=embedded
        or found.flag("allow_inline_credentials", default=False),
        seed=options.get("seed") or "demo",
        time=options.get("time"),
        state_file=Path(options["state_file"]) if options.get("state_file") else None,
    )


class _Lookup:
    """One setting by name: option, then variable, then file."""

    def __init__(
        self,
        options: Mapping[str, Any],
        environ: Mapping[str, str],
        file: Mapping[str, Any],
    ) -> None:
        self._options, self._environ, self._file = options, environ, file

    def text(self, name: str, default: str) -> str:
        for value in (
            self._options.get(name),
            self._environ.get(f"BILL_MCP_{name.upper()}") or None,
            self._file.get(name),
        ):
            if value is not None:
                return str(value)
        return default

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise ConfigError(f"{name} is {value!r}, not one of {', '.join(allowed)}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "on" if default else "off").lower()
        if value not in _TRUE | _FALSE:
            raise ConfigError(f"{name} is {value!r}, not on or off")
        return value in _TRUE


def _settings_file(home: Path) -> Mapping[str, Any]:
    path = home / "settings.toml"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from None
    unknown = sorted(set(found) - _IN_FILE)
    if unknown:  # a slip such as read-only must not silently loosen anything
        raise ConfigError(
            f"{path}: {', '.join(unknown)} unknown; there are "
            f"{', '.join(sorted(_IN_FILE))}"
        )
    return found


def _environment(found: _Lookup, environ: Mapping[str, str]) -> Environment:
    named = found.text("environment", "")
    if named:
        names = tuple(Environment)
        return Environment(found.choice("environment", named, names))
    about_bill = [
        name
        for name in (*ALL_VARIABLES, "BILL_MCP_BASE_URL", "BILL_MCP_PROFILE")
        if environ.get(name) or environ.get(f"{name}_FILE")
    ]
    if found.text("profile", ""):
        about_bill.append("a profile")
    if about_bill:
        raise ConfigError(
            f"{', '.join(about_bill)} given, but no environment: set "
            "BILL_MCP_ENVIRONMENT to sandbox, production or local"
        )
    return Environment.LOCAL


def _base_url(environment: Environment, given: str | None) -> tuple[str, bool]:
    if not given:
        if environment is Environment.LOCAL:
            return EMBEDDED_URL, True
        return BASE_URLS[environment], False
    url = given.rstrip("/")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise ConfigError("BILL_MCP_BASE_URL is no URL") from None
    if not host or not url.isprintable() or set(url) & set(" \\"):
        raise ConfigError("BILL_MCP_BASE_URL is no URL")
    loopback = host in LOOPBACK_HOSTS
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError("BILL_MCP_BASE_URL holds more than scheme, host and path")
    if not url.endswith("/connect"):
        raise ConfigError("BILL_MCP_BASE_URL does not end in /connect")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ConfigError("BILL_MCP_BASE_URL is neither https nor a loopback address")
    if environment is Environment.LOCAL and not loopback:
        raise ConfigError(
            "BILL_MCP_BASE_URL is not on this machine, but the environment is local"
        )
    if environment is Environment.SANDBOX and host in PRODUCTION_HOSTS:
        raise ConfigError(
            "BILL_MCP_BASE_URL is BILL's production, but the environment is sandbox"
        )
    return url, False


def _confirm(found: _Lookup, environment: Environment) -> Confirm:
    default = Confirm.NEVER if environment is Environment.LOCAL else Confirm.AUTO
    return Confirm(found.choice("confirm", default, tuple(Confirm)))


def _refuse_what_is_not_built(
    found: _Lookup, environment: Environment, environ: Mapping[str, str]
) -> None:
    if found.text("policy", ""):
        raise ConfigError("this version has no policy files; leave --policy out")
    confirm = _confirm(found, environment)
    if environment is Environment.PRODUCTION and confirm is Confirm.NEVER:
        raise ConfigError(
            "--confirm never in production needs a policy file with amount limits, "
            "and this version has none"
        )
    for name in ("BILL_MCP_STORE", "BILL_MCP_DATABASE"):
        if environ.get(name):
            raise ConfigError(f"this version has no shared store; leave {name} out")


def _folders(text: str) -> tuple[Path, ...]:
    folders = []
    for part in filter(None, text.split(os.pathsep)):
        folder = Path(part)
        if not folder.is_absolute() or not folder.is_dir():
            raise ConfigError(f"BILL_MCP_UPLOAD_ROOTS: {part} is no absolute folder")
        folders.append(folder.resolve())
    return tuple(folders)
