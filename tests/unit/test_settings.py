from pathlib import Path
from typing import Any

import pytest

from bill_mcp.agents import Confirm
from bill_mcp.app import application
from bill_mcp.environments import BASE_URLS, EMBEDDED_URL, Environment
from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret
from bill_mcp.sessions.profiles import (
    Profile,
    ProfileList,
    read_profiles,
    write_profiles,
)
from bill_mcp.settings import Settings, policy_path, resolve
from bill_mcp.settings_places import Place, resolve_place

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


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


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


# What is there where nothing is said


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


# What is unknown, contradictory or not built


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


# Connected accounts


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
    given = {f"{name}{suffix}": STAGE}
    assert settings(home, given, environment="sandbox").profile is None
    assert "given, but no environment" in refusal(home, given)


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


# Where BILL is


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


# The policy file


def policy_file(folder: Path, *tables: str, name: str = "policy.toml") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("format = 1\n" + "\n".join(tables), encoding="utf-8")
    return path


EVERYBODY_PREPARES = '[agents."*"]\nmode = "prepare"\n'
MAY_PAY = '[agents.payer]\nmode = "pay"\n'
PRODUCTION_NEVER = {
    "BILL_MCP_ENVIRONMENT": "production",
    "BILL_MCP_CONFIRM": "never",
}


def test_policy_file_is_named_by_option_variable_or_settings_file(home: Path) -> None:
    assert settings(home).policy is None
    one, two, three = (
        policy_file(home, f'[agents."*"]\nmode = "{mode}"\n', name=f"{mode}.toml")
        for mode in ("pay", "prepare", "read-only")
    )
    write(home, f'policy = "{three}"\n')
    variable = {"BILL_MCP_POLICY": str(two)}

    def mode_of(found: Settings) -> str:
        assert found.policy is not None
        return found.policy.rules_for("anybody").mode

    assert mode_of(settings(home, variable, policy=one)) == "pay"
    assert mode_of(settings(home, variable)) == "prepare"
    assert mode_of(settings(home)) == "read-only"


def test_policy_in_the_settings_file_is_looked_for_beside_that_file(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    policy_file(home, '[agents."*"]\nmode = "pay"\n')
    here = policy_file(elsewhere, EVERYBODY_PREPARES)
    write(home, 'policy = "policy.toml"\n')
    monkeypatch.chdir(elsewhere)
    assert policy_path({}, {"BILL_MCP_HOME": str(home)}) == home / "policy.toml"
    named = policy_path({"policy": here.name}, {"BILL_MCP_HOME": str(home)})
    assert named == Path("policy.toml")
    variables = {"BILL_MCP_HOME": str(home), "BILL_MCP_POLICY": "policy.toml"}
    assert policy_path({}, variables) == Path("policy.toml")
    assert policy_path({}, {"BILL_MCP_HOME": str(elsewhere)}) is None


def test_policy_file_that_is_not_there_or_wrong_stops_the_start(home: Path) -> None:
    told = refusal(home, policy=home / "none.toml")
    assert told.startswith(f"policy file {home / 'none.toml'}: ")
    wrong = policy_file(home, '[agents."*"]\nmode = "prepare"\nvendor = []\n')
    told = refusal(home, policy=wrong)
    assert told == f'{wrong}: agents."*".vendor: no such key'


def test_confirm_never_in_production_needs_a_policy_file(home: Path) -> None:
    told = refusal(home, environment="production", confirm="never")
    assert "needs a policy file with amount limits" in told
    assert "needs a policy file" in refusal(home, PRODUCTION_NEVER)
    write(home, 'environment = "production"\nconfirm = "never"\n')
    assert "needs a policy file" in refusal(home)


@pytest.mark.parametrize(
    "limits",
    [
        "",
        "limits.USD.first_payment = 1\n",
        "limits.USD.vendor_day = 1\n",
        "limits.USD.day = 1\nlimits.EUR.vendor_day = 1\n",
    ],
)
def test_confirm_never_in_production_names_the_agent_that_may_pay_without_end(
    home: Path, limits: str
) -> None:
    path = policy_file(home, EVERYBODY_PREPARES, MAY_PAY + limits)
    told = refusal(home, PRODUCTION_NEVER, policy=path)
    assert "needs amount limits" in told
    assert "[agents.payer]" in told
    settings(home, {"BILL_MCP_ENVIRONMENT": "production"}, policy=path)
    settings(home, {"BILL_MCP_CONFIRM": "never"}, policy=path)


@pytest.mark.parametrize("limits", ["limits.USD.day = 1\n", "limits.USD.payment = 1\n"])
def test_confirm_never_in_production_is_allowed_under_amount_limits(
    home: Path, limits: str
) -> None:
    path = policy_file(home, EVERYBODY_PREPARES, MAY_PAY + limits)
    found = settings(home, PRODUCTION_NEVER, policy=path)
    assert found.confirm is Confirm.NEVER
    assert found.policy is not None


@pytest.mark.anyio
async def test_each_agent_gets_the_rules_of_its_name(home: Path) -> None:
    path = policy_file(home, EVERYBODY_PREPARES, MAY_PAY)
    async with application(settings(home, policy=path), variables={}) as built:
        payer, other = (built.agent("key", name) for name in ("payer", "stdio"))
    for agent, mode in ((payer, "pay"), (other, "prepare")):
        assert agent.policy.rules is not None
        assert agent.policy.rules.mode == mode
    async with application(settings(home), variables={}) as built:
        assert built.agent("key", "payer").policy.rules is None


@pytest.mark.anyio
async def test_policy_that_names_an_unknown_action_starts_no_server(home: Path) -> None:
    path = policy_file(home, EVERYBODY_PREPARES + 'deny_actions = ["bill_pay"]\n')
    with pytest.raises(ConfigError, match="no action is named 'bill_pay'"):
        await start(home, {}, policy=path)


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


# Credentials that the settings ask for


async def start(home: Path, variables: dict[str, str], **options: Any) -> None:
    async with application(settings(home, variables, **options), variables=variables):
        pass


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
