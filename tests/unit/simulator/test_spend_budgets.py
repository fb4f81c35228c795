from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bill_mcp.simulator.behaviours.budgets import INTERVALS
from bill_mcp.simulator.budget_periods import period_of

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]


async def owner(spend: Any) -> str:
    uuid: str = (await spend.get("/spend/users/current"))["uuid"]
    return uuid


async def person(spend: Any, **fields: Any) -> dict[str, Any]:
    wish = [{"type": "spend_user", "fields": fields}]
    made: dict[str, Any] = (await spend.control("POST", "/fixtures", wish))[0]
    return made


async def budget(spend: Any, **fields: Any) -> dict[str, Any]:
    body = {
        "name": "Operations",
        "recurringInterval": "NONE",
        "limit": 1000,
        "owners": [await owner(spend)],
        **fields,
    }
    made: dict[str, Any] = await spend.post("/spend/budgets", body)
    return made


async def monthly(spend: Any, **fields: Any) -> dict[str, Any]:
    return await budget(
        spend, recurringInterval="MONTHLY", recurringLimit=1000, **fields
    )


async def read(spend: Any, made: dict[str, Any]) -> Any:
    return await spend.get(f"/spend/budgets/{made['uuid']}")


async def swipe(spend: Any, amount: float, **fields: Any) -> Any:
    wish = [{"type": "spend_transaction", "fields": {"amount": amount, **fields}}]
    return (await spend.control("POST", "/fixtures", wish))[0]


async def shared_card(spend: Any, made: dict[str, Any]) -> Any:
    body = {
        "name": "Card",
        "budgetId": made["uuid"],
        "userId": await owner(spend),
        "shareBudgetFunds": True,
    }
    return await spend.post("/spend/cards", body)


async def test_a_new_budget_has_its_period_and_nothing_spent(spend: Any) -> None:
    made = await monthly(spend, overspendBuffer="50", description="All of it")
    assert made["uuid"].startswith("bgt_")
    assert made["currentPeriod"] == {
        "startDate": "2026-11-01",
        "endDate": "2026-11-30",
        "limit": 1000,
        "overspendBuffer": 50,
        "assigned": 0,
        "spent": {"cleared": 0, "pending": 0, "total": 0},
    }
    assert await spend.get(f"/spend/budgets/{made['id']}") == made
    assert await read(spend, made) == made


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"limit": None}, {"limit"}),
        ({"recurringInterval": "MONTHLY"}, {"recurringLimit"}),
        ({"recurMonth": 2}, {"recurMonth"}),
        (
            {
                "recurringInterval": "DAILY",
                "recurringLimit": 5,
                "overspendBuffer": 5,
                "limitlessOverspend": True,
            },
            {"limitlessOverspend", "overspendBuffer"},
        ),
        ({"owners": []}, {"owners"}),
        ({"recurringInterval": "HOURLY"}, {"recurringInterval"}),
    ],
)
async def test_settings_that_do_not_go_together_are_refused(
    spend: Any, fields: dict[str, Any], named: set[str]
) -> None:
    body = {"name": "X", "recurringInterval": "NONE", "limit": 10}
    body |= {"owners": [await owner(spend)], **fields}
    answer = await spend.ask("POST", "/spend/budgets", body)
    assert answer.status_code == 400
    assert {fault["message"].partition(":")[0] for fault in answer.json()} == named


async def test_a_second_budget_of_the_same_name_is_allowed(spend: Any) -> None:
    first, second = await budget(spend), await budget(spend)
    assert first["uuid"] != second["uuid"]


