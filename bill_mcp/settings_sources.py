"""Where one setting comes from: an option, else a variable, else the settings file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bill_mcp.errors import ConfigError

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


class Sources:
    """One setting by name: option, then variable, then file."""

    def __init__(
        self,
        options: Mapping[str, Any],
        environ: Mapping[str, str],
        file: Mapping[str, Any],
    ) -> None:
        self._options, self._environ, self._file = options, environ, file

    def text(self, name: str, default: str) -> str:
        value = self._given(name)
        if value is None:
            value = self._file.get(name)
        return default if value is None else str(value)

    def is_from_file(self, name: str) -> bool:
        """Whether neither an option nor a variable is in the file's way."""
        return self._given(name) is None and name in self._file

    def _given(self, name: str) -> Any:
        option = self._options.get(name)
        if option is not None:
            return option
        return self._environ.get(f"BILL_MCP_{name.upper()}") or None

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


def settings_file(home: Path) -> Mapping[str, Any]:
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
