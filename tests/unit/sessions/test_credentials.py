"""Which credentials are found, and what is said where some are missing."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from bill_mcp.errors import ConfigError
from bill_mcp.secret import Secret
from bill_mcp.sessions.credentials import (
    ALL_VARIABLES,
    Credentials,
    lookup_in,
    read,
)

ORGANIZATION = {
    "BILL_USERNAME": "ap@example.test",
    "BILL_PASSWORD": "canary-password",
    "BILL_ORGANIZATION_ID": "00801",
    "BILL_DEV_KEY": "canary-key",
}
PARTNER = {
    "BILL_USERNAME": "partner@example.test",
    "BILL_PASSWORD": "canary-password",
    "BILL_APP_KEY": "canary-app-key",
}
REMEMBERED = {"BILL_REMEMBER_ME_ID": "canary-remembered", "BILL_DEVICE": "desk"}
TOKEN = {"BILL_API_TOKEN": "canary-token"}


def found_in(variables: dict[str, str]) -> Credentials:
    return read(lookup_in(variables))


def test_whole_sets_are_read() -> None:
    found = found_in(ORGANIZATION | REMEMBERED | TOKEN)
    assert found == Credentials(
        username="ap@example.test",
        password=Secret("canary-password"),
        organization_id="00801",
        dev_key=Secret("canary-key"),
        api_token=Secret("canary-token"),
        remember_me_id=Secret("canary-remembered"),
        device="desk",
    )
    assert found.can_sign_in
    assert not found.can_sign_in_as_partner


def test_nothing_at_all_is_no_fault() -> None:
    assert found_in({}) == Credentials()
    assert found_in(dict.fromkeys(ALL_VARIABLES, "")) == Credentials()


def test_spend_token_alone_is_enough_for_spend() -> None:
    found = found_in(TOKEN)
    assert found == Credentials(api_token=Secret("canary-token"))
    assert not found.can_sign_in


def test_application_key_makes_the_user_a_partners() -> None:
    found = found_in(PARTNER)
    assert found.can_sign_in_as_partner
    assert not found.can_sign_in
    assert found.partner_username == "partner@example.test"
    assert found.partner_password == Secret("canary-password")


def test_organization_beside_an_application_key_can_be_signed_in_to_as_well() -> None:
    found = found_in(ORGANIZATION | PARTNER)
    assert found.can_sign_in
    assert found.can_sign_in_as_partner


@pytest.mark.parametrize("missing", ORGANIZATION)
def test_part_of_a_set_names_what_is_missing_and_never_a_value(missing: str) -> None:
    some = {name: value for name, value in ORGANIZATION.items() if name != missing}
    with pytest.raises(ConfigError) as caught:
        found_in(some)
    assert str(caught.value).startswith(f"{missing} missing, while ")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("one", ORGANIZATION)
def test_one_of_a_set_names_all_the_others(one: str) -> None:
    with pytest.raises(ConfigError, match=f"while {one} is set; set all or none"):
        found_in({one: ORGANIZATION[one]})


@pytest.mark.parametrize("missing", ["BILL_USERNAME", "BILL_PASSWORD"])
def test_part_of_a_partners_set_is_refused(missing: str) -> None:
    with pytest.raises(ConfigError, match=f"^{missing} missing"):
        found_in({name: PARTNER[name] for name in PARTNER if name != missing})


@pytest.mark.parametrize("one", REMEMBERED)
def test_half_of_a_remembered_mfa_is_refused(one: str) -> None:
    with pytest.raises(ConfigError, match=f"while {one} is set"):
        found_in(ORGANIZATION | {one: REMEMBERED[one]})


def test_device_that_bill_would_refuse_is_refused_here() -> None:
    found_in(REMEMBERED | {"BILL_DEVICE": "d" * 19})
    with pytest.raises(ConfigError, match="over 19 characters"):
        found_in(REMEMBERED | {"BILL_DEVICE": "d" * 20})


@pytest.mark.parametrize("text", ["a\nb", "a\x00", "a\u202eb"])
def test_control_character_is_refused_without_its_value(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        found_in(ORGANIZATION | {"BILL_PASSWORD": f"canary{text}"})
    assert str(caught.value) == "BILL_PASSWORD: has a control character in it"


def test_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("canary with a space \r\n", encoding="utf-8")
    some = {n: v for n, v in ORGANIZATION.items() if n != "BILL_PASSWORD"}
    found = found_in(some | {"BILL_PASSWORD_FILE": str(path)})
    assert found.password == Secret("canary with a space ")
    both = ORGANIZATION | {"BILL_PASSWORD_FILE": str(path)}
    assert found_in(both).password == Secret("canary-password")


def test_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("\n", encoding="utf-8")
    assert found_in({"BILL_API_TOKEN_FILE": str(path)}) == Credentials()


def test_file_that_cannot_be_read_is_named_with_the_variable_that_names_it(
    tmp_path: Path,
) -> None:
    absent, binary = tmp_path / "absent", tmp_path / "binary"
    binary.write_bytes(b"canary\xff\xfe")
    with pytest.raises(
        ConfigError, match=f"^BILL_API_TOKEN_FILE: {absent}: No such file"
    ):
        found_in({"BILL_API_TOKEN_FILE": str(absent)})
    with pytest.raises(ConfigError, match=f"FILE: {binary}: is no text") as caught:
        found_in({"BILL_API_TOKEN_FILE": str(binary)})
    assert "canary" not in str(caught.value)


def test_credentials_never_show_their_secrets() -> None:
    found = found_in(ORGANIZATION | PARTNER | REMEMBERED | TOKEN)
    assert "canary" not in f"{found} {found!r} {found.secrets()}"
    with pytest.raises(TypeError):
        pickle.dumps(found)
    assert all(secret is not None for secret in found.secrets())


def test_credentials_read_back_from_what_the_vault_keeps() -> None:
    for variables in (ORGANIZATION, PARTNER, ORGANIZATION | PARTNER | TOKEN, TOKEN):
        found = found_in(variables)
        kept = found.as_variables()
        assert kept == variables
        assert found_in(kept) == found


def test_account_is_named_without_its_password() -> None:
    one = found_in(ORGANIZATION)
    assert (
        one.account_digest()
        == found_in(ORGANIZATION | {"BILL_PASSWORD": "canary-changed"}).account_digest()
    )
    others = [ORGANIZATION | {name: "x"} for name in ORGANIZATION]
    digests = {found_in(other).account_digest() for other in others}
    assert len(digests | {one.account_digest()}) == 4
    assert one.account_digest().isalnum()
    assert Credentials().account_digest() != one.account_digest()