async def test_the_clock_turns_the_period_and_what_is_left_is_carried_over(
    spend: Any,
) -> None:
    made = await monthly(spend, carryOver=True)
    await shared_card(spend, made)
    await swipe(spend, 300)
    assert (await read(spend, made))["currentPeriod"]["spent"]["pending"] == 300
    # Midnight in US Central is six hours later in UTC.
    await spend.pass_time(now="2026-12-01T05:59:00Z")
    assert (await read(spend, made))["currentPeriod"]["spent"]["cleared"] == 300
    await spend.pass_time(now="2026-12-01T06:01:00Z")
    period = (await read(spend, made))["currentPeriod"]
    assert (period["startDate"], period["endDate"]) == ("2026-12-01", "2026-12-31")
    assert period["limit"] == 1700
    assert period["spent"] == {"cleared": 0, "pending": 0, "total": 0}


async def test_a_clearing_counts_in_the_period_of_its_authorization(spend: Any) -> None:
    made = await monthly(spend)
    await shared_card(spend, made)
    await spend.pass_time(now="2026-11-30T20:00:00Z")
    await swipe(spend, 40)
    await spend.pass_time(now="2026-12-10T20:00:00Z")
    assert (await read(spend, made))["currentPeriod"]["spent"]["total"] == 0


async def test_a_budget_that_has_expired_is_retired(spend: Any) -> None:
    made = await budget(spend, expirationDate="2026-11-25")
    assert made["currentPeriod"]["endDate"] == "2026-11-25"
    await spend.pass_time(now="2026-11-25T12:00:00Z")
    assert (await read(spend, made))["retired"] is False
    await spend.pass_time(now="2026-11-26T12:00:00Z")
    assert (await read(spend, made))["retired"] is True


async def test_a_later_expiry_or_none_overtakes_the_first(spend: Any) -> None:
    made = await budget(spend, expirationDate="2026-11-25")
    path = f"/spend/budgets/{made['uuid']}"
    changed = (await spend.ask("PATCH", path, {"expirationDate": None})).json()
    assert "expirationDate" not in changed
    assert "endDate" not in changed["currentPeriod"]
    await spend.pass_time(now="2027-11-26T12:00:00Z")
    assert (await read(spend, made))["retired"] is False


async def test_a_changed_interval_counts_its_own_period_anew(spend: Any) -> None:
    made = await budget(spend)
    await shared_card(spend, made)
    await swipe(spend, 70)
    await spend.pass_time(now="2026-11-26T15:00:00Z")
    await swipe(spend, 30)
    path = f"/spend/budgets/{made['uuid']}"
    body = {"recurringInterval": "DAILY", "recurringLimit": 200}
    changed = (await spend.ask("PATCH", path, body)).json()
    assert changed["currentPeriod"]["startDate"] == "2026-11-26"
    assert changed["currentPeriod"]["spent"]["total"] == 30
    assert (await spend.ask("PATCH", path, {"recurMonth": 3})).status_code == 400


async def test_deleting_retires_for_good(spend: Any, refused: Refused) -> None:
    made = await budget(spend)
    path = f"/spend/budgets/{made['uuid']}"
    for _ in range(2):
        answer = await spend.ask("DELETE", path)
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await read(spend, made))["retired"] is True
    answer = await spend.ask("PATCH", path, {"name": "Y"})
    assert refused(answer) == (422, "BDC_9101")


async def test_lists_are_filtered_sorted_and_paged(spend: Any) -> None:
    group = await budget(spend, name="Group", budgetGroup=True, limit=5)
    child = await budget(spend, name="Child", parentBudgetId=group["id"], limit=7)
    assert child["parentBudgetUuid"] == group["uuid"]
    retired = await budget(spend, name="Old", limit=6)
    await spend.ask("DELETE", f"/spend/budgets/{retired['uuid']}")

    async def names(**query: Any) -> list[str]:
        page = await spend.get("/spend/budgets", **query)
        return [each["name"] for each in page["results"]]

    assert await names(sort="limit:desc") == ["Child", "Old", "Group"]
    assert await names(sort="spent:asc,name:asc") == ["Child", "Group", "Old"]
    assert await names(filters="retired:eq:false,isBudgetGroup:eq:false") == ["Child"]
    assert await names(filters=f"budgetIds:eq:{group['id']}") == ["Group"]
    assert await names(filters=f'budgetIds:in:"{group["uuid"]},{child["id"]}"') == [
        "Group",
        "Child",
    ]
    assert await names(filters=f"parentBudgetId:eq:{group['uuid']}") == ["Child"]
    assert await names(filters="createdTime:gte:2026-11-24T00:00:00.000Z") == []
    first = await spend.get("/spend/budgets", max=2)
    assert await names(max=2, nextPage=first["nextPage"]) == ["Old"]
    second = await spend.get("/spend/budgets", max=2, nextPage=first["nextPage"])
    back = await spend.get("/spend/budgets", max=2, prevPage=second["prevPage"])
    assert back["results"] == first["results"]


