"""What a policy file may say, and what its operator reads if it says it wrongly."""

from pathlib import Path

import pytest
from support.assembly import catalogue

from bill_mcp.errors import ConfigError
from bill_mcp.guard.policy_file import PolicyFile, read_policy
from bill_mcp.guard.rules import Limits, Mode, Resend, Rules
from bill_mcp.specs.models import Effect

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "policy.md"

HEAD = 'format = 1\n[agents."*"]\nmode = "pay"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def read(path: Path, text: str) -> PolicyFile:
    path.write_text(text, encoding="utf-8")
    return read_policy(path)


def faults(path: Path, text: str) -> list[str]:
    """What is told of each fault, without the file that each line begins with."""
    with pytest.raises(ConfigError) as caught:
        read(path, text)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def test_least_file_allows_all_that_its_mode_does(path: Path) -> None:
    rules = read(path, HEAD).rules_for("anybody")
    assert rules.mode is Mode.PAY
    assert rules.allow_actions is rules.allow_toolsets is None
    assert rules.vendors is rules.funding_accounts is None
    assert rules.approval_by.client == {}
    assert rules.resend is Resend.NEVER
    assert (rules.bank_details_days, rules.lost_answer_settles_s) == (3, 900)
    assert rules.time_zone == "America/Chicago"
    assert (rules.limits, rules.separate_duties) == ({}, False)


def test_agent_has_its_own_table_or_that_of_every_other(path: Path) -> None:
    file = read(
        path,
        f'{HEAD}deny_effects = ["delete"]\n[agents."command line"]\nmode = "prepare"\n',
    )
    own, other = file.rules_for("command line"), file.rules_for("stdio")
    assert (own.mode, set(own.deny_effects)) == (Mode.PREPARE, set())
    assert (other.mode, set(other.deny_effects)) == (Mode.PAY, {Effect.DELETE})
    assert own.place("mode") == 'policy.toml: agents."command line".mode'
    assert other.place("limits.USD") == 'policy.toml: agents."*".limits.USD'


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("0", 0),
        ("5000", 500_000),
        ("0.29", 29),
        ("1250.5", 125_050),
        ("250.00", 25_000),
        ('"20000.50"', 2_000_050),
        ('"7"', 700),
        ("1e3", 100_000),
    ],
)
def test_money_is_read_to_the_cent(path: Path, written: str, cents: int) -> None:
    file = read(path, f"{HEAD}limits.USD.payment = {written}\n")
    assert file.rules_for("x").limits["USD"].payment_cents == cents


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("0.001", "has more than two decimals"),
        ('"1.999"', "has more than two decimals"),
        ("-1", "is no amount from 0 to a million millions"),
        ("nan", "is no amount from 0 to a million millions"),
        ("inf", "is no amount from 0 to a million millions"),
        ("1e99999", "is no amount from 0 to a million millions"),
        ('"5,000"', "is no amount; write it like 1250.50"),
        ('"-5"', "is no amount; write it like 1250.50"),
        ('""', "is no amount; write it like 1250.50"),
        ("true", "is no amount"),
        ("[1]", "is no amount"),
    ],
)
def test_what_is_no_money_is_a_fault(path: Path, written: str, told: str) -> None:
    place = 'agents."*".limits.USD.day'
    assert faults(path, f"{HEAD}limits.USD.day = {written}\n") == [f"{place}: {told}"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("vendor = []", "vendor: no such key"),
        ('place = "x"', "place: no such key"),
        ('vendors = "009A"', "vendors: is no list"),
        ('vendors = ["a b"]', "vendors[1]: is no id"),
        ('allow_actions = "bill_*"', "allow_actions: is no list"),
        (
            'deny_actions = ["bill_a", "Bill_B"]',
            "deny_actions[2]: is no action's name, nor one with * or ? in it",
        ),
        (
            'deny_effects = ["read"]',
            "deny_effects[1]: reading is denied with deny_actions, not here",
        ),
        (
            'approval_by = "client"',
            'approval_by: is neither "person" nor { client = { USD = ... } }',
        ),
        (
            "approval_by = { clients = { USD = 1 } }",
            "approval_by.clients: no such key",
        ),
        (
            "approval_by = { client = { USD = 0.001 } }",
            "approval_by.client.USD: has more than two decimals",
        ),
        (
            "separate_duties = 1",
            "separate_duties: Input should be a valid boolean",
        ),
        (
            "bank_details_days = -1",
            "bank_details_days: Input should be greater than or equal to 0",
        ),
        (
            'time_zone = "Mars/Base"',
            "time_zone: is no time zone that this machine knows",
        ),
        (
            'time_zone = "../../etc/passwd"',
            "time_zone: is no time zone that this machine knows",
        ),
        ("limits.usd.day = 1", "limits.usd: is no currency such as USD"),
        ("limits.USD = {}", "limits.USD: names no limit"),
        ("limits.USD.week = 1", "limits.USD.week: no such key"),
        ("limits.USD.day_cents = 1", "limits.USD.day_cents: no such key"),
    ],
)
def test_fault_is_told_with_its_place(path: Path, line: str, told: str) -> None:
    assert faults(path, f"{HEAD}{line}\n") == [f'agents."*".{told}']


