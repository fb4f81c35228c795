"""Hostile arguments end as an error in our words, or stay in their template."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest
from support.assembly import ACCOUNT, Assembly, assemble, catalogue
from support.hostile_calls import Call, contained_calls, fitting, refused_calls
from support.upstream import SIGN_INS, Upstream

from bill_mcp import present
from bill_mcp.errors import CallError

pytestmark = pytest.mark.anyio

REFUSED, CONTAINED = list(refused_calls()), list(contained_calls())
SESSION = "session-number-1"
MACHINERY = re.compile(
    r"Traceback|\.py\b|line \d+|Error\(|Exception|object at 0x|bill_mcp/"
)


async def signed_in(**more: Any) -> Assembly:
    """An assembly that holds every secret there can be, a live session too."""
    assembly = assemble(Upstream(), **more)
    await assembly.call("bill_get_api_session_details", {})
    assembly.upstream.arrivals.clear()
    return assembly


def assert_tells_no_secret(text: str) -> None:
    for secret in (*ACCOUNT.secrets(), None):
        assert secret is None or secret.reveal() not in text
    assert SESSION not in text


async def refusal(assembly: Assembly, call: Call) -> tuple[dict[str, Any], str]:
    """What an agent reads of a call that must not go out."""
    with pytest.raises(CallError) as caught:
        await assembly.call(call.tool, call.arguments)
    assert assembly.upstream.arrivals == []
    assert assembly.outcomes == []
    told = present.error(caught.value, assembly.dispatcher.live)
    return told, present.as_text(told)


def test_there_are_hundreds_of_hostile_calls_to_dozens_of_tools() -> None:
    assert len({str(call) for call in REFUSED}) >= 350
    assert len(CONTAINED) >= 50
    assert len({call.tool for call in (*REFUSED, *CONTAINED)}) >= 14


@pytest.mark.parametrize("call", REFUSED, ids=str)
async def test_malformed_call_is_an_error_in_our_words_and_nothing_goes_out(
    call: Call,
) -> None:
    told, text = await refusal(await signed_in(), call)
    assert told["outcome"] == "not_done"
    assert told["message"]
    assert told["advice"]
    assert set(told) <= {"error", "message", "advice", "outcome", "faults"}
    assert not MACHINERY.search(text)
    assert "evil" not in text
    assert len(text.encode()) <= present.ERROR_BYTES
    assert_tells_no_secret(text)


def template(call: Call) -> re.Pattern[str]:
    path = catalogue().find(call.tool).spec.path_template
    return re.compile(re.sub(r"\\{\w+\\}", r"([^/?#;\\\\]+)", re.escape(path)))


@pytest.mark.parametrize("call", CONTAINED, ids=str)
async def test_hostile_text_that_may_go_out_stays_in_its_place_unchanged(
    call: Call,
) -> None:
    assembly = await signed_in()
    result = await assembly.call(call.tool, call.arguments)
    (arrival,) = assembly.upstream.arrivals
    action = catalogue().find(call.tool)
    match = template(call).fullmatch(arrival.path)
    assert match is not None
    assert arrival.method == action.spec.method
    assert arrival.target.isascii()
    ids = [unquote(segment) for segment in match.groups()]
    assert ids == [call.arguments[name] for name in action.spec.path]
    query = dict(parse_qsl(arrival.query, keep_blank_values=True))
    assert query == only(call.arguments, action.spec.query)
    body = json.loads(arrival.body) if arrival.body else {}
    assert body == only(call.arguments, action.spec.body)
    assert arrival.headers["sessionid"] == SESSION
    assert arrival.headers["host"] == "gateway.stage.bill.com"
    assert_tells_no_secret(present.as_text(result))


def only(arguments: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name in names}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that uploads may read from, with what should not be read beside it."""
    root = tmp_path / "allowed"
    (root / "sub").mkdir(parents=True)
    (root / "empty.pdf").touch()
    (tmp_path / "allowed-not").mkdir()
    for path in (tmp_path / "secret.txt", tmp_path / "allowed-not" / "secret.txt"):
        path.write_text("canary of a file", encoding="utf-8")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "folder").symlink_to(tmp_path)
    (root / "huge.bin").write_bytes(bytes(6 * 1024 * 1024 + 1))
    return root


@pytest.mark.parametrize(
    "path",
    [
        *("", "sub", "empty.pdf", "missing.txt", "link.txt", "folder/secret.txt"),
        *("huge.bin", "../secret.txt", "sub/../../secret.txt", "sub/../empty.pdf"),
        *("../allowed-not/secret.txt", "link.txt/", "./link.txt", "a" * 300, "a\0b"),
        *("missing/missing.txt", "empty.pdf/x", "*"),
    ],
)
async def test_path_beside_or_below_an_allowed_folder_is_refused_without_its_name(
    root: Path, path: str
) -> None:
    assembly = await signed_in(upload_roots=(root,))
    arguments = fitting("bill_upload_bill_document") | {"file_path": f"{root}/{path}"}
    del arguments["file_base64"]
    call = Call(tool="bill_upload_bill_document", arguments=arguments, what=path)
    _, text = await refusal(assembly, call)
    assert str(root) not in text
    assert "canary" not in text
    assert "Errno" not in text


async def test_refusals_leave_the_session_as_it_was() -> None:
    assembly = await signed_in()
    for call in REFUSED[::20]:
        await refusal(assembly, call)
    await assembly.call("bill_get_list_of_vendors", {})
    (arrival,) = assembly.upstream.arrivals
    assert arrival.path not in SIGN_INS
    assert arrival.headers["sessionid"] == SESSION