@pytest.mark.parametrize(
    "query",
    [
        {"filters": "colour:eq:red"},
        {"filters": "retired:gt:true"},
        {"filters": "recurringInterval:eq:HOURLY"},
        {"sort": "colour"},
        {"max": 101},
        {"nextPage": "made-up"},
    ],
)
async def test_what_lists_do_not_know_is_refused(
    spend: Any, query: dict[str, Any]
) -> None:
    assert (await spend.ask("GET", "/spend/budgets", **query)).status_code == 400


async def test_members_get_limits_or_share_the_funds(spend: Any) -> None:
    made = await monthly(spend)
    who = await person(spend, firstName="Ann", lastName="Lee")
    path = f"/spend/budgets/{made['id']}/members/{who['id']}"
    body = {"limit": "200", "recurringLimit": "300", "shareBudgetFunds": False}
    member = (await spend.ask("PUT", path, body)).json()
    assert member == {
        "userId": who["id"],
        "userUuid": who["uuid"],
        "name": "Ann Lee",
        "budgetRole": "MEMBER",
        "retired": False,
        "recurring": True,
        "limit": 200,
        "recurringLimit": 300,
        "shareBudgetFunds": False,
        "spent": 0,
    }
    assert (await read(spend, made))["currentPeriod"]["assigned"] == 200
    await spend.pass_time(now="2026-12-01T12:00:00Z")
    assert (await spend.get(path))["limit"] == 300
    assert (await read(spend, made))["currentPeriod"]["assigned"] == 300
    shares = {"shareBudgetFunds": True, "limit": None, "recurringLimit": None}
    member = (await spend.ask("PUT", path, shares)).json()
    assert not {"limit", "recurringLimit"} & member.keys()
    assert (await read(spend, made))["currentPeriod"]["assigned"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"shareBudgetFunds": True, "limit": 5},
        {"shareBudgetFunds": False},
        {"shareBudgetFunds": False, "limit": 5},
    ],
)
async def test_limits_and_shared_funds_exclude_each_other(
    spend: Any, body: dict[str, Any]
) -> None:
    made, who = await monthly(spend), await person(spend)
    path = f"/spend/budgets/{made['uuid']}/members/{who['uuid']}"
    assert (await spend.ask("PUT", path, body)).status_code == 400


async def test_a_budget_keeps_an_owner(spend: Any, refused: Refused) -> None:
    made, who = await budget(spend), await person(spend)
    members = f"/spend/budgets/{made['uuid']}/members"
    mine = f"{members}/{await owner(spend)}"
    assert refused(await spend.ask("DELETE", mine)) == (422, "BDC_9106")
    answer = await spend.ask("PUT", mine, {"role": "MEMBER"})
    assert refused(answer) == (422, "BDC_9106")
    await spend.ask("PUT", f"{members}/{who['uuid']}", {"role": "OWNER"})
    for _ in range(2):
        assert (await spend.ask("DELETE", mine)).status_code == 200
    assert (await spend.get(mine))["retired"] is True
    page = await spend.get(members, filters="retired:eq:false", sort="spent:desc")
    assert [each["userUuid"] for each in page["results"]] == [who["uuid"]]
    stranger = await person(spend)
    answer = await spend.ask("DELETE", f"{members}/{stranger['uuid']}")
    assert refused(answer) == (404, "BDC_1205")


