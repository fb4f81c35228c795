"""One approval serves one call, once, and only while it lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from support.approval_desk import ApprovalDesk, payment

from bill_mcp.errors import CallError, LimitError, RefusedError
from bill_mcp.records.approvals import OPEN_PER_AGENT, State, Via

pytestmark = pytest.mark.anyio
ALMOST_S, OVER_S = 599, 600


@pytest.fixture
def desk(tmp_path: Path) -> ApprovalDesk:
    return ApprovalDesk(tmp_path / "home" / "journal.sqlite")


async def refusal(desk: ApprovalDesk, approval_id: str, binding: str = "b1") -> str:
    """The code with which spending it is refused."""
    with pytest.raises(RefusedError) as caught:
        await desk.spend(approval_id, binding)
    assert caught.value.advice
    return caught.value.code


async def test_granted_call_goes_out_once(desk: ApprovalDesk) -> None:
    granted = await desk.granted()
    assert (granted.state, granted.decided_by) == (State.GRANTED, "mia")
    spent = await desk.spend(granted.id)
    assert (spent.state, spent.spent_at) == (State.SPENT, desk.clock.now())
    assert await refusal(desk, granted.id) == "approval_spent"
    assert await desk.approvals.find(granted.id) == spent
    events = ("asked", "granted", "spent")
    assert desk.noted == [(granted.id, event) for event in events]


async def test_each_reason_for_refusing_has_its_own_code(desk: ApprovalDesk) -> None:
    assert await refusal(desk, "NOSUCHID") == "approval_unknown"
    asked = await desk.approvals.ask(payment())
    assert await refusal(desk, asked.id) == "approval_waiting"
    await desk.approvals.decide(asked.id, grant=False, by="mia", via=Via.TERMINAL)
    assert await refusal(desk, asked.id) == "approval_declined"
    closed = await desk.approvals.ask(payment())
    await desk.approvals.cancel(closed.id, via=Via.PAGE)
    assert await refusal(desk, closed.id) == "approval_cancelled"
    granted = await desk.granted()
    assert await refusal(desk, granted.id, "b2") == "approval_mismatch"
    desk.clock.advance(OVER_S)
    assert await refusal(desk, granted.id) == "approval_expired"


async def test_what_was_asked_is_kept_to_the_last_sign(desk: ApprovalDesk) -> None:
    hostile = payment(agent_name='\ud800 "x"\n\u202e\x00', reasons=("a", "é"))
    asked = await desk.approvals.ask(hostile)
    found = await desk.approvals.find(asked.id)
    assert found is not None
    assert found.wanted == hostile


async def test_same_call_is_asked_for_once_while_it_lives(desk: ApprovalDesk) -> None:
    asked = await desk.approvals.ask(payment())
    assert await desk.approvals.ask(payment(title="other words")) == asked
    await desk.approvals.decide(asked.id, grant=True, by="mia", via=Via.PAGE)
    again = await desk.approvals.ask(payment())
    assert (again.id, again.state) == (asked.id, State.GRANTED)
    await desk.spend(asked.id)
    fresh = await desk.approvals.ask(payment())
    assert (fresh.id != asked.id, fresh.state) == (True, State.WAITING)
    assert await desk.approvals.find_bound("b1") == fresh
    assert await desk.approvals.find_bound("b2") is None


async def test_denied_call_is_found_as_denied(desk: ApprovalDesk) -> None:
    asked = await desk.approvals.ask(payment())
    await desk.approvals.decide(asked.id, grant=False, by="mia", via=Via.PAGE)
    found = await desk.approvals.find_bound("b1")
    assert found is not None
    assert (found.id, found.state) == (asked.id, State.DENIED)


async def test_grant_does_not_prolong_the_ten_minutes(desk: ApprovalDesk) -> None:
    asked = await desk.approvals.ask(payment())
    desk.clock.advance(ALMOST_S)
    await desk.approvals.decide(asked.id, grant=True, by="mia", via=Via.PAGE)
    desk.clock.advance(OVER_S - ALMOST_S)
    assert await refusal(desk, asked.id) == "approval_expired"


async def test_expired_stays_expired_when_the_clock_goes_back(
    desk: ApprovalDesk,
) -> None:
    granted = await desk.granted()
    desk.clock.advance(OVER_S)
    assert await refusal(desk, granted.id) == "approval_expired"
    desk.clock.advance(-OVER_S)
    assert await refusal(desk, granted.id) == "approval_expired"
    found = await desk.approvals.find(granted.id)
    assert found is not None
    assert found.state is State.EXPIRED
    assert desk.noted[-1] == (granted.id, "expired")


async def test_clock_that_went_back_before_the_grant_ends_it(
    desk: ApprovalDesk,
) -> None:
    desk.clock.advance(ALMOST_S)
    granted = await desk.granted()
    desk.clock.advance(-61)
    assert await refusal(desk, granted.id) == "approval_expired"


async def test_what_is_decided_or_over_is_not_decided_again(
    desk: ApprovalDesk,
) -> None:
    granted = await desk.granted()
    late = await desk.approvals.ask(payment(binding="b2"))

    async def code(approval_id: str) -> str:
        with pytest.raises(CallError) as caught:
            await desk.approvals.decide(
                approval_id, grant=False, by="tom", via=Via.PAGE
            )
        with pytest.raises(CallError):
            await desk.approvals.cancel(approval_id, via=Via.PAGE)
        return caught.value.code

    assert await code(granted.id) == "approval_granted"
    assert await code("NOSUCHID") == "approval_unknown"
    desk.clock.advance(OVER_S)
    assert await code(late.id) == "approval_expired"


async def test_client_approves_only_what_the_policy_lets_it(
    desk: ApprovalDesk,
) -> None:
    asked = await desk.approvals.ask(payment())
    with pytest.raises(RefusedError) as caught:
        await desk.approvals.decide(asked.id, grant=True, by="client", via=Via.CLIENT)
    assert caught.value.code == "approval_not_by_client"
    allowed = await desk.approvals.ask(payment(binding="b2", client_may_approve=True))
    granted = await desk.approvals.decide(
        allowed.id, grant=True, by="client", via=Via.CLIENT
    )
    assert granted.via is Via.CLIENT
    denied = await desk.approvals.decide(
        asked.id, grant=False, by="client", via=Via.CLIENT
    )
    assert denied.state is State.DENIED


async def test_one_agent_has_at_most_twenty_calls_waiting(desk: ApprovalDesk) -> None:
    for number in range(OPEN_PER_AGENT):
        await desk.approvals.ask(
            payment(binding=f"n{number}"), acknowledged=bool(number % 2)
        )
    with pytest.raises(LimitError) as caught:
        await desk.approvals.ask(payment(binding="more"))
    assert caught.value.code == "approvals_waiting"
    other = await desk.approvals.ask(payment(binding="more", agent="stdio:2"))
    assert other.state is State.WAITING
    desk.clock.advance(OVER_S)
    assert (await desk.approvals.ask(payment(binding="more"))).id != other.id


async def test_lists_show_what_waits_and_what_became_of_the_rest(
    desk: ApprovalDesk,
) -> None:
    first = await desk.approvals.ask(payment())
    desk.clock.advance(1)
    second = await desk.approvals.ask(payment(binding="b2"))
    desk.clock.advance(1)
    gone = await desk.granted(binding="b3")
    assert await desk.approvals.waiting() == [first, second]
    assert await desk.approvals.recent(2) == [gone, second]
    desk.clock.advance(OVER_S)
    assert await desk.approvals.waiting() == []


async def test_acknowledgement_serves_only_by_its_id_and_where_nobody_is_asked(
    desk: ApprovalDesk,
) -> None:
    known = await desk.approvals.ask(payment(), acknowledged=True)
    assert (known.state, known.decided_by) == (State.GRANTED, "the agent itself")
    assert await desk.approvals.find_bound("b1") is None
    assert await desk.approvals.waiting() == []
    assert await desk.approvals.ask(payment(), acknowledged=True) == known
    asked = await desk.approvals.ask(payment())
    assert (asked.id != known.id, asked.state) == (True, State.WAITING)
    assert await refusal(desk, known.id) == "approval_acknowledged"
    spent = await desk.spend(known.id, acknowledged=True)
    assert spent.state is State.SPENT
    assert await refusal(desk, known.id) == "approval_spent"


@pytest.mark.parametrize(
    "change",
    [
        "state = 'granted', decided_by = 'mia', decided_at = asked_at",
        "binding = 'b2'",
        "wanted = replace(wanted, '125050', '1')",
        "wanted = replace(wanted, 'Happy', 'Other')",
        "expires_at = '2099-01-01T00:00:00.000000+00:00'",
        "seal = 'x'",
        "seal = x'00'",
        "decided_by = x'ff'",
    ],
)
async def test_row_that_others_wrote_in_serves_nothing(
    desk: ApprovalDesk, change: str
) -> None:
    asked = await desk.approvals.ask(payment())
    await desk.tamper(f"UPDATE approvals SET {change}")  # noqa: S608 -- our own
    assert await refusal(desk, asked.id) == "approval_damaged"
    assert await desk.approvals.waiting() == []
    with pytest.raises(RefusedError, match="another program"):
        await desk.approvals.find(asked.id)
    with pytest.raises(RefusedError, match="another program"):
        await desk.approvals.decide(asked.id, grant=True, by="mia", via=Via.PAGE)
    assert (await desk.approvals.ask(payment())).id != asked.id


async def test_row_written_by_others_is_no_approval(desk: ApprovalDesk) -> None:
    denied = await desk.approvals.ask(payment())
    await desk.approvals.decide(denied.id, grant=False, by="mia", via=Via.PAGE)
    await desk.tamper("UPDATE approvals SET state = 'granted'")
    assert await refusal(desk, denied.id) == "approval_damaged"


async def test_what_the_caller_undoes_is_not_spent(desk: ApprovalDesk) -> None:
    granted = await desk.granted()

    def fails(connection: object) -> None:
        desk.approvals.spend(
            connection,  # type: ignore[arg-type]
            granted.id,
            binding="b1",
            now=desk.clock.now(),
        )
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await desk.file.transact(fails)
    assert (await desk.spend(granted.id)).state is State.SPENT


async def test_another_process_finds_and_decides_what_this_one_asked(
    desk: ApprovalDesk,
) -> None:
    asked = await desk.approvals.ask(payment())
    other = ApprovalDesk(desk.path, clock=desk.clock)
    assert await other.approvals.waiting() == [asked]
    await other.approvals.decide(asked.id, grant=True, by="mia", via=Via.TERMINAL)
    assert (await desk.spend(asked.id)).via is Via.TERMINAL
    assert await refusal(other, asked.id) == "approval_spent"


SPENDER = """
import sys
from datetime import datetime
from pathlib import Path
import anyio
from support.approval_desk import ApprovalDesk
from bill_mcp.errors import RefusedError

desk = ApprovalDesk(Path(sys.argv[1]))
anyio.run(desk.approvals.waiting)
print("ready", flush=True)
sys.stdin.readline()
try:
    anyio.run(desk.spend, sys.argv[2])
    print("spent")
except RefusedError as error:
    print(error.code)
"""


def test_two_processes_spend_the_same_approval_and_one_of_them_wins(
    desk: ApprovalDesk,
) -> None:
    granted = anyio.run(desk.granted)
    tests = Path(__file__).parents[2]
    command = [sys.executable, "-c", SPENDER, str(desk.path), granted.id]
    pair = [
        subprocess.Popen(  # noqa: S603 -- ourselves
            command,
            cwd=tests,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in pair:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in pair:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ends = sorted(process.communicate(timeout=60)[0] for process in pair)
    assert ends == ["approval_spent\n", "spent\n"]
