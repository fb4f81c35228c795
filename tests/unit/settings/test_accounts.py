"""Which account the settings choose, and the credentials that they ask for."""

from pathlib import Path
from typing import Any

import pytest
from support.settings_home import (
    BASE_URL,
    BILL_VARIABLES,
    LOCAL,
    PRODUCTION,
    SANDBOX,
    STAGE,
    connect,
    refusal,
    settings,
    start,
    write,
)

from bill_mcp.agents import Confirm
from bill_mcp.environments import BASE_URLS, Environment
from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret


@pytest.mark.parametrize(
    ("variables", "options", "in_file"),
    [
        ({"BILL_MCP_PROFILE": "acme"}, {}, ""),
        ({}, {"profile": "acme"}, ""),
        ({}, {}, 'profile = "acme"\n'),
        (dict.fromkeys(BILL_VARIABLES, "value-of-a-variable"), {"profile": "acme"}, ""),
        ({}, {"profile": "acme", "environment": "local"}, ""),
    ],
)
def test_named_profile_that_nobody_connected_never_falls_back(
    home: Path, variables: dict[str, str], options: dict[str, Any], in_file: str
) -> None:
    connect(home, "other")
    write(home, in_file)
    assert refusal(home, variables, **options) == (
        "no profile named 'acme' (connected: other); run `bill-mcp login --profile "
        "acme`"
    )


def test_profile_brings_its_environment_and_its_address(home: Path) -> None:
    url = "http://127.0.0.1:8700/connect"
    connect(home, "real", environment=PRODUCTION)
    connect(home, "tried", environment=LOCAL, base_url=url)
    real, tried = settings(home, profile="real"), settings(home, profile="tried")
    assert (real.environment, real.base_url) == (PRODUCTION, BASE_URLS[PRODUCTION])
    assert real.confirm is Confirm.AUTO
    assert (tried.environment, tried.base_url) == (LOCAL, url)
    assert not tried.embedded
    assert not tried.inline_credentials


@pytest.mark.parametrize("environment", [LOCAL, PRODUCTION])
def test_profile_of_another_environment_is_refused(
    home: Path, environment: Environment
) -> None:
    connect(home, "acme")
    told = f"the profile 'acme' is of sandbox, but the environment is {environment}"
    assert refusal(home, profile="acme", environment=environment) == told
    named = {"BILL_MCP_ENVIRONMENT": str(environment)}
    assert refusal(home, named, profile="acme") == told


def test_default_account_is_taken_where_nothing_is_named(home: Path) -> None:
    connect(home, "first", "second")
    assert settings(home).profile == "first"
    assert settings(home).environment is SANDBOX
    assert settings(home, environment="sandbox").profile == "first"


def test_agent_may_use_all_accounts_of_the_same_bill_where_none_is_named(
    home: Path,
) -> None:
    url = "http://127.0.0.1:8700/connect"
    connect(home, "second", "third", "first")
    connect(home, "same", base_url=BASE_URLS[SANDBOX])
    connect(home, "real", environment=PRODUCTION)
    connect(home, "tried", environment=LOCAL, base_url=url)
    connect(home, "beside", base_url=url)
    expected = ("second", "first", "same", "third")
    assert settings(home).profiles == expected
    assert settings(home, environment="sandbox").profiles == expected


@pytest.mark.parametrize("way", ["option", "variable", "file"])
def test_account_that_is_named_is_the_only_one(home: Path, way: str) -> None:
    connect(home, "first", "second")
    if way == "file":
        write(home, 'profile = "second"')
    given = {"BILL_MCP_PROFILE": "second"} if way == "variable" else {}
    options = {"profile": "second"} if way == "option" else {}
    found = settings(home, given, **options)
    assert (found.profile, found.profiles) == ("second", ("second",))


def test_variables_are_the_only_account_where_they_are_given(home: Path) -> None:
    connect(home, "first", "second")
    found = settings(home, {"BILL_API_TOKEN": "canary"}, environment="sandbox")
    assert (found.profile, found.profiles) == (None, ())


@pytest.mark.parametrize("environment", [LOCAL, PRODUCTION])
def test_default_account_is_left_out_in_another_environment(
    home: Path, environment: Environment
) -> None:
    connect(home, "first")
    assert settings(home, environment=environment).profile is None


@pytest.mark.parametrize("suffix", ["", "_FILE"])
@pytest.mark.parametrize("name", [*BILL_VARIABLES, BASE_URL])
def test_variables_are_never_mixed_with_the_default_account(
    home: Path, name: str, suffix: str
) -> None:
    connect(home, "first")
    given = {f"{name}{suffix}": "https://elsewhere.example.test/connect"}
    assert settings(home, given, environment="sandbox").profile is None
    assert "given, but no environment" in refusal(home, given)


@pytest.mark.parametrize("written", [STAGE, f"{STAGE}/"])
def test_address_of_the_default_account_does_not_displace_it(
    home: Path, written: str
) -> None:
    connect(home, "first", "second")
    given = {BASE_URL: written}
    for found in (settings(home, given), settings(home, given, environment="sandbox")):
        assert (found.profile, found.profiles) == ("first", ("first", "second"))
        assert found.base_url == STAGE
    secret = given | {"BILL_API_TOKEN": "canary"}
    assert settings(home, secret, environment="sandbox").profile is None


def test_key_of_the_vault_may_stand_in_a_file(home: Path) -> None:
    path = home / "key"
    path.write_text("canary-key\n", encoding="utf-8")
    for given in (
        {"BILL_MCP_KEY": "canary-key"},
        {"BILL_MCP_KEY_FILE": str(path)},
    ):
        found = settings(home, given)
        assert found.vault_key == Secret("canary-key")
        assert "canary" not in repr(found)


# Credentials that the settings ask for

ORGANIZATION = {
    "BILL_USERNAME": "ap@example.test",
    "BILL_PASSWORD": "canary-password",
    "BILL_ORGANIZATION_ID": "008",
    "BILL_DEV_KEY": "canary-developer-key",
}


@pytest.mark.anyio
async def test_complete_credentials_start_a_server(home: Path) -> None:
    await start(home, ORGANIZATION, environment="sandbox")
    await start(home, {"BILL_API_TOKEN": "canary-token"}, environment="production")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("environment", "missing"),
    list(zip([SANDBOX, PRODUCTION, LOCAL, LOCAL], ORGANIZATION, strict=True)),
)
async def test_some_but_not_all_credentials_name_what_is_missing(
    home: Path, environment: Environment, missing: str
) -> None:
    given = {name: value for name, value in ORGANIZATION.items() if name != missing}
    with pytest.raises(ConfigError, match=rf"^{missing} missing, while ") as caught:
        await start(home, given, environment=environment)
    assert "canary" not in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize("environment", [SANDBOX, PRODUCTION])
async def test_no_credentials_name_what_to_set(
    home: Path, environment: Environment
) -> None:
    with pytest.raises(ConfigError, match="no credentials: run `bill-mcp login`, or "):
        await start(home, {}, environment=environment)
