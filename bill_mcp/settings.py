"""What the operator set: an option beats a variable, a variable beats the file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bill_mcp.agents import Confirm
from bill_mcp.environments import (
    Environment,
)
from bill_mcp.errors import ConfigError
from bill_mcp.guard.policy_file import PolicyFile, dotted, read_policy
from bill_mcp.guard.rules import Mode
from bill_mcp.secret import Secret
from bill_mcp.sessions.profiles import (
    Profile,
    find_profile,
    read_profiles,
)
from bill_mcp.settings_places import (
    address_of,
    home_of,
    in_the_way,
    variables_given,
    vault_key_of,
)
from bill_mcp.settings_sources import Sources, settings_file


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that configures a server, checked.

    Attributes:
        embedded: Whether BILL is the simulator inside this process.
        base_url: Ends in ``/connect``, without a slash after it.
        tools: ``full``, ``compact``, or toolset names joined by commas.
        policy: What each agent may do; None where the operator wrote no file.
        profile: The connected account that is used; None for the variables.
        profiles: Those that an agent may choose from; *profile* is the first of them.
        home: Where settings, journal and audit live.
        home_is_given: The operator named it, and so says that it lasts.
        vault_key: Opens the encrypted file of secrets, in place of a keyring.
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
    policy: PolicyFile | None = None
    profile: str | None = None
    profiles: tuple[str, ...] = ()
    home: Path
    home_is_given: bool = False
    vault_key: Secret | None = None
    upload_roots: tuple[Path, ...] = ()
    log_level: str = "info"
    inline_credentials: bool = False
    seed: str = "demo"
    time: str | None = None
    state_file: Path | None = None

    @property
    def passes(self) -> bool:
        """Whether BILL is a simulated one that ends with this process."""
        return self.embedded and self.state_file is None


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
    home = home_of(environ)
    found = Sources(options, environ, settings_file(home))
    profile = _profile(found, environ, home)
    environment = _environment(found, environ, profile)
    given_url = environ.get("BILL_MCP_BASE_URL")
    base_url, embedded = address_of(
        environment, given_url or (profile.base_url if profile else None)
    )
    if profile is not None and given_url and profile.address != base_url:
        raise ConfigError(
            f"the profile {profile.name!r} was connected at {profile.address}; "
            "leave BILL_MCP_BASE_URL out, or connect an account there"
        )
    confirm = _confirm(found, environment)
    policy = _policy(found, home)
    if environment is Environment.PRODUCTION and confirm is Confirm.NEVER:
        _need_amount_limits(policy)
    _refuse_what_is_not_built(environ)
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
        policy=policy,
        profile=profile.name if profile else None,
        profiles=_profiles(found, home, profile),
        home=home,
        home_is_given=bool(environ.get("BILL_MCP_HOME")),
        vault_key=vault_key_of(environ),
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


def _profile(found: Sources, environ: Mapping[str, str], home: Path) -> Profile | None:
    """The connected account to use: the named one, or else the default.

    Variables that sign in stand for themselves: they are never mixed with a profile.
    """
    name = found.text("profile", "")
    if name:
        return find_profile(home, name)
    known = read_profiles(home)
    default = known.profiles.get(known.default or "")
    if in_the_way(environ, default):
        return None
    environment = found.text("environment", "")
    if default is None or (environment and environment != default.environment):
        return None
    return default


def _profiles(found: Sources, home: Path, profile: Profile | None) -> tuple[str, ...]:
    """What an agent may choose from: a named profile alone, or all of one BILL."""
    if profile is None:
        return ()
    if found.text("profile", ""):
        return (profile.name,)
    others = sorted(
        each.name
        for each in read_profiles(home).profiles.values()
        if each.name != profile.name
        and (each.environment, each.address) == (profile.environment, profile.address)
    )
    return (profile.name, *others)


def _environment(
    found: Sources, environ: Mapping[str, str], profile: Profile | None
) -> Environment:
    named = found.text("environment", "")
    if named:
        names = tuple(Environment)
        environment = Environment(found.choice("environment", named, names))
        if profile is not None and profile.environment is not environment:
            raise ConfigError(
                f"the profile {profile.name!r} is of {profile.environment}, but the "
                f"environment is {environment}"
            )
        return environment
    if profile is not None:
        return profile.environment
    given = variables_given(environ)
    if given:
        raise ConfigError(
            f"{', '.join(given)} given, but no environment: set "
            "BILL_MCP_ENVIRONMENT to sandbox, production or local"
        )
    return Environment.LOCAL


def _confirm(found: Sources, environment: Environment) -> Confirm:
    default = Confirm.NEVER if environment is Environment.LOCAL else Confirm.AUTO
    return Confirm(found.choice("confirm", default, tuple(Confirm)))


def policy_path(
    options: Mapping[str, Any], variables: Mapping[str, str] | None = None
) -> Path | None:
    """The policy file that a server would read, if the operator named one.

    Raises:
        ConfigError: The settings file can't be read.
    """
    environ = os.environ if variables is None else variables
    home = home_of(environ)
    return _policy_path(Sources(options, environ, settings_file(home)), home)


def _policy_path(found: Sources, home: Path) -> Path | None:
    text = found.text("policy", "")
    if not text:
        return None
    # What stands in the settings file is meant from where that file is.
    return (home if found.is_from_file("policy") else Path()) / Path(text).expanduser()


def _policy(found: Sources, home: Path) -> PolicyFile | None:
    path = _policy_path(found, home)
    return None if path is None else read_policy(path)


def _need_amount_limits(policy: PolicyFile | None) -> None:
    """Refuse to ask nobody in production while an agent could pay without end."""
    if policy is None:
        raise ConfigError(
            "--confirm never in production needs a policy file with amount limits"
        )
    for name, rules in policy.agents.items():
        if rules.mode is Mode.PAY and not rules.holds_amounts:
            raise ConfigError(
                "--confirm never in production needs amount limits, a payment or day "
                f"in every currency, in the table [{dotted(('agents', name))}] of the "
                "policy file"
            )


def _refuse_what_is_not_built(environ: Mapping[str, str]) -> None:
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