def test_every_fault_of_the_file_is_told_at_once(path: Path) -> None:
    text = 'format = 2\nagnets = 1\n[agents.a]\n[agents."*"]\nmode = "payy"\n'
    assert faults(path, text) == [
        "format: is not 1, the only format that this version reads",
        "agents.a.mode: is missing",
        "agents.\"*\".mode: Input should be 'read-only', 'prepare' or 'pay'",
        "agnets: no such key",
    ]


def test_table_of_every_other_agent_must_be_there(path: Path) -> None:
    assert faults(path, 'format = 1\n[agents.stdio]\nmode = "prepare"\n') == [
        'the table [agents."*"], for every other agent, is missing'
    ]


@pytest.mark.parametrize("text", ["format =", "\x00", "format = 1\nformat = 1\n"])
def test_file_that_is_no_toml_is_named(path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(path, text)
    assert str(caught.value).startswith(f"policy file {path}: ")


def test_file_that_is_no_text_is_named(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"^policy file "):
        read_policy(path)


@pytest.mark.parametrize(
    "url",
    ["https://hooks.example.test/T1/secret", "http://127.0.0.1:9000/x"],
)
def test_people_are_told_over_https_or_on_this_machine(path: Path, url: str) -> None:
    file = read(path, f'{HEAD}[notify]\nurl = "{url}"\ndesktop = false\n')
    assert (file.notify.url, file.notify.desktop) == (url, False)
    assert url not in repr(file)
    assert read(path, HEAD).notify.desktop


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://hooks.example.test/", "is neither https nor an address of this"),
        ("ftp://127.0.0.1/", "is neither https nor an address of this machine"),
        ("hooks.example.test", "is no URL"),
        ("https://[::1", "is no URL"),
        ("https://a b/", "is no URL"),
    ],
)
def test_other_addresses_get_nothing(path: Path, url: str, told: str) -> None:
    (fault,) = faults(path, f'{HEAD}[notify]\nurl = "{url}"\n')
    assert fault.startswith(f"notify.url: {told}")


def test_names_that_do_not_exist_are_faults_all_at_once(path: Path) -> None:
    file = read(
        path,
        f'{HEAD}allow_actions = ["bill_get_*", "bill_gte_*"]\n'
        'deny_actions = ["bill_create_a_payment", "bill_pay"]\n'
        'allow_toolsets = ["payables"]\ndeny_toolsets = ["payable"]\n',
    )
    with pytest.raises(ConfigError) as caught:
        file.check_names(catalogue())
    lines = str(caught.value).splitlines()
    place = 'policy.toml: agents."*"'
    assert lines[:2] == [
        f"{place}.allow_actions: no action is named 'bill_gte_*'",
        f"{place}.deny_actions: no action is named 'bill_pay'",
    ]
    assert lines[2].startswith(f"{place}.deny_toolsets: no toolset is named 'payable';")
    assert "payables, payments" in lines[2]
    assert len(lines) == 3


def test_documented_example_is_a_policy(path: Path) -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    file = read(path, example)
    file.check_names(catalogue())
    limits = {field.alias for field in Limits.model_fields.values()}
    for name in {*Rules.model_fields, *limits, "notify"}:
        assert f"`{name}`" in text, name
    named = {name for one in file.agents.values() for name in one.model_fields_set}
    assert named >= {"vendors", "limits", "approval_by", "separate_duties"}
