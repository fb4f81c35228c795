"""What a server that may not do everything lets out, for every action there is."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.process import client_of, error_of
from support.simulator_process import simulator_process

from bill_mcp.guard import policy
from bill_mcp.spec_check import samples
from bill_mcp.specs import loading
from bill_mcp.specs.catalogue import Action
from bill_mcp.specs.models import Effect

pytestmark = pytest.mark.anyio

FACTS = json.loads(
    (Path(__file__).parents[1] / "facts" / "operations.json").read_text("utf-8")
)
SIGN_INS = {"bill_api_login", "bill_api_partner_login"}
NO_LOGIN = {"bill_api_partner_login"}
"""Refused already because this account is no partner's."""
PREPARING = {Effect.READ, Effect.WRITE}
FILE = {"file_base64": "aGVsbG8="}
ACTIONS = tuple(sorted(loading.load(), key=lambda each: each.spec.session is not None))
"""Those that end a session last."""

WRITES_AT_LEAST = 40
"""So many actions, and more, only read and write."""


def arguments(action: Action) -> dict[str, Any]:
    """All that the action takes, so that arguments add the effects that they can."""
    file = FILE if action.spec.body_form == "bytes" else {}
    return samples.arguments(action, whole=True) | file


def action_of(method: str, path: str) -> str:
    """The action that such a request belongs to; a word in the path beats an id."""
    fitting = [
        name
        for name, fact in FACTS.items()
        if fact["method"] == method
        and re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(fact["path"])), path)
    ]
    fewest: str = min(fitting, key=lambda name: FACTS[name]["path"].count("{"))
    return fewest


async def every_action(
    tmp_path: Path, *options: str, mode: str | None = None
) -> tuple[dict[str, Any], Counter[str]]:
    """Call all 209 as `serve` with *options* and a policy of *mode* lets it.

    Answers what the agent was told by action, and which actions arrived at BILL.
    """
    if mode is not None:
        file = tmp_path / "policy.toml"
        file.write_text(f'format = 1\n[agents."*"]\nmode = "{mode}"\n')
        options = (*options, "--policy", str(file))
    told = {}
    with simulator_process() as bill:
        variables = {
            **bill.credentials(mfa="trusted"),
            **bill.credentials(kind="spend"),
            "BILL_MCP_ENVIRONMENT": "local",
            "BILL_MCP_BASE_URL": bill.base_url,
            "BILL_MCP_HOME": str(tmp_path / "home"),
            "BILL_MCP_KEY": "a key of this test",
        }
        async with client_of(*options, variables=variables) as client:
            for action in ACTIONS:
                told[action.name] = await client.call_tool(
                    action.name, arguments(action)
                )
        arrived = bill.control("GET", "requests")
    assert len(told) == len(ACTIONS) == 209
    return told, Counter(action_of(each["method"], each["path"]) for each in arrived)


def refused(told: dict[str, Any], code: str) -> set[str]:
    """The actions that were refused for that reason."""
    return {
        name
        for name, answer in told.items()
        if answer.is_error and error_of(answer)["error"] == code
    }


@pytest.mark.parametrize(
    ("options", "mode", "code"),
    [
        (("--read-only",), None, "read_only"),
        ((), "read-only", "mode"),
        (("--read-only",), "pay", "read_only"),
    ],
    ids=["option", "policy", "option over a policy that pays"],
)
async def test_read_only_server_sends_nothing_but_reads_and_sign_ins(
    tmp_path: Path, options: tuple[str, ...], mode: str | None, code: str
) -> None:
    told, arrived = await every_action(tmp_path, *options, mode=mode)
    reads = {action.name for action in ACTIONS if action.is_read}
    assert not set(arrived) - reads - SIGN_INS
    assert refused(told, code) | NO_LOGIN == {each.name for each in ACTIONS} - reads
    signed = {each.name for each in ACTIONS if each.spec.auth != "partner"}
    assert set(arrived) >= reads & signed, "every read that this login can do"
    assert all(FACTS[name]["method"] == "GET" for name in reads)


async def test_preparing_server_sends_only_what_reads_and_writes(
    tmp_path: Path,
) -> None:
    told, arrived = await every_action(tmp_path, "--confirm", "never", mode="prepare")
    allowed = {
        action.name
        for action in ACTIONS
        if policy.effects_of(action, arguments(action)).effects <= PREPARING
    }
    assert not set(arrived) - allowed
    assert refused(told, "mode") == {action.name for action in ACTIONS} - allowed
    writes = {name for name in arrived if FACTS[name]["method"] != "GET"} - SIGN_INS
    assert len(writes) > WRITES_AT_LEAST, "writing goes on"
