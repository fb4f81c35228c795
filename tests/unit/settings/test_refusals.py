"""Settings that are unknown, contradictory or not built stop the start by name."""

from pathlib import Path

import pytest
from support.settings_home import (
    BASE_URL,
    BILL_VARIABLES,
    LOCAL,
    SANDBOX,
    STAGE,
    refusal,
    settings,
    write,
)

from bill_mcp.environments import Environment


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "prod"),
        ("ENVIRONMENT", "LOCAL"),
        ("CONFIRM", "sometimes"),
        ("OUTPUT_SCHEMAS", "maybe"),
        ("READ_ONLY", "readonly"),
        ("LOG_LEVEL", "chatty"),
        ("ALLOW_INLINE_CREDENTIALS", "please"),
    ],
)
def test_unknown_value_is_refused_with_what_is_allowed(
    home: Path, name: str, value: str
) -> None:
    given = {"BILL_MCP_ENVIRONMENT": "sandbox", f"BILL_MCP_{name}": value}
    told = refusal(home, given)
    assert told.startswith(f"{name.lower()} is {value!r}, not o")


@pytest.mark.parametrize("name", ["read-only", "environmnet", "BILL_MCP_CONFIRM"])
def test_slip_in_the_settings_file_is_no_silence(home: Path, name: str) -> None:
    write(home, f'{name} = "true"\n')
    assert f"{name} unknown; there are allow_inline_credentials," in refusal(home)


@pytest.mark.parametrize("text", ["environment = ", "\x00", "= 1"])
def test_settings_file_that_is_no_toml_is_named(home: Path, text: str) -> None:
    write(home, text)
    assert refusal(home).startswith(f"{home}/settings.toml: ")


def test_settings_file_that_is_no_text_is_named(home: Path) -> None:
    (home / "settings.toml").write_bytes(b"\xff\xfe")
    assert refusal(home).startswith(f"{home}/settings.toml: ")
    (home / "settings.toml").unlink()
    (home / "settings.toml").mkdir()
    assert refusal(home).startswith(f"{home}/settings.toml: ")


@pytest.mark.parametrize("suffix", ["", "_FILE"])
@pytest.mark.parametrize("name", BILL_VARIABLES)
def test_any_variable_of_bill_without_an_environment_is_refused(
    home: Path, name: str, suffix: str
) -> None:
    told = refusal(home, {f"{name}{suffix}": "/run/canary-value"})
    assert told == (
        f"{name} given, but no environment: set BILL_MCP_ENVIRONMENT to sandbox, "
        "production or local"
    )


def test_address_without_an_environment_is_refused(home: Path) -> None:
    assert "given, but no environment" in refusal(home, {BASE_URL: STAGE})


def test_production_is_never_chosen_by_default(home: Path) -> None:
    every = dict.fromkeys(BILL_VARIABLES, "value-of-a-variable")
    assert "no environment" in refusal(home, every)
    assert settings(home, every, environment="sandbox").environment is SANDBOX


@pytest.mark.parametrize("name", ["seed", "time", "state_file"])
@pytest.mark.parametrize(
    ("environment", "variables"),
    [(SANDBOX, {}), (LOCAL, {BASE_URL: "http://127.0.0.1:8700/connect"})],
)
def test_description_of_a_world_is_for_the_embedded_simulator_only(
    home: Path, environment: Environment, variables: dict[str, str], name: str
) -> None:
    option = name.replace("_file", "")
    told = refusal(home, variables, environment=environment, **{name: "x"})
    assert told == f"--{option} is for the embedded simulator only"


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"BILL_MCP_STORE": "redis"}, "BILL_MCP_STORE"),
        ({"BILL_MCP_DATABASE": "postgres"}, "BILL_MCP_DATABASE"),
    ],
)
def test_what_is_not_built_is_refused_by_name(
    home: Path, variables: dict[str, str], named: str
) -> None:
    told = refusal(home, variables)
    assert told.startswith("this version has no ")
    assert named in told


@pytest.mark.parametrize("folder", ["relative", "/nonexistent/folder", "~"])
def test_upload_folder_must_be_there(home: Path, folder: str) -> None:
    told = refusal(home, {"BILL_MCP_UPLOAD_ROOTS": folder})
    assert told == f"BILL_MCP_UPLOAD_ROOTS: {folder} is no absolute folder"
