"""No secret comes back to an agent, by whatever way BILL repeats it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.answering import CREATE, READ, server_with
from support.assembly import ACCOUNT, assemble, catalogue
from support.upstream import SIGN_INS, Arrival, Upstream, refusal

from bill_mcp import present
from bill_mcp.errors import CallError
from bill_mcp.secret import HELD, Secret
from bill_mcp.spec_check import samples

pytestmark = pytest.mark.anyio


def reply_with(path: str, value: str) -> Any:
    """The smallest reply that has *value* at the dotted *path*."""
    step, _, rest = path.partition(".")
    inner = reply_with(rest, value) if rest else value
    name = step.removesuffix("[]")
    return {name: [inner, inner] if name != step else inner}


WITHHELD = [
    (action.name, path)
    for action in catalogue()
    for path in action.spec.withheld
    if action.spec.session is None
]


@pytest.mark.parametrize(("name", "path"), WITHHELD)
async def test_secret_is_withheld_by_its_path(name: str, path: str) -> None:
    arguments = samples.arguments(catalogue().find(name), whole=False)
    # Evidence wants the id and the amount of what is to be paid.
    paid = {"uuid": arguments.get("reimbursementId"), "amount": 1}
    server = server_with(reply_with(path, "canary-never-seen-before") | paid)
    result = await server.call(name, arguments)
    assert HELD in str(result)
    assert "canary" not in str(result)


async def test_session_of_a_sign_in_is_withheld_by_its_path() -> None:
    server = server_with()
    for name in ("bill_api_login", "bill_api_partner_login"):
        assert (await server.call(name, {}))["sessionId"] == HELD


SECRETS = [secret.reveal() for secret in ACCOUNT.secrets() if secret]


@pytest.mark.parametrize("secret", [*SECRETS, "session-number-1"])
async def test_live_secret_is_withheld_wherever_it_stands(secret: str) -> None:
    reply = {
        "memo": f"see {secret}!",
        secret: ["x", {"deep": secret}],
        "link": f"https://x.test/?s={quote(secret, safe='')}",
    }
    server = server_with(reply)
    await server.call(*READ)
    result = await server.call(*READ)
    assert secret not in str(result)
    assert result["memo"] == f"see {HELD}!"


@pytest.mark.parametrize(
    "secret", ["canary-plain-password", 'canary"quoted\\password', "canary-pässwört"]
)
async def test_secret_in_bills_words_is_withheld_from_errors(secret: str) -> None:
    account = replace(ACCOUNT, password=Secret(secret))
    refused = refusal("BDC_1171", 422, f"name: {secret} is in use")
    server = assemble(Upstream(lambda a: _unless_sign_in(a, refused)), account=account)
    with pytest.raises(CallError) as caught:
        await server.call(*CREATE)
    told = present.as_text(present.error(caught.value, server.dispatcher.live))
    assert "canary" not in told
    assert HELD in told


def _unless_sign_in(arrival: Arrival, answer: httpx.Response) -> httpx.Response | None:
    return None if arrival.path in SIGN_INS else answer
