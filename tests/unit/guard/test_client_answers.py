"""Which payments the answer of a client's own user is enough for."""

from dataclasses import replace
from typing import Any

import pytest
from support.decisions import BANK, COPY, RESEND, TWICE, decided
from support.payments import evidence, part, rules

from bill_mcp.guard import policy
from bill_mcp.guard.evidence import NOTHING, Evidence, Reason
from bill_mcp.guard.rules import Rules
from bill_mcp.specs.models import Effect

CLIENT: dict[str, Any] = {"approval_by": {"client": {"USD": 250, "EUR": 10}}}


def by_client(read: Evidence, given: Rules | None) -> bool:
    return policy.client_may_approve(decided(read, given), read.parts, given)


@pytest.mark.parametrize(
    ("cents", "enough"),
    [
        ([25_000], True),
        ([25_001], False),
        ([20_000, 5_000], True),
        ([1, 25_000], False),
    ],
)
def test_clients_answer_counts_up_to_the_sum_of_the_parts(
    cents: list[int], enough: bool
) -> None:
    read = evidence(*(part(one, bill=f"00n{n}") for n, one in enumerate(cents)))
    assert by_client(read, rules(**CLIENT)) is enough


def test_clients_answer_counts_by_currency() -> None:
    given = rules(**CLIENT)
    assert by_client(evidence(part(25_000), part(1_000, currency="EUR")), given)
    assert not by_client(evidence(part(25_000), part(1_001, currency="EUR")), given)
    assert not by_client(evidence(part(1, currency="CAD")), given)


def test_clients_answer_counts_for_nothing_unless_the_policy_says_so() -> None:
    for given in (None, rules(), rules(approval_by="person")):
        assert not by_client(evidence(part(1)), given)


@pytest.mark.parametrize("reason", [BANK, RESEND, TWICE, COPY])
def test_clients_answer_is_not_enough_where_something_speaks_against(
    reason: Reason,
) -> None:
    assert not by_client(evidence(part(1), reasons=(reason,)), rules(**CLIENT))


def test_clients_answer_releases_payments_and_nothing_else() -> None:
    given = rules(**CLIENT)
    read = replace(NOTHING, effects=frozenset({Effect.MONEY}))
    assert not by_client(read, given)
    for effect in (Effect.PAYEE, Effect.ACCESS):
        read = evidence(part(1), effects=frozenset({effect}))
        assert not by_client(read, given)
