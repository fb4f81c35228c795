"""One case an action: its sample goes out as the facts say, the reply comes back."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
import pytest
from jsonschema import Draft202012Validator
from support.assembly import assemble, catalogue
from support.fact_samples import operations, reply_to
from support.upstream import SIGN_INS, Arrival, Upstream, shown

from bill_mcp.mcp_face import listing
from bill_mcp.present import OUR_KEY
from bill_mcp.secret import HELD
from bill_mcp.spec_check import samples
from bill_mcp.specs.catalogue import Action

pytestmark = pytest.mark.anyio

FILE = b"%PDF-1.7 a made-up file"
CREDENTIAL_HEADERS = {
    "session": {"devkey", "sessionid"},
    "partner": {"appkey", "sessionid"},
    "api_token": {"apitoken"},
    "login": set(),
    "none": set(),
}


def sample_arguments(action: Action) -> dict[str, Any]:
    arguments = samples.arguments(action, whole=True)
    if operations()[action.name]["body_kind"] == "binary":
        arguments["file_base64"] = base64.b64encode(FILE).decode()
    if action.name == "bill_create_a_payment":  # it pays a bill, or has one made
        arguments["processingOptions"]["createBill"] = False
    return arguments


def assert_written_as_the_facts_say(
    arrival: Arrival, fact: Mapping[str, Any], arguments: Mapping[str, Any]
) -> None:
    path = fact["path"]
    for parameter in fact["path_params"]:
        segment = quote(arguments[parameter["name"]], safe="")
        path = path.replace(f"{{{parameter['name']}}}", segment)
    assert (arrival.method, arrival.path) == (fact["method"], path)
    assert dict(parse_qsl(arrival.query)) == {
        one["name"]: as_bill_writes_it(one["name"], arguments[one["name"]])
        for one in fact["query_params"]
    }
    assert body_of(arrival) == expected_body(fact, arguments)
    known = set().union(*CREDENTIAL_HEADERS.values())
    assert known & set(arrival.headers) == CREDENTIAL_HEADERS[fact["auth"]]


def as_bill_writes_it(name: str, value: Any) -> str:
    if isinstance(value, list):
        return {
            "filters": 'id:in:"one,two"',
            "sort": "createdTime:desc",
        }.get(name, "one,two")
    return value if isinstance(value, str) else json.dumps(value)


def body_of(arrival: Arrival) -> Any:
    if arrival.headers.get("content-type") == "application/json":
        return arrival.json()
    return arrival.body


def expected_body(fact: Mapping[str, Any], arguments: Mapping[str, Any]) -> Any:
    if fact["body_kind"] == "binary":
        return FILE
    if fact["body"] is None:
        return b""
    if fact["body"]["type"] == "array":
        return arguments["items"]
    members = fact["body"]["properties"]
    return {name: arguments[name] for name in members if name in arguments}


def without_secrets(value: Any, paths: tuple[str, ...]) -> Any:
    """*value* with `HELD` at each of *paths*, which name members and list items."""
    if not paths or not isinstance(value, dict):
        return value
    told = dict(value)
    for path in paths:
        step, _, rest = path.partition(".")
        name = step.removesuffix("[]")
        inners = told[name] if step.endswith("[]") else [told[name]]
        done = [without_secrets(one, (rest,)) if rest else HELD for one in inners]
        told[name] = done if step.endswith("[]") else done[0]
    return told


@pytest.mark.parametrize("name", sorted(operations()))
async def test_sample_becomes_the_documented_request_and_the_reply_comes_back_unchanged(
    name: str,
) -> None:
    fact = operations()[name]
    action = catalogue(inline_credentials=True).find(name)
    arguments = sample_arguments(action)
    reply = naming_bills(arguments, reply_to(name))

    def answer(arrival: Arrival) -> httpx.Response | None:
        if arrival.path in SIGN_INS and arrival.path != fact["path"]:
            return None
        if arrival.method == "GET" != fact["method"]:  # the guard looks first
            return httpx.Response(200, json=shown(arrival))
        content = b"" if fact["response"] is None else json.dumps(reply).encode()
        return httpx.Response(fact["success_status"], content=content)

    assembly = assemble(Upstream(answer), inline_credentials=True)
    if fact["path"] == "/v3/logout":  # only a session that is there is ended
        await assembly.call("bill_get_api_session_details", {})
    result = await assembly.call(name, arguments)

    assert_written_as_the_facts_say(assembly.upstream.arrivals[-1], fact, arguments)
    assert_fits_the_output_schema(action, result)
    result.pop(OUR_KEY, None)
    whole: Any = {"items": reply} if isinstance(reply, list) else reply
    assert result == without_secrets(whole, action.spec.withheld)
    if fact["flags"]["returns_secret"]:
        assert whole[fact["secret_field"]] not in json.dumps(result)


def naming_bills(arguments: Mapping[str, Any], reply: Any) -> Any:
    """*reply*, which for a bulk payment names the bill that the sample pays.

    An answer that shows no payment of it leaves the outcome unknown.
    """
    if "payments" not in arguments:
        return reply
    (paid,) = arguments["payments"]
    share = {"billId": paid["billId"]}
    payments = [{**each, "billPayments": [share]} for each in reply["payments"]]
    return {**reply, "payments": payments}


def assert_fits_the_output_schema(action: Action, shown: dict[str, Any]) -> None:
    schema = listing.as_tool(action, output_schemas=True).output_schema
    assert schema is not None
    validator = Draft202012Validator(schema)
    assert [fault.message for fault in validator.iter_errors(shown)] == []
    assert list(undescribed(shown, schema)) == []


def undescribed(value: Any, schema: Mapping[str, Any], path: str = "") -> Any:
    """Members of *value* that *schema* does not tell an agent of."""
    if isinstance(value, dict) and "properties" in schema:
        for name, part in value.items():
            here = f"{path}.{name}"
            if name not in schema["properties"]:
                yield here
            else:
                yield from undescribed(part, schema["properties"][name], here)
    if isinstance(value, list):
        for part in value:
            yield from undescribed(part, schema.get("items", {}), f"{path}[]")


WRITES = sorted(
    action.name
    for action in catalogue()
    if not action.is_read and action.spec.session is None
)


@pytest.mark.parametrize("name", WRITES)
async def test_preview_shows_the_very_request_and_sends_nothing_that_changes_anything(
    name: str,
) -> None:

    arguments = sample_arguments(catalogue().find(name))

    def answer(arrival: Arrival) -> httpx.Response | None:
        if arrival.path in SIGN_INS:
            return None
        told = {"amount": 10.25, "payments": [{"id": "1"}], **shown(arrival)}
        return httpx.Response(200, json=naming_bills(arguments, told))

    assembly = assemble(Upstream(answer))
    told = await assembly.call(name, arguments | {"preview": True})
    assert assembly.upstream.writes == []
    assert assembly.outcomes == []
    told_of = told[OUR_KEY]["preview"]
    await assembly.call(name, arguments)
    (arrival,) = assembly.upstream.writes
    assert told_of["method"] == arrival.method
    assert told_of["url"].endswith(f"/connect{arrival.target}")
    assert told_of.get("body", "") == (
        f"({len(FILE)} bytes of a file)" if arrival.body == FILE else json_of(arrival)
    )


def json_of(arrival: Arrival) -> Any:
    return arrival.json() if arrival.body else ""
