"""Where BILL is: the address of a server, and of an account that is connected."""

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
)

from bill_mcp.environments import Environment
from bill_mcp.errors import ConfigError
from bill_mcp.settings_places import Place, resolve_place


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        (SANDBOX, STAGE),
        (SANDBOX, "https://proxy.example.test/bill/connect"),
        (SANDBOX, "https://127.0.0.1:9000/connect"),
        (SANDBOX, "http://localhost:8700/connect"),
        (PRODUCTION, "https://gateway.prod.bill.com/connect"),
        (PRODUCTION, "http://[::1]:8700/connect"),
        (LOCAL, "http://127.0.0.1:8700/connect"),
        (LOCAL, "https://localhost/connect"),
    ],
)
def test_base_url_is_https_or_this_machine(
    home: Path, environment: Environment, url: str
) -> None:
    for written in (url, f"{url}/"):
        found = settings(home, {BASE_URL: written}, environment=environment)
        assert (found.base_url, found.embedded) == (url, False)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://GATEWAY.stage.BILL.com/connect", STAGE),
        ("HTTPS://gateway.stage.bill.com:443/connect", STAGE),
        ("https://gateway.stage.bill.com./connect/", STAGE),
        ("https://gateway.stage.bill.com:8443/connect", f"{STAGE[:-8]}:8443/connect"),
        ("http://LOCALHOST:80/connect", "http://localhost/connect"),
        ("http://[::1]:8700/connect", "http://[::1]:8700/connect"),
    ],
)
def test_one_address_is_known_by_one_spelling(
    home: Path, written: str, url: str
) -> None:
    assert settings(home, {BASE_URL: written}, environment="sandbox").base_url == url
    connect(home, "acme", base_url=written)
    named = settings(home, {BASE_URL: url}, profile="acme")
    assert (named.base_url, named.profiles) == (url, ("acme",))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://bill.test", "does not end in /connect"),
        ("https://bill.test/connect/v3", "does not end in /connect"),
        ("https://bill.test/connect?x=/connect", "more than scheme, host and path"),
        ("https://bill.test/connect#/connect", "more than scheme, host and path"),
        ("https://me:secret@bill.test/connect", "more than scheme, host and path"),
        ("http://bill.test/connect", "neither https nor a loopback address"),
        ("http://localhost.bill.test/connect", "neither https nor a loopback"),
        ("http://127.0.0.1.bill.test/connect", "neither https nor a loopback"),
        ("ftp://127.0.0.1/connect", "neither https nor a loopback address"),
        ("//bill.test/connect", "neither https nor a loopback address"),
        ("bill.test/connect", "is no URL"),
        ("https:///connect", "is no URL"),
        ("https://bill.test:none/connect", "is no URL"),
        ("https://[::1/connect", "is no URL"),
        ("https://bill.test\\@127.0.0.1/connect", "is no URL"),
        ("https://bill.test /connect", "is no URL"),
        ("https://bill.test/\n/connect", "is no URL"),
    ],
)
def test_other_base_url_is_refused_without_repeating_it(
    home: Path, url: str, reason: str
) -> None:
    told = refusal(home, {BASE_URL: url}, environment="sandbox")
    assert reason in told
    assert "secret" not in told


@pytest.mark.parametrize("url", [STAGE, "https://bill.test/connect"])
def test_local_is_on_this_machine_only(home: Path, url: str) -> None:
    told = refusal(home, {BASE_URL: url}, environment="local")
    assert told == (
        "BILL_MCP_BASE_URL is not on this machine, but the environment is local"
    )


@pytest.mark.parametrize(
    "host",
    [
        "gateway.prod.bill.com",
        "GATEWAY.PROD.BILL.COM",
        "gateway.prod.bill.com.",
        "gateway.prod.bill.com:443",
        "api.bill.com",
    ],
)
def test_production_host_is_no_sandbox(home: Path, host: str) -> None:
    given = {BASE_URL: f"https://{host}/connect"}
    assert refusal(home, given, environment="sandbox") == (
        "BILL_MCP_BASE_URL is BILL's production, but the environment is sandbox"
    )


# Where an account is connected


def place(home: Path, variables: dict[str, str] | None = None, **options: Any) -> Place:
    return resolve_place(options, {"BILL_MCP_HOME": str(home), **(variables or {})})


def no_place(home: Path, variables: dict[str, str], **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        place(home, variables, **options)
    return str(caught.value)


def test_person_chooses_between_bills_own_environments(home: Path) -> None:
    found = place(home)
    assert (found.profile, found.offered) == ("default", (SANDBOX, PRODUCTION))
    assert found.base_urls == {}
    named = place(home, profile="acme", environment="production")
    assert (named.profile, named.offered) == ("acme", (PRODUCTION,))


def test_account_that_is_connected_stays_where_it_is_unless_told(home: Path) -> None:
    url = "http://127.0.0.1:8700/connect"
    connect(home, "acme", environment=LOCAL, base_url=url)
    assert place(home, profile="acme").offered == (LOCAL,)
    assert place(home, profile="acme").base_urls == {LOCAL: url}
    moved = place(home, profile="acme", environment="sandbox")
    assert (moved.offered, moved.base_urls) == ((SANDBOX,), {})


def test_credentials_in_variables_are_no_part_of_a_new_account(home: Path) -> None:
    every = dict.fromkeys(BILL_VARIABLES, "value-of-a-variable")
    assert place(home, every) == place(home)


@pytest.mark.parametrize(
    ("variables", "options", "told"),
    [
        ({BASE_URL: STAGE}, {}, "BILL_MCP_BASE_URL given, but no environment"),
        ({}, {"environment": "local"}, "the simulator inside bill-mcp needs no login"),
        ({}, {"environment": "prod"}, "environment is 'prod', not one of"),
        ({BASE_URL: STAGE}, {"environment": "local"}, "is not on this machine"),
        ({}, {"profile": "-x"}, "a profile's name has up to 40 letters"),
        ({}, {"profile": "a/b"}, "a profile's name has up to 40 letters"),
        ({}, {"profile": "a\nb"}, "a profile's name has up to 40 letters"),
        ({}, {"profile": "a" * 41}, "a profile's name has up to 40 letters"),
    ],
)
def test_place_that_cannot_be_is_refused(
    home: Path, variables: dict[str, str], options: dict[str, Any], told: str
) -> None:
    assert told in no_place(home, variables, **options)
