from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Refused = Callable[[Any], tuple[int, str | None]]
BANKS = "/funding-accounts/banks"
ACCOUNT = {
    "nameOnAccount": "Pacific",
    "routingNumber": "074000010",
    "accountNumber": "111222333",
    "type": "CHECKING",
    "ownerType": "BUSINESS",
    "bankName": "Chase",
}


async def test_an_account_pays_once_its_deposit_was_named(bill: Any) -> None:
    made = await bill.ask("POST", BANKS, ACCOUNT)
    assert made.status_code == 201
    account = made.json()
    assert (account["status"], account["accountNumber"]) == ("PENDING", "*****2333")
    path = f"{BANKS}/{account['id']}"
    assert await bill.post(f"{path}/verify", {"depositAmount": "0.50"}) == {
        "verified": True
    }
    due = await bill.bill((await bill.paid_by_ach())["id"], 100)
    bill.account = account["id"]
    await bill.pay(due, 100)


async def test_the_third_wrong_amount_is_the_last(bill: Any, refused: Refused) -> None:
    account = await bill.post(BANKS, ACCOUNT)
    path = f"{BANKS}/{account['id']}"
    for expected in ("PENDING", "PENDING", "NOT_VERIFIED"):
        answer = await bill.post(f"{path}/verify", {"depositAmount": 0.11})
        assert answer == {"verified": False}
        assert (await bill.get(path))["status"] == expected
    right = {"depositAmount": 0.50}
    assert refused(await bill.ask("POST", f"{path}/verify", right))[0] == 422
    wrong = {"depositAmount": 1.5}
    assert refused(await bill.ask("POST", f"{path}/verify", wrong))[0] == 400


async def test_there_is_one_default_for_each_use(bill: Any, refused: Refused) -> None:
    pending = await bill.post(BANKS, ACCOUNT)
    wish = {"default": {"payables": True}, "bankName": "New Bank"}
    response = await bill.ask("PATCH", f"{BANKS}/{pending['id']}", wish)
    assert refused(response)[0] == 422
    await bill.post(f"{BANKS}/{pending['id']}/verify", {"depositAmount": 0.5})
    for account in (bill.account, pending["id"]):
        changed = (await bill.ask("PATCH", f"{BANKS}/{account}", wish)).json()
        assert changed["default"] == {"payables": True, "receivables": False}
        assert changed["bankName"] == "New Bank"
    first = await bill.get(f"{BANKS}/{bill.account}")
    assert not first["default"]["payables"]


async def test_a_nominee_may_pay_after_the_identity_check(
    bill: Any, refused: Refused
) -> None:
    person = {"type": "user", "fields": {"role": "CLERK", "firstName": "Kim"}}
    user_id = (await bill.control("POST", "/fixtures", [person]))[0]["id"]
    wish = {"bankAccountId": bill.account, "userId": user_id}
    assert await bill.post(f"{BANKS}/users/nominate", wish) == {"status": "SUCCESS"}
    assert refused(await bill.ask("POST", f"{BANKS}/users/nominate", wish))[0] == 422
    found = await bill.get(f"{BANKS}/users", filters=f"userId:eq:{user_id}")
    nominee = found["results"][0]
    assert nominee["verificationStatus"] == "NOMINATED"
    gone = await bill.post(f"{BANKS}/users/{nominee['id']}/archive")
    assert (gone["archived"], gone["verificationStatus"]) == (True, "UNVERIFIED")


async def test_lists_of_accounts_and_their_users(demo: Any) -> None:
    found = await demo.get(BANKS, filters="status:eq:VERIFIED,archived:eq:false")
    assert [each["bankName"] for each in found["results"]] == ["Chase"]
    everybody = await demo.get(f"{BANKS}/users")
    mine = await demo.get(f"{BANKS}/users", currentUser="true")
    assert len(everybody["results"]) > len(mine["results"]) == 1
    rights = await demo.get("/funding-accounts/permissions")
    assert rights["user"]["payOnline"]


async def test_an_account_is_archived_only_by_its_verified_user(
    bill: Any, refused: Refused
) -> None:
    pending = await bill.post(BANKS, ACCOUNT)
    path = f"{BANKS}/{pending['id']}/archive"
    assert refused(await bill.ask("POST", path))[0] == 422
    assert (await bill.post(f"{BANKS}/{bill.account}/archive"))["archived"]
    due = await bill.bill((await bill.paid_by_ach())["id"], 100)
    body = bill.payment(due, 100)
    assert refused(await bill.ask("POST", "/payments", body)) == (422, "BDC_1151")
