import copy
import json
import logging
import pickle
import string
import traceback
from dataclasses import asdict
from urllib.parse import quote, quote_plus

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from bill_mcp.secret import HELD, SHORTEST_SEARCHED, LiveSecrets, Secret
from bill_mcp.sessions.credentials import Credentials

CANARY = "canary-9f31-value"
SECRET = Secret(CANARY)


@pytest.mark.parametrize(
    "shown",
    [
        str(SECRET),
        repr(SECRET),
        ascii(SECRET),
        f"{SECRET}",
        f"{SECRET!r}",
        f"{SECRET!s:>40}",
        f"{SECRET:>40}",
        f"{SECRET:s}",
        "{}".format(SECRET),  # noqa: UP032 -- one of the ways
        "%s" % SECRET,  # noqa: UP031 -- one of the ways
        "%r" % (SECRET,),  # noqa: UP031 -- one of the ways
        string.Template("$it").substitute(it=SECRET),
        str([SECRET]),
        str({"password": SECRET}),
        str({SECRET: 1}),
        repr(Credentials(password=SECRET, app_key=SECRET)),
        json.dumps({"it": SECRET}, default=str),
        structlog.processors.JSONRenderer()(None, "", {"it": SECRET}),
        logging.LogRecord("x", 1, "x", 1, "%s", (SECRET,), None).getMessage(),
        str(ValueError(SECRET)),
        repr(dir(SECRET)),
    ],
)
def test_secret_shows_itself_in_no_way_of_printing(shown: str) -> None:
    assert CANARY not in shown


def test_secret_is_not_in_a_traceback() -> None:
    def fails(secret: Secret) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError, match="Secret") as caught:
        fails(SECRET)
    shown = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True
    )
    assert CANARY not in "".join(shown.format())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled") as caught:
        pickle.dumps({"deep": [SECRET]}, protocol)
    assert CANARY not in str(caught.value)


def test_secret_is_not_copied_out_of_what_holds_it() -> None:
    for take in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            take(SECRET)
    with pytest.raises(TypeError):
        asdict(Credentials(password=SECRET))
    with pytest.raises(TypeError):
        vars(SECRET)
    with pytest.raises(TypeError):
        json.dumps(SECRET)


def test_equal_secrets_are_equal_and_share_a_digest_that_tells_nothing() -> None:
    other = Secret(CANARY)
    assert other == SECRET
    assert len({other, SECRET}) == 1
    assert other.digest() == SECRET.digest() != Secret(f"{CANARY}2").digest()
    assert CANARY not in SECRET.digest()
    assert SECRET != CANARY
    assert SECRET.reveal() == CANARY


def live(*values: str) -> LiveSecrets:
    found = LiveSecrets()
    found.add(Secret(value) for value in values)
    return found


AWKWARD = "p@ss w\"ör\\d/+&=%41<é\u2028>'"


@pytest.mark.parametrize(
    "form",
    [
        AWKWARD,
        quote(AWKWARD, safe=""),
        quote(AWKWARD),
        quote_plus(AWKWARD),
        json.dumps(AWKWARD)[1:-1],
        json.dumps(AWKWARD, ensure_ascii=False)[1:-1],
    ],
)
def test_secret_is_found_in_every_form_in_which_text_carries_it(form: str) -> None:
    text = f"https://x.test/?id={form}&more=1"
    assert live(AWKWARD).hide_in_text(text) == f"https://x.test/?id={HELD}&more=1"


def test_secret_is_found_wherever_a_json_value_has_text() -> None:
    value = {
        "a": [CANARY, {"b": f"before {CANARY} after {CANARY}"}],
        f"key {CANARY}": 1,
        "n": None,
        "t": True,
        "f": 1.5,
    }
    assert live(CANARY).hide(value) == {
        "a": [HELD, {"b": f"before {HELD} after {HELD}"}],
        f"key {HELD}": 1,
        "n": None,
        "t": True,
        "f": 1.5,
    }


@pytest.mark.parametrize("order", [1, -1])
def test_secret_that_begins_another_leaves_no_rest_of_it(order: int) -> None:
    values = ["canary-one", "canary-one-and-more"][::order]
    assert live(*values).hide_in_text("x canary-one-and-more y") == f"x {HELD} y"


def test_values_too_short_to_search_are_left_alone() -> None:
    short = "x" * (SHORTEST_SEARCHED - 1)
    assert live(short, "").hide_in_text(f"a {short} b") == f"a {short} b"
    assert live("x" * SHORTEST_SEARCHED).hide_in_text("xxxxxx") == HELD


def test_absent_secrets_are_no_secrets() -> None:
    found = LiveSecrets()
    found.add([None, SECRET, None])
    assert found.hide_in_text(CANARY) == HELD


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.text(min_size=6, max_size=12), min_size=1, max_size=4), TEXT, TEXT)
@example(["(held by the server)"], "", "")
def test_no_secret_survives_a_search_whatever_stands_around_it(
    values: list[str], before: str, after: str
) -> None:
    found = live(*values)
    for value in values:
        hidden = found.hide_in_text(f"{before}{value}{after}")
        without = hidden.replace(HELD, "\0")
        assert value not in without or value in f"{before}\0{after}"
