from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some
from support.approving import HOSTILE
from unit.announcing.waiting import APPROVAL, approval

from bill_mcp.announcing.announcement import announcement_of
from bill_mcp.records.approvals import ApprovalLine, Wanted

NEW_ID = "N".__mul__


def body(**changes: object) -> dict[str, object]:
    told: dict[str, object] = json.loads(
        announcement_of(approval(**changes), NEW_ID).as_json()
    )
    return told


def test_what_is_told_is_masked_and_holds_no_link() -> None:
    assert body() == {
        "type": "approval_waiting",
        "id": "N" * 16,
        "approval_id": "K7Q2XWYZ",
        "environment": "production",
        "organization": "P••• T••• C•••",
        "action": "bill_create_a_payment",
        "title": "Create a payment",
        "amount": {"at_least": 1000, "below": 10000, "currency": "USD"},
        "expires_at": "2026-11-23T15:20:00+00:00",
    }


def test_the_words_for_a_screen_say_the_environment_and_half_an_id() -> None:
    assert announcement_of(APPROVAL, NEW_ID).in_words() == (
        "An agent waits for approval in PRODUCTION: create a payment, id K7Q2…; "
        "run bill-mcp approvals"
    )


@given(
    text=some.text(min_size=3, alphabet=some.characters(min_codepoint=0x2460)),
)
def test_nothing_that_agents_or_third_parties_wrote_is_told(text: str) -> None:
    lines = (
        ApprovalLine(label="Payee", value=text, third_party=True),
        ApprovalLine(label=text, value=text),
    )
    told = announcement_of(
        approval(
            title=text,
            agent_name=text,
            profile=text,
            action=text,
            currency=text,
            reasons=(text,),
            lines=lines,
        ),
        NEW_ID,
    )
    for shown in (told.as_json().decode(), json.dumps(body(lines=lines, action=text))):
        assert text not in json.loads(shown).values()
        assert json.dumps(text)[1:-1] not in shown
    assert text not in told.in_words()


def test_a_call_that_is_named_by_no_tool_of_ours_is_just_a_call() -> None:
    told = announcement_of(approval(action=HOSTILE), NEW_ID)
    assert (told.title, told.action) == ("A call", "")


@pytest.mark.parametrize(
    ("lines", "masked"),
    [
        ((), "•••MBER"),
        ((ApprovalLine(label="Organization", value="«»"),), "•••MBER"),
        (
            (ApprovalLine(label="organization ", value="Ümit & 5 Sons"),),
            "Ü••• 5••• S•••",
        ),
    ],
)
def test_an_organization_shows_its_initials_or_the_end_of_its_key(
    lines: tuple[ApprovalLine, ...], masked: str
) -> None:
    assert body(lines=lines)["organization"] == masked


@given(cents=some.integers(min_value=0, max_value=10**15))
def test_an_amount_shows_its_order_of_magnitude_only(cents: int) -> None:
    told = body(cents=cents)["amount"]
    assert isinstance(told, dict)
    assert told["at_least"] <= cents / 100 < told["below"]
    assert told["below"] in {1, told["at_least"] * 10}
    assert set(str(told["at_least"])) <= {"0", "1"}


@pytest.mark.parametrize(
    "changes", [{"cents": None}, {"currency": None}, {"currency": "<b>"}]
)
def test_a_call_without_an_amount_tells_none(changes: dict[str, object]) -> None:
    assert "amount" not in body(**changes)


def test_the_binding_and_the_request_stay_untold() -> None:
    told = announcement_of(APPROVAL, NEW_ID).as_json().decode()
    wanted: Wanted = APPROVAL.wanted
    for text in (
        wanted.binding,
        wanted.request_digest,
        wanted.instance,
        "http",
        "1250",
    ):
        assert text not in told
