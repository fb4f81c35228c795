"""Which policy file counts, and what confirm = never wants of it in production."""

from pathlib import Path

import pytest
from support.settings_home import refusal, settings, start, write

from bill_mcp.agents import Confirm
from bill_mcp.app import application
from bill_mcp.errors import ConfigError
from bill_mcp.settings import Settings, policy_path


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
