"""Whatever is logged, and by whomever: a line of the log holds no secret."""

import json
import logging
from typing import Any

import pytest
import structlog

from bill_mcp import logs
from bill_mcp.secret import HELD, LiveSecrets, Secret

CANARY = "canary\\7c1f\"it's/value"
UNKNOWN = "never-registered"


pytestmark = pytest.mark.usefixtures("logging_as_before")


def configure(level: str = "debug") -> Any:
    live = LiveSecrets()
    live.add([Secret(CANARY)])
    logs.configure(level, live)
    return structlog.get_logger("test")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was logged; stdout belongs to the protocol."""
    captured = capsys.readouterr()
    assert captured.out == ""
    for form in (CANARY, json.dumps(CANARY)[1:-1], repr(CANARY)[1:-1]):
        assert form not in captured.err
    return [json.loads(line) for line in captured.err.splitlines()]


def test_line_is_one_json_object_with_time_and_level(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure().info("call answered\nsecond line", action="bill_x", attempts=2, ok=True)
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "call answered\nsecond line",
        "level": "info",
        "action": "bill_x",
        "attempts": 2,
        "ok": True,
    }


class Holder:
    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Holder({self.value})"


VALUES: dict[str, Any] = {
    "text": f"before {CANARY} after",
    "list": ["a", [CANARY]],
    "dict": {"a": {CANARY: CANARY}},
    "tuple": ("a", (CANARY, {"b": CANARY})),
    "set": {CANARY},
    "dict in a tuple": ({"a": [CANARY]},),
    "object": Holder(CANARY),
    "object in a list": [Holder(CANARY)],
    "object in a dict": {"a": Holder(CANARY)},
    "error": ValueError(CANARY),
    "error in a list": [ValueError(CANARY)],
    "bytes": CANARY.encode(),
    "secret": Secret(CANARY),
    "unregistered secret": [Secret(UNKNOWN)],
}


@pytest.mark.parametrize("kind", VALUES)
def test_live_secret_is_in_no_value_of_a_line(
    capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    configure().info("event", value=VALUES[kind])
    (line,) = lines(capsys)
    assert "canary" not in json.dumps(line["value"])
    assert UNKNOWN not in json.dumps(line["value"])


@pytest.mark.parametrize("kind", VALUES)
def test_live_secret_is_in_no_line_of_a_library(
    capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    configure()
    library = logging.getLogger("some.library")
    library.warning("trouble with %s", VALUES[kind], extra={"value": VALUES[kind]})
    (line,) = lines(capsys)
    assert line["event"].startswith("trouble with")
    assert "canary" not in json.dumps(line)
    assert UNKNOWN not in json.dumps(line)


def test_live_secret_is_not_in_the_event_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure().warning("it is %s", CANARY)
    configure().warning(f"it is {CANARY}")
    assert [line["event"] for line in lines(capsys)] == [f"it is {HELD}"] * 2


@pytest.mark.parametrize(
    "name",
    [
        *("password", "devKey", "appKey", "apiToken", "sessionId", "rememberMeId"),
        *("token", "Authorization", "DEVKEY"),
    ],
)
def test_value_under_the_name_of_a_secret_is_never_shown(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    log = configure()
    log.info("event", **{name: "x1"})
    log.info("event", headers={name: "x1", "accept": "all"}, rows=[{name: "x1"}])
    first, second = lines(capsys)
    assert first[name] == HELD
    assert second["headers"] == {name: HELD, "accept": "all"}
    assert second["rows"] == [{name: HELD}]


def test_error_is_logged_without_its_traceback_and_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = configure()
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("some.library").exception("it broke")
        log.exception("it broke")
    told = lines(capsys)
    assert [line["event"] for line in told] == ["it broke", "it broke"]
    assert "Traceback" not in json.dumps(told)


def test_secret_that_comes_later_is_hidden_from_then_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    live = LiveSecrets()
    logs.configure("info", live)
    log = structlog.get_logger("test").bind(session="canary-session")
    live.add([Secret("canary-session")])
    log.info("event")
    assert [line["session"] for line in lines(capsys)] == [HELD]


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_level_decides_what_is_told(
    capsys: pytest.CaptureFixture[str], level: str, events: list[str]
) -> None:
    log = configure(level)
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)(name)
    assert [line["event"] for line in lines(capsys)] == events


@pytest.mark.parametrize(("level", "count"), [("debug", 1), ("error", 0)])
def test_libraries_are_heard_from_warning_on_at_most(
    capsys: pytest.CaptureFixture[str], level: str, count: int
) -> None:
    configure(level)
    library = logging.getLogger("httpx")
    library.debug("GET %s", CANARY)
    library.info("GET %s", CANARY)
    library.warning("GET %s", CANARY)
    assert len(lines(capsys)) == count