async def test_up_to_five_members_are_set_at_once_and_more_later(spend: Any) -> None:
    made = await budget(spend)
    people = [await person(spend) for _ in range(6)]
    members = f"/spend/budgets/{made['uuid']}/members"

    async def count() -> int:
        return len((await spend.get(members, max=100))["results"])

    entries = [{"userId": each["id"], "limit": 10} for each in people]
    some = await spend.ask("PUT", f"{members}/bulk", {"members": entries[:5]})
    assert some.json() == {"status": "SUCCESS"}
    assert await count() == 6
    every = await spend.ask("PUT", f"{members}/bulk", {"members": entries})
    assert every.json() == {"status": "IN_PROGRESS"}
    assert await count() == 6
    await spend.pass_time(advance_s=10)
    assert await count() == 7
    assert (await read(spend, made))["currentPeriod"]["assigned"] == 60


async def test_one_wrong_member_of_a_bulk_undoes_all(
    spend: Any, refused: Refused
) -> None:
    made, who = await budget(spend), await person(spend)
    members = f"/spend/budgets/{made['uuid']}/members"
    body = {"members": [{"userId": who["uuid"]}, {"userId": "usr_nobody"}]}
    answer = await spend.ask("PUT", f"{members}/bulk", body)
    assert refused(answer) == (404, "BDC_1205")
    assert len((await spend.get(members))["results"]) == 1


async def test_funds_are_shared_by_the_budgets_rule(spend: Any) -> None:
    who = await person(spend)
    made = await budget(
        spend,
        members=[who["uuid"]],
        shareFunds="SHARE_ALL_OWNERS_BUT_MEMBERS_MANUALLY",
    )
    members = f"/spend/budgets/{made['uuid']}/members"

    async def shares() -> dict[str, bool]:
        page = await spend.get(members)
        return {
            each["budgetRole"]: each["shareBudgetFunds"] for each in page["results"]
        }

    assert await shares() == {"OWNER": True, "MEMBER": False}
    path = f"/spend/budgets/{made['uuid']}"
    await spend.ask("PATCH", path, {"shareFunds": "SHARE_WITH_ALL_MEMBERS"})
    assert await shares() == {"OWNER": True, "MEMBER": True}


async def test_newcomers_join_budgets_that_add_everybody(spend: Any) -> None:
    made = await budget(spend, autoAddUsers=True)
    who = await person(spend)
    member = await spend.get(f"/spend/budgets/{made['uuid']}/members/{who['uuid']}")
    assert member["budgetRole"] == "MEMBER"


async def test_fixtures_make_budgets_that_no_request_can(spend: Any) -> None:
    wish = [{"type": "spend_budget", "fields": {"default": True, "name": "Main"}}]
    [made] = await spend.control("POST", "/fixtures", wish)
    found = await read(spend, made)
    assert (found["default"], found["currentPeriod"]["limit"]) == (True, 1000)


@given(
    st.sampled_from(INTERVALS),
    st.dates(date(2020, 2, 1), date(2039, 12, 31)),
    st.none() | st.integers(1, 12),
)
async def test_every_day_is_in_one_period_and_periods_meet(
    interval: str, day: date, month: int | None
) -> None:
    about = {
        "recurringInterval": interval,
        "recurMonth": month,
        "startDate": "2020-01-31",
    }
    first, last = period_of(about, day)
    assert first <= day
    if last is None:
        assert interval == "NONE"
        return
    assert day <= last
    assert period_of(about, first) == period_of(about, last) == (first, last)
    after = date.fromordinal(last.toordinal() + 1)
    assert period_of(about, after).first == after
    if month and interval in {"QUARTERLY", "YEARLY"}:
        assert (first.month - month) % (3 if interval == "QUARTERLY" else 12) == 0
