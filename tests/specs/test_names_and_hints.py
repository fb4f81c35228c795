"""What every one of the 209 tools is called, and what its hints say."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support.assembly import catalogue
from support.fact_samples import operations

from bill_mcp.mcp_face import listing
from bill_mcp.specs import own_arguments
from bill_mcp.specs.models import Effect

NAMES = sorted(operations())
MISSPELT = "bill_archive_mutliple_chart_of_accounts"
DESTROYING = {Effect.DELETE, Effect.MONEY, Effect.PAYEE}


def test_there_are_209_actions_and_the_facts_know_each() -> None:
    assert len(catalogue()) == 209
    assert list(catalogue().actions) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_name_is_the_documented_title_and_is_found_in_every_spelling(name: str) -> None:
    title = operations()[name]["title"]
    documented = operations()[name]["documented_name"]
    assert catalogue().find(name).title == title
    assert name == re.sub(r"\W+", "_", title.lower()).replace("mutliple", "multiple")
    for spelling in (name, name.upper(), documented, documented.upper()):
        assert catalogue().find(spelling).name == name


def test_misspelt_documented_name_is_accepted_but_never_listed() -> None:
    right = "bill_archive_multiple_chart_of_accounts"
    assert operations()[right]["documented_name"] == MISSPELT
    assert catalogue().find(MISSPELT.upper()).name == right
    assert MISSPELT not in catalogue().actions


@pytest.mark.parametrize("name", NAMES)
def test_hints_follow_from_the_effects_and_agree_with_the_facts(name: str) -> None:
    action, flags = catalogue().find(name), operations()[name]["flags"]
    hints = listing.as_tool(action, output_schemas=False).annotations
    assert hints is not None
    assert hints.read_only_hint is (action.spec.effects == {Effect.READ})
    assert hints.read_only_hint is flags["read_only"]
    assert hints.destructive_hint is bool(action.possible_effects & DESTROYING)
    assert hints.destructive_hint or not (flags["destructive"] or flags["moves_money"])
    assert hints.idempotent_hint is flags["idempotent"]
    assert hints.open_world_hint is True


@pytest.mark.parametrize("name", NAMES)
def test_input_schema_has_every_parameter_and_a_form_that_every_client_takes(
    name: str,
) -> None:
    schema = catalogue(inline_credentials=True).find(name).schema
    Draft202012Validator.check_schema(dict(schema))
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert not {"anyOf", "oneOf", "allOf"} & set(schema)
    assert set(schema.get("required", ())) <= set(schema["properties"])
    for argument, part in schema["properties"].items():
        assert part["type"], argument
        assert part["description"], argument
    assert parameters_of(operations()[name]) <= set(schema["properties"])


def parameters_of(fact: dict[str, Any]) -> set[str]:
    """What the facts say that BILL takes, or must be given."""
    names = {one["name"] for one in (*fact["path_params"], *fact["query_params"])}
    return names | set((fact["body"] or {}).get("required", ()))


def test_arguments_of_our_own_are_never_names_of_bills() -> None:
    ours = {
        "preview",
        "approval_id",
        "profile",
        "fields",
        *own_arguments.FILE_ARGUMENTS,
    }
    for action in catalogue(inline_credentials=True):
        assert not ours & set(action.fields), action.name
        assert set(action.schema["properties"]) <= ours | set(action.fields)


def test_secret_arguments_are_only_those_of_the_sign_in_tools() -> None:
    hidden = {a.name: set(a.hidden_secrets) for a in catalogue() if a.hidden_secrets}
    assert hidden == {
        "bill_api_login": {"username", "password", "devKey", "rememberMeId"},
        "bill_api_login_as_user": {"rememberMeId"},
        "bill_api_partner_login": {"username", "password", "appKey"},
        "bill_mfa_step_up_for_api_session": {"rememberMeId"},
    }
    for action in catalogue(inline_credentials=True):
        assert not action.hidden_secrets
