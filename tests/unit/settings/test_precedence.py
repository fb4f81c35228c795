"""An option beats a variable, which beats the file; defaults where none is given."""

from pathlib import Path
from typing import Any

import pytest
from support.settings_home import LOCAL, PRODUCTION, SANDBOX, connect, settings, write

from bill_mcp.agents import Confirm
from bill_mcp.environments import BASE_URLS, EMBEDDED_URL, Environment
from bill_mcp.settings import Settings, resolve


def test_only_a_home_that_the_operator_names_is_known_to_last(home: Path) -> None:
    assert settings(home).home_is_given
    assert not resolve({}, {"HOME": str(home)}).home_is_given


def test_without_anything_it_is_the_simulator_inside_the_process(home: Path) -> None:
    assert settings(home) == Settings(
        environment=LOCAL,
        embedded=True,
        base_url=EMBEDDED_URL,
        tools="full",
        output_schemas=True,
        read_only=False,
        confirm=Confirm.NEVER,
        profile=None,
        home=home,
        home_is_given=True,
        upload_roots=(),
        log_level="info",
        inline_credentials=True,
        seed="demo",
        time=None,
        state_file=None,
    )


@pytest.mark.parametrize("environment", [SANDBOX, PRODUCTION])
def test_elsewhere_a_person_is_asked_and_secrets_come_from_the_operator(
    home: Path, environment: Environment
) -> None:
    found = settings(home, environment=environment)
    assert not found.embedded
    assert found.base_url == BASE_URLS[environment]
    assert found.confirm is Confirm.AUTO
    assert not found.inline_credentials


def test_home_is_the_platforms_folder_unless_it_is_named(home: Path) -> None:
    assert settings(home).home == home
    assert resolve({}, {}).home.name == "bill-mcp"


# An option beats a variable, a variable beats the file

PRECEDENCE: list[tuple[str, Any, str, str, Any, Any, Any]] = [
    # name, option, variable, in the file, and what each of them means
    ("environment", "sandbox", "local", '"production"', SANDBOX, LOCAL, PRODUCTION),
    ("tools", "compact", "vendors", '"bills"', "compact", "vendors", "bills"),
    ("output_schemas", "off", "on", '"off"', False, True, False),
    ("output_schemas", "on", "off", "true", True, False, True),
    ("read_only", True, "0", "true", True, False, True),
    (
        *("confirm", "always", "never", '"auto"'),
        *(Confirm.ALWAYS, Confirm.NEVER, Confirm.AUTO),
    ),
    ("profile", "one", "two", '"three"', "one", "two", "three"),
]


@pytest.mark.parametrize(
    ("name", "option", "variable", "in_file", "first", "second", "third"), PRECEDENCE
)
def test_option_beats_variable_and_variable_beats_file(
    home: Path,
    name: str,
    option: Any,
    variable: str,
    in_file: str,
    first: Any,
    second: Any,
    third: Any,
) -> None:
    connect(home, "one", "two", "three")
    sandbox = {} if name == "environment" else {"BILL_MCP_ENVIRONMENT": "sandbox"}
    given = sandbox | {f"BILL_MCP_{name.upper()}": variable}
    write(home, f"{name} = {in_file}\n")
    assert getattr(settings(home, given, **{name: option}), name) == first
    assert getattr(settings(home, given, **{name: None}), name) == second
    assert getattr(settings(home, sandbox), name) == third


@pytest.mark.parametrize("name", ["environment", "tools", "confirm", "profile"])
def test_empty_variable_is_as_if_it_were_not_there(home: Path, name: str) -> None:
    assert settings(home, {f"BILL_MCP_{name.upper()}": ""}) == settings(home)


@pytest.mark.parametrize(
    ("written", "is_on"),
    [
        *(("1", True), ("true", True), ("TRUE", True), ("yes", True), ("on", True)),
        *(("0", False), ("false", False), ("no", False), ("Off", False)),
    ],
)
def test_switches_are_read_in_the_usual_spellings(
    home: Path, written: str, is_on: bool
) -> None:
    assert settings(home, {"BILL_MCP_READ_ONLY": written}).read_only is is_on


def test_log_level_and_inline_credentials_have_variables_only(home: Path) -> None:
    given = {
        "BILL_MCP_ENVIRONMENT": "sandbox",
        "BILL_MCP_LOG_LEVEL": "debug",
        "BILL_MCP_ALLOW_INLINE_CREDENTIALS": "1",
    }
    found = settings(home, given)
    assert found.log_level == "debug"
    assert found.inline_credentials


def test_simulated_world_is_described_by_options(home: Path) -> None:
    state = str(home / "world.db")
    time = "2026-11-22T09:00:00Z"
    found = settings(home, seed="empty", time=time, state_file=state)
    assert (found.seed, found.time) == ("empty", time)
    assert found.state_file == Path(state)


def test_upload_folders_are_named_by_a_variable(home: Path) -> None:
    folders = [home / "one", home / "two"]
    for folder in folders:
        folder.mkdir()
    named = {"BILL_MCP_UPLOAD_ROOTS": f"{folders[0]}:{home}/one/../two:"}
    assert settings(home, named).upload_roots == tuple(folders)
